"""A corrente conferida só no que cresceu, pelas regras de escritor/percurso.py.

Quem grava muitas vezes pergunta o que veio depois junto com o resto, e o entende quando chega.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from escritor import percurso
from escritor.execucao import ELO_ZERO
from escritor.percurso import Linhas, Ponto, Registro
from escritor.regras import Quebra
from postgres.escritor import conferencia
from postgres.escritor.conexao import PG
from postgres.escritor.linhas import BLOCO, conferidas, separadas
from web.bancos.postgres.conexoes import Cursor, cruas

EXECUCOES, LINHAS = 100, 1_000  # quantas se perguntam junto; acima disso, seguir à parte
# A anterior à do ponto, e a dele: com o elo de uma se refaz o da outra.
JA_VISTAS = 2
DEPOIS = BLOCO.replace("id > %s AND id <= %s ORDER BY id", "id > %s ORDER BY id LIMIT %s").format(
    "desafio2.usuarios"
)


class Perguntas(NamedTuple):
    """O que se perguntou: as execuções desde a anterior ao ponto, e as linhas depois dele."""

    execucoes: Cursor
    linhas: Cursor


def perguntar(con: PG, ponto: Ponto) -> Perguntas:
    """Pergunta o que veio depois do ponto."""
    limite = EXECUCOES + JA_VISTAS + 1
    return Perguntas(
        con.execute(conferencia.EXECUCOES, (ponto.execucao - 1, limite)),
        con.execute(DEPOIS, (ponto.fim, LINHAS + 1)),
    )


def entender(perguntas: Perguntas, ponto: Ponto) -> Ponto | None:
    """Confere as respostas; devolve onde o livro acaba, ou None se há mais do que se perguntou.

    Levanta Quebra.
    """
    registros = _registros(perguntas.execucoes)
    [bloco, contadas] = cruas(perguntas.linhas)[0]
    quantas = int(contadas)
    if len(registros) > EXECUCOES + JA_VISTAS or quantas > LINHAS:
        return None
    novos = _depois_do_ponto(registros, ponto)
    ultimo = percurso.percorrer([novos] if novos else [], ponto)
    percurso.conferir_linhas(
        Linhas(iter([separadas(bloco, quantas)] if quantas else [])),
        (_da_linha(registro) for registro in novos if registro[7]),
        _quantas_entre(perguntas.linhas.connection),
    )
    return ultimo


def seguir(con: PG, ponto: Ponto) -> Ponto:
    """Confere tudo o que veio depois do ponto, no instante de quem chama. Levanta Quebra."""
    registros = _registros(con.execute(conferencia.EXECUCOES, (ponto.execucao - 1, JA_VISTAS)))
    _depois_do_ponto(registros, ponto)
    ultimo = percurso.percorrer(_livro(con, ponto.execucao), ponto)
    percurso.conferir_linhas(
        Linhas(conferidas(con, ponto.fim)), _que_inseriram(con, ponto), _quantas_entre(con)
    )
    return ultimo


@contextmanager
def instante(con: PG) -> Iterator[None]:
    """Junta as leituras do corpo num instante só."""
    con.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        yield
    finally:
        con.execute("ROLLBACK")


def _depois_do_ponto(registros: list[Registro], ponto: Ponto) -> list[Registro]:
    """Devolve os de depois. Levanta Quebra se a execução do ponto já não é a que se conferiu."""
    if not ponto.execucao:
        return registros
    por_id = {registro[0]: registro for registro in registros}
    anterior = por_id.get(ponto.execucao - 1)
    do_ponto = por_id.get(ponto.execucao)
    elo = anterior[-1] if anterior else ELO_ZERO.encode()
    if not do_ponto or not (do_ponto[-1] == ponto.elo.encode() == percurso.encadear(elo, do_ponto)):
        motivo = f"execução {ponto.execucao}: já não é a que se conferiu, {ponto.elo[:16]}…"
        raise Quebra(motivo, "E11")
    return [registro for registro in registros if registro[0] > ponto.execucao]


def _livro(con: PG, depois_da: int) -> Iterator[list[Registro]]:
    while bloco := _registros(
        con.execute(conferencia.EXECUCOES, (depois_da + 1, conferencia.POR_BLOCO))
    ):
        yield bloco
        depois_da = bloco[-1][0]


def _que_inseriram(con: PG, ponto: Ponto) -> Iterator[Registro]:
    execucao, por_bloco = ponto.execucao, conferencia.POR_BLOCO
    while bloco := con.execute(
        conferencia.QUE_INSERIRAM, (execucao, ponto.fim, por_bloco)
    ).fetchall():
        yield from bloco
        execucao = bloco[-1][0]


def _quantas_entre(con: PG) -> Callable[[int, int], int]:
    """Devolve a função que conta as linhas de um intervalo de ids: para dizer o que não bate."""
    return lambda *pontas: int(con.execute(conferencia.QUANTAS_ENTRE, pontas).fetchall()[0][0])


def _da_linha(registro: Registro) -> Registro:
    """Devolve o que `conferir_linhas` pede da execução: id, inseridos, pontas e lacre."""
    return (registro[0], registro[7], int(registro[9]), int(registro[10]), registro[12].decode())


def _registros(cursor: Cursor) -> list[Registro]:
    registros = []
    for linha in cruas(cursor):
        registro: list[Any] = [*linha]
        for coluna in conferencia.CONTADORES:
            registro[coluna] = int(linha[coluna])
        registros.append(tuple(registro))
    return registros
