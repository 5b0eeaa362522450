"""Os programas com o motor que cada um tem por padrão, como o `__main__` os chama."""

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module

MOTORES = {
    "escritor": "escritor.sqlite",
    "leitor": "leitor.banco",
    "postgres.escritor": "postgres.escritor.banco",
    "postgres.leitor": "postgres.leitor.banco",
}

Principal = Callable[[Sequence[str]], int]


def principal(programa: str) -> Principal:
    """Devolve o `main` do programa, já com o motor dele: só falta o que se digita."""
    main = import_module(f"{programa.removeprefix('postgres.')}.app").main
    return partial(main, banco=import_module(MOTORES[programa]))


ESCRITOR, LEITOR = principal("escritor"), principal("leitor")
