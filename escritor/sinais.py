"""SIGTERM e SIGINT viram uma exceção, também dentro de uma chamada longa do SQLite."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# Instruções da máquina virtual do SQLite entre duas consultas ao Python: raro
# o bastante para não pesar, frequente o bastante para responder em milissegundos.
INSTRUCOES = 100_000


class Interrompido(BaseException):
    """Pediram para parar; `numero` é o do sinal.

    Como KeyboardInterrupt, não é Exception: nada no caminho a engole.
    """

    def __init__(self, numero: int) -> None:
        super().__init__(numero)
        self.numero = numero


class Sinais:
    """Guarda o sinal recebido e decide quando ele interrompe."""

    def __init__(self) -> None:
        self.recebido: int | None = None
        self.recomecou = False  # um COMMIT que não é o último já gravou alguma coisa
        self._adiar = False

    def _tratar(self, numero: int, _quadro: FrameType | None) -> None:
        primeiro = self.recebido is None
        self.recebido = self.recebido or numero
        if primeiro and not self._adiar:  # um segundo Ctrl-C não atropela o ROLLBACK
            raise Interrompido(numero)

    @contextmanager
    def instalados(self) -> Iterator[Sinais]:
        """Troca os tratadores do processo e os devolve ao sair."""
        anteriores = {
            sinal: signal.signal(sinal, self._tratar) for sinal in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield self
        finally:
            for sinal, tratador in anteriores.items():
                signal.signal(sinal, tratador)

    @contextmanager
    def irrevogavel(self) -> Iterator[None]:
        """Guarda o COMMIT: se ele vinga, o sinal chegou tarde e não interrompe mais.

        Assim 130 e 143 querem dizer "desfeito", e 0 quer dizer "gravado", sempre.
        """
        self._adiar = True
        try:
            yield
        except BaseException:
            self._adiar = False
            raise

    @property
    def confirmado(self) -> bool:
        """Diz se um COMMIT já vingou."""
        return self._adiar

    def recomecar(self, gravou: bool) -> None:
        """Depois de um COMMIT que não é o último: um sinal, até um que já chegou, interrompe."""
        self._adiar = False
        self.recomecou = gravou
        self.conferir()

    def conferir(self) -> None:
        """Lança Interrompido se um sinal já chegou, mesmo adiado."""
        if self.recebido is not None:
            raise Interrompido(self.recebido)

    def vigiar(self, con: sqlite3.Connection) -> None:
        """Deixa um sinal parar também uma instrução SQL demorada.

        O sqlite3 engole a exceção lançada no progress handler e devolve
        SQLITE_INTERRUPT; quem chama consulta `recebido` (veja `conferir`).
        """
        con.set_progress_handler(lambda: self.recebido is not None and not self._adiar, INSTRUCOES)
