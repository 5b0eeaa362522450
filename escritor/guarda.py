"""Arquivos ao lado de outros: o que se escreve antes de ganhar o nome, e o que se guarda."""

from __future__ import annotations

import fcntl
import glob
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from escritor import erros
from escritor.erros import Erro


def nome_datado(caminho: str) -> str:
    """Devolve um nome livre para guardar o que `caminho` é agora, com o instante em UTC."""
    base = caminho + time.strftime(".antes-de-%Y-%m-%dT%H%M%SZ", time.gmtime())
    nome, numero = base, 1
    with suppress(FileNotFoundError):
        while os.lstat(nome):  # e não lexists, que calaria um nome que não cabe
            numero += 1
            nome = f"{base}-{numero}"
    return nome


def conferir_comuns(*caminhos: str) -> None:
    """Levanta Erro 65 se um dos que existem não é um arquivo comum: abrir um FIFO não teria fim."""
    for caminho in caminhos:
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(os.stat(caminho).st_mode):
                raise _estranho(caminho, "não é um arquivo comum")


def um_deles(arquivo: str | int, outros: Iterable[str | int]) -> bool:
    """Diz se o arquivo, um nome ou um descritor, é um dos outros, mesmo por outro nome ou link."""
    return any(_sao_o_mesmo(arquivo, outro) for outro in outros)


def _sao_o_mesmo(um: str | int, outro: str | int) -> bool:
    try:
        nomes = [os.path.realpath(nome) for nome in (um, outro) if isinstance(nome, str)]
        if len(nomes) == 2 and nomes[0] == nomes[1]:  # mesmo o que ainda não existe
            return True
        estado = os.stat(um)
        # Um terminal ou um pipe pode ser a entrada e a saída.
        return stat.S_ISREG(estado.st_mode) and os.path.samestat(estado, os.stat(outro))
    except OSError:
        return False


def limpar_temporarios(pasta: str) -> None:
    """Apaga os temporários do SQLite de quem morreu entre criar um e lhe tirar o nome.

    Isso é imediato: um que ainda o tem está vazio, e tirar-lho não atrapalha ninguém.
    """
    for temporario in glob.glob(os.path.join(glob.escape(pasta), "etilqs_*")):
        with suppress(OSError):
            if not os.path.getsize(temporario):
                os.unlink(temporario)


def firmar(caminho: str) -> None:
    """Leva ao disco um arquivo, ou os nomes que há numa pasta."""
    descritor = os.open(caminho, os.O_RDONLY)
    try:
        os.fsync(descritor)
    finally:
        os.close(descritor)


@contextmanager
def exclusivo(parcial: str, ocupado: str) -> Iterator[str]:
    """Cria um arquivo só nosso enquanto durar, vazio mesmo que um que morreu o tenha deixado.

    No fim ele some, se já não ganhou outro nome. Levanta Erro 75, que começa
    por `ocupado`, se outro processo o está escrevendo, e 65 se o nome leva a um
    arquivo que tem outro: esvaziá-lo seria perder o que é de alguém.
    """
    descritor = _criar(parcial)
    try:
        _trancar(descritor, ocupado)
        if not _e_o_mesmo(descritor, parcial):  # quem o tinha já lhe deu o nome
            raise _em_uso(ocupado)
        _conferir_sem_outro_nome(parcial, os.fstat(descritor))
        try:
            os.ftruncate(descritor, 0)
            yield parcial
        finally:
            if _e_o_mesmo(descritor, parcial):  # já com nome, o parcial é de outro
                os.unlink(parcial)
    finally:
        os.close(descritor)


def _criar(parcial: str) -> int:
    """Abre ou cria o arquivo, sem seguir um link nem esperar por um FIFO."""
    with suppress(FileNotFoundError):
        _conferir_sem_outro_nome(parcial, os.lstat(parcial))
    return os.open(parcial, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)


def _conferir_sem_outro_nome(caminho: str, estado: os.stat_result) -> None:
    if stat.S_ISLNK(estado.st_mode):
        raise _estranho(caminho, "é um link para outro arquivo")
    if not stat.S_ISREG(estado.st_mode):
        raise _estranho(caminho, "não é um arquivo comum")
    if estado.st_nlink > 1:
        raise _estranho(caminho, "é um arquivo que tem outro nome")


def _estranho(caminho: str, motivo: str) -> Erro:
    return Erro(
        erros.DADOS,
        f"{caminho}: {motivo}, e está no lugar de um que o escritor abriria; nada foi gravado. "
        "Mude-o de lugar.",
    )


@contextmanager
def trancada(pasta: str, ocupado: str) -> Iterator[None]:
    """Tranca a pasta para quem também a tranca. Levanta Erro 75 se outro já o fez."""
    descritor = os.open(pasta, os.O_RDONLY | os.O_DIRECTORY)  # um FIFO esperaria para sempre
    try:
        _trancar(descritor, ocupado)
        yield
    finally:
        os.close(descritor)


def _e_o_mesmo(descritor: int, caminho: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descritor), os.lstat(caminho))
    except FileNotFoundError:
        return False


def _trancar(descritor: int, ocupado: str) -> None:
    try:
        fcntl.flock(descritor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _em_uso(ocupado) from None


def _em_uso(ocupado: str) -> Erro:
    return Erro(erros.TENTE_DE_NOVO, f"{ocupado}; nada mudou. Espere que termine e rode de novo.")
