"""Os dois programas no PostgreSQL, chamados no próprio processo."""

from __future__ import annotations

import pytest

from tests.conftest import Programa, no_processo
from tests.motores import principal
from tests.postgres.bancos import Banco


@pytest.fixture
def escritor_pg(
    banco_pg: Banco,  # noqa: ARG001 - pelo ambiente que ela define
    capsys: pytest.CaptureFixture[str],
) -> Programa:
    """Chama o main do escritor no PostgreSQL; devolve código, stdout e stderr."""
    return no_processo(principal("postgres.escritor"), capsys)


@pytest.fixture
def leitor_pg(
    banco_pg: Banco, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Programa:
    """Chama o main do leitor no PostgreSQL, no papel de leitor; código, stdout e stderr."""
    monkeypatch.setenv("BANCO", banco_pg.uri("leitor"))
    return no_processo(principal("postgres.leitor"), capsys)
