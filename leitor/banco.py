"""O banco aberto só para leitura. Todo o SQL do leitor."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator

TYPE_CHECKING = False  # sem carregar o módulo typing, que pesa na partida
if TYPE_CHECKING:
    from typing import Any

# O que o contrato promete, dito como LE_ESQUEMA o descreve; assim o leitor
# confere sem ter o DDL do escritor.
ESQUEMA = frozenset(
    """\
tabela execucoes STRICT
tabela usuarios STRICT
coluna execucoes 0 id INTEGER PRIMARY KEY
coluna execucoes 1 origem TEXT NOT NULL
coluna execucoes 2 container TEXT NOT NULL
coluna execucoes 3 versao TEXT NOT NULL
coluna execucoes 4 iniciada_em TEXT NOT NULL
coluna execucoes 5 concluida_em TEXT NOT NULL
coluna execucoes 6 lidos INTEGER NOT NULL
coluna execucoes 7 inseridos INTEGER NOT NULL
coluna execucoes 8 repetidos INTEGER NOT NULL
coluna execucoes 9 primeiro_id INTEGER
coluna execucoes 10 ultimo_id INTEGER
coluna execucoes 11 total INTEGER NOT NULL
coluna execucoes 12 lacre TEXT NOT NULL
coluna execucoes 13 elo TEXT NOT NULL
coluna usuarios 0 id INTEGER PRIMARY KEY
coluna usuarios 1 nome TEXT NOT NULL
coluna usuarios 2 email TEXT NOT NULL
coluna usuarios 3 criado_em TEXT NOT NULL
índice usuarios (email NOCASE) único""".splitlines()
)
LE_ESQUEMA = """\
SELECT 'tabela ' || name || iif(strict, ' STRICT', '') || iif(wr, ' WITHOUT ROWID', '')
FROM pragma_table_list
WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
UNION ALL
SELECT 'coluna ' || t.name || ' ' || c.cid || ' ' || c.name || ' ' || c.type
    || iif(c.pk, ' PRIMARY KEY', '') || iif(c."notnull", ' NOT NULL', '')
    || ifnull(' DEFAULT ' || c.dflt_value, '') || iif(c.hidden, ' GERADA', '')
FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c
WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
UNION ALL
SELECT 'índice ' || t.name || ' (' || (
        SELECT group_concat(
            ifnull(x.name, 'expressão') || iif(x."desc", ' DESC', '') || ' ' || x.coll, ', ')
        FROM pragma_index_xinfo(i.name) AS x WHERE x.key
    ) || ')' || iif(i."unique", ' único', '') || iif(i.partial, ' parcial', '')
FROM sqlite_schema AS t, pragma_index_list(t.name) AS i WHERE t.type = 'table'
UNION ALL
SELECT type || ' ' || name FROM sqlite_schema WHERE type NOT IN ('table', 'index')"""

APLICACAO = "PRAGMA application_id"
VERSAO = "PRAGMA user_version"
INTEGRIDADE = "PRAGMA integrity_check(3)"
# O lacre e o elo são sobre bytes: BLOB, para que um texto que já não é UTF-8
# chegue como está no disco em vez de falhar na conversão.
LINHAS_DO_LACRE = """\
SELECT CAST(id || x'1f' || nome || x'1f' || email || x'1f' || criado_em || x'1e' AS BLOB)
FROM usuarios WHERE id BETWEEN ? AND ? ORDER BY id"""
ELOS = """\
SELECT id, elo, CAST(x'1f' || id || x'1f' || origem || x'1f' || container || x'1f' || versao
    || x'1f' || iniciada_em || x'1f' || concluida_em || x'1f' || lidos || x'1f' || inseridos
    || x'1f' || repetidos || x'1f' || ifnull(primeiro_id, '') || x'1f' || ifnull(ultimo_id, '')
    || x'1f' || total || x'1f' || lacre || x'1e' AS BLOB)
FROM execucoes ORDER BY id"""
LACRES = "SELECT id, primeiro_id, ultimo_id, lacre FROM execucoes ORDER BY id"
TOTAIS = """\
SELECT id, lidos, inseridos, repetidos, primeiro_id, ultimo_id, total,
    (SELECT count(*) FROM usuarios WHERE usuarios.id BETWEEN primeiro_id AND ultimo_id)
FROM execucoes ORDER BY id"""
ULTIMA_GRAVACAO = """\
SELECT id, origem, container, versao, concluida_em, primeiro_id, ultimo_id, inseridos, lacre
FROM execucoes WHERE inseridos > 0 OR id = 1 ORDER BY id DESC LIMIT 1"""
CONTA_EXECUCOES = "SELECT count(*) FROM execucoes"
QUANTOS = "SELECT count(*) FROM usuarios"
USUARIOS = "SELECT id, nome, email, criado_em FROM usuarios ORDER BY id LIMIT ?"

LOTE = 1_000  # linhas por vez
FATIA = 0.1  # segundos; entre uma fatia de espera e outra, o Python atende o Ctrl-C
INSTRUCOES = 20_000  # da máquina virtual do SQLite, entre duas chances ao Ctrl-C


def abrir(caminho: str, espera: float) -> sqlite3.Connection:
    """Abre só para leitura e começa a transação em que tudo será lido.

    mode=ro nunca cria arquivo; immutable, nunca: com um diário quente ele
    devolveria linhas não confirmadas com integrity_check=ok (fato medido).
    Levanta sqlite3.Error; espera por uma trava até `espera` segundos.
    """
    # sqlite.org/uri.html, seção 3.1: só estes três caracteres precisam de escape.
    uri = caminho.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    con = sqlite3.connect(
        f"file:{uri}?mode=ro", uri=True, timeout=min(FATIA, espera), isolation_level=None
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


def valor(con: sqlite3.Connection, sql: str) -> int:
    """Devolve o único valor que `sql` seleciona."""
    resultado: int = con.execute(sql).fetchone()[0]
    return resultado


def registro(con: sqlite3.Connection, sql: str) -> dict[str, int | str | None]:
    """Devolve a única linha que `sql` seleciona, por nome de coluna."""
    cursor = con.execute(sql)
    colunas = [descricao[0] for descricao in cursor.description]
    return dict(zip(colunas, cursor.fetchone(), strict=True))


def lotes(
    con: sqlite3.Connection, sql: str, parametros: tuple[int | None, ...]
) -> Iterator[list[Any]]:
    """Devolve as linhas em listas de até LOTE, para que a memória não cresça com o banco."""
    cursor = con.execute(sql, parametros)
    while lote := cursor.fetchmany(LOTE):
        yield lote
