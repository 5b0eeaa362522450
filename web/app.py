"""Monta o serviço: as partes, as rotas, e o que toda resposta leva."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from apiflask import APIFlask
from flask import Response, request
from prometheus_client import Counter, Histogram

from web import metricas, paginas, problemas, registro
from web.api import conferencias, documento, estado, execucoes, usuarios
from web.api.pedido import MAIOR_JSON
from web.configuracao import Configuracao, do_ambiente
from web.registro import Pedidos
from web.servico import NOME, Servico

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
SEGURANCA = (
    ("Content-Security-Policy", CSP),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
METODOS = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}
SEM_ROTA = "(nenhuma)"
INICIO = "desafio2.inicio"  # no ambiente do pedido: quando ele chegou


def montar(configuracao: Configuracao | None = None) -> APIFlask:
    """Monta a aplicação; sem configuração, a do ambiente. Levanta Recusada."""
    configuracao = configuracao or do_ambiente(os.environ)
    registro.abrir()
    app = APIFlask(
        __name__, title="Desafio 2", version=configuracao.versao, docs_path=None, json_errors=False
    )
    app.config.update(
        MAX_CONTENT_LENGTH=MAIOR_JSON,
        MAX_FORM_MEMORY_SIZE=MAIOR_JSON,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_404_RESPONSE=False,
        AUTO_SERVERS=False,
        DESCRIPTION="Usuários que sobrevivem ao serviço, e a prova de que nada mudou.",
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    servico = app.extensions[NOME] = Servico(configuracao)
    problemas.registrar(app)
    for modulo in (usuarios, execucoes, estado, conferencias, documento, paginas):
        app.register_blueprint(modulo.bp)
    app.spec_processor(documento.completar)  # type: ignore[arg-type]
    app.before_request(servico.iniciar)
    app.after_request(_contar(servico.pedidos))
    app.wsgi_app = _com_seguranca(app.wsgi_app)  # type: ignore[assignment,method-assign]
    return app


def _com_seguranca(wsgi: WSGIApplication) -> WSGIApplication:
    """Põe os cabeçalhos de segurança em toda resposta, por fora do que a fez."""

    def servir(ambiente: WSGIEnvironment, comecar: StartResponse) -> Iterable[bytes]:
        ambiente[INICIO] = time.perf_counter()

        def com_todos(estado: str, cabecalhos: list[tuple[str, str]], *falha: Any) -> Any:
            return comecar(estado, [*cabecalhos, *SEGURANCA], *falha)

        return wsgi(ambiente, com_todos)

    return servir


def _contar(pedidos: Pedidos) -> Callable[[Response], Response]:
    """Devolve quem, depois de cada resposta, a conta e a anota."""
    contadas: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def contar(resposta: Response) -> Response:
        ambiente, regra = request.environ, request.url_rule
        durou = time.perf_counter() - ambiente[INICIO]
        metodo = ambiente["REQUEST_METHOD"]
        # O caminho ou o método que não é nosso pode ser qualquer coisa: não se repete.
        caso = (
            metodo if metodo in METODOS else "(outro)",
            regra.rule if regra else SEM_ROTA,
            resposta.status_code,
        )
        if (contada := contadas.get(caso)) is None:
            duracao = metricas.DURACAO.labels(caso[1])
            contada = contadas[caso] = (metricas.PEDIDOS.labels(*caso), duracao)
        contada[0].inc()
        contada[1].observe(durou)
        pedidos.anotar(*caso, durou)
        return resposta

    return contar
