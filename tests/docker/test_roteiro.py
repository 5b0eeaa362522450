"""O roteiro da aula, comando por comando, contra um engine de verdade; as saídas são comparadas."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docker.apoio import PRAZO, Projeto, ambiente_limpo
from tests.processos import RAIZ
from tests.test_readme import igualado

pytestmark = pytest.mark.docker

ROTEIRO = (RAIZ / "docs/roteiro.md").read_text(encoding="utf-8")
OMITIDAS = "…"
DITA = re.compile(r"\[(ESCRITOR|LEITOR)\]")  # o que os programas dizem vai para stderr
DO_TERMINAL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")  # o Compose apaga linhas mesmo fora de um
LEVADOS = ["docker-compose.yml", ".env", "escritor", "leitor", "bench", "docs"]


def passos(roteiro: str) -> list[tuple[str, list[str]]]:
    """Devolve cada comando de um roteiro, com as linhas que ele mostra."""
    achados: list[tuple[str, list[str]]] = []
    for bloco in re.findall(r"^```console\n(.*?)^```", roteiro, re.MULTILINE | re.DOTALL):
        for linha in bloco.splitlines():
            if linha.startswith("$ "):
                achados.append((linha[2:], []))
            else:
                achados[-1][1].append(linha)
    return achados


def igual(mostrada: str, havida: str) -> bool:
    """Compara uma linha mostrada com uma havida; o `…` no fim está no lugar do resto dela."""
    inicio = mostrada.removesuffix(OMITIDAS)
    return havida == mostrada or (mostrada != inicio and havida.startswith(inicio))


def falta(mostradas: list[str], havidas: list[str]) -> str | None:
    """Devolve a primeira linha mostrada que não está na saída, na ordem; None se estão todas.

    A ordem é a de cada fluxo: o engine pode trocar stdout e stderr entre si.
    """
    for do_stderr in (True, False):
        restantes = iter([linha for linha in havidas if bool(DITA.search(linha)) == do_stderr])
        for linha in mostradas:
            if (
                linha != OMITIDAS
                and bool(DITA.search(linha)) == do_stderr
                and not any(igual(linha, havida) for havida in restantes)
            ):
                return linha
    return None


def test_controle_a_comparacao_acusa() -> None:
    """Uma linha que falta, que é outra ou que está fora de ordem não passa."""
    assert falta(["a", OMITIDAS, "c"], ["a", "b", "c"]) is None
    assert falta(["a", "x"], ["a", "b"]) == "x"
    assert falta(["b", "a"], ["a", "b"]) == "a"
    assert falta(["ab…", "c"], ["abc", "c"]) is None
    assert falta(["ab…"], ["ac"]) == "ab…"
    assert falta(["ab"], ["abc"]) == "ab"
    assert falta(["[LEITOR] 1", "a"], ["a", "[LEITOR] 1"]) is None
    assert falta(["[LEITOR] 2", "[LEITOR] 1"], ["[LEITOR] 1", "[LEITOR] 2"]) == "[LEITOR] 1"


def test_o_roteiro_acontece_como_esta_escrito(projeto: Projeto, tmp_path: Path) -> None:
    """Numa pasta com os arquivos do repositório, sob outro nome de projeto, do começo ao fim."""
    for nome in LEVADOS:
        copiar = shutil.copytree if (RAIZ / nome).is_dir() else shutil.copy
        copiar(RAIZ / nome, tmp_path / nome)
    ambiente = {**os.environ, **ambiente_limpo(), "COMPOSE_PROJECT_NAME": projeto.nome}
    roteiro = passos(ROTEIRO)
    assert len(roteiro) > 20
    for comando, mostradas in roteiro:
        real = comando.replace("desafio2_dados_db", projeto.volume.nome)
        feito = subprocess.run(
            ["bash", "-c", real],
            cwd=tmp_path,
            env=ambiente,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=2 * PRAZO,
            check=False,
        )
        saida = feito.stdout.replace(projeto.volume.nome, "desafio2_dados_db").replace(
            projeto.nome, "desafio2"
        )
        havidas = igualado([linha.rstrip() for linha in DO_TERMINAL.sub("", saida).splitlines()])
        assert feito.returncode == 0, (comando, saida)
        sobra = falta(igualado(mostradas), havidas)
        assert sobra is None, f"{comando}\nnão disse: {sobra}\ndisse:\n" + "\n".join(havidas)
    assert not (tmp_path / "copia.db").exists()
