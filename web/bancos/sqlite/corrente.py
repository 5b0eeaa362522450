"""A corrente conferida só no que cresceu, pelas regras de escritor/percurso.py."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from escritor import percurso
from escritor.banco import conferencia
from escritor.banco.linhas import em_blocos
from escritor.percurso import Linhas, Ponto, Registro
from escritor.regras import Quebra

POR_BLOCO = 500


def seguir(con: sqlite3.Connection, ponto: Ponto) -> Ponto:
    """Confere as execuções e as linhas depois do ponto; devolve onde o livro acaba.

    Levanta Quebra também se a execução do ponto já não é a que se conferiu.
    """
    blocos = _livro(con, ponto.execucao)
    if ponto.execucao:
        achado = con.execute(conferencia.ELO_DA_EXECUCAO, (ponto.execucao,)).fetchone()
        if not achado or achado[0] != ponto.elo.encode():
            motivo = f"execução {ponto.execucao}: já não é a que se conferiu, {ponto.elo[:16]}…"
            raise Quebra(motivo, "E11")
    ultimo = percurso.percorrer(blocos, ponto)
    percurso.conferir_linhas(
        Linhas(em_blocos(con, ponto.fim)),
        _que_inseriram(con, ponto),
        lambda primeiro, ultimo: int(
            con.execute(conferencia.QUANTAS_ENTRE, (primeiro, ultimo)).fetchone()[0]
        ),
    )
    return ultimo


def _livro(con: sqlite3.Connection, depois_da: int) -> Iterator[list[Registro]]:
    while bloco := con.execute(conferencia.EXECUCOES, (depois_da + 1, POR_BLOCO)).fetchall():
        yield bloco
        depois_da = bloco[-1][0]


def _que_inseriram(con: sqlite3.Connection, ponto: Ponto) -> Iterator[Registro]:
    execucao = ponto.execucao
    while bloco := con.execute(
        conferencia.QUE_INSERIRAM, (execucao, ponto.fim, POR_BLOCO)
    ).fetchall():
        yield from bloco
        execucao = bloco[-1][0]
