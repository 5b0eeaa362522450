"""Monta o serviço: as partes, as rotas, e o que toda resposta leva."""

from __future__ import annotations

import logging
import os
import time

from apiflask import APIFlask
from flask import Response, g, request

from web import metricas, paginas, problemas
from web.api import conferencias, documento, estado, execucoes, usuarios
from web.api.pedido import MAIOR_JSON
from web.configuracao import Configuracao, do_ambiente
from web.servico import NOME, Servico

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

registro = logging.getLogger("web.pedidos")


def montar(configuracao: Configuracao | None = None) -> APIFlask:
    """Monta a aplicação; sem configuração, a do ambiente. Levanta Recusada."""
    configuracao = configuracao or do_ambiente(os.environ)
    _abrir_registro()
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
    app.before_request(_comecar)
    app.after_request(_terminar)
    return app


def _abrir_registro() -> None:
    """Manda as linhas do serviço para stderr, de um jeito só, uma vez por processo."""
    nosso = logging.getLogger("web")
    if not nosso.handlers:
        saida = logging.StreamHandler()
        saida.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        nosso.addHandler(saida)
        nosso.setLevel(logging.INFO)
        nosso.propagate = False


def _comecar() -> None:
    g.inicio = time.perf_counter()


def _terminar(resposta: Response) -> Response:
    """Põe os cabeçalhos de segurança, conta o pedido e o escreve numa linha do registro.

    Sem a consulta nem o corpo, que têm nomes e e-mails; de um caminho que não é nosso, nada.
    """
    for nome, valor in SEGURANCA:
        resposta.headers[nome] = valor
    durou = time.perf_counter() - g.pop("inicio", time.perf_counter())
    rota = request.url_rule.rule if request.url_rule else SEM_ROTA
    metodo = request.method if request.method in METODOS else "(outro)"
    metricas.PEDIDOS.labels(metodo, rota, resposta.status_code).inc()
    metricas.DURACAO.labels(rota).observe(durou)
    registro.info("%s %s %d %.1f ms", metodo, rota, resposta.status_code, durou * 1000)
    return resposta
