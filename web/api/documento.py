"""O documento OpenAPI: o que o APIFlask tira das rotas e dos esquemas, e o que vale para todas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from apiflask import APIBlueprint, Schema
from flask import Blueprint, Response, current_app, make_response, render_template

from web import esquemas
from web.problemas import TIPO, TITULOS

Rota = TypeVar("Rota", bound=Callable[..., Response])

Respostas = dict[int | str, dict[str, str | dict[str, dict[str, Any]]]]

PROBLEMA = {"$ref": "#/components/schemas/Problema"}
DE_QUALQUER_UM = {
    "Ancora": {
        "name": "Ancora",
        "in": "header",
        "description": "Responda desta execução em diante; 409 se a história não é a dela.",
        "schema": {"type": "string", "pattern": esquemas.ANCORA},
    },
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Repetir o pedido com a mesma chave dá a mesma resposta.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
}
COM_ANCORA = ("/usuarios", "/usuarios/{id_}", "/logs")
TEXTO = {"schema": {"type": "string"}}
FLUXOS = dict.fromkeys(("application/x-ndjson", "text/csv"), TEXTO)

PAGINA = "desafio2.api"  # em app.extensions: a página pronta
ONDE = {"query": "consulta", "header": "cabeçalho", "path": "endereço"}

bp = Blueprint("documento", __name__)


def problemas(*codigos: int) -> Respostas:
    """Devolve a descrição das respostas que não são a pedida."""
    conteudo = {TIPO: {"schema": PROBLEMA}}
    return {c: {"description": TITULOS[c], "content": conteudo} for c in codigos}


def entrada(bp: APIBlueprint, esquema: type[Schema], onde: str) -> Callable[[Rota], Rota]:
    """Documenta o que entra; quem o confere é a rota, que o lê como quer."""

    def anotar(rota: Rota) -> Rota:
        anotada = bp.input(esquema, location=onde)(rota)
        rota._spec = anotada._spec  # type: ignore[attr-defined]
        return rota

    return anotar


def completar(spec: dict[str, Any]) -> dict[str, Any]:
    """Acrescenta os cabeçalhos que se podem mandar, os fluxos, e o formato dos problemas."""
    caminhos = spec["paths"]
    for caminho in COM_ANCORA:
        _parametro(caminhos[caminho]["get"], "Ancora")
    _parametro(caminhos["/usuarios"]["post"], "Idempotency-Key")
    caminhos["/usuarios"]["get"]["responses"]["200"]["content"].update(FLUXOS)
    caminhos["/usuarios/importar"]["post"]["requestBody"] = {"required": True, "content": FLUXOS}
    for parametro in caminhos["/ancoras/{execucao}/{elo}"]["get"]["parameters"]:
        forma = esquemas.ELO if parametro["name"] == "elo" else "^[1-9][0-9]{0,18}$"
        parametro["schema"]["pattern"] = forma
    spec.setdefault("components", {}).setdefault("schemas", {})["Problema"] = PROBLEMA_ESQUEMA
    return spec


def _parametro(operacao: dict[str, Any], nome: str) -> None:
    operacao.setdefault("parameters", []).append(DE_QUALQUER_UM[nome])


PROBLEMA_ESQUEMA = {
    "type": "object",
    "description": "RFC 9457, com o que mais ajuda quem pediu.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "campo": {"type": "string", "description": "o campo recusado (422)"},
        "usuario": {
            "$ref": "#/components/schemas/Usuario",
            "description": "quem já tem o e-mail (409)",
        },
        "recusas": {
            "type": "array",
            "description": "linha, campo e motivo de cada recusa (422)",
            "items": {"type": "object"},
        },
    },
}


@bp.get("/api")
def pagina() -> Response:
    """Mostra o documento como uma página, sem scripts nem nada de fora."""
    guardadas = current_app.extensions
    if PAGINA not in guardadas:
        spec = current_app.spec  # type: ignore[attr-defined]
        guardadas[PAGINA] = render_template("api.html", spec=spec, onde=ONDE)
    return make_response(guardadas[PAGINA])
