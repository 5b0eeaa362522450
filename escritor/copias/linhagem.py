"""De que história é uma cópia: os elos dela, ao lado dos do banco que ela substitui."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from escritor.banco.conexao import ligar
from escritor.texto import milhar

ULTIMO_ELO = "SELECT id, elo FROM execucoes ORDER BY id DESC LIMIT 1"
ELO = "SELECT elo FROM execucoes WHERE id = ?"


def comparar(atual: sqlite3.Connection, copia: str) -> str:
    """Devolve o que a cópia é do banco aberto em `atual`; vazio se ele não o deixa saber.

    Um elo resume todas as execuções até ele: um igual é uma história igual.
    """
    try:
        with closing(ligar(copia, "ro")) as outra:
            return _parentesco(atual, outra)
    except (sqlite3.Error, UnicodeDecodeError):  # o banco que sai pode estar estragado
        return ""


def _parentesco(atual: sqlite3.Connection, copia: sqlite3.Connection) -> str:
    ultimo, elo = atual.execute(ULTIMO_ELO).fetchone() or (0, "")
    da_copia, elo_da_copia = copia.execute(ULTIMO_ELO).fetchone()
    if not ultimo or not isinstance(ultimo, int):  # outro esquema pode ter qualquer coisa
        return ""
    ate = f"o banco que havia ia até a execução {milhar(ultimo)}"
    if da_copia == ultimo and elo_da_copia == elo:
        return f"a mesma história: {ate}"
    if da_copia < ultimo and atual.execute(ELO, (da_copia,)).fetchone() == (elo_da_copia,):
        return f"mais antiga: {ate}"
    if da_copia > ultimo and copia.execute(ELO, (ultimo,)).fetchone() == (elo,):
        return f"mais nova: {ate}"
    return f"de outra história: {ate}"
