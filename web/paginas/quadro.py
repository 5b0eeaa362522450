"""O que a página mostra: as linhas, as execuções e até onde foram verificadas."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from leitor.pagina.dobras import dobrar
from leitor.pagina.linha_do_tempo import verificado_ate
from leitor.pagina.linhas import tabela_das_linhas
from leitor.pagina.livro import livro
from leitor.pagina.momentos import Relogio, relogio
from leitor.prova import Execucao, Prova
from leitor.texto import contar, milhar
from web.bancos import Banco
from web.verificador import Verificado

LINHAS = 20  # numa página
EXECUCOES = 50
MAIOR_BUSCA = 200  # letras
MAIOR_ID = 2**62
CONTROLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Pedido(NamedTuple):
    """Que linhas se querem ver."""

    busca: str = ""
    depois_de: int = 0


class Quadro(NamedTuple):
    """O que se leu do banco, pronto para se desenhar."""

    pedido: Pedido
    usuarios: int
    execucoes: int
    gravacao: Execucao | None  # a última que gravou linhas
    linhas: Markup
    legenda: str
    proximo: int | None  # o depois_de da página seguinte
    ultimas: int | None  # o das últimas linhas, se não são estas
    livro: Markup


def pedido(args: Any) -> Pedido:
    """Lê a consulta de um endereço; o que não se entende vale como não dito."""
    busca = CONTROLE.sub("", args.get("busca", ""))[:MAIOR_BUSCA].strip()
    depois_de = args.get("depois_de", "")
    numero = int(depois_de) if re.fullmatch(r"[0-9]{1,19}", depois_de, re.ASCII) else 0
    return Pedido(busca, min(numero, MAIOR_ID))


def ler(banco: Banco, pedido: Pedido, estado: Verificado) -> Quadro:
    """Lê do banco o que a página mostra. Levanta Indisponivel."""
    execucoes = [_execucao(e) for e in reversed(banco.execucoes(EXECUCOES, None)[1])]
    pagina = banco.pagina(LINHAS, pedido.depois_de, pedido.busca or None)
    linhas = json.loads(pagina.corpo)
    ultima = execucoes[-1] if execucoes else None
    usuarios = ultima.total if ultima else 0
    legenda = _legenda(pedido, linhas, usuarios, mais=pagina.proximo is not None)
    hora = momento()
    tabela = tabela_das_linhas(escape(legenda), (tuple(li.values()) for li in linhas), hora)
    gravaram = [e for e in execucoes if e.inseridos]
    return Quadro(
        pedido=pedido,
        usuarios=usuarios,
        execucoes=ultima.id if ultima else 0,
        gravacao=gravaram[-1] if gravaram else None,
        linhas=Markup("".join(tabela)) if linhas else Markup(),  # noqa: S704 - já vem escapada
        legenda=legenda,
        proximo=pagina.proximo,
        ultimas=_ultimas(pedido, gravaram) if pagina.proximo else None,
        livro=_livro(execucoes, usuarios, estado, hora),
    )


def momento() -> Relogio:
    """Devolve o relógio do serviço, no fuso que a TZ dele diz."""
    return relogio(os.environ.get("TZ") or "")


def _execucao(livro: dict[str, Any]) -> Execucao:
    return Execucao(*(livro[campo] for campo in Execucao.__annotations__))


def _legenda(pedido: Pedido, linhas: Sequence[Any], usuarios: int, *, mais: bool) -> str:
    """Diz o que há na tabela: quantas linhas, de quantas, e a partir de onde."""
    mostradas = contar(len(linhas), "linha", "linhas")
    if pedido.busca:
        mostradas = f"{mostradas} com “{pedido.busca}”"
    elif len(linhas) < usuarios:
        mostradas = f"{milhar(len(linhas))} de {contar(usuarios, 'linha', 'linhas')}"
    depois = f", depois do id {milhar(pedido.depois_de)}" if pedido.depois_de else ""
    return f"{mostradas}{depois}{', e há mais' if mais else ''}"


def _ultimas(pedido: Pedido, gravaram: Sequence[Execucao]) -> int | None:
    """Devolve o `depois_de` das últimas linhas; None numa busca, em que não se sabe."""
    if pedido.busca or not gravaram or gravaram[-1].ultimo_id is None:
        return None
    return max(0, gravaram[-1].ultimo_id - LINHAS)


def _livro(
    execucoes: Sequence[Execucao], usuarios: int, estado: Verificado, hora: Relogio
) -> Markup:
    """Desenha a linha do tempo e a tabela das últimas execuções."""
    if not execucoes:
        return Markup()
    ultima = execucoes[-1]
    # A dobra quer a última que gravou; se nenhuma das mostradas gravou, serve a mais nova.
    gravacao = next((e for e in reversed(execucoes) if e.inseridos), ultima)
    prova = Prova(usuarios, ultima.id, gravacao, "", estado.por, estado.em)
    mostradas = contar(ultima.id, "execução", "execuções")
    if execucoes[0].id > 1:
        mostradas += f"; aqui, as {milhar(len(execucoes))} últimas"
    marcos = [verificado_ate(estado.ate, estado.em, estado.por, hora)] if estado.ate else []
    trechos = dobrar(execucoes, prova)
    return Markup("".join(livro(mostradas, trechos, prova, marcos, hora)))  # noqa: S704 - idem
