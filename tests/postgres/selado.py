"""Gravar, adulterar e selar de novo num servidor, pelo contrato e sem o código do par."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from tests.contrato import elo, lacre
from tests.postgres.bancos import TABELAS, Banco

QUANDO = "2026-01-02T03:04:05Z"
Linha = tuple[int, str, str, str]
# Bytes quaisquer num texto: os dois tipos são iguais por dentro, e só um superusuário o diz.
BYTES_SAO_TEXTO = "CREATE CAST (bytea AS text) WITHOUT FUNCTION"
LINHAS = "SELECT * FROM usuarios WHERE id BETWEEN %s AND %s ORDER BY id"
RESTRICOES = """\
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'desafio2'::regnamespace AND contype = 'c'"""
DA_COMO_CERTAS = """\
UPDATE pg_constraint SET convalidated = true WHERE connamespace = 'desafio2'::regnamespace"""


def gravar(banco: Banco, *linhas: Linha, origem: str = "semear") -> None:
    """Grava uma execução com estas linhas, selada e encadeada, no papel do escritor."""
    with banco.conexao("escritor") as con, con.transaction():
        livro = con.execute("SELECT * FROM execucoes ORDER BY id").fetchall()
        con.cursor().executemany("INSERT INTO usuarios VALUES (%s, %s, %s, %s)", linhas)
        pontas = (linhas[0][0], linhas[-1][0]) if linhas else (None, None)
        total = sum(execucao[7] for execucao in livro) + len(linhas)
        quantas = len(linhas)
        contas = (QUANDO, QUANDO, quantas, quantas, 0, *pontas, total, lacre(linhas))
        colunas = [len(livro) + 1, origem, "c1", "9.9.9", *contas]
        anterior = livro[-1][-1] if livro else "0" * 64
        marcas = ", ".join(["%s"] * 14)
        con.execute(f"INSERT INTO execucoes VALUES ({marcas})", (*colunas, elo(anterior, colunas)))


def gravar_tres(banco: Banco) -> None:
    """Três execuções, como no banco `gravado` do SQLite: três pessoas, ninguém, e mais duas."""
    nomes = ["joao", "maria", "pedro", "ana", "zoe"]
    linhas = [(n, nome.title(), f"{nome}@x.com", QUANDO) for n, nome in enumerate(nomes, 1)]
    gravar(banco, *linhas[:3])
    gravar(banco)
    gravar(banco, *linhas[3:], origem="importar:x.csv")


def ancora(banco: Banco, execucao: int) -> str:
    """Devolve a âncora desta execução."""
    [(elo_,)] = banco.consultar("SELECT elo FROM execucoes WHERE id = %s", execucao)
    return f"{execucao} {elo_}"


def reselar(banco: Banco, desde: int = 1) -> None:
    """Falsifica o livro: recalcula cada lacre, desde uma execução, e cada elo."""
    with banco.conexao() as con:
        con.execute("SET client_encoding = 'SQL_ASCII'")  # e o psycopg deixa os textos em bytes
        anterior = "0" * 64
        for execucao in con.execute("SELECT * FROM execucoes ORDER BY id").fetchall():
            *colunas, selo, _ = map(_texto, execucao)
            if execucao[0] >= desde:
                linhas = con.execute(LINHAS, (execucao[9], execucao[10])).fetchall()
                selo = lacre([tuple(map(_texto, linha)) for linha in linhas])
            anterior = elo(anterior, [*colunas, selo])
            con.execute(
                "UPDATE execucoes SET lacre = %s, elo = %s WHERE id = %s",
                (selo, anterior, execucao[0]),
            )


def _texto(valor: Any) -> Any:
    return valor.decode("utf-8", "surrogateescape") if isinstance(valor, bytes) else valor


def executar(banco: Banco, *comandos: str) -> None:
    """Roda isto como superusuário, sem tocar nos gatilhos."""
    with banco.conexao() as con:
        for comando in comandos:
            con.execute(comando)


def a_forca(banco: Banco, *comandos: str, selar: bool = True) -> None:
    """Adultera o que os CHECK não deixam, e os dá como conferidos: o esquema é o de antes."""
    with banco.conexao() as con:
        _gatilhos(con, "DISABLE TRIGGER so_insercoes")
        restricoes = con.execute(RESTRICOES).fetchall()
        for tabela, nome, _ in restricoes:
            con.execute(f"ALTER TABLE {tabela} DROP CONSTRAINT {nome}")
        for comando in comandos:
            con.execute(comando)
        if selar:
            reselar(banco)
        for tabela, nome, texto in restricoes:
            con.execute(f"ALTER TABLE {tabela} ADD CONSTRAINT {nome} {texto} NOT VALID")
        con.execute(DA_COMO_CERTAS)
        _gatilhos(con, "ENABLE ALWAYS TRIGGER so_insercoes")


def sem_indice(comando: str) -> tuple[str, ...]:
    """Devolve os comandos que mudam uma linha sem que o índice de e-mails o saiba."""
    vivo = "UPDATE pg_index SET indisready = {0}, indisvalid = {0} WHERE indexrelid = {1}::regclass"
    return (
        vivo.format("false", "'usuarios_email'"),
        comando,
        vivo.format("true", "'usuarios_email'"),
    )


def _gatilhos(con: psycopg.Connection[tuple[Any, ...]], acao: str) -> None:
    for tabela in TABELAS:
        con.execute(f"ALTER TABLE {tabela} {acao}")


def linhas_de(textos: Sequence[tuple[str, str]]) -> list[Linha]:
    """Devolve linhas com estes nomes e e-mails, com buracos nos ids."""
    return [(3 * n + 2, nome, email, QUANDO) for n, (nome, email) in enumerate(textos)]
