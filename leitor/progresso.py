"""O andamento do que demora: uma linha que se refaz num terminal; fora dele, uma a cada 5 s."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from leitor import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from leitor.porta import Leitura, Ordem

DEMORA = 2.0  # segundos; o que acaba antes não pede andamento
NO_TERMINAL, FORA_DELE = 0.2, 5.0  # segundos entre duas linhas


class Progresso:
    """Diz em que verificação se está, enquanto durar; quem o acorda é o SIGALRM.

    Nem o motor sabe dele: entre uma instrução do Python e outra o sinal é atendido.
    """

    def __init__(self, fase: str, *, calado: bool) -> None:
        self._fase = fase
        self._inicio = time.monotonic()
        self._terminal = console.no_terminal(sys.stderr)
        self._calado = (
            calado
            or sys.stderr is None
            or threading.current_thread() is not threading.main_thread()
        )
        self._anterior: Any = None
        self._disse = False

    def __enter__(self) -> Progresso:
        if not self._calado:
            self._anterior = signal.signal(signal.SIGALRM, self._dizer)
            passo = NO_TERMINAL if self._terminal else FORA_DELE
            signal.setitimer(signal.ITIMER_REAL, DEMORA, passo)
        return self

    def __exit__(self, *_: object) -> None:
        if not self._calado:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._anterior)
        if self._disse and self._terminal:
            self._escrever("\r\x1b[K")

    def na_ordem(self, ordem: Ordem) -> Ordem:
        """Devolve as mesmas verificações, que aqui dizem quando começam."""
        return [
            (nome, self._marcar(f"verificando: {nome} ({numero} de {len(ordem)})", fazer))
            for numero, (nome, fazer) in enumerate(ordem, 1)
        ]

    def _marcar(self, fase: str, fazer: Callable[[Any], str]) -> Callable[[Leitura], str]:
        def feita(leitura: Leitura) -> str:
            self._fase = fase
            return fazer(leitura)

        return feita

    def _dizer(self, *_: object) -> None:
        linha = f"{self._fase}, {time.monotonic() - self._inicio:.0f} s"
        self._escrever(f"\r\x1b[K{linha}" if self._terminal else f"[LEITOR] {linha}\n")
        self._disse = True

    def _escrever(self, texto: str) -> None:
        """Direto no descritor: o sinal pode chegar no meio de outra escrita do Python."""
        with suppress(OSError):  # não há a quem dizer
            os.write(2, texto.encode())
