"""O que um pedido diz: a consulta, o corpo, o tipo que aceita, e até onde ele já sabe."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import parse_qsl

from apiflask import Schema
from flask import request
from marshmallow import ValidationError

from web.esquemas import ANCORA
from web.problemas import Problema
from web.servico import Servico, atual

JSON = "application/json"
VAZIO = "0 -"  # a âncora de um banco em que ninguém gravou
MAIOR_JSON = 64 << 10  # bytes
CAMPOS = 20  # numa consulta; mais que isso não é nossa


def consulta(esquema: type[Schema]) -> MappingProxyType[str, Any]:
    """Devolve a consulta conferida, com o que falta no padrão. Levanta Problema 422."""
    return _ler(esquema, request.query_string)


@lru_cache(maxsize=1024)
def _ler(esquema: type[Schema], crua: bytes) -> MappingProxyType[str, Any]:
    try:
        pares = parse_qsl(
            crua.decode("ascii"), keep_blank_values=True, max_num_fields=CAMPOS, errors="strict"
        )
        dita = dict(reversed(pares))  # o primeiro de cada nome
    except ValueError as erro:
        raise Problema(400, "a consulta não se lê") from erro
    return MappingProxyType(carregar(esquema, dita))


def carregar(esquema: type[Schema], dados: object) -> dict[str, Any]:
    """Confere os dados por um esquema. Levanta Problema 422 com o primeiro campo que não serve."""
    try:
        lido: dict[str, Any] = esquema().load(dados)  # type: ignore[arg-type]
    except ValidationError as erro:
        campo, motivos = next(iter(cast("dict[str, Any]", erro.messages).items()))
        campo = "corpo" if campo == "_schema" else str(campo)[:80]
        motivo = motivos[0] if isinstance(motivos, list) else str(motivos)
        raise Problema(422, f"{campo}: {motivo}", campo=campo) from erro
    return lido


def corpo_json() -> object:
    """Lê o corpo, que tem de ser JSON e pequeno. Levanta Problema 400 e 415; o Flask, 413."""
    if request.mimetype != JSON:
        raise Problema(415, f"o corpo tem de ser {JSON}; diga-o em Content-Type")
    request.max_content_length = MAIOR_JSON
    try:
        return json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError) as erro:
        raise Problema(400, "o corpo não é JSON em UTF-8") from erro


def tipo_aceito(*tipos: str) -> str:
    """Devolve o tipo que o cliente prefere; o primeiro, se ele não prefere nenhum."""
    dito = request.environ.get("HTTP_ACCEPT", "")
    if not dito or dito == "*/*" or dito == tipos[0]:
        return tipos[0]
    return request.accept_mimetypes.best_match(tipos) or tipos[0]


def ancora() -> str:
    """Devolve até onde a resposta tem de ir, pelo menos. Levanta Problema 400, 409 ou 503."""
    servico = atual()
    servico.conferido()
    if "no-cache" in request.environ.get("HTTP_CACHE_CONTROL", ""):
        conhecida = servico.ouvido.perguntar()
    else:
        conhecida = servico.ouvido.ancora()
    if (exigida := request.environ.get("HTTP_ANCORA")) is not None:
        conhecida = _exigir(servico, exigida, conhecida)
    return conhecida or VAZIO


def numero(ancora: str) -> int:
    """Devolve o número da execução de uma âncora."""
    return int(ancora.partition(" ")[0])


def _exigir(servico: Servico, exigida: str, conhecida: str | None) -> str | None:
    if not re.fullmatch(ANCORA, exigida):
        raise Problema(400, "o cabeçalho Ancora não é EXECUCAO ELO")
    if numero(conhecida or VAZIO) < numero(exigida):
        conhecida = servico.ouvido.perguntar()  # o cliente sabe de algo que ainda não ouvimos
    if motivo := diferente(servico, exigida, conhecida or VAZIO):
        raise Problema(409, motivo, ancora=conhecida)
    return conhecida


def diferente(servico: Servico, exigida: str, conhecida: str) -> str:
    """Diz por que a história que há não é a desta âncora; vazio se é."""
    if exigida == conhecida:
        return ""
    execucao, _, elo = exigida.partition(" ")
    if numero(conhecida) < int(execucao):
        return f"o livro acaba na execução {numero(conhecida)}, antes da {execucao}"
    if servico.banco.elo(int(execucao)) != elo:
        return f"a execução {execucao} tem outro elo: esta não é a mesma história"
    return ""
