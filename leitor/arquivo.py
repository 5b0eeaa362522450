"""Olhar um arquivo sem ficar à espera: um FIFO, aberto como os outros, espera para sempre."""

from __future__ import annotations

import os
import stat


def tamanho(caminho: str) -> int | None:
    """Devolve o tamanho em bytes de um arquivo comum, ou None se não é um. Levanta OSError."""
    return _tamanho(os.stat(caminho))


def comeco(caminho: str, quantos: int) -> bytes:
    """Devolve os primeiros bytes; nenhum, se já não é um arquivo comum. Levanta OSError.

    Entre `tamanho` e isto, alguém pode ter posto outra coisa com o mesmo nome.
    """
    with open(os.open(caminho, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as aberto:
        return b"" if _tamanho(os.fstat(aberto.fileno())) is None else aberto.read(quantos)


def _tamanho(estado: os.stat_result) -> int | None:
    return estado.st_size if stat.S_ISREG(estado.st_mode) else None
