"""As falhas do SQLite e do arquivo do banco, traduzidas em Erro (sqlite.org/rescode.html)."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shlex
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from escritor import erros
from escritor.erros import Erro
from escritor.texto import numa_linha

# linux/fs.h: FS_IOC_GETFLAGS, FS_IMMUTABLE_FL e FS_APPEND_FL (chattr +i e +a).
LE_ATRIBUTOS = 0x80086601
PRENDEM = 0x10 | 0x20

# Códigos primários do SQLite (sqlite.org/rescode.html); os estendidos trazem
# o primário no byte baixo.
OCUPADO = {sqlite3.SQLITE_BUSY}  # LOCKED é um conflito da conexão consigo mesma: um defeito
SEM_ACESSO = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
# SQLITE_ERROR: num SQL que é sempre o mesmo, só um esquema estragado o causa.
ESTRAGADO = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
# O segundo, quando o SQLite cita um esquema estragado numa mensagem que não é UTF-8.
Falha = sqlite3.Error | UnicodeDecodeError | MemoryError
FALHAS = (sqlite3.Error, UnicodeDecodeError, MemoryError)
# Sem código do SQLite: o módulo Python não decodificou um texto ou uma mensagem.
ILEGIVEL = (sqlite3.OperationalError, UnicodeDecodeError)
DISCO = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL}
CODIGO_NO_ACHADO = re.compile(r"error code=(\d+)")  # sqlite.org/src: btree.c
# Um COMMIT ainda pode falhar assim depois de apagar o diário, que é o que o confirma.
TALVEZ_GRAVADO = {
    sqlite3.SQLITE_IOERR_DIR_FSYNC,
    sqlite3.SQLITE_IOERR_RDLOCK,
    sqlite3.SQLITE_IOERR_UNLOCK,
}


def primario(erro: Falha) -> int:
    """Devolve o código primário do SQLite; 0 quando o erro é do módulo Python."""
    codigo: int = getattr(erro, "sqlite_errorcode", 0)
    return codigo & 0xFF


def estragado(erro: Falha) -> bool:
    """Diz se a culpa é dos bytes do banco."""
    codigo = primario(erro)
    return codigo in ESTRAGADO or (codigo == 0 and isinstance(erro, ILEGIVEL))


def talvez_gravado(erro: BaseException) -> bool:
    """Diz se a falha veio depois de o diário sumir, que é o que confirma uma transação."""
    return getattr(erro, "sqlite_errorcode", 0) in TALVEZ_GRAVADO


@contextmanager
def traduzidas(caminho: str, espera: float) -> Iterator[None]:
    """Traduz em Erro as falhas do SQLite e do sistema com o banco em `caminho`."""
    try:
        yield
    except FALHAS as erro:
        raise do_sqlite(erro, caminho, espera) from erro
    except OSError as erro:
        raise do_sistema(erro, caminho) from erro


def ao_reler(erro: Falha, caminho: str, espera: float) -> Erro:
    """Traduz uma falha que veio depois de o que se pediu já estar gravado."""
    texto = f"gravado, mas não deu para reler ({numa_linha(erro)}). Rode o leitor."
    return Erro(do_sqlite(erro, caminho, espera).codigo, f"{caminho}: {texto}")


def do_sqlite(erro: Falha, caminho: str, espera: float) -> Erro:
    """Traduz uma falha do SQLite; uma que não é prevista volta a ser lançada."""
    codigo = primario(erro)
    if isinstance(erro, MemoryError):
        return sem_memoria(caminho)
    if codigo in OCUPADO:
        return Erro(
            erros.TENTE_DE_NOVO,
            f"{caminho}: outro processo segurou a trava por mais de {espera:g} s; "
            "nada foi gravado. Rode de novo ou aumente BANCO_ESPERA.",
        )
    if getattr(erro, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_DBMOVED:
        return trocado(caminho)
    if codigo in SEM_ACESSO:
        return sem_acesso(caminho, getattr(erro, "sqlite_errorname", str(erro)))
    if codigo in DISCO:
        return _do_disco(erro, caminho)
    if estragado(erro):
        return Erro(
            erros.DADOS,
            f"{caminho}: banco corrompido ({numa_linha(erro)}; regra A5 do contrato); "
            "nada foi gravado. "
            "Rode o leitor com `verificar` e restaure uma cópia.",
        )
    raise erro


def sem_memoria(caminho: str) -> Erro:
    """Devolve a falha de quem não coube na memória que tem."""
    return Erro(
        erros.ENTRADA_SAIDA,
        f"{caminho}: {erros.SEM_MEMORIA}; nada foi gravado e os dados antigos estão inteiros. "
        "Dê-lhe mais (no Compose, mem_limit) e rode de novo.",
    )


def da_integridade(achado: str) -> None:
    """Levanta o que um quick_check conta como dano, e é falta de memória ou falha do disco."""
    codigos = {int(codigo) & 0xFF for codigo in CODIGO_NO_ACHADO.findall(achado)}
    if sqlite3.SQLITE_NOMEM in codigos:
        raise MemoryError(achado)
    if sqlite3.SQLITE_IOERR in codigos:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def trocado(caminho: str) -> Erro:
    """Devolve a falha de quem abriu um banco que uma restauração tirou do lugar."""
    return Erro(
        erros.TENTE_DE_NOVO,
        f"{caminho}: o banco foi restaurado enquanto este processo esperava; nada foi gravado. "
        "Rode de novo.",
    )


def _do_disco(erro: Falha, caminho: str) -> Erro:
    if talvez_gravado(erro):
        return Erro(
            erros.ENTRADA_SAIDA,
            f"{caminho}: {_motivo_do_disco(erro)} ao confirmar; a execução pode ter sido "
            "gravada. Verifique o disco e rode de novo: o que já está gravado não se repete.",
        )
    return Erro(
        erros.ENTRADA_SAIDA,
        f"{caminho}: {_motivo_do_disco(erro)}; nada foi gravado e os dados antigos "
        "estão inteiros. Libere espaço ou verifique o disco e rode de novo.",
    )


def _motivo_do_disco(erro: Falha) -> str:
    if primario(erro) == sqlite3.SQLITE_FULL:
        return "disco cheio"
    return f"erro de entrada e saída ({getattr(erro, 'sqlite_errorname', erro)})"


def do_sistema(erro: OSError, caminho: str) -> Erro:
    """Traduz uma falha do sistema operacional ao abrir ou criar o banco em `caminho`."""
    if erro.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return sem_acesso(caminho, erros.motivo(erro))
    if erro.errno == errno.ENOMEM:
        return sem_memoria(caminho)
    if erro.errno in {errno.EMFILE, errno.ENFILE}:
        motivo = f"{erros.motivo(erro)}; nada foi gravado. Aumente o limite e rode de novo."
        return Erro(erros.TENTE_DE_NOVO, f"{caminho}: {motivo}")
    if erro.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}:
        return Erro(erros.ENTRADA_SAIDA, f"{caminho}: {erros.motivo(erro)}. Verifique o disco.")
    return Erro(
        erros.NAO_CRIA, f"{caminho}: não dá para criar ({erros.motivo(erro)}). Corrija BANCO."
    )


def sem_acesso(caminho: str, causa: str) -> Erro:
    """Explica por que não dá para gravar em `caminho` e o comando que conserta."""
    pasta = os.path.dirname(os.path.realpath(caminho))  # a do arquivo, e não a do link
    while not os.path.exists(pasta):
        pasta = os.path.dirname(pasta)
    if os.statvfs(pasta).f_flag & os.ST_RDONLY:
        remedio = "A montagem é só de leitura: monte o volume com escrita no escritor."
    elif presos := [p for p in (pasta, caminho, f"{caminho}-journal") if _preso(p)]:
        nomes = " ".join(map(shlex.quote, presos))
        onde = " no hospedeiro, na pasta do volume" if os.path.exists("/.dockerenv") else ""
        remedio = (
            f"Tem um atributo que nem o root contorna (veja-o com lsattr -d {nomes}); "
            f"tire-o{onde}: sudo chattr -i -a {nomes}"
        )
    elif os.access(pasta, os.W_OK | os.X_OK) and _da_para_gravar(caminho):
        return Erro(
            erros.ENTRADA_SAIDA,
            f"{caminho}: não abriu ({causa}), e não é por falta de permissão; nada foi gravado. "
            "Verifique o disco, o espaço (df -h, df -i) e os arquivos abertos (ulimit -n), e rode "
            "de novo.",
        )
    else:
        remedio = f"Dê a pasta ao uid deste processo: {_comando_chown(pasta)}"
    return Erro(
        erros.NAO_CRIA,
        f"{caminho}: o uid {os.getuid()} não consegue gravar em {pasta} ({causa}). {remedio}",
    )


def _preso(caminho: str) -> bool:
    """Diz se o arquivo ou a pasta tem o atributo imutável, ou o de só acrescentar."""
    try:
        descritor = os.open(caminho, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        atributos = fcntl.ioctl(descritor, LE_ATRIBUTOS, bytes(8))
    except OSError:  # um sistema de arquivos que não os tem
        return False
    finally:
        os.close(descritor)
    return bool(int.from_bytes(atributos[:4], sys.byteorder) & PRENDEM)


def _da_para_gravar(caminho: str) -> bool:
    arquivos = (caminho, f"{caminho}-journal")
    return all(os.access(a, os.R_OK | os.W_OK) for a in arquivos if os.path.exists(a))


def _comando_chown(pasta: str) -> str:
    """Devolve o comando exato; no container, o que roda de fora dele.

    Sem CHOWN nem DAC_OVERRIDE (o Compose tira todas as capacidades), nem o
    root conserta um volume alheio: fato medido, não teoria.
    """
    dono = f"-R {os.getuid()}:{os.getgid()} {shlex.quote(pasta)}"
    if not os.path.exists("/.dockerenv"):
        return f"sudo chown {dono}"
    return (
        "docker compose run --rm --user 0 --cap-add CHOWN --cap-add DAC_OVERRIDE "
        f"--entrypoint chown escritor {dono}"
    )
