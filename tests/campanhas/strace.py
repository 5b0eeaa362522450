"""O strace, que mata ou faz falhar uma chamada de sistema escolhida."""

import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple

from tests.processos import Saida, rodar

# O ? deixa de fora as que esta arquitetura não tem.
APAGAM = "?unlink,unlinkat,?rename,renameat,renameat2,?link,linkat"
GRAVAM = f"pwrite64,write,fsync,fdatasync,ftruncate,fcntl,{APAGAM}"
DO_BANCO = f"openat,close,pread64,{GRAVAM}"


class Ponto(NamedTuple):
    """A n-ésima vez em que se faz uma chamada."""

    chamada: str
    n: int


class Rastro(NamedTuple):
    """O que um programa deixou e o registro das chamadas dele."""

    saida: Saida
    registro: str


def rastrear(cmd: list[str], chamadas: str, *opcoes: str, so: Sequence[Path] = ()) -> Rastro:
    """Roda o comando sob o strace; devolve o que ele deixou e as chamadas que fez.

    Com `so`, só valem as chamadas que tocam nesses caminhos.
    """
    caminhos = [opcao for caminho in so for opcao in ("-P", str(caminho))]
    with NamedTemporaryFile() as registro:
        strace = ["strace", "-f", "-o", registro.name, *caminhos, "-e", f"trace={chamadas}"]
        saida = rodar([*strace, *opcoes, *cmd])
        return Rastro(saida, registro.read().decode("utf-8", "replace"))


def python(programa: str, *argv: str) -> list[str]:
    """O comando de `escritor` ou `leitor` que parte mais depressa: -S, como na imagem."""
    return [sys.executable, "-S", "-m", programa, *argv]


def pontos(registro: str) -> list[Ponto]:
    """Enumera cada chamada de um registro, com o número que ela tem entre as iguais."""
    vistas: Counter[str] = Counter()
    achados = []
    for chamada in re.findall(r"^\d+ +(\w+)\(", registro, re.MULTILINE):
        vistas[chamada] += 1
        achados.append(Ponto(chamada, vistas[chamada]))
    return achados
