"""O servidor que os testes dividem, e um só de quem o estraga (um plugin de tests/conftest.py)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.conftest import o_que_falta
from tests.postgres.apoio import RARO, Servidor
from tests.postgres.bancos import Acesso, Banco


@pytest.fixture(scope="session", name="engine_no_ar")
def _engine_no_ar() -> None:
    """Sem engine, pula o teste dizendo por quê, e em CI falha."""
    if falta := o_que_falta():
        motivo = f"SEM DOCKER, NADA DISTO FOI TESTADO: {falta}. Suba um engine: .ci/motor subir"
        if os.environ.get("CI"):
            pytest.fail(f"{motivo} (com CI no ambiente, faltar é falhar)", pytrace=False)
        pytest.skip(motivo)


@pytest.fixture(scope="session")
def servidor(
    engine_no_ar: None,  # noqa: ARG001 - pelo que ela confere
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Servidor]:
    """Um servidor são, para os testes que deixam tudo como estava."""
    with Servidor(tmp_path_factory.mktemp("servidor"), RARO) as novo:
        novo.subir()
        yield novo


@pytest.fixture
def outro_servidor(
    engine_no_ar: None,  # noqa: ARG001 - pelo que ela confere
    tmp_path: Path,
) -> Iterator[Servidor]:
    """Um projeto sem nada no ar, para quem vai parar, matar ou apagar."""
    with Servidor(tmp_path) as novo:
        yield novo


@pytest.fixture(scope="session")
def servidor_que_cai(
    engine_no_ar: None,  # noqa: ARG001 - pelo que ela confere
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Servidor]:
    """Um servidor para quem o mata ou o para, e o deixa são outra vez."""
    with Servidor(tmp_path_factory.mktemp("que cai"), "2s", tentativas=3) as novo:
        novo.subir()
        yield novo


@pytest.fixture(scope="session")
def acesso(servidor: Servidor, tmp_path_factory: pytest.TempPathFactory) -> Acesso:
    """Como se chega, de fora, ao servidor que os testes dividem."""
    return Acesso(servidor, tmp_path_factory.mktemp("acesso"))


@pytest.fixture
def banco_pg(acesso: Acesso, monkeypatch: pytest.MonkeyPatch) -> Iterator[Banco]:
    """Um banco novo, com o esquema e nada mais, no ambiente que os programas leem."""
    with acesso.banco() as banco:
        monkeypatch.setenv("BANCO", banco.uri())
        monkeypatch.setenv("PGPASSFILE", str(acesso.pgpass))
        monkeypatch.setenv("BANCO_ESPERA", "0.3")
        yield banco
