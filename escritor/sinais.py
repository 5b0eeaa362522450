"""SIGTERM e SIGINT viram uma exceção, que a confirmação de uma transação sabe adiar."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

DESFEITO = "interrompido: a transação foi desfeita e nada foi gravado. Rode de novo."


class Interrompido(KeyboardInterrupt):
    """Pediram para parar, e nada ficou pela metade; `numero` é o do sinal.

    Como KeyboardInterrupt, não é Exception: nada no caminho a engole, e um driver
    que espera por um servidor a reconhece, e cancela o que pediu.
    """

    def __init__(self, numero: int) -> None:
        super().__init__(DESFEITO)
        self.numero = numero


class Sinais:
    """Guarda o sinal recebido e decide quando ele interrompe."""

    def __init__(self) -> None:
        self.recebido: int | None = None
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
        """Guarda uma confirmação: se ela vinga, o sinal chegou tarde e não interrompe mais.

        Assim 130 e 143 querem dizer "desfeito", e 0 quer dizer "gravado", sempre.
        """
        self._adiar = True
        try:
            self.conferir()
            yield
        except BaseException:
            self._adiar = False
            raise

    def recomecar(self) -> None:
        """Depois de uma confirmação que não é a última: um sinal volta a interromper."""
        self._adiar = False
        self.conferir()

    @property
    def interrompem(self) -> bool:
        """Diz se um sinal já chegou, e não está adiado."""
        return self.recebido is not None and not self._adiar

    def conferir(self) -> None:
        """Lança Interrompido se um sinal já chegou, mesmo adiado."""
        if self.recebido is not None:
            raise Interrompido(self.recebido)
