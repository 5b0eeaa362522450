"""O servidor ainda responde? Um que congela segura a conexão, e o kernel dele diz que está vivo.

Nenhum prazo do TCP o percebe. Por isso, enquanto se espera por uma resposta, tenta-se de vez em
quando entrar de novo no mesmo servidor: se nem isso ele atende, duas vezes seguidas, ela acaba.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

CADA = 3.0  # segundos de espera entre duas tentativas
PRAZO = 6  # segundos para entrar; um servidor só ocupado entra antes
SEGUIDAS = 2  # tentativas sem resposta: de uma só, a culpa pode ser da hora

PG = psycopg.Connection[Any]


@contextmanager
def vigiada(pg: PG, dsn: str) -> Iterator[None]:
    """Enquanto durar, corta a conexão se ela espera por um servidor que já não atende ninguém."""
    acabou = threading.Event()
    threading.Thread(target=_vigiar, args=(pg, dsn, acabou), daemon=True).start()
    try:
        yield
    finally:
        acabou.set()


def _vigiar(pg: PG, dsn: str, acabou: threading.Event) -> None:
    mudas = 0
    while not acabou.wait(CADA) and not pg.closed:
        espera = pg.pgconn.transaction_status == TransactionStatus.ACTIVE
        mudas = mudas + 1 if espera and not _atende(pg, dsn) else 0
        if mudas == SEGUIDAS and not acabou.is_set():
            _cortar(pg)
            return


def _atende(pg: PG, dsn: str) -> bool:
    """Diz se o servidor da conexão ainda deixa entrar, ou ao menos recusa."""
    onde = {"host": pg.info.host, "hostaddr": pg.info.hostaddr, "port": str(pg.info.port)}
    try:
        psycopg.connect(
            make_conninfo(dsn, **onde, target_session_attrs="any", connect_timeout=str(PRAZO))
        ).close()
    except psycopg.errors.ConnectionTimeout:
        return False
    except psycopg.Error:  # uma recusa também é uma resposta
        return True
    return True


def _cortar(pg: PG) -> None:
    with socket.socket(fileno=os.dup(pg.pgconn.socket)) as ponta:
        ponta.shutdown(socket.SHUT_RDWR)
