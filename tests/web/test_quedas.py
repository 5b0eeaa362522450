"""Matar o serviço, o banco e o cache no meio de uma carga de cadastros: nenhum 201 se perde."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any, NamedTuple

import pytest

from tests.docker.apoio import esperar
from tests.web.pilha import Pilha

pytestmark = pytest.mark.docker

CLIENTES = 16
ANTES, DEPOIS = 40, 40  # cadastros confirmados antes da queda, e depois dela
CODIGOS = {201, 409, 429, 503}
GRAVADAS = """
SELECT u.id, u.nome, u.email, u.criado_em, e.id, e.elo
FROM desafio2.usuarios AS u
JOIN desafio2.execucoes AS e ON u.id BETWEEN e.primeiro_id AND e.ultimo_id"""
REPETIDAS = "SELECT lower(email) FROM desafio2.usuarios GROUP BY 1 HAVING count(*) > 1"


class Feito(NamedTuple):
    """Um pedido com resposta: o e-mail, o código e o corpo."""

    email: str
    codigo: int
    corpo: Any


class Carga:
    """Clientes que cadastram sem parar, cada um o seu; um pedido sem resposta se repete."""

    def __init__(self, pilha: Pilha, prefixo: str) -> None:
        self.pilha = pilha
        self.prefixo = prefixo
        self.feitos: list[Feito] = []
        self.parar = threading.Event()

    def confirmados(self) -> list[Feito]:
        """Devolve os que receberam 201."""
        return [feito for feito in self.feitos if feito.codigo == 201]

    def cliente(self, numero: int) -> None:
        """Cadastra um e-mail novo de cada vez, até mandarem parar."""
        volta = 0
        while not self.parar.is_set():
            email = f"{self.prefixo}-{numero}-{volta}@x.com"
            if self.tentar(email):
                volta += 1
            else:
                self.parar.wait(0.05)

    def tentar(self, email: str) -> bool:
        """Pede uma vez; diz se houve uma resposta que não pede para tentar de novo."""
        try:
            resposta = self.pilha.pedir("POST", "/usuarios", {"nome": "Ana", "email": email})
        except (OSError, HTTPException):
            return False  # a queda, talvez no meio da resposta: não se sabe
        self.feitos.append(Feito(email, resposta.codigo, resposta.json))
        if resposta.codigo in {429, 503}:
            assert int(resposta.cabecalhos["Retry-After"]) >= 1
            return False
        return True


@contextmanager
def carga(pilha: Pilha, prefixo: str) -> Iterator[Carga]:
    """Põe os clientes a cadastrar, e no fim espera que parem."""
    nova = Carga(pilha, prefixo)
    with ThreadPoolExecutor(CLIENTES) as clientes:
        andando = [clientes.submit(nova.cliente, n) for n in range(CLIENTES)]
        try:
            yield nova
        finally:
            nova.parar.set()
    for cliente in andando:
        cliente.result()


def matar(servico: str) -> Callable[[Pilha], None]:
    """Devolve quem mata o contêiner e o sobe de novo."""

    def queda(pilha: Pilha) -> None:
        pilha.docker("kill", servico)
        pilha.docker("start", servico)

    return queda


def matar_um_processo(pilha: Pilha) -> None:
    """Mata um dos processos que atendem; o gunicorn põe outro no lugar."""
    linha = "grep -lz [g]unicorn /proc/[0-9]*/cmdline | cut -d/ -f3"
    conteiner = pilha.conteiner("web")
    pids = pilha.rodar("docker", "exec", conteiner, "sh", "-c", linha).stdout.split()
    pilha.rodar("docker", "exec", conteiner, "sh", "-c", f"kill -9 {max(map(int, pids))}")


@pytest.mark.parametrize(
    "queda",
    [matar("web"), matar("db"), matar("cache"), matar_um_processo],
    ids=["web", "db", "cache", "um processo"],
)
def test_nenhum_201_se_perde(
    pilha: Pilha, queda: Callable[[Pilha], None], request: pytest.FixtureRequest
) -> None:
    """Cada 201 está no banco com o recibo na corrente, e nada entrou duas vezes."""
    prefixo = request.node.callspec.id.replace(" ", "-")
    pilha.esperar_pronto()
    with carga(pilha, prefixo) as cadastros:
        esperar(lambda: len(cadastros.confirmados()) >= ANTES, "a carga andar")
        queda(pilha)
        havia = len(cadastros.confirmados())
        andar = havia + DEPOIS
        esperar(lambda: len(cadastros.confirmados()) >= andar, "a carga voltar a andar", 120)
    assert {feito.codigo for feito in cadastros.feitos} <= CODIGOS
    gravadas = {linha[2]: linha for linha in pilha.psql(GRAVADAS)}
    for feito in cadastros.confirmados():
        u, recibo = feito.corpo, feito.corpo["recibo"]
        dito = [u["id"], u["nome"], u["email"], u["criado_em"], recibo["execucao"], recibo["elo"]]
        assert gravadas[feito.email] == [str(valor) for valor in dito]
    for feito in cadastros.feitos:
        if feito.codigo == 409:  # a resposta do 201 se perdeu, e o pedido se repetiu
            assert feito.corpo["usuario"]["email"] == feito.email
            assert feito.email in gravadas
    assert pilha.psql(REPETIDAS) == []
    pilha.compose("run", "--rm", "-T", "--no-deps", "leitor", "verificar")
    assert pilha.ver("/status")["verificado"]["resultado"] == "ok"


def test_controle_um_201_que_nao_esta_la_e_acusado(pilha: Pilha) -> None:
    """Controle negativo: um recibo que a corrente não tem, a mesma conferência o acusa."""
    feito = pilha.pedir("POST", "/usuarios", {"nome": "Ana", "email": "controle@x.com"})
    execucao, elo = feito.json["recibo"].values()
    gravadas = {linha[2]: linha for linha in pilha.psql(GRAVADAS)}
    assert gravadas["controle@x.com"][4:] == [str(execucao), elo]
    outro = "0" * 64
    assert gravadas["controle@x.com"][4:] != [str(execucao), outro]
    assert pilha.codigo(f"/ancoras/{execucao}/{outro}") == 404
    assert pilha.codigo(f"/ancoras/{execucao + 1}/{elo}") == 404
