"""Como está o serviço: para quem olha, para o Compose e para o Prometheus."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from web import metricas, paginas
from web.api import resposta
from web.api.documento import Respostas, problemas
from web.api.pedido import JSON
from web.bancos import Indisponivel
from web.esquemas import Raiz, Status, Vivo
from web.problemas import Problema
from web.servico import Servico, atual

HTML = "text/html"
TEXTO: dict[str, dict[str, Any]] = {"text/plain": {"schema": {"type": "string"}}}
COMO_SAI: Respostas = {200: {"description": "No formato do Prometheus.", "content": TEXTO}}

bp = APIBlueprint("estado", __name__, tag="Estado")


@bp.get("/")
@bp.output(Raiz)
def raiz() -> Response:
    """Diz quem responde e as partes de que depende; a um navegador, a página."""
    if request.accept_mimetypes.best_match([JSON, HTML], JSON) == HTML:
        return paginas.inicio()
    servico = atual()
    banco, cache = _banco(servico)[0], _cache(servico)
    inteiro = banco == "no ar" and cache != "fora"
    dados = {
        "servico": "web",
        "status": "no ar" if inteiro else "incompleto",
        "timestamp": _agora(),
        "servicos": {
            "database": {
                "status": banco,
                "host": servico.banco.host,
                "port": servico.banco.porta,
            },
            "cache": {"status": cache, **_onde_fica(servico)},
        },
    }
    return resposta.em_json(dados, Cache_Control="no-store", Vary="Accept")


@bp.get("/status")
@bp.output(Status)
def status() -> Response:
    """Diz o que está no ar, quanto há, e até onde a corrente foi conferida."""
    servico = atual()
    banco, usuarios, execucoes, ancora = _banco(servico)
    verificado = servico.verificador.estado
    cache = _cache(servico)
    if verificado.resultado == "falha" or banco == "fora":
        como = "fora"
    else:
        como = "incompleto" if cache == "fora" or verificado.resultado != "ok" else "no ar"
    dados = {
        "servico": "web",
        "status": como,
        "banco": banco,
        "cache": cache,
        "usuarios": usuarios,
        "execucoes": execucoes,
        "ancora": ancora,
        "verificado": verificado._asdict(),
        "versao": servico.configuracao.versao,
    }
    return resposta.em_json(dados, Cache_Control="no-store")


@bp.get("/saude")
@bp.output(Vivo)
def saude() -> Response:
    """Diz que o processo atende; não pergunta a mais ninguém."""
    return resposta.em_json({"status": "vivo"}, Cache_Control="no-store")


@bp.get("/pronto")
@bp.output(Vivo)
@bp.doc(responses=problemas(503))
def pronto() -> Response:
    """Diz se pode atender: o banco está no ar e pode gravar, e a corrente está inteira."""
    servico = atual()
    servico.exigir_vivos()
    estado = servico.verificador.estado
    if estado.resultado != "ok":
        motivo = estado.motivo or f"a verificação está {estado.resultado}"
        raise Problema(503, motivo, 1, verificado=estado._asdict())
    servico.ouvido.perguntar()
    servico.banco.poder_gravar()
    return resposta.em_json({"status": "pronto"}, Cache_Control="no-store")


@bp.get("/metrics")
@bp.doc(responses=COMO_SAI)
def metrics() -> Response:
    """Mostra as métricas de todos os processos do contêiner."""
    metricas.CONFERIDO.set(atual().verificador.estado.ate)
    return Response(metricas.expor(), content_type=metricas.TIPO)


def _banco(servico: Servico) -> tuple[str, int | None, int | None, str | None]:
    """Devolve como está o banco, quantos usuários e execuções, e a âncora."""
    try:
        usuarios, execucoes = servico.banco.totais()
        return "no ar", usuarios, execucoes, servico.ouvido.perguntar()
    except Indisponivel:
        return "fora", None, None, None


def _cache(servico: Servico) -> str:
    """Devolve como está o cache; sem Redis, o que há é o do processo."""
    if servico.cache.servidor is None:
        return "só na memória"
    return "no ar" if servico.cache.servidor.sondar() else "fora"


def _onde_fica(servico: Servico) -> dict[str, Any]:
    servidor = servico.cache.servidor
    return {"host": servidor.host, "port": servidor.porta} if servidor else {}


def _agora() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
