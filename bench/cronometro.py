"""Roda um comando no bash e diz quanto ele levou: segundos de relógio, e KiB do maior processo.

    python3 bench/cronometro.py 'python3 -m leitor verificar'

Um processo pequeno à parte: o pico de um filho já nasce com o que ocupa quem o cria.
"""

import os
import subprocess
import sys
import time


def main() -> int:
    """Imprime os dois números; devolve o código do comando."""
    inicio = time.perf_counter()
    processo = subprocess.Popen(
        ["bash", "-o", "pipefail", "-c", sys.argv[1]], stdout=subprocess.DEVNULL
    )
    _, estado, uso = os.wait4(processo.pid, 0)
    print(time.perf_counter() - inicio, uso.ru_maxrss)
    processo.returncode = os.waitstatus_to_exitcode(estado)
    return processo.returncode


if __name__ == "__main__":
    sys.exit(main())
