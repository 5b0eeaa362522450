"""Olhar um arquivo sem ficar à espera, e sem crer que o nome é de um arquivo."""

from __future__ import annotations

import os
import stat

from leitor import erros
from leitor.erros import Erro


def tamanho(caminho: str) -> int | None:
    """Devolve o tamanho em bytes de um arquivo comum, ou None se não é um. Levanta OSError."""
    return tamanho_de(os.stat(caminho))


def comeco(caminho: str, quantos: int) -> bytes:
    """Devolve os primeiros bytes; nenhum, se já não é um arquivo comum. Levanta OSError.

    Entre `tamanho` e isto, alguém pode ter posto outra coisa com o mesmo nome; e
    um FIFO, aberto como os outros, esperaria para sempre.
    """
    with open(os.open(caminho, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as aberto:
        return b"" if tamanho_de(os.fstat(aberto.fileno())) is None else aberto.read(quantos)


def ler(caminho: str, maximo: int) -> bytes:
    """Devolve o que há num arquivo pequeno. Levanta OSError.

    Levanta ValueError, com o motivo, se não é um arquivo comum ou passa de `maximo` bytes.
    """
    if tamanho(caminho) is None:  # um dispositivo, só de ser aberto, pode fazer alguma coisa
        raise ValueError("não é um arquivo comum")
    dados = comeco(caminho, maximo + 1)
    if len(dados) > maximo:
        raise ValueError(f"tem mais de {maximo >> 10} KiB")
    return dados


def e_comum(descritor: int) -> bool:
    """Diz se o que está aberto nesse descritor é um arquivo comum; fechado, não é."""
    try:
        return tamanho_de(os.fstat(descritor)) is not None
    except OSError:
        return False


def conferir_pasta(*caminhos: str) -> None:
    """Levanta Erro 66 se um dos caminhos é relativo a uma pasta que já não existe."""
    if all(caminho in {"", "-"} or os.path.isabs(caminho) for caminho in caminhos):
        return
    try:
        os.getcwd()
    except OSError as erro:
        raise Erro(
            erros.SEM_ENTRADA,
            f"a pasta atual já não existe ({erros.motivo(erro)}). Vá para outra (cd) e rode de "
            "novo, ou diga os caminhos por inteiro.",
        ) from erro


def tamanho_de(estado: os.stat_result) -> int | None:
    """Devolve o tamanho, ou None se não é de um arquivo comum."""
    return estado.st_size if stat.S_ISREG(estado.st_mode) else None
