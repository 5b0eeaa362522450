"""Um acesso de verdade ao banco e ao cache, contado: o que prova que o dado fica."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from web.api import resposta
from web.api.documento import problemas
from web.bancos import Indisponivel
from web.cache import contadores
from web.cache.contadores import Acesso
from web.cache.servidor import Fora
from web.esquemas import Integracao, TesteDoBanco, TesteDoCache
from web.problemas import Problema
from web.servico import atual

SUCESSO = "sucesso"
bp = APIBlueprint("conferencias", __name__, tag="Conferências")


@bp.get("/db/test")
@bp.output(TesteDoBanco)
@bp.doc(responses=problemas(503))
def banco() -> Response:
    """Insere um acesso no banco e conta quantos há."""
    acesso_id, total = atual().banco.acesso()
    return _contado(
        status=SUCESSO,
        acesso_id=acesso_id,
        total_acessos=total,
        mensagem="o banco gravou este acesso",
    )


@bp.get("/cache/test")
@bp.output(TesteDoCache)
@bp.doc(responses=problemas(503))
def cache() -> Response:
    """Conta mais um acesso no cache."""
    try:
        acesso = _acesso_ao_cache()
    except Fora as erro:
        raise Problema(503, str(erro), 1) from erro
    return _contado(status=SUCESSO, **acesso._asdict(), mensagem="o cache contou este acesso")


@bp.get("/integracao")
@bp.output(Integracao)
@bp.doc(responses=problemas(503))
def integracao() -> Response:
    """Grava no banco e conta no cache, no mesmo pedido."""
    operacoes = [_no_banco(), _no_cache()]
    if falhas := [o["servico"] for o in operacoes if o["status"] != SUCESSO]:
        raise Problema(503, f"não respondeu: {', '.join(map(str, falhas))}", 1, operacoes=operacoes)
    return _contado(status=SUCESSO, operacoes=operacoes)


def _no_banco() -> dict[str, object]:
    feita: dict[str, object] = {"servico": "database", "acao": "inserir"}
    try:
        return feita | {"status": SUCESSO, "acesso_id": atual().banco.acesso()[0]}
    except Indisponivel:
        return feita | {"status": "falha", "acesso_id": None}


def _no_cache() -> dict[str, object]:
    feita: dict[str, object] = {"servico": "cache", "acao": "incrementar_contador"}
    try:
        return feita | {"status": SUCESSO, "contador": _acesso_ao_cache().contador}
    except Fora:
        return feita | {"status": "falha", "contador": None}


def _acesso_ao_cache() -> Acesso:
    servidor = atual().cache.servidor
    if servidor is None:
        raise Fora("este serviço está sem Redis: diga onde ele está em CACHE")
    return contadores.acessar(servidor)


def _contado(**dados: object) -> Response:
    return resposta.em_json(dados, Cache_Control="no-store")
