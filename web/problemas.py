"""O que o cliente recebe quando algo não dá certo: RFC 9457, em português, sem nada de dentro."""

from __future__ import annotations

import json
import logging
import math
from http import HTTPStatus
from typing import Any

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from web.bancos import ChaveDeOutroPedido, Existe, Indisponivel, TalvezGravado
from web.gravador import Invalido
from web.importacao import Recusado

TIPO = "application/problem+json"
TITULOS = {
    400: "Pedido malformado",
    403: "Recusado",
    404: "Não encontrado",
    405: "Método não permitido",
    409: "Conflito com o que está gravado",
    413: "Corpo grande demais",
    415: "Tipo de conteúdo não aceito",
    422: "Dados recusados",
    429: "Pedidos demais à espera",
    500: "Erro do serviço",
    503: "Indisponível agora",
}
DETALHES = {
    404: "não há nada neste endereço; os que há estão em /openapi.json",
    405: "este endereço não atende este método",
    413: "o corpo passa do que este endereço aceita; para muitas linhas, POST /usuarios/importar",
    500: "o serviço falhou ao atender; o registro dele diz onde",
}
RECUSAS_MOSTRADAS = 100

registro = logging.getLogger("web")


class Problema(Exception):
    """Uma resposta que não é a pedida: o código, por quê, e o que mais ajuda quem pediu."""

    def __init__(
        self, codigo: int, detalhe: str, tente_em: float | None = None, **mais: object
    ) -> None:
        super().__init__(detalhe)
        self.codigo = codigo
        self.detalhe = detalhe
        self.tente_em = tente_em  # segundos
        self.mais = mais


def responder(problema: Problema) -> Response:
    """Devolve a resposta, com Retry-After se faz sentido tentar de novo."""
    corpo: dict[str, Any] = {
        "type": "about:blank",
        "title": TITULOS.get(problema.codigo) or HTTPStatus(problema.codigo).phrase,
        "status": problema.codigo,
        "detail": problema.detalhe,
        **problema.mais,
    }
    texto = json.dumps(corpo, ensure_ascii=False, separators=(",", ":"))
    resposta = Response(
        texto.encode("utf-8", "backslashreplace"), problema.codigo, content_type=TIPO
    )
    if problema.tente_em is not None:
        resposta.headers["Retry-After"] = str(max(1, math.ceil(problema.tente_em)))
    return resposta


def registrar(app: Flask) -> None:
    """Liga cada exceção do serviço ao problema que ela é."""
    app.register_error_handler(Problema, responder)
    app.register_error_handler(HTTPException, _do_http)
    app.register_error_handler(Exception, _imprevisto)
    for classe in (Indisponivel, Existe, Invalido, ChaveDeOutroPedido, TalvezGravado, Recusado):
        app.register_error_handler(classe, lambda erro: responder(traduzir(erro)))


def traduzir(erro: Exception) -> Problema:
    """Devolve o problema que uma exceção dos dados é. Levanta TypeError se não é de nenhum."""
    match erro:
        case Indisponivel():
            return Problema(503, erro.motivo, erro.tente_em)
        case TalvezGravado():
            return Problema(503, erro.motivo, 1, gravado="talvez")
        case Existe():
            return Problema(409, "este e-mail já está cadastrado", usuario=erro.usuario)
        case Invalido():
            return Problema(422, f"{erro.campo}: {erro.motivo}", campo=erro.campo)
        case ChaveDeOutroPedido():
            return Problema(422, "esta Idempotency-Key já foi usada com outro corpo")
        case Recusado():
            return _recusado(erro)
    raise TypeError(type(erro).__name__)


def _recusado(erro: Recusado) -> Problema:
    if not erro.total:  # o arquivo inteiro: nem se chegou às linhas
        return Problema(422, erro.motivo, recusas=[], total=0)
    linhas = "uma linha não serve" if erro.total == 1 else f"{erro.total} linhas não servem"
    return Problema(
        422,
        f"{linhas}; nada foi gravado",
        recusas=erro.recusas[:RECUSAS_MOSTRADAS],
        total=erro.total,
    )


def _do_http(erro: HTTPException) -> Response:
    """Traduz o que o Flask e o Werkzeug recusam antes de chegar a nós."""
    codigo = erro.code or 500
    if codigo < 400:
        return erro.get_response()  # type: ignore[return-value]
    detalhe = DETALHES.get(codigo, "o pedido não pôde ser entendido")
    resposta = responder(Problema(codigo, detalhe))
    if isinstance(erro, MethodNotAllowed) and erro.valid_methods:
        resposta.headers["Allow"] = ", ".join(sorted(erro.valid_methods))
    return resposta


def _imprevisto(erro: Exception) -> Response:
    """Um defeito nosso: o traço fica no registro, e o cliente recebe só o código."""
    registro.error("erro não previsto", exc_info=erro)
    return responder(Problema(500, DETALHES[500]))
