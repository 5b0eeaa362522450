"""Os endereços da página: ela mesma, o formulário de uma pessoa e o de um arquivo."""

from __future__ import annotations

import hashlib
import secrets
import shlex
from pathlib import PurePath
from typing import Any, BinaryIO, NamedTuple, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from markupsafe import Markup

from escritor.entrada.fonte import EXTENSOES, Forma
from leitor import texto
from leitor.pagina import pecas
from web import importacao
from web.api.usuarios import SEM_LIMITE
from web.bancos import Existe, Indisponivel, TalvezGravado
from web.gravador import Invalido
from web.importacao import Recusado
from web.paginas import quadro, recibo
from web.paginas.origem import recusar_de_fora
from web.problemas import Problema
from web.servico import Servico, atual

CODIFICACOES = {"utf-8": "UTF-8", "cp1252": "Windows-1252 (Excel antigo)"}
MEMORIA = 1 << 20  # bytes de um envio que ficam na memória: o Werkzeug o lê de 64 em 64 KiB
RECUSAS = 20  # mostradas; as outras se contam
NO_COMPOSE = "docker compose -f web/docker-compose.yml run --rm --no-deps leitor verificar"
DE_FORA = (Indisponivel, TalvezGravado, Problema)

bp = Blueprint("paginas", __name__)
bp.before_app_request(recusar_de_fora)


class Preenchido(NamedTuple):
    """O que se mandou e não entrou: volta para o formulário, com o motivo ao lado do campo."""

    nome: str = ""
    email: str = ""
    campo: str = ""  # nome, email ou arquivo; vazio se não é de nenhum
    motivo: str = ""
    existe: dict[str, Any] | None = None  # quem já tem o e-mail
    recusado: Recusado | None = None


def inicio(preenchido: Preenchido | None = None, codigo: int = 200) -> Response:
    """Devolve a página; 503, e nenhuma linha, se a corrente não confere ou o banco não atende."""
    servico = atual()
    estado = servico.verificador.estado
    lido: dict[str, Any] = {}
    motivo = estado.motivo
    cor = {"falha": "recusada", "pendente": "pendente"}.get(estado.resultado, "aceita")
    if cor == "aceita":
        try:
            lido = _ler(servico)
            cor = "atrasada" if estado.resultado != "ok" else cor
        except Indisponivel as falha:
            cor, motivo = "fora", falha.motivo
    pagina = render_template(
        "pagina.html",
        cor=cor,
        motivo=motivo,
        estado=estado,
        **lido,
        cache=_cache(servico),
        preenchido=preenchido or Preenchido(),
        chave=secrets.token_hex(16),
        codificacoes=CODIFICACOES,
        recusas=RECUSAS,
        hora=quadro.momento(),
        versao=servico.configuracao.versao,
        conferencia=_conferencia(servico),
    )
    if codigo == 200 and cor in {"recusada", "fora"}:
        codigo = 503
    resposta = make_response(pagina, codigo)
    resposta.headers["Cache-Control"] = "no-store"
    resposta.headers["Vary"] = "Accept"
    if codigo in {429, 503}:
        resposta.headers["Retry-After"] = "2"
    return resposta


@bp.post("/pessoas")
def acrescentar() -> Response:
    """Grava uma pessoa e leva ao recibo dela; se não serve, volta ao formulário, como estava."""
    nome, email = request.form.get("nome", ""), request.form.get("email", "")
    try:
        atual().conferido()
        feito = atual().gravar(nome, email, *_chave(nome, email))
    except Invalido as erro:
        return inicio(Preenchido(nome, email, erro.campo, erro.motivo), 422)
    except Existe as erro:
        motivo = "este e-mail já está aqui"
        return inicio(Preenchido(nome, email, "email", motivo, erro.usuario), 409)
    except DE_FORA as erro:
        codigo = erro.codigo if isinstance(erro, Problema) else 503
        return inicio(Preenchido(nome, email, "", str(erro)), codigo)
    return _ao_recibo(f"{feito.execucao} {feito.elo}", pessoa=feito.id)


@bp.post("/pessoas/importar")
def importar() -> Response:
    """Grava um arquivo inteiro e leva ao recibo da execução; ou diz, linha a linha, o que não."""
    servico = atual()
    try:
        liberar = servico.demorado()
    except Problema as erro:
        return inicio(Preenchido(motivo=str(erro)), erro.codigo)
    try:
        return _importar(servico)
    finally:
        liberar()


def _importar(servico: Servico) -> Response:
    request.max_content_length = SEM_LIMITE  # o arquivo espera em disco, e não na memória
    request.max_form_memory_size = MEMORIA
    arquivo = request.files.get("arquivo")
    codificacao = request.form.get("codificacao", "utf-8")
    if arquivo is None or not arquivo.filename:
        return inicio(Preenchido(campo="arquivo", motivo="escolha um arquivo"), 422)
    if codificacao not in CODIFICACOES:
        return inicio(Preenchido(campo="arquivo", motivo="esta codificação não é das daqui"), 422)
    nome = PurePath(arquivo.filename.replace("\\", "/")).name
    sufixo = PurePath(nome.lower().removesuffix(".gz")).suffix
    forma = Forma(EXTENSOES.get(sufixo, "csv"), codificacao)
    try:
        servico.conferido()
        feita = importacao.importar(servico.banco, cast("BinaryIO", arquivo.stream), forma, nome)
    except Recusado as erro:
        return inicio(Preenchido(campo="arquivo", motivo=erro.motivo, recusado=erro), 422)
    except DE_FORA as erro:
        return inicio(Preenchido(motivo=str(erro)), 503)
    return _ao_recibo(f"{feita.id} {feita.elo}")


@bp.get("/pessoas")
@bp.get("/pessoas/importar")
def voltar() -> Response:
    """Leva à página quem ficou no endereço de um formulário."""
    return cast("Response", redirect(url_for("estado.raiz"), 303))


@bp.get("/estilo.css")
def estilo() -> Response:
    """Devolve o estilo do relatório do leitor, que é também o desta página."""
    resposta = Response(pecas.ESTILO, content_type="text/css; charset=utf-8")
    resposta.headers["Cache-Control"] = "no-cache"
    resposta.add_etag()
    return cast("Response", resposta.make_conditional(request))


@bp.app_template_filter()
def dado(valor: object) -> Markup:
    """Escapa um dado e o isola do resto da linha."""
    return Markup(pecas.dado(valor))  # noqa: S704 - `dado` escapa


@bp.app_template_filter()
def codigo(valor: object) -> Markup:
    """Escapa um dado que se lê letra por letra."""
    return Markup(pecas.codigo(valor))  # noqa: S704 - `codigo` escapa


@bp.app_template_filter()
def momento(quando: str) -> Markup:
    """Escreve um momento no fuso da página."""
    return Markup(quadro.momento().momento(quando))  # noqa: S704 - `momento` escapa


@bp.app_template_filter()
def marca(resultado: str) -> Markup:
    """Desenha a marca de um resultado."""
    return Markup(pecas.marca(resultado))  # noqa: S704 - sem dados


bp.add_app_template_filter(texto.milhar)
bp.add_app_template_filter(texto.contar)


def _ler(servico: Servico) -> dict[str, Any]:
    estado = servico.verificador.estado
    lido: dict[str, Any] = {
        "quadro": quadro.ler(servico.banco, quadro.pedido(request.args), estado)
    }
    if ancora := request.args.get("ancora"):
        lido["recibo"] = recibo.conferir(servico, ancora, request.args.get("pessoa", ""))
    return lido


def _conferencia(servico: Servico) -> str:
    """Devolve o comando que diz o que falhou, verificação por verificação."""
    if servico.banco.porta is not None:
        return NO_COMPOSE
    return f"python3 -m leitor verificar --banco {shlex.quote(servico.banco.descricao)}"


def _cache(servico: Servico) -> str:
    """Diz como está o cache; sem Redis, o que há é o do processo."""
    if servico.cache.servidor is None:
        return "memória"
    return "no ar" if servico.cache.servidor.sondar() else "fora"


def _chave(nome: str, email: str) -> tuple[str, str] | tuple[None, None]:
    """Devolve a chave de idempotência e o resumo: o mesmo formulário, duas vezes, grava uma.

    O resumo está na chave: quem volta ao formulário e o preenche de novo faz outro pedido.
    """
    ficha = request.form.get("chave", "")
    if not (ficha.isascii() and ficha.isalnum() and len(ficha) <= 64):
        return None, None
    texto_ = "\x1f".join([nome, email])
    impressao = hashlib.sha256(texto_.encode("utf-8", "backslashreplace")).hexdigest()
    return f"{ficha}:{impressao}", impressao


def _ao_recibo(ancora: str, **mais: object) -> Response:
    destino = url_for("estado.raiz", ancora=ancora, **mais, _anchor="recibo")  # type: ignore[arg-type]
    return cast("Response", redirect(destino, 303))
