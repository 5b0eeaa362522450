"""Os valores que a linha de comando aceita; um que não serve é um uso errado."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leitor.ancoras import Ancora

MAIS_DIGITOS = 20  # já passa de qualquer número de linhas
MAIOR_LIMITE = 2**63 - 1  # cabe num inteiro de 64 bits
MENOR_INTERVALO, MAIOR_INTERVALO = 0.1, 86_400  # segundos; um dia


def limite(texto: str) -> int:
    """Um número de linhas, 0 ou mais."""
    if not texto.isdecimal() or len(texto) > MAIS_DIGITOS:
        raise ArgumentTypeError(f"deve ser um inteiro, 0 ou mais; veio {texto!r}")
    return min(int(texto), MAIOR_LIMITE)


def linhas(texto: str) -> int:
    """Quantas linhas; `tudo` é -1."""
    return -1 if texto == "tudo" else limite(texto)


def vezes(texto: str) -> int:
    """Um número de leituras, 1 ou mais."""
    vezes = limite(texto)
    if not vezes:
        raise ArgumentTypeError("deve ser 1 ou mais")
    return vezes


def intervalo(texto: str) -> float:
    """Os segundos entre duas leituras."""
    try:
        segundos = float(texto)
    except ValueError:
        segundos = 0.0
    if not MENOR_INTERVALO <= segundos <= MAIOR_INTERVALO:
        raise ArgumentTypeError(
            f"deve ser um número de segundos de {MENOR_INTERVALO} a {MAIOR_INTERVALO}; "
            f"veio {texto!r}"
        )
    return segundos


def arquivo(texto: str) -> str:
    """O nome de um arquivo."""
    if not texto:
        raise ArgumentTypeError("deve ser o nome de um arquivo; veio vazio")
    return texto


def ancora(texto: str) -> Ancora:
    """Uma âncora, como o escritor a diz."""
    from leitor import ancoras  # só quem as dá paga por elas

    try:
        return ancoras.ler(texto.strip())
    except ValueError as erro:
        raise ArgumentTypeError(f"deve ser {erro}; veio {texto!r}") from None
