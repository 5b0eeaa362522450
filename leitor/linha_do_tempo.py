"""A linha do tempo das execuções, em SVG: quem gravou, quando e quanto, e quem lê agora."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from leitor.pagina import contar, legivel, segundos
from leitor.verificacao import milhar

ALTURA = 56  # de cada evento, em pixels: com 50 deles, ainda se percorre com o polegar
PAUSA = 24  # pixels a mais entre gravar e ler, para dizer quanto tempo passou
MAIS_LETRAS = 18  # do nome de um container: mais não caberia num telefone
UNIDADES = (
    (86_400, "dia", "dias"),
    (3_600, "hora", "horas"),
    (60, "minuto", "minutos"),
    (1, "segundo", "segundos"),
)


class Execucao(NamedTuple):
    """Uma linha do livro, como banco.ULTIMAS_EXECUCOES a seleciona."""

    id: int
    origem: str
    container: str
    versao: str
    iniciada_em: str
    concluida_em: str
    inseridos: int
    repetidos: int
    primeiro_id: int | None
    ultimo_id: int | None
    total: int
    lacre: str


def desenhar(execucoes: Sequence[Execucao], lido_por: str, lido_em: str) -> Iterator[str]:
    """Devolve o SVG: um ponto por execução, depois o fim da gravação e o começo da leitura.

    Sem viewBox: as letras não encolhem num telefone, só as barras.
    """
    ultima = execucoes[-1]
    fim = len(execucoes) * ALTURA
    leitura = fim + ALTURA + PAUSA
    yield (
        f'<svg class="tempo" width="100%" height="{leitura + ALTURA}" role="img"'
        ' aria-labelledby="tempo-titulo tempo-descricao">\n'
        '<title id="tempo-titulo">Linha do tempo das execuções</title>\n'
        f'<desc id="tempo-descricao">{escape(_descricao(execucoes, lido_por, lido_em))}</desc>\n'
        f'<line class="trilho" x1="12" x2="12" y1="14" y2="{fim + 14}"/>\n'
        f'<line class="espera" x1="12" x2="12" y1="{fim + 14}" y2="{leitura + 14}"/>\n'
    )
    maior = max(1, ultima.total)
    for i, execucao in enumerate(execucoes):
        yield _evento(
            i * ALTURA,
            "execucao" if execucao.inseridos else "execucao vazia",
            f"Execução {execucao.id}: +{milhar(execucao.inseridos)}, "
            f"total {milhar(execucao.total)}",
            f"{legivel(execucao.concluida_em)} · {_curto(execucao.container)}",
            _barra(i * ALTURA + 43, execucao, maior),
        )
    fecho = f"{legivel(ultima.concluida_em)} · {_curto(ultima.container)}"
    yield _evento(fim, "fim", "O container que gravou terminou", fecho)
    passou = intervalo(ultima.concluida_em, lido_em)
    yield f'<text x="32" y="{leitura - 8}">{passou}</text>\n'
    yield _evento(
        leitura, "leitura", "O que lê começou", f"{legivel(lido_em)} · {_curto(lido_por)}"
    )
    yield "</svg>\n"


def intervalo(antes: str, depois: str) -> str:
    """Devolve `3 minutos depois`; vazio se um dos dois não é um momento, ou se estão trocados."""
    comeco, fim = segundos(antes), segundos(depois)
    if comeco is None or fim is None or fim < comeco:
        return ""
    for tamanho, um, muitos in UNIDADES:
        if fim - comeco >= tamanho:
            return f"{contar((fim - comeco) // tamanho, um, muitos)} depois"
    return "no mesmo segundo"


def _descricao(execucoes: Sequence[Execucao], lido_por: str, lido_em: str) -> str:
    ultima = execucoes[-1]
    return (
        f"{contar(len(execucoes), 'execução', 'execuções')} do escritor, "
        f"{contar(ultima.total, 'linha', 'linhas')} no fim. O container {ultima.container} "
        f"terminou de gravar em {legivel(ultima.concluida_em)}; o container {lido_por} leu em "
        f"{legivel(lido_em)}. A tabela abaixo diz o mesmo, em texto."
    )


def _evento(y: int, classe: str, nome: str, sub: str, barra: str = "") -> str:
    return (
        f'<g class="{classe}"><circle cx="12" cy="{y + 14}" r="6"/>'
        f'<text class="nome" x="32" y="{y + 18}">{escape(nome)}</text>'
        f'<text class="quando" x="32" y="{y + 35}">{escape(sub)}</text>{barra}</g>\n'
    )


def _barra(y: int, execucao: Execucao, maior: int) -> str:
    """Desenha o total até esta execução, com o que ela inseriu em destaque, na ponta."""
    antes = (execucao.total - execucao.inseridos) * 100 / maior
    novas = execucao.inseridos * 100 / maior
    return (
        f'<svg x="32" y="{y}" width="90%" height="4"><rect class="antes" width="{antes:.2f}%" '
        f'height="4"/><rect class="novas" x="{antes:.2f}%" width="{novas:.2f}%" height="4"/></svg>'
    )


def _curto(nome: str) -> str:
    """Encurta um nome e troca o que não se imprime: num SVG, não há <bdi> que o contenha."""
    visivel = "".join(letra if letra.isprintable() else "\ufffd" for letra in nome)
    return visivel if len(visivel) <= MAIS_LETRAS else f"{visivel[: MAIS_LETRAS - 1]}…"
