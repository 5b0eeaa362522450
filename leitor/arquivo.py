"""Arquivos: olhá-los sem ficar à espera, e escrever um sem tocar no que é de outro."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from leitor import erros
from leitor.erros import Erro

NOVO = ".desafio2-novo"  # o que se escreve antes de ganhar o nome
FATIA = 0.05  # segundos entre duas tentativas de trancar
PARA_ESCREVER = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


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
        return _tamanho(os.fstat(descritor)) is not None
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


def _tamanho(estado: os.stat_result) -> int | None:
    return estado.st_size if stat.S_ISREG(estado.st_mode) else None


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
    if _tamanho(estado) is None or estado.st_nlink != 1:
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
