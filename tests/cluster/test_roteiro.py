"""O roteiro da máquina que morre, comando por comando, contra um engine de verdade."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cluster.apoio import Cluster
from tests.docker.apoio import ambiente_limpo
from tests.docker.test_roteiro import DO_TERMINAL, falta, passos
from tests.processos import RAIZ
from tests.test_readme import igualado

pytestmark = pytest.mark.docker

ROTEIRO = (RAIZ / "docs/roteiro-maquina.md").read_text(encoding="utf-8")
LEVADOS = (".env", "escritor", "leitor", "postgres", "web", "cluster")
PRAZO = 300.0  # segundos, por comando


def test_o_roteiro_da_maquina_acontece_como_esta_escrito(cluster: Cluster, tmp_path: Path) -> None:
    """Numa pasta com os arquivos do repositório, sob outro nome de projeto, do começo ao fim."""
    for nome in LEVADOS:
        copiar = shutil.copytree if (RAIZ / nome).is_dir() else shutil.copy
        copiar(RAIZ / nome, tmp_path / nome)
    ambiente = {
        **ambiente_limpo(),
        "COMPOSE_FILE": "cluster/docker-compose.yml",
        "COMPOSE_PROJECT_NAME": cluster.nome,
    }
    roteiro = passos(ROTEIRO)
    assert len(roteiro) > 15
    for comando, mostradas in roteiro:
        feito = subprocess.run(
            ["bash", "-c", comando.replace("desafio2-cluster", cluster.nome)],
            cwd=tmp_path,
            env={**os.environ, **ambiente},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=PRAZO,
            check=False,
        )
        havidas = [linha.rstrip() for linha in DO_TERMINAL.sub("", feito.stdout).splitlines()]
        assert feito.returncode == 0, (comando, feito.stdout)
        sobra = falta(igualado(mostradas), igualado(havidas))
        assert sobra is None, f"{comando}\nnão disse: {sobra}\ndisse:\n{feito.stdout}"
    assert not (tmp_path / "recibo.txt").exists()
