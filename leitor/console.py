"""As duas saídas: a padrão, que chega inteira ou falha, e o que se diz em stderr."""

from __future__ import annotations

import errno
import os
import sys
from io import TextIOWrapper

from leitor.erros import ENTRADA_SAIDA, Erro, motivo
from leitor.texto import escapar

TYPE_CHECKING = False  # sem carregar o módulo typing, que pesa na partida
if TYPE_CHECKING:
    from typing import TextIO

BUFFER = 1 << 18  # bytes
CORES = {"ERRO:": "31", "AVISO:": "33", "✓": "32"}  # vermelho, amarelo, verde


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


class Inteira:
    """Um contexto que traduz em Erro 74 a saída padrão que falhou: não saiu tudo.

    Uma classe, e não `contextmanager`: o contextlib pesaria na partida.
    """

    def __init__(self, remedio: str = "Leia de novo.") -> None:
        self.remedio = remedio

    def __enter__(self) -> None:
        pass

    def __exit__(self, _tipo: object, erro: BaseException | None, _rastro: object) -> None:
        if isinstance(erro, OSError):
            calar(sys.stdout)
            motivo_ = f"a saída padrão falhou ({motivo(erro)}): não saiu tudo. {self.remedio}"
            raise Erro(ENTRADA_SAIDA, motivo_) from erro


def no_terminal(fluxo: TextIO | None) -> bool:
    """Diz se quem lê este fluxo é uma pessoa."""
    return fluxo is not None and fluxo.isatty()


def sob_up() -> bool:
    """Diz se quem nos roda é `docker compose up`, que mostra a todos e não dá entrada a ninguém.

    LEITOR_SOB_UP, do docker-compose.yml, diz que é o Compose; `run`, mesmo com -T, dá um pipe
    de entrada, e `up`, /dev/null.
    """
    if not os.environ.get("LEITOR_SOB_UP"):
        return False
    try:
        return os.fstat(0).st_rdev == os.stat(os.devnull).st_rdev
    except OSError:
        return False


def colorida(fluxo: TextIO | None) -> bool:
    """Diz se cabem cores: só num terminal que as tem, e a quem não as recusou (NO_COLOR)."""
    recusa = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return no_terminal(fluxo) and not recusa


def calar(fluxo: TextIO) -> None:
    """Troca a saída que falhou pelo nada, para que o fim do Python não falhe de novo."""
    if fluxo is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), fluxo.fileno())


def so_erros(*linhas: str) -> None:
    """Diz só o que é um erro: é o que --silencioso deixa."""
    dizer(*(linha for linha in linhas if linha.startswith("ERRO:")))


def _vestir(linha: str) -> str:
    """Num terminal, sem o rótulo, que a quem digitou nada diz, uma âncora cabe em 80 colunas."""
    if not no_terminal(sys.stderr):
        return f"[LEITOR] {linha}"
    cor = CORES.get(linha.partition(" ")[0]) if colorida(sys.stderr) else None
    return f"\x1b[{cor}m{linha}\x1b[0m" if cor else linha


def dizer(*linhas: str) -> None:
    """Escreve tudo de uma vez: em várias escritas, o `docker logs` poderia misturar."""
    if sys.stderr is None or not linhas:
        return
    try:
        sys.stderr.write("".join(f"{_vestir(escapar(linha))}\n" for linha in linhas))
        sys.stderr.flush()
    except OSError:  # não há a quem dizer; o código de saída ainda diz
        calar(sys.stderr)
