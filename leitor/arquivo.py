"""Arquivos: olhá-los sem ficar à espera, e trocar um pequeno de uma vez."""

from __future__ import annotations

import os
import stat


def tamanho(caminho: str) -> int | None:
    """Devolve o tamanho em bytes de um arquivo comum, ou None se não é um. Levanta OSError."""
    return _tamanho(os.stat(caminho))


def comeco(caminho: str, quantos: int) -> bytes:
    """Devolve os primeiros bytes; nenhum, se já não é um arquivo comum. Levanta OSError.

    Entre `tamanho` e isto, alguém pode ter posto outra coisa com o mesmo nome; e
    um FIFO, aberto como os outros, esperaria para sempre.
    """
    with open(os.open(caminho, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as aberto:
        return b"" if _tamanho(os.fstat(aberto.fileno())) is None else aberto.read(quantos)


def _tamanho(estado: os.stat_result) -> int | None:
    return estado.st_size if stat.S_ISREG(estado.st_mode) else None


def trocar(caminho: str, dados: bytes) -> None:
    """Troca o conteúdo, até o disco: quem lê, e uma queda, só veem o velho ou o novo.

    Levanta OSError; aí o que havia está como estava, e nada sobra ao lado.
    """
    destino = os.path.realpath(caminho)  # um link continua a ser um link
    novo = f"{destino}.novo"
    try:
        with open(novo, "wb") as aberto:
            if os.path.exists(destino):
                os.fchmod(aberto.fileno(), stat.S_IMODE(os.stat(destino).st_mode))
            aberto.write(dados)
            aberto.flush()
            os.fsync(aberto.fileno())
        os.replace(novo, destino)
    except BaseException:
        if os.path.exists(novo):
            os.unlink(novo)
        raise
    pasta = os.open(os.path.dirname(destino), os.O_RDONLY)
    try:
        os.fsync(pasta)
    finally:
        os.close(pasta)
