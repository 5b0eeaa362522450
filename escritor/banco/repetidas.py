"""Muitas pessoas com o mesmo e-mail: o arquivo do banco não cresce para o que não fica."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from escritor.entrada.pessoa import Lote

POR_LOTE = 5_000  # pessoas que voltam do banco temporário por vez

CRIA = "CREATE TABLE guardadas (linha INTEGER PRIMARY KEY, nome TEXT, email TEXT)"
AS_QUE_FICARAM = "SELECT nome, email FROM usuarios WHERE id > ? ORDER BY id"
GUARDA = "INSERT INTO guardadas (nome, email) VALUES (?, ?)"
DEVOLVE = "SELECT nome, email FROM guardadas ORDER BY linha"


def tirar(lote: Lote) -> Lote:
    """Tira do lote quem repete o e-mail de outro dele; o que só difere na caixa pode ficar."""
    if len({*lote.emails}) == len(lote.emails):
        return lote
    primeiras = dict(zip(reversed(lote.emails), reversed(range(len(lote.emails))), strict=True))
    onde = sorted(primeiras.values())
    nomes, emails = ([coluna[i] for i in onde] for coluna in (lote.nomes, lote.emails))
    return Lote(nomes, emails, ())


@contextmanager
def guardadas(con: sqlite3.Connection, antes: int) -> Iterator[Iterator[Lote]]:
    """Copia as pessoas com id maior que `antes` para um banco temporário, que as devolve.

    Se quase tudo se repetia, o arquivo já cresceu para o que se apagou, e só
    desfazendo a carga ele encolhe: o que ficou espera fora dele, em disco.
    """
    with closing(sqlite3.connect("", isolation_level=None)) as fora:
        fora.execute(CRIA)
        fora.execute("BEGIN")
        fora.executemany(GUARDA, con.execute(AS_QUE_FICARAM, (antes,)))
        yield _devolvidas(fora)


def _devolvidas(fora: sqlite3.Connection) -> Iterator[Lote]:
    linhas = fora.execute(DEVOLVE)
    while muitas := linhas.fetchmany(POR_LOTE):
        nomes, emails = map(list, zip(*muitas, strict=True))
        yield Lote(nomes, emails, ())
