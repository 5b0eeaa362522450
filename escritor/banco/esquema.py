"""O esquema do contrato (docs/contrato.md): criado num banco vazio, conferido nos outros."""

from __future__ import annotations

import sqlite3

from escritor import erros
from escritor.banco.cabecalho import APLICACAO, VERSAO_DO_ESQUEMA, conferir_dono
from escritor.erros import Erro

CRIA_USUARIOS = """\
CREATE TABLE usuarios (
    id        INTEGER PRIMARY KEY,
    nome      TEXT NOT NULL,
    email     TEXT NOT NULL,
    criado_em TEXT NOT NULL
) STRICT"""
CRIA_EMAIL_UNICO = "CREATE UNIQUE INDEX usuarios_email ON usuarios (email COLLATE NOCASE)"
CRIA_EXECUCOES = """\
CREATE TABLE execucoes (
    id           INTEGER PRIMARY KEY,
    origem       TEXT NOT NULL,
    container    TEXT NOT NULL,
    versao       TEXT NOT NULL,
    iniciada_em  TEXT NOT NULL,
    concluida_em TEXT NOT NULL,
    lidos        INTEGER NOT NULL,
    inseridos    INTEGER NOT NULL,
    repetidos    INTEGER NOT NULL,
    primeiro_id  INTEGER,
    ultimo_id    INTEGER,
    total        INTEGER NOT NULL,
    lacre        TEXT NOT NULL,
    elo          TEXT NOT NULL
) STRICT"""
ESQUEMA = (CRIA_USUARIOS, CRIA_EMAIL_UNICO, CRIA_EXECUCOES)
# As linhas de sqlite_schema: tipo, nome, tabela, DDL.
OBJETOS = {
    ("table", "usuarios", "usuarios", CRIA_USUARIOS),
    ("index", "usuarios_email", "usuarios", CRIA_EMAIL_UNICO),
    ("table", "execucoes", "execucoes", CRIA_EXECUCOES),
}
# O que só o SQLite pode ter posto ali, letra por letra como ele escreve.
DO_SQLITE = {
    ("table", nome, nome, f"CREATE TABLE {nome}({colunas})")
    for nome, colunas in (
        ("sqlite_stat1", "tbl,idx,stat"),
        ("sqlite_stat4", "tbl,idx,neq,nlt,ndlt,sample"),
        ("sqlite_sequence", "name,seq"),  # fica num banco adotado, que a versão comum criou
    )
}

LE_APLICACAO = "PRAGMA application_id"
LE_VERSAO = "PRAGMA user_version"
LE_CODIFICACAO = "PRAGMA encoding"
LE_ESQUEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema"


def garantir(con: sqlite3.Connection, caminho: str) -> bool:
    """Cria o esquema num banco vazio, ou confere que é o do contrato.

    Chame dentro de uma transação. Devolve True se criou agora; levanta Erro
    65 ou 78 se o banco não é nosso ou tem outro esquema.
    """
    criado = vazio(con)
    if criado:
        criar(con)
    conferir(con, caminho)
    return criado


def vazio(con: sqlite3.Connection) -> bool:
    """Diz se não há nada no banco: nem tabelas, nem dono."""
    marcas = [con.execute(sql).fetchone()[0] for sql in (LE_APLICACAO, LE_VERSAO)]
    return marcas == [0, 0] and {*con.execute(LE_ESQUEMA)} <= DO_SQLITE


def nosso(con: sqlite3.Connection) -> bool:
    """Diz se o banco traz a nossa assinatura, de qualquer versão."""
    aplicacao: int = con.execute(LE_APLICACAO).fetchone()[0]
    return aplicacao & 0xFFFFFFFF == APLICACAO


def criar(con: sqlite3.Connection) -> None:
    """Cria as tabelas e o índice do contrato e assina o arquivo, na transação de quem chama."""
    for ddl in ESQUEMA:
        con.execute(ddl)
    con.execute(f"PRAGMA application_id = {APLICACAO}")
    con.execute(f"PRAGMA user_version = {VERSAO_DO_ESQUEMA}")


def conferir(con: sqlite3.Connection, caminho: str) -> None:
    """Levanta Erro 65 ou 78 se o banco não é nosso ou tem outro esquema."""
    aplicacao, versao = (con.execute(sql).fetchone()[0] for sql in (LE_APLICACAO, LE_VERSAO))
    conferir_dono(caminho, aplicacao & 0xFFFFFFFF, versao)
    (codificacao,) = con.execute(LE_CODIFICACAO).fetchone()
    if codificacao != "UTF-8":
        raise _outro_esquema(caminho, f"o texto está em {codificacao}", "A3")
    existentes = [objeto for objeto in con.execute(LE_ESQUEMA) if objeto not in DO_SQLITE]
    if sorted(existentes, key=str) != sorted(OBJETOS, key=str):
        diferentes = {str(nome) for _, nome, *_ in {*existentes} ^ OBJETOS}
        raise _outro_esquema(caminho, ", ".join(sorted(diferentes)) or "há um objeto duas vezes")


def _outro_esquema(caminho: str, diferenca: str, regra: str = "A4") -> Erro:
    return Erro(
        erros.ESQUEMA,
        f"{caminho}: o esquema não é o do contrato ({diferenca}; regra {regra}); "
        "ficou intacto. Rode o leitor com `verificar`.",
    )
