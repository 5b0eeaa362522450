"""O cache diz a verdade, com o Redis morto, parado, vazio, cheio ou envenenado."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.docker.apoio import esperar
from tests.web.pilha import Pilha

pytestmark = pytest.mark.docker

NOVO = itertools.count()


def cadastrar(pilha: Pilha) -> str:
    """Cadastra alguém que ainda não existe; devolve a âncora do recibo."""
    feito = pilha.pedir("POST", "/usuarios", {"nome": "Ana", "email": f"c{next(NOVO)}@x.com"})
    assert feito.codigo == 201, feito
    return feito.cabecalhos["Ancora"]


def confere(pilha: Pilha, ancora: str) -> None:
    """As linhas que o serviço mostra a quem tem o recibo são as que o banco tem."""
    certas = pilha.psql("SELECT id, nome, email, criado_em FROM desafio2.usuarios ORDER BY id")
    for _ in range(8):  # os dois processos, e mais de uma vez cada um
        resposta = pilha.pedir("GET", "/usuarios?limite=1000", Ancora=ancora)
        assert resposta.codigo == 200, resposta
        assert [[str(v) for v in u.values()] for u in resposta.json] == certas


@contextmanager
def morto(pilha: Pilha) -> Iterator[None]:
    pilha.docker("kill", "cache")
    yield
    pilha.docker("start", "cache")


@contextmanager
def parado(pilha: Pilha) -> Iterator[None]:
    pilha.docker("kill", "cache", "--signal", "STOP")
    yield
    pilha.docker("kill", "cache", "--signal", "CONT")


@contextmanager
def cheio(pilha: Pilha) -> Iterator[None]:
    pilha.redis("CONFIG", "SET", "maxmemory-policy", "noeviction")
    pilha.redis("CONFIG", "SET", "maxmemory", "1")
    yield
    pilha.redis("CONFIG", "SET", "maxmemory", "64mb")
    pilha.redis("CONFIG", "SET", "maxmemory-policy", "volatile-ttl")


@pytest.mark.parametrize("estado", [morto, parado, cheio], ids=lambda f: f.__name__)
def test_sem_redis_a_resposta_e_a_certa(pilha: Pilha, estado: Callable[[Pilha], object]) -> None:
    """Fora, o status o diz e as leituras são as mesmas; de volta, o status também o diz."""
    pilha.esperar_cache("no ar")
    confere(pilha, cadastrar(pilha))
    with estado(pilha):  # type: ignore[attr-defined]
        confere(pilha, cadastrar(pilha))
        pilha.esperar_cache("fora")
        confere(pilha, cadastrar(pilha))
        assert pilha.codigo("/pronto") == 200
        problema = pilha.pedir("GET", "/cache/test")
        assert (problema.codigo, problema.cabecalhos["Retry-After"]) == (503, "1")
    pilha.esperar_cache("no ar")
    confere(pilha, cadastrar(pilha))


def test_esvaziado_a_resposta_e_a_certa(pilha: Pilha) -> None:
    """FLUSHALL no meio: só custa fazer de novo."""
    pilha.esperar_cache("no ar")
    confere(pilha, cadastrar(pilha))
    pilha.redis("FLUSHALL")
    confere(pilha, cadastrar(pilha))


def test_os_corpos_tem_prazo_e_os_contadores_nao(pilha: Pilha) -> None:
    """O que se guarda é o que se mostrou, com prazo; o contador fica."""

    def prazo() -> int:
        """Pede uma página nova; devolve o prazo do corpo dela, -2 se não se pôde guardá-la."""
        pilha.esperar_cache("no ar")
        resposta = pilha.pedir("GET", "/usuarios?limite=7", Ancora=cadastrar(pilha))
        chave = resposta.cabecalhos["ETag"].strip('"')
        return int(pilha.redis("TTL", f"desafio2:corpo:{chave}"))

    esperar(lambda: 0 < prazo() <= 300, "um corpo com prazo, no máximo o de CACHE_DURA")
    pilha.ver("/cache/test")
    assert pilha.redis("TTL", "desafio2:contador") == "-1"


@pytest.mark.parametrize("veneno", ["lixo", "de outra chave", "de outro tipo"])
def test_um_valor_envenenado_e_jogado_fora(pilha: Pilha, veneno: str) -> None:
    """O outro processo o lê, não acredita, conta, e mostra o certo."""
    pilha.esperar_cache("no ar")
    antes = pilha.metrica("desafio2_cache_envenenados_total")

    def acusado() -> bool:
        ancora = cadastrar(pilha)
        etag = pilha.pedir("GET", "/usuarios", Ancora=ancora).cabecalhos["ETag"].strip('"')
        envenenar(pilha, f"desafio2:corpo:{etag}", veneno)
        for _ in range(8):
            visto = pilha.pedir("GET", "/usuarios", Ancora=ancora)
            assert "veneno" not in visto.corpo.decode()
            assert len(visto.json) == min(100, len(json.loads(visto.corpo)))
        confere(pilha, ancora)
        return pilha.metrica("desafio2_cache_envenenados_total") > antes

    esperar(acusado, "o valor envenenado ser visto por um processo que não o tinha na memória")


def envenenar(pilha: Pilha, chave: str, veneno: str) -> None:
    """Troca o valor guardado por outro, como quem tem a senha do Redis o faria."""
    if veneno == "de outra chave":
        outra = pilha.pedir("GET", "/usuarios?limite=1").cabecalhos["ETag"].strip('"')
        pilha.redis("COPY", f"desafio2:corpo:{outra}", chave, "REPLACE")
        return
    pilha.redis("DEL", chave)
    if veneno == "lixo":
        pilha.redis("SET", chave, entrada='[{"id":1,"nome":"veneno"}]')
    else:
        pilha.redis("LPUSH", chave, "veneno")
