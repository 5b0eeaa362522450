"""Cada teste daqui roda uma vez por motor: num banco vazio, ou num que já tem história."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.nos_dois_motores.motor import Motor, NoPostgreSQL, NoSQLite
from tests.test_listagem import DIFICEIS

MOTORES = ["sqlite", pytest.param("postgres", marks=pytest.mark.docker)]
CLIENTE = {"sqlite": "sqlite3", "postgres": "psql"}

Vazio = Callable[[str], Motor]


@pytest.fixture(scope="module")
def vazio(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    ferramenta: Callable[[str], str],
) -> Iterator[Vazio]:
    """Devolve a função que dá um banco vazio do motor que se diz."""
    with ExitStack() as pilha:

        def dar(nome: str) -> Motor:
            ferramenta(CLIENTE[nome])
            if nome == "sqlite":
                return NoSQLite(tmp_path_factory.mktemp("dados") / "desafio2.db")
            acesso = request.getfixturevalue("acesso")
            return NoPostgreSQL(pilha.enter_context(acesso.banco()))

        yield dar


@pytest.fixture(params=MOTORES)
def motor(request: pytest.FixtureRequest, vazio: Vazio) -> Motor:
    """Um banco em que ninguém gravou."""
    return vazio(request.param)


@pytest.fixture(scope="module", params=MOTORES)
def historia(request: pytest.FixtureRequest, vazio: Vazio) -> Motor:
    """Um banco com quatro execuções e nomes difíceis, para quem só lê."""
    cheio = vazio(request.param)
    linhas = "".join(
        f'"{nome.replace(chr(34), chr(34) * 2)}",d{n}@x.com\n'
        for n, nome in enumerate(DIFICEIS)
        if nome.strip() == nome and nome.isprintable()
    )
    cheio.gravar()
    cheio.gravar("importar", "-", entrada=f"nome,email\n{linhas}")
    cheio.gravar("importar", "-", entrada="nome,email\nOutro João,JOAO@example.com\n")
    cheio.gravar("importar", "-", entrada="nome,email\nZoé,zoe@x.com\n")
    return cheio


@pytest.fixture
def mexida(historia: Motor) -> Iterator[Motor]:
    """Uma cópia dela, para quem a estraga."""
    with historia.copia() as copia:
        yield copia
