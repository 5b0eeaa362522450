"""Os dois programas no PostgreSQL; os servidores vêm do plugin de tests/conftest.py.

Quem diz o servidor e onde está a senha é cada campanha: umas usam o de todos, e outras o que cai.
"""

from __future__ import annotations

import pytest

from tests.conftest import Programa, no_processo
from tests.motores import principal


@pytest.fixture
def escritor_pg(capsys: pytest.CaptureFixture[str]) -> Programa:
    """Chama o main do escritor; devolve código, stdout e stderr."""
    return no_processo(principal("postgres.escritor"), capsys)


@pytest.fixture
def leitor_pg(capsys: pytest.CaptureFixture[str]) -> Programa:
    """Chama o main do leitor; devolve código, stdout e stderr."""
    return no_processo(principal("postgres.leitor"), capsys)
