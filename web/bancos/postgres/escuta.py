"""A escuta de um servidor: uma sessão à espera do que o escritor anuncia em cada COMMIT."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from postgres.escritor.livro import CANAL
from web.bancos.postgres import consultas
from web.bancos.postgres.conexoes import PG

ESCUTA = f"LISTEN {CANAL}"


class Escuta:
    """Uma sessão que escuta o canal."""

    def __init__(self, con: PG) -> None:
        self._con = con

    def ancora(self) -> str | None:
        """Pergunta ao banco a âncora da última execução."""
        linha = self._con.execute(consultas.ANCORA).fetchone()
        return linha[0] if linha else None

    def esperar(self, segundos: float) -> None:
        """Volta ao ouvir uma novidade, ou quando o tempo acaba."""
        for _ in self._con.notifies(timeout=segundos, stop_after=1):
            pass


@contextmanager
def escutar(dsn: str) -> Iterator[Escuta]:
    """Conecta e escuta; ao sair, fecha. Levanta psycopg.Error."""
    with psycopg.connect(dsn, autocommit=True) as con:
        con.execute("SET search_path = ''")
        con.execute(ESCUTA)
        yield Escuta(con)
