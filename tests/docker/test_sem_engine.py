"""Sem engine, os testes com contêineres dizem alto que foram pulados; em CI, falham."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.processos import RAIZ

MOTIVO = "SEM DOCKER, NADA DISTO FOI TESTADO"


@pytest.mark.parametrize(
    ("ci", "codigo", "resumo"),
    [("", pytest.ExitCode.OK, "SKIPPED"), ("true", pytest.ExitCode.TESTS_FAILED, "ERROR")],
    ids=["na mesa", "em CI"],
)
def test_sem_engine_nada_passa_calado(ci: str, codigo: int, resumo: str) -> None:
    """Num engine que não existe: pulado com o motivo e o remédio, ou erro se CI está definida."""
    alvo = "tests/docker/test_isolamento.py::test_nome_do_conteiner_vem_do_projeto"
    processo = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", alvo],
        cwd=RAIZ,
        env=os.environ | {"DOCKER_HOST": "unix:///nao/existe.sock", "CI": ci},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert processo.returncode == codigo, processo.stdout + processo.stderr
    assert resumo in processo.stdout
    assert MOTIVO in processo.stdout
    assert ".ci/motor subir" in processo.stdout
    assert "passed" not in processo.stdout
