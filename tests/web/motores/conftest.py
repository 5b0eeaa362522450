"""O motor de cada teste: um arquivo novo, ou um banco novo num servidor que todos dividem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.postgres.bancos import Acesso, Banco
from tests.postgres.conftest import _engine_no_ar, acesso, servidor
from tests.processos import RAIZ
from tests.web.motores.apoio import Arquivo, Motor, Servidor, aberto
from web import bancos
from web.gravador import Gravador

__all__ = ["_engine_no_ar", "acesso", "servidor"]

SERVICO = (RAIZ / "web" / "servico.sql").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def molde(acesso: Acesso) -> Iterator[Banco]:
    """Um banco com o esquema do contrato e a sala do serviço, de onde os outros nascem."""
    with acesso.banco() as banco:
        for _ in range(2):  # pode-se repetir
            acesso.servidor.psql("postgres", SERVICO, banco=banco.nome)
        yield banco


@pytest.fixture
def banco_pg(acesso: Acesso, molde: Banco, monkeypatch: pytest.MonkeyPatch) -> Iterator[Banco]:
    """Um banco novo num servidor."""
    monkeypatch.setenv("PGPASSFILE", str(acesso.pgpass))
    with acesso.banco(molde.nome) as banco:
        yield banco


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.docker)])
def motor(request: pytest.FixtureRequest, tmp_path: Path) -> Motor:
    """Um banco vazio, num motor e no outro."""
    if request.param == "sqlite":
        return Arquivo(tmp_path / "desafio2.db")
    banco: Banco = request.getfixturevalue("banco_pg")
    return Servidor(banco)


@pytest.fixture
def abrir(motor: Motor) -> Iterator[Callable[[], bancos.Banco]]:
    """Devolve a função que abre o banco como mais um processo do serviço, e os fecha no fim."""
    with ExitStack() as pilha:

        def mais_um() -> bancos.Banco:
            banco = aberto(motor)
            pilha.callback(banco.fechar)
            return banco

        yield mais_um


@pytest.fixture
def banco(abrir: Callable[[], bancos.Banco]) -> bancos.Banco:
    """O banco, como o serviço o abre."""
    return abrir()


@pytest.fixture
def ligar() -> Iterator[Callable[[bancos.Banco], Gravador]]:
    """Devolve a função que põe um gravador no ar sobre um banco, e os para no fim."""
    with ExitStack() as pilha:

        def no_ar(banco: bancos.Banco) -> Gravador:
            gravador = Gravador(banco, 30.0)
            gravador.iniciar()
            pilha.callback(gravador.parar)
            return gravador

        yield no_ar


@pytest.fixture
def gravador(banco: bancos.Banco, ligar: Callable[[bancos.Banco], Gravador]) -> Gravador:
    """Um gravador no ar."""
    return ligar(banco)
