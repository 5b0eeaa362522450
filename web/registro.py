"""O registro: uma linha por pedido, em stderr, sem a consulta nem o corpo, que têm nomes e e-mails.

As linhas dos pedidos se juntam e se escrevem de uma vez, algumas vezes por segundo: uma escrita por
pedido faria cada thread largar o interpretador e disputá-lo de novo.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

JUNTA = 0.1  # segundos que uma linha espera pelas outras
CABEM = 20_000  # linhas à espera; se stderr não as leva, saem as mais antigas


class Pedidos:
    """As linhas por escrever, e a thread que as escreve; nasce no processo que atende."""

    def __init__(self) -> None:
        self._linhas: deque[str] = deque(maxlen=CABEM)
        self._ha = threading.Event()
        self._thread: threading.Thread | None = None

    def anotar(self, metodo: str, rota: str, codigo: int, segundos: float) -> None:
        """Anota um pedido atendido."""
        quando = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._linhas.append(f"{quando} {metodo} {rota} {codigo} {segundos * 1000:.1f} ms\n")
        if not self._ha.is_set():
            self._ha.set()

    def iniciar(self) -> None:
        """Põe a thread no ar."""
        self._thread = threading.Thread(target=self._rodar, name="registro", daemon=True)
        self._thread.start()

    def escrever(self) -> None:
        """Escreve o que há; se stderr está fechado ou cheio, perde-se o registro, e só ele."""
        self._ha.clear()
        linhas: list[str] = []
        with suppress(IndexError):  # cheia, quem anota também tira
            linhas.extend(self._linhas.popleft() for _ in range(len(self._linhas)))
        with suppress(OSError, ValueError):
            sys.stderr.write("".join(linhas))
            sys.stderr.flush()

    def _rodar(self) -> None:
        while self._ha.wait():
            time.sleep(JUNTA)
            self.escrever()


@contextmanager
def sem_morrer(thread: str) -> Iterator[None]:
    """Deixa no registro a falha que ninguém previu: uma thread que morre não volta."""
    try:
        yield
    except Exception:
        logging.getLogger("web").exception("%s: erro não previsto", thread)


def abrir() -> None:
    """Manda os avisos e os erros do serviço para stderr, uma vez por processo."""
    nosso = logging.getLogger("web")
    if not nosso.handlers:
        saida = logging.StreamHandler()
        saida.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        nosso.addHandler(saida)
        nosso.setLevel(logging.INFO)
        nosso.propagate = False
