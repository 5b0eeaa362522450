"""As duas saídas: a padrão, que chega inteira ou falha, e o que se diz em stderr."""

from __future__ import annotations

import errno
import os
import sys
from io import TextIOWrapper

from escritor import texto

TYPE_CHECKING = False  # sem carregar o módulo typing, que pesa na partida
if TYPE_CHECKING:
    from typing import TextIO

BUFFER = 1 << 18  # bytes
CORES = {"ERRO": "31", "AVISO": "33"}  # num terminal: vermelho e amarelo


def preparar() -> None:
    """Deixa as saídas do processo em UTF-8, e a padrão com um buffer.

    É o buffer que insiste numa escrita que coube só em parte, ou diz por que não
    coube: sem ele, como com PYTHONUNBUFFERED, o Python a dá por feita. Um nome de
    arquivo que não é UTF-8 aparece escapado em vez de derrubar a saída.
    """
    if sys.stdout is not None:
        no_terminal = sys.stdout.isatty()
        bruta = open(1, "wb", BUFFER, closefd=False)  # noqa: SIM115 - é do processo até o fim
        sys.stdout = TextIOWrapper(bruta, "utf-8", "backslashreplace", line_buffering=no_terminal)
    if isinstance(sys.stderr, TextIOWrapper):
        sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")


def saida() -> TextIO:
    """A saída padrão. Levanta OSError se o processo nasceu sem ela (`>&-`)."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "fechada")
    return sys.stdout


def calar(fluxo: TextIO) -> None:
    """Troca a saída que falhou pelo nada, para que o fim do Python não falhe de novo."""
    if fluxo is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), fluxo.fileno())


def _com_rotulo(linha: str) -> str:
    return f"[ESCRITOR] {linha}"


def _no_terminal(linha: str) -> str:
    """Sem rótulo, que a quem digitou o comando não diz nada, uma âncora cabe em 80 colunas."""
    cor = CORES.get(linha.partition(":")[0])
    if not cor or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return linha
    return f"\x1b[{cor}m{linha}\x1b[0m"


def dizer(*linhas: str) -> None:
    """Escreve tudo de uma vez: em várias escritas, o `docker logs` poderia misturar."""
    if sys.stderr is None or not linhas:
        return
    try:
        vestir = _no_terminal if sys.stderr.isatty() else _com_rotulo
        ditas = (vestir(texto.escapar(texto.sem_senhas(linha))) for linha in linhas)
        sys.stderr.write("".join(f"{dita}\n" for dita in ditas))
        sys.stderr.flush()
    except OSError:  # não há a quem dizer; o código de saída ainda diz
        calar(sys.stderr)
