"""Processos de verdade: o par como o usuário o roda, com prazos em vez de pausas."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

RAIZ = Path(__file__).resolve().parent.parent
PRAZO = 20.0  # segundos; só um teste que vai falhar chega até ele
PARADA = 2.0  # segundos para atender um sinal: o que a especificação promete
# Quem o processo é nos testes de permissão; o gid é outro para que não se troque um pelo outro.
UID, GID = (10001, 10002) if os.getuid() == 0 else (os.getuid(), os.getgid())

# O Python de quem testa como root pode estar onde o uid 10001 não chega: tudo o
# que o programa importaria mais tarde é importado antes de largar o root.
SEM_ROOT = """
import argparse, csv, difflib, encodings.utf_8_sig, fcntl, gettext, importlib.util, io, json
import locale, os, pkgutil
import re, shlex, shutil, sys, traceback, unicodedata
import {0}
for modulo in pkgutil.walk_packages({0}.__path__, "{0}."):
    if not modulo.name.endswith("__main__"):
        importlib.import_module(modulo.name)
entrada = importlib.util.find_spec("{0}.__main__").loader.get_code("{0}.__main__")
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(10002)
    os.setuid(10001)
exec(entrada, {{"__name__": "__main__"}})
"""
TRAVA = """
import contextlib, sqlite3, sys
with contextlib.closing(sqlite3.connect(sys.argv[1], isolation_level=None)) as con:
    con.execute(f"BEGIN {sys.argv[2]}")
    con.execute("SELECT * FROM usuarios").fetchall()
    print("pronto", flush=True)
    sys.stdin.read()
"""


class Saida(NamedTuple):
    """O que um programa deixa: sempre conferidos os três."""

    codigo: int
    stdout: str
    stderr: str


def comando(programa: str, *argv: str) -> list[str]:
    """Devolve o comando de `escritor` ou `leitor` (rode-o com RAIZ como pasta atual).

    Um pytest em segundo plano pode ter herdado o SIGINT ignorado; `env` o devolve ao padrão.
    """
    return ["env", "--default-signal=INT", sys.executable, "-m", programa, *argv]


def sem_root(programa: str, *argv: str) -> list[str]:
    """Devolve o comando que roda o programa como UID, para quem a permissão vale."""
    return [sys.executable, "-X", "utf8", "-c", SEM_ROOT.format(programa), *argv]


def no_shell(linha: str, *argumentos: str) -> list[str]:
    """Devolve o comando que roda `linha` no bash; nela, "$@" são os argumentos."""
    return ["bash", "-c", linha, "bash", *argumentos]


def rodar(cmd: list[str], entrada: bytes = b"", pasta: Path = RAIZ) -> Saida:
    """Roda até o fim, dentro do prazo, com `entrada` na entrada padrão."""
    feito = subprocess.run(
        cmd, cwd=pasta, input=entrada, capture_output=True, timeout=PRAZO, check=False
    )
    return Saida(feito.returncode, feito.stdout.decode(), feito.stderr.decode())


@contextmanager
def iniciado(cmd: list[str], *herdados: int) -> Iterator[subprocess.Popen[bytes]]:
    """Inicia com os três fluxos em pipes e os descritores herdados; não deixa o processo vivo."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        cmd, cwd=RAIZ, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, pass_fds=herdados
    ) as processo:
        try:
            yield processo
        finally:
            processo.kill()


def terminar(processo: subprocess.Popen[bytes], prazo: float = PRAZO) -> Saida:
    """Espera o fim, sem fechar a entrada padrão do processo, e lê o que ele deixou."""
    codigo = processo.wait(prazo)
    return Saida(codigo, fluxo(processo.stdout).read().decode(), _ler(processo.stderr))


def fluxo(pipe: IO[bytes] | None) -> IO[bytes]:
    """Devolve o pipe, que o tipo de Popen diz que poderia faltar."""
    assert pipe is not None
    return pipe


def _ler(pipe: IO[bytes] | None) -> str:
    return fluxo(pipe).read().decode()


def esperar(condicao: Callable[[], bool], o_que: str) -> None:
    """Espera até a condição valer; passado o prazo, o teste falha dizendo `o_que`."""
    fim = time.monotonic() + PRAZO
    while not condicao():
        assert time.monotonic() < fim, f"em {PRAZO:g} s não aconteceu: {o_que}"
        time.sleep(0.005)


def alimentar(processo: subprocess.Popen[bytes], dados: bytes) -> None:
    """Escreve tudo na entrada padrão e a deixa aberta; falha se o processo não lê no prazo."""
    descritor = fluxo(processo.stdin).fileno()
    os.set_blocking(descritor, False)
    fim = time.monotonic() + PRAZO
    resto = memoryview(dados)
    while resto:
        _, prontos, _ = select.select([], [descritor], [], max(0, fim - time.monotonic()))
        assert prontos, f"o processo não leu a entrada em {PRAZO:g} s"
        resto = resto[os.write(descritor, resto) :]


def abriu(processo: subprocess.Popen[bytes], banco: Path) -> bool:
    """Diz se o processo está com o banco aberto, ou se já terminou."""
    try:
        descritores = [fd.readlink() for fd in Path(f"/proc/{processo.pid}/fd").iterdir()]
    except (FileNotFoundError, PermissionError):  # um fechou durante a leitura, ou terminou
        descritores = []
    return banco in descritores or processo.poll() is not None


@contextmanager
def trava(banco: Path, modo: str) -> Iterator[Callable[[], None]]:
    """Outro processo lê o banco numa transação DEFERRED, IMMEDIATE ou EXCLUSIVE.

    Em outro processo porque a trava do POSIX é do processo inteiro. Entrega a
    função que a solta antes da hora.
    """
    with iniciado([sys.executable, "-c", TRAVA, str(banco), modo]) as processo:
        assert fluxo(processo.stdout).readline() == b"pronto\n", _ler(processo.stderr)

        def soltar() -> None:
            fluxo(processo.stdin).close()
            assert processo.wait(PRAZO) == 0

        yield soltar
