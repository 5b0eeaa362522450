"""A sala do serviço: um arquivo ao lado do banco, com o que não é do contrato.

Os acessos contados, as chaves de idempotência e o índice da busca, que se pode apagar:
ele se refaz das linhas.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

SUFIXO = "-servico"
POR_VEZ = 10_000  # linhas que entram no índice da busca numa transação
CRIA = """
CREATE TABLE IF NOT EXISTS acessos (
    id     INTEGER PRIMARY KEY,
    quando TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ'))
) STRICT;
CREATE TABLE IF NOT EXISTS chaves (
    chave     TEXT PRIMARY KEY,
    impressao TEXT NOT NULL,
    usuario   INTEGER NOT NULL,
    execucao  INTEGER NOT NULL,
    elo       TEXT NOT NULL,
    criada_em INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS chaves_criada_em ON chaves (criada_em);
CREATE VIRTUAL TABLE IF NOT EXISTS busca USING fts5(
    nome, email, content = '', tokenize = 'trigram'
);
CREATE TABLE IF NOT EXISTS indexado (
    execucao INTEGER NOT NULL,
    elo      TEXT NOT NULL,
    ate      INTEGER NOT NULL
) STRICT;
"""
ACESSO = "INSERT INTO acessos DEFAULT VALUES RETURNING id"
ACESSOS = "SELECT count(*) FROM acessos"

INDEXADO = """\
SELECT ifnull(max(ate), 0) FROM indexado AS i
JOIN banco.execucoes AS e ON e.id = i.execucao AND e.elo = i.elo"""
ESVAZIA = "INSERT INTO busca (busca) VALUES ('delete-all')"
INDEXA = """\
INSERT INTO busca (rowid, nome, email)
SELECT id, nome, email FROM banco.usuarios WHERE id > ? ORDER BY id LIMIT ?"""
ESQUECE = "DELETE FROM indexado"
# A última execução diz que história se indexou; `ate`, até onde. O livro só cresce.
LEMBRA = """\
INSERT INTO indexado (execucao, elo, ate)
SELECT id, elo, (SELECT ifnull(max(id), 0) FROM (
    SELECT id FROM banco.usuarios WHERE id > ? ORDER BY id LIMIT ?
)) FROM banco.execucoes ORDER BY id DESC LIMIT 1"""
FALTAM = "SELECT EXISTS (SELECT 1 FROM banco.usuarios WHERE id > (SELECT max(ate) FROM indexado))"


def arquivo(caminho: str) -> str:
    """Devolve o nome do arquivo do serviço, ao lado do banco, e não de um link para ele."""
    return f"{Path(caminho).resolve()}{SUFIXO}"


def uri(caminho: str, modo: str) -> str:
    """Devolve o URI do arquivo: só três caracteres pedem escape (sqlite.org/uri.html, 3.1)."""
    absoluto = str(Path(caminho).absolute())
    for letra, escape in (("%", "%25"), ("?", "%3f"), ("#", "%23")):
        absoluto = absoluto.replace(letra, escape)
    return f"file://{absoluto}?mode={modo}"


def garantir(caminho: str, espera: float) -> None:
    """Cria o arquivo e as tabelas que faltam."""
    with _aberto(caminho, espera) as con:
        con.executescript(CRIA)


def acesso(caminho: str, espera: float) -> tuple[int, int]:
    """Registra um acesso; devolve o número dele e quantos há."""
    with _aberto(caminho, espera) as con, _transacao(con):
        (numero,) = con.execute(ACESSO).fetchone()
        (total,) = con.execute(ACESSOS).fetchone()
        return numero, total


def indexar(caminho: str, do_banco: str, espera: float) -> bool:
    """Põe mais POR_VEZ linhas no índice da busca; diz se ainda faltam. `do_banco`: o URI dele."""
    with _aberto(caminho, espera) as con:
        con.execute("ATTACH ? AS banco", (do_banco,))
        with _transacao(con):
            (ate,) = con.execute(INDEXADO).fetchone()
            if not ate:  # nunca se indexou, ou o banco é agora outro
                con.execute(ESVAZIA)
            if not con.execute(INDEXA, (ate, POR_VEZ)).rowcount:
                return False
            con.execute(ESQUECE)
            con.execute(LEMBRA, (ate, POR_VEZ))
            (faltam,) = con.execute(FALTAM).fetchone()
            return bool(faltam)


@contextmanager
def _aberto(caminho: str, espera: float) -> Iterator[sqlite3.Connection]:
    nome = uri(arquivo(caminho), "rwc")
    with closing(sqlite3.connect(nome, uri=True, timeout=espera, isolation_level=None)) as con:
        yield con


@contextmanager
def _transacao(con: sqlite3.Connection) -> Iterator[None]:
    con.execute("BEGIN IMMEDIATE")
    try:
        yield
        con.execute("COMMIT")
    except BaseException:
        if con.in_transaction:
            con.execute("ROLLBACK")
        raise
