"""O banco aberto só para leitura."""

from __future__ import annotations

import os
import sqlite3
import time

FATIA = 0.1  # segundos; entre uma fatia de espera e outra, o Python atende o Ctrl-C
INSTRUCOES = 100_000  # da máquina virtual do SQLite, entre duas chances ao Ctrl-C


def abrir(caminho: str, espera: float) -> sqlite3.Connection:
    """Abre só para leitura e começa a transação em que tudo será lido.

    mode=ro nunca cria arquivo; immutable, nunca: com um diário quente ele
    devolveria linhas não confirmadas com integrity_check=ok (fato medido).
    Levanta sqlite3.Error; espera por uma trava até `espera` segundos.
    """
    # sqlite.org/uri.html, seção 3.1: só estes três caracteres precisam de escape.
    uri = os.path.abspath(caminho).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    con = sqlite3.connect(
        f"file://{uri}?mode=ro",
        uri=True,
        timeout=min(FATIA, espera),
        isolation_level=None,
    )
    try:
        con.set_progress_handler(lambda: 0, INSTRUCOES)
        con.execute("PRAGMA trusted_schema = OFF")
        con.execute("BEGIN")
        _primeira_leitura(con, espera)
    except BaseException:
        con.close()
        raise
    return con


def _primeira_leitura(con: sqlite3.Connection, espera: float) -> None:
    """Obtém a trava de leitura, que vale até fechar: o que se verifica é o que se lista."""
    prazo = time.monotonic() + espera
    while True:
        try:
            con.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            return
        except sqlite3.OperationalError as erro:
            if erro.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= prazo:
                raise
