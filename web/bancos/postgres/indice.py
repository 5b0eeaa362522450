"""O índice da busca: uma cópia dos textos na sala do serviço, que persegue o livro."""

from __future__ import annotations

from postgres.escritor.conexao import PG
from web.bancos.postgres import consultas

POR_VEZ = 10_000  # linhas que entram no índice numa transação
# De muitos processos, um indexa: um número nosso, "busca" em ASCII.
TRAVA = int.from_bytes(b"busca", "big")
TRANCA = f"SELECT pg_try_advisory_xact_lock({TRAVA})"
INDEXADO = consultas.INDEXADO
ESVAZIA = "TRUNCATE servico.busca"
INDEXA = f"""\
INSERT INTO servico.busca (id, texto)
SELECT id, {consultas.TEXTO} FROM desafio2.usuarios WHERE id > %s ORDER BY id LIMIT %s"""
ESQUECE = "DELETE FROM servico.indexado"
# A última execução diz que história se indexou; `ate`, até onde. O livro só cresce.
LEMBRA = """\
INSERT INTO servico.indexado (execucao, elo, ate)
SELECT id, elo, (SELECT max(id) FROM servico.busca)
FROM desafio2.execucoes ORDER BY id DESC LIMIT 1"""
FALTAM = "SELECT max(id) > %s FROM desafio2.usuarios"


def indexar(con: PG) -> bool:
    """Põe mais POR_VEZ linhas no índice; diz se ainda faltam. Levanta psycopg.Error."""
    [(ate,)] = con.execute(INDEXADO).fetchall()
    [(faltam,)] = con.execute(FALTAM, (ate,)).fetchall()
    if not faltam:
        return False
    with con.transaction():
        [(so_eu,)] = con.execute(TRANCA).fetchall()
        if not so_eu:
            return False
        [(ate,)] = con.execute(INDEXADO).fetchall()
        if not ate:  # nunca se indexou, ou o banco é agora outro
            con.execute(ESVAZIA)
        quantas = con.execute(INDEXA, (ate, POR_VEZ)).rowcount
        con.execute(ESQUECE)
        con.execute(LEMBRA)
    return quantas == POR_VEZ
