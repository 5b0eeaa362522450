"""Escrever um arquivo inteiro, de uma vez, sem tocar no que é de outro."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from leitor import erros
from leitor.arquivo import tamanho_de
from leitor.erros import Erro

NOVO = ".desafio2-novo"  # o que se escreve antes de ganhar o nome
FATIA = 0.05  # segundos entre duas tentativas de trancar
PARA_ESCREVER = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def trocando(caminho: str, ocupado: Erro, espera: float) -> Iterator[Callable[[bytes], None]]:
    """Um processo de cada vez: dá com que trocar o conteúdo, até o disco, de uma vez.

    Quem lê, e uma queda, só veem o velho ou o novo. Levanta OSError, e `ocupado`
    se outro processo o está trocando por mais de `espera` segundos; aí o que havia
    está como estava, e nada sobra ao lado.
    """
    destino = os.path.realpath(caminho)  # um link continua a ser um link
    with exclusivo(destino + NOVO, ocupado, espera) as descritor:
        yield lambda dados: _trocar(descritor, destino, dados)


def _trocar(descritor: int, destino: str, dados: bytes) -> None:
    if os.path.exists(destino):
        os.fchmod(descritor, stat.S_IMODE(os.stat(destino).st_mode))
    with open(descritor, "wb", closefd=False) as aberto:
        aberto.write(dados)
    os.fsync(descritor)
    os.replace(destino + NOVO, destino)
    firmar_pasta(destino)


def firmar_pasta(caminho: str) -> None:
    """Leva ao disco os nomes que há na pasta do arquivo."""
    pasta = os.open(os.path.dirname(caminho), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(pasta)
    finally:
        os.close(pasta)


@contextmanager
def exclusivo(parcial: str, ocupado: Erro, espera: float = 0.0) -> Iterator[int]:
    """Cria um arquivo só nosso enquanto durar, vazio mesmo que um que morreu o tenha deixado.

    Devolve o descritor dele. No fim ele some, se já não ganhou outro nome. Levanta
    `ocupado` se outro processo o segura, OSError, e Erro 73 se o nome é de outra coisa.
    """
    prazo = time.monotonic() + espera
    while (descritor := _abrir_so_nosso(parcial, prazo)) is None:
        if time.monotonic() >= prazo:
            raise ocupado
    try:
        os.ftruncate(descritor, 0)
        yield descritor
    finally:
        if _e_o_mesmo(descritor, parcial):  # já com nome, o parcial é de outro
            os.unlink(parcial)
        os.close(descritor)


def _abrir_so_nosso(parcial: str, prazo: float) -> int | None:
    """Abre e tranca o arquivo; None se outro processo o tem, ou acabou de lhe dar o nome.

    Um link, um FIFO ou um arquivo com outro nome além deste não fomos nós que criamos.
    """
    with suppress(FileNotFoundError):
        _conferir_nosso(parcial, os.lstat(parcial))
    descritor = os.open(parcial, PARA_ESCREVER, 0o666)
    try:
        if _trancou(descritor, prazo) and _e_o_mesmo(descritor, parcial):
            _conferir_nosso(parcial, os.fstat(descritor))
            return descritor
    except BaseException:
        os.close(descritor)
        raise
    os.close(descritor)
    return None


def _trancou(descritor: int, prazo: float) -> bool:
    import fcntl  # só quem escreve paga por ele

    while True:
        try:
            fcntl.flock(descritor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= prazo:
                return False
            time.sleep(FATIA)


def _conferir_nosso(parcial: str, estado: os.stat_result) -> None:
    if tamanho_de(estado) is None or estado.st_nlink != 1:
        raise Erro(
            erros.SEM_ACESSO,
            f"{parcial}: está no lugar de um arquivo que o leitor criaria, e não é dele (é um "
            "link, ou não é um arquivo comum); nada foi alterado. Mude-o de lugar.",
        )


def _e_o_mesmo(descritor: int, caminho: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descritor), os.lstat(caminho))
    except FileNotFoundError:
        return False
