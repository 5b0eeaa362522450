"""O que se confere de um cluster, por fora: nada confirmado falta, nada sobra, todos em dia."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

from tests.cluster.apoio import NOS, PRAZO, Cluster, Confirmacao
from tests.docker.apoio import esperar


def maior_parada(confirmadas: Sequence[Confirmacao], desde: float, ate: float) -> float:
    """Devolve o maior tempo, em segundos, sem uma confirmação entre os dois instantes."""
    instantes = [desde, *(c.quando for c in confirmadas if desde < c.quando < ate), ate]
    return max(depois - antes for antes, depois in pairwise(instantes))


def ancoras(cluster: Cluster, no: str) -> set[str]:
    """Devolve a âncora de cada execução que o nó tem."""
    linhas = cluster.consultar(no, "SELECT id || ' ' || elo FROM desafio2.execucoes")
    return {ancora for (ancora,) in linhas}


def conferir(cluster: Cluster, no: str, confirmadas: Sequence[Confirmacao]) -> Iterator[str]:
    """Devolve o que falta ou sobra no nó, entre o que se confirmou; quem pergunta é o psql."""
    livro = ancoras(cluster, no)
    linhas = [email for (email,) in cluster.consultar(no, "SELECT email FROM desafio2.usuarios")]
    ha = {*linhas}
    if len(linhas) != len(ha):
        yield f"{len(linhas) - len(ha)} linhas em dobro"
    for feita in confirmadas:
        if feita.ancora not in livro:
            yield f"a execução {feita.ancora}"
        yield from (f"a linha {email}" for email in feita.emails if email not in ha)


def alcancar(cluster: Cluster) -> None:
    """Espera que as réplicas cheguem aonde quem manda já estava quando isto se pediu."""
    manda = cluster.manda()
    [[ponto]] = cluster.consultar(manda, "SELECT pg_current_wal_flush_lsn()")
    sql = f"SELECT pg_last_wal_replay_lsn() >= '{ponto}'::pg_lsn"
    for no in NOS:
        if no != manda:
            esperar(partial(_chegou, cluster, no, sql), f"{no} alcançar {manda}", PRAZO)


def _chegou(cluster: Cluster, no: str, sql: str) -> bool:
    return cluster.consultar(no, sql) == [["t"]]
