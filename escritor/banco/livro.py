"""O livro `execucoes` no SQLite."""

from __future__ import annotations

import sqlite3

from escritor.execucao import Execucao

INSERE_EXECUCAO = "INSERT INTO execucoes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
ULTIMA_EXECUCAO = "SELECT * FROM execucoes ORDER BY id DESC LIMIT 1"


def ultima_execucao(con: sqlite3.Connection) -> Execucao | None:
    """Devolve a execução mais recente do livro, ou None se não há."""
    linha = con.execute(ULTIMA_EXECUCAO).fetchone()
    return Execucao._make(linha) if linha else None


def registrar(con: sqlite3.Connection, execucao: Execucao) -> None:
    """Escreve a execução no livro, na transação que gravou as linhas dela."""
    con.execute(INSERE_EXECUCAO, execucao)
