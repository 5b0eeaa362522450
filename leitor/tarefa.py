"""Uma leitura feita ao lado, em outra thread e com a própria conexão."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from threading import Event, Thread

from leitor import banco

Resultado = tuple[int, list[str]]


class Tarefa:
    """Começa a trabalhar ao nascer; `resultado` espera o fim."""

    def __init__(
        self, caminho: str, espera: float, fazer: Callable[[sqlite3.Connection], Resultado]
    ) -> None:
        self._con = banco.abrir(caminho, espera, outra_thread=True)
        self._fazer = fazer
        self._devolvido: Resultado | None = None
        self._falha: BaseException | None = None
        # Até o Python 3.12, um join interrompido por um sinal dá a thread por
        # terminada (gh-90882): quem diz que ela acabou é ela mesma.
        self._fim = Event()
        self._thread = Thread(target=self._trabalhar)
        self._thread.start()

    def _trabalhar(self) -> None:
        try:
            self._devolvido = self._fazer(self._con)
        except BaseException as erro:  # noqa: BLE001 - quem espera o resultado a recebe
            self._falha = erro
        finally:
            self._fim.set()

    def resultado(self) -> Resultado:
        """Devolve o que foi feito, ou levanta o que o impediu."""
        self._fim.wait()
        if self._falha:
            raise self._falha
        assert self._devolvido  # noqa: S101 - sem falha, há resultado
        return self._devolvido

    def parar(self) -> None:
        """Interrompe o que ainda estiver em curso e fecha a conexão."""
        while not self._fim.is_set():
            # De novo a cada volta: o pedido só vale para a instrução em curso.
            self._con.interrupt()
            self._fim.wait(banco.FATIA)
        self._thread.join()
        self._con.close()
