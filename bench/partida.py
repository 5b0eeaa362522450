"""Quanto custa a partida do leitor, em relação a `python3 -c "import sqlite3"`.

Roda dentro da imagem do leitor, sobre o volume como está (três linhas depois
do primeiro `docker compose up`):

    docker compose run --rm --no-deps -v "$PWD/bench:/bench:ro" --entrypoint python leitor \
        /bench/partida.py

Mede user + sys de processos inteiros, alternados para que uma oscilação da
máquina pese nos dois; mostra medianas e a razão. A meta é 1,5.
"""

import resource
import statistics
import subprocess
import sys

RODADAS = 101
COMANDOS = {
    'python3 -c "import sqlite3"': [sys.executable, "-c", "import sqlite3"],
    "leitor": [sys.executable, "-S", "-P", "/app/leitor/__main__.py"],  # o ENTRYPOINT
}


def segundos_de_cpu(comando: list[str]) -> float:
    """Roda o comando e devolve user + sys dele, em segundos."""
    antes = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(comando, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    depois = resource.getrusage(resource.RUSAGE_CHILDREN)
    return depois.ru_utime + depois.ru_stime - antes.ru_utime - antes.ru_stime


def main() -> int:
    """Mede, mostra e devolve 0."""
    tempos: dict[str, list[float]] = {nome: [] for nome in COMANDOS}
    for _ in range(RODADAS):
        for nome, comando in COMANDOS.items():
            tempos[nome].append(segundos_de_cpu(comando))
    par, leitor = (statistics.median(valores) for valores in tempos.values())
    for nome, mediana in zip(COMANDOS, (par, leitor), strict=True):
        print(f"{nome:<30} {mediana * 1000:6.1f} ms  {mediana / par:5.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
