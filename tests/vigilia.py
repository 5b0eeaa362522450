"""O que os testes do vigia dividem: os passos entre duas leituras e o que ele disse delas."""

import re
from collections.abc import Callable

from tests.contrato import AMOSTRA
from tests.processos import Saida, comando, rodar

NADA = "[LEITOR] nada mudou; daqui em diante, só digo o que mudar"

Passo = Callable[[], object]
Vigiar = Callable[..., Saida]


def nada() -> None:
    """Um intervalo em que nada acontece."""


def grava(*argv: str, entrada: str = "") -> Passo:
    """Um escritor em outro processo, que não grava se o vigia segurar uma trava."""

    def passo() -> None:
        saida = rodar(comando("escritor", *argv), entrada.encode())
        assert saida.codigo == 0, saida.stderr

    return passo


def repete() -> Passo:
    """Uma importação de quem já está no banco: só uma execução a mais."""
    linhas = "".join(f"{nome},{email}\n" for nome, email in AMOSTRA)
    return grava("importar", "-", entrada=f"nome,email\n{linhas}")


def importa(quantos: int) -> Passo:
    """Uma importação de gente nova."""
    linhas = "".join(f"P{n},p{n}-{quantos}@x.com\n" for n in range(1, quantos + 1))
    return grava("importar", "-", entrada=f"nome,email\n{linhas}")


def ditas(saida: Saida) -> list[str]:
    """O que saiu em stdout, sem o instante, que toda linha traz."""
    linhas = saida.stdout.splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \S", linha) for linha in linhas)
    return [linha.partition(" ")[2] for linha in linhas]


def avisos(saida: Saida) -> list[str]:
    """O que saiu em stderr depois de dizer o que vigia."""
    return saida.stderr.splitlines()[1:]
