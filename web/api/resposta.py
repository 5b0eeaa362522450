"""A resposta que sai do cache ou de um fluxo: ETag, 304, âncora e de onde segue."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from itertools import chain
from urllib.parse import urlencode

from flask import Response, request

from web import metricas
from web.api import pedido
from web.api.pedido import JSON
from web.cache import Fazer
from web.cache.corpo import Pedido
from web.problemas import Problema
from web.servico import atual

GUARDAR = "no-cache"  # pode guardar, e pergunta sempre se ainda é este


def do_cache(pedido_: Pedido, fazer: Fazer) -> Response:
    """Responde com o corpo do cache, feito agora se é preciso, ou com 304."""
    ancora = pedido.ancora()
    cache = atual().cache
    if (ditas := request.environ.get("HTTP_IF_NONE_MATCH")) and _dita(
        ditas, chave := cache.chave(ancora, pedido_)
    ):
        metricas.NAO_MUDOU.inc()
        return Response(status=304, headers=_marcas(chave, ancora))
    corpo = cache.obter(ancora, pedido_, fazer)
    if ditas == "*":  # qualquer um serve, se há algum: um 404 já saiu
        metricas.NAO_MUDOU.inc()
        return Response(status=304, headers=_marcas(corpo.chave, corpo.ancora))
    if pedido.numero(corpo.ancora) < pedido.numero(ancora):
        raise Problema(503, "o banco voltou atrás desde a última pergunta", 1)
    marcas = _marcas(corpo.chave, corpo.ancora)
    resposta = Response(corpo.conteudo, headers=marcas, content_type=pedido_.tipo)
    if corpo.proximo is not None:
        ligar(resposta, **(request.args.to_dict() | {"depois_de": corpo.proximo}))
    return resposta


def em_fluxo(abrir: Callable[[], tuple[str, Iterator[bytes]]], tipo: str) -> Response:
    """Responde com um fluxo; a primeira falha ainda pode virar um problema."""
    liberar = atual().demorado()
    try:
        ancora, blocos = abrir()
        primeiro = next(blocos, b"")
    except BaseException:
        liberar()
        raise
    marcas = _marcas("", ancora or pedido.VAZIO)
    inteiro = chain([primeiro], blocos)
    resposta = Response(inteiro, headers=marcas, content_type=f"{tipo}; charset=utf-8")
    resposta.call_on_close(liberar)
    if isinstance(blocos, Generator):
        resposta.call_on_close(blocos.close)  # o cliente pode sair antes do fim
    return resposta


def em_json(dados: object, codigo: int = 200, **cabecalhos: str) -> Response:
    """Responde com um objeto em JSON; um `_` no nome de um cabeçalho é um hífen."""
    texto = json.dumps(dados, ensure_ascii=False, separators=(",", ":"))
    resposta = Response(texto, codigo, content_type=JSON)
    for nome, valor in cabecalhos.items():
        resposta.headers[nome.replace("_", "-")] = valor
    return resposta


def ligar(resposta: Response, **consulta: object) -> None:
    """Diz onde está a página seguinte: o mesmo endereço, com esta consulta."""
    partes = urlencode({nome: valor for nome, valor in consulta.items() if valor})
    resposta.headers["Link"] = f'<{request.path}?{partes}>; rel="next"'


def _marcas(etag: str, ancora: str) -> list[tuple[str, str]]:
    """Devolve os cabeçalhos que dizem de que instante é a resposta, e como guardá-la."""
    marcas = [("Cache-Control", GUARDAR), ("Vary", "Accept")]
    if etag:
        marcas.append(("ETag", f'"{etag}"'))
    if ancora != pedido.VAZIO:
        marcas.append(("Ancora", ancora))
    return marcas


def _dita(ditas: str, chave: str) -> bool:
    """Diz se If-None-Match tem esta ETag; a comparação é a fraca, como manda o RFC 9110."""
    if ditas == f'"{chave}"':
        return True
    return ditas != "*" and request.if_none_match.contains_weak(chave)
