"""O cache pequeno de dentro do processo: os corpos usados por último, até um tanto de bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict

from web.cache.corpo import Corpo

CABEM = 16 << 20  # bytes
CADA = 512  # bytes que um corpo ocupa além do conteúdo: a chave, a âncora e os objetos
MAIOR = 1 << 20  # bytes; um corpo maior tomaria o lugar de muitos


class Memoria:
    """Corpos por chave; o que há mais tempo não se usa sai primeiro."""

    def __init__(self, cabem: int = CABEM) -> None:
        self._cabem = cabem
        self._bytes = 0
        self._corpos: OrderedDict[str, Corpo] = OrderedDict()
        self._tranca = threading.Lock()

    def pegar(self, chave: str) -> Corpo | None:
        """Devolve o corpo, que passa a ser o mais recente; None se não está."""
        with self._tranca:
            if corpo := self._corpos.get(chave):
                self._corpos.move_to_end(chave)
            return corpo

    def guardar(self, chave: str, corpo: Corpo) -> None:
        """Guarda o corpo e tira os mais antigos, se é preciso lugar.

        A `chave` é a dele, ou a de um elo anterior: quem pediu aquele fica servido por este.
        """
        if len(corpo.conteudo) > MAIOR:
            return
        with self._tranca:
            if chave in self._corpos:
                return
            self._corpos[chave] = corpo
            self._bytes += CADA + len(corpo.conteudo)
            while self._bytes > self._cabem:
                _, saiu = self._corpos.popitem(last=False)
                self._bytes -= CADA + len(saiu.conteudo)
