"""O índice da busca posto em dia, aos poucos: ele persegue o livro, e a busca não espera por ele.

O que o índice ainda não tem a busca lê na tabela; atrasado, ela só é mais lenta.
"""

from __future__ import annotations

import threading
from contextlib import suppress

from web import registro
from web.bancos import Banco, Indisponivel

JUNTA = 2.0  # segundos: sob carga, as linhas entram em grupos
DE_NOVO = 60.0  # segundos até olhar outra vez, se ninguém avisa


class Indexador:
    """A thread que põe linhas no índice; de muitos processos, um de cada vez o faz."""

    def __init__(self, banco: Banco) -> None:
        self._banco = banco
        self._novidade = threading.Event()
        self._parar = threading.Event()
        self._thread = threading.Thread(target=self._rodar, name="indexador", daemon=True)

    def iniciar(self) -> None:
        """Põe a thread no ar."""
        self._thread.start()

    def parar(self) -> None:
        """Para; o que ficou por indexar não se perde."""
        self._parar.set()
        self._novidade.set()
        self._thread.join()

    def avisar(self) -> None:
        """A âncora mudou: há o que indexar."""
        self._novidade.set()

    def _rodar(self) -> None:
        while not self._parar.is_set():
            self._novidade.clear()
            # O que não deu fica para a próxima.
            with registro.sem_morrer("indexador"), suppress(Indisponivel):
                while not self._parar.is_set() and self._banco.indexar():
                    pass
            self._novidade.wait(DE_NOVO)
            self._parar.wait(JUNTA)
