"""Mede a leitura no PostgreSQL contra o psql, na mesma rodada: razões, com a mediana de cada uma.

Um servidor em que o banco já tem linhas gravadas pelo escritor:

    BANCO=postgresql://leitor@localhost/desafio2 python3 bench/postgres_leitura.py [vezes]

`lacres` é só recalculá-los, sem as regras das linhas: o trabalho de `psql COPY … | sha256sum`.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

RAIZ = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(RAIZ))

from postgres.leitor import consultas  # noqa: E402
from postgres.leitor.leitura import Leitura  # noqa: E402

BANCO = os.environ.get("BANCO", "postgresql://leitor@localhost/desafio2")
COLUNAS = "SELECT id, nome, email, criado_em FROM desafio2.usuarios ORDER BY id"
PSQL = f"psql -X {BANCO}"
COPY = f'{PSQL} -c "COPY ({COLUNAS}) TO STDOUT" | sha256sum'
ROW_TO_JSON = f'{PSQL} -Atc "SELECT row_to_json(u) FROM ({COLUNAS}) AS u"'
CSV = f'{PSQL} --csv -c "{COLUNAS}"'
LEITOR = f"{sys.executable} -m postgres.leitor"


def no_bash(linha: str) -> Callable[[], None]:
    """Devolve quem roda a linha no bash, com a saída jogada fora."""

    def rodar() -> None:
        comando = ["bash", "-o", "pipefail", "-c", linha]
        nada = subprocess.DEVNULL
        subprocess.run(comando, cwd=RAIZ, stdout=nada, stderr=nada, check=True)

    return rodar


def so_os_lacres() -> None:
    """Refaz o resumo das linhas todas, em páginas."""
    resumo = hashlib.sha256()
    with Leitura(BANCO, 30) as leitura:
        leitura.abrir()
        for *_, [bloco] in consultas.paginas(leitura.con, consultas.LINHAS_DO_LACRE):
            resumo.update(bloco or b"")


def listar(formato: str) -> Callable[[], None]:
    """Devolve quem lista sem verificar, como `so_listar.py` no SQLite."""
    codigo = (
        "import sys; from postgres.leitor.leitura import Leitura; from leitor import formatos\n"
        f"with Leitura({BANCO!r}, 30) as leitura:\n"
        "    leitura.abrir()\n"
        f"    sys.stdout.buffer.writelines(formatos.FORMATOS[{formato!r}](leitura, -1))\n"
    )
    return no_bash(
        f"{sys.executable} -c '{codigo}'".replace(repr(BANCO), f'"{BANCO}"').replace(
            repr(formato), f'"{formato}"'
        )
    )


MEDIDAS: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
    "verificar ÷ COPY | sha256sum": (no_bash(f"{LEITOR} verificar"), no_bash(COPY)),
    "só os lacres ÷ COPY | sha256sum": (so_os_lacres, no_bash(COPY)),
    "json ÷ row_to_json": (listar("json"), no_bash(ROW_TO_JSON)),
    "jsonl ÷ row_to_json": (listar("jsonl"), no_bash(ROW_TO_JSON)),
    "csv ÷ psql --csv": (listar("csv"), no_bash(CSV)),
}


def segundos(fazer: Callable[[], None]) -> float:
    """Devolve quanto demorou."""
    antes = time.perf_counter()
    fazer()
    return time.perf_counter() - antes


def memoria() -> int:
    """Devolve quanto `verificar` chegou a ocupar, em KiB; o psql, que guarda tudo, não entra."""
    codigo = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    argv = [sys.executable, "-m", "postgres.leitor", "verificar"]
    dito = subprocess.run(
        [sys.executable, "-c", codigo, *argv], cwd=RAIZ, capture_output=True, check=True
    )
    return int(dito.stdout.split()[-1])


def main(vezes: int) -> None:
    """Alterna os dois lados, para que o barulho da máquina caia nos dois."""
    for nome, (nosso, deles) in MEDIDAS.items():
        razoes, tempos = [], []
        for _ in range(vezes):
            tempos.append(segundos(nosso))
            razoes.append(tempos[-1] / segundos(deles))
        print(
            f"{nome:34} {statistics.median(razoes):.2f} ×  "
            f"(de {min(razoes):.2f} a {max(razoes):.2f}; {statistics.median(tempos):.2f} s)"
        )
    print(f"{'memória de verificar':34} {memoria() / 1024:.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
