"""O strace, que mata ou faz falhar uma chamada de sistema escolhida."""

import re
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.campanhas.apoio import Caso
from tests.processos import Saida, rodar

# O ? deixa de fora as que esta arquitetura não tem.
GRAVAM = "pwrite64,write,fsync,fdatasync,ftruncate,?unlink,unlinkat,?rename,renameat,renameat2,fcntl"


class Ponto(NamedTuple):
    """A n-ésima vez em que se faz uma chamada."""

    chamada: str
    n: int


def rastrear(
    strace: str, caso: Caso, banco: Path, chamadas: str, *opcoes: str, so: tuple[Path, ...] = ()
) -> tuple[Saida, str]:
    """Roda o caso sob o strace; devolve o que ele deixou e as chamadas que fez.

    Com `so`, só valem as chamadas que tocam nesses caminhos.
    """
    registro = banco.parent.with_suffix(".strace")
    caminhos = [opcao for caminho in so for opcao in ("-P", str(caminho))]
    cmd = [strace, "-f", "-o", str(registro), *caminhos, "-e", f"trace={chamadas}", *opcoes]
    saida = rodar([*cmd, sys.executable, "-S", "-m", "escritor", *caso.argv])
    return saida, registro.read_text(encoding="utf-8", errors="replace")


def pontos(registro: str) -> list[Ponto]:
    """Enumera cada chamada de um registro, com o número que ela tem entre as iguais."""
    vistas: Counter[str] = Counter()
    achados = []
    for chamada in re.findall(r"^\d+ +(\w+)\(", registro, re.MULTILINE):
        vistas[chamada] += 1
        achados.append(Ponto(chamada, vistas[chamada]))
    return achados
