"""O andamento do que demora, em stderr."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from escritor.entrada.pessoa import Lote
from escritor.texto import milhar

SILENCIO_INICIAL = 1.0  # segundos: uma importação curta não mostra nada
ENTRE_QUADROS = 0.2  # segundos, num terminal
ENTRE_LINHAS = 5.0  # segundos, fora dele
LARGURA = 24  # colunas da barra
DEMORA = 2.0  # segundos; o que acaba antes não pede andamento


class Progresso:
    """Conta as linhas que passam e mostra, de tempos em tempos, onde se está."""

    def __init__(
        self, fracao: Callable[[], float | None], impedem: Callable[[], bool], silencioso: bool
    ) -> None:
        """`fracao` diz que parte já se leu, se se sabe; `impedem`, se já não se vai gravar."""
        self._fracao = fracao
        self._impedem = impedem
        self._mudo = silencioso or sys.stderr is None
        self._terminal = not self._mudo and sys.stderr.isatty()
        self._inicio = time.monotonic()
        self._proximo = self._inicio + SILENCIO_INICIAL
        self._linhas = 0

    def acompanhar(self, lotes: Iterable[Lote]) -> Iterator[Lote]:
        """Devolve os mesmos lotes, mostrando o andamento entre um e outro."""
        for lote in lotes:
            yield lote
            self._linhas += len(lote.nomes) + len(lote.problemas)
            agora = time.monotonic()
            if agora >= self._proximo and not self._mudo:
                self._mostrar(self._texto(agora - self._inicio))
                self._proximo = agora + (ENTRE_QUADROS if self._terminal else ENTRE_LINHAS)
        if self._proximo > self._inicio + SILENCIO_INICIAL and not self._impedem():
            self._mostrar(f"linhas lidas: {milhar(self._linhas)}; ordenando e selando")

    def apagar(self) -> None:
        """Limpa a linha do terminal, se há uma."""
        if self._terminal and self._proximo > self._inicio + SILENCIO_INICIAL:
            self._escrever("\r\x1b[K")

    def _mostrar(self, texto: str) -> None:
        self._escrever(f"\r\x1b[K{texto}" if self._terminal else f"[ESCRITOR] {texto}\n")

    def _escrever(self, texto: str) -> None:
        try:
            sys.stderr.write(texto)
            sys.stderr.flush()
        except OSError:  # o andamento não vale uma importação
            self._mudo = True

    def _texto(self, segundos: float) -> str:
        ritmo = f"linhas: {milhar(self._linhas)}, {milhar(int(self._linhas / segundos))}/s"
        fracao = self._fracao()
        if not fracao:
            return ritmo
        falta = segundos / fracao - segundos
        resumo = f"{fracao:4.0%}  {ritmo}, faltam {falta:.0f} s"
        if not self._terminal:
            return resumo.strip()
        cheias = round(LARGURA * fracao)
        return f"{'█' * cheias}{'░' * (LARGURA - cheias)} {resumo}"


class Espera:
    """Diz há quanto tempo dura o que não se sabe medir; noutra thread, que o motor não a vê."""

    def __init__(self, fase: str) -> None:
        self._fase = fase
        self._acabou = threading.Event()
        self._thread = threading.Thread(target=self._dizer, daemon=True)
        self._terminal = sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> Espera:
        if sys.stderr is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._acabou.set()
        if self._thread.ident:
            self._thread.join()

    def _dizer(self) -> None:
        inicio = time.monotonic()
        demora = DEMORA
        while not self._acabou.wait(demora):
            texto = f"{self._fase}: há {time.monotonic() - inicio:.0f} s"
            self._escrever(f"\r\x1b[K{texto}" if self._terminal else f"[ESCRITOR] {texto}\n")
            demora = 1.0 if self._terminal else ENTRE_LINHAS
        if self._terminal and demora != DEMORA:
            self._escrever("\r\x1b[K")

    def _escrever(self, texto: str) -> None:
        with suppress(OSError):  # o andamento não vale uma restauração
            sys.stderr.write(texto)
            sys.stderr.flush()
