"""O que a página conta de um servidor: os fatos, e o lacre conferido à mão."""

from __future__ import annotations

import platform
import shlex

import psycopg

from leitor import versao
from leitor.prova import Execucao, Prova
from leitor.texto import milhar
from postgres.leitor.consultas import Conexao, valor

# Um zero no fim de cada linha, e não uma quebra: uma quebra dentro de um nome seria igual a ela. Os
# bytes 1F e 1E são os que separam, no lacre, colunas e linhas.
RECEITA = (
    "PGCLIENTENCODING=UTF8 psql -XAt -0 -F $'\\x1f' {} \\\n"
    '  -c "SELECT id,nome,email,criado_em FROM desafio2.usuarios WHERE id BETWEEN {} AND {} '
    "ORDER BY id\" \\\n  | tr '\\0' '\\36' | sha256sum"
)
VERSAO = "SELECT current_setting('server_version')"
REPLICA = "SELECT pg_is_in_recovery()"
TAMANHO = "SELECT pg_database_size(current_database())"
DAS_TABELAS = """\
SELECT pg_total_relation_size('desafio2.usuarios') + pg_total_relation_size('desafio2.execucoes')"""


def fatos(nome: str, con: Conexao | None, prova: Prova | None) -> list[tuple[str, str]]:
    """Devolve onde o banco está e quem o leu; de um já verificado, também o que se sabe dele."""
    quem_leu = (
        f"leitor {versao.ler()}, psycopg {psycopg.__version__}, Python {platform.python_version()}"
    )
    de_dentro = []
    if con and prova:
        replica = " (réplica)" if valor(con, REPLICA) else ""
        de_dentro = [
            ("Versão", f"PostgreSQL {valor(con, VERSAO)}{replica}"),
            ("Banco", str(con.info.dbname)),
            ("Tamanho", f"{milhar(valor(con, TAMANHO))} bytes"),
            ("Tabelas", f"{milhar(valor(con, DAS_TABELAS))} bytes, com os índices"),
            ("Quem gravou", f"escritor {prova.ultima_gravacao.versao}"),
        ]
    return [("Servidor", nome), *de_dentro, ("Quem leu", quem_leu)]


def receita(dsn: str, execucao: Execucao) -> str:
    """Devolve o comando que refaz, no bash, o lacre da execução."""
    return RECEITA.format(shlex.quote(dsn), execucao.primeiro_id, execucao.ultimo_id)
