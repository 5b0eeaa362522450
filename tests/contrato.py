"""O contrato dito de novo, sem o código do par: ler, adulterar e recalcular por fora."""

import hashlib
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

CONTRATO = Path(__file__).resolve().parent.parent / "docs" / "contrato.md"
APLICACAO = 0x44534632
AMOSTRA = [
    ("João Silva", "joao@example.com"),
    ("Maria Santos", "maria@example.com"),
    ("Pedro Oliveira", "pedro@example.com"),
]
VERSAO_COMUM = """\
CREATE TABLE IF NOT EXISTS usuarios (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    nome TEXT NOT NULL,
    email TEXT NOT NULL,
    criado_em TEXT NOT NULL
)"""
INSERE_COMUM = "INSERT INTO usuarios (nome, email, criado_em) VALUES (?, ?, ?)"
LINHAS_DE = "SELECT id, nome, email, criado_em FROM usuarios WHERE id BETWEEN ? AND ? ORDER BY id"


def ddl_do_contrato() -> list[str]:
    """Devolve as instruções do bloco de SQL de docs/contrato.md, sem o ponto e vírgula."""
    texto = CONTRATO.read_text(encoding="utf-8")
    bloco = texto.partition("```sql\n")[2].partition("```")[0]
    return [instrucao.strip() for instrucao in bloco.split(";") if instrucao.strip()]


def consultar(banco: Path, sql: str, *parametros: object) -> list[tuple[Any, ...]]:
    """Consulta por uma conexão própria, só de leitura."""
    uri = f"{banco.as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as con:
        return con.execute(sql, parametros).fetchall()


def pessoas(banco: Path) -> list[tuple[str, str]]:
    """Devolve (nome, email) na ordem do id."""
    return consultar(banco, "SELECT nome, email FROM usuarios ORDER BY id")


def alterar(banco: Path, *comandos: str) -> None:
    """Altera o banco por fora, como quem não usa o escritor."""
    with closing(sqlite3.connect(banco, isolation_level=None)) as con:
        for comando in comandos:
            con.execute(comando)


def fotografar(pasta: Path) -> dict[str, bytes | None]:
    """Devolve o nome e os bytes de tudo o que há na pasta (None no que não se lê como arquivo)."""
    return {
        item.name: item.read_bytes() if item.is_file() and os.access(item, os.R_OK) else None
        for item in sorted(pasta.iterdir())
    }


def sha256(dados: str) -> str:
    """Devolve o SHA-256 em hexadecimal do texto em UTF-8; o que não é UTF-8 vem em substitutos."""
    return hashlib.sha256(dados.encode("utf-8", "surrogateescape")).hexdigest()


def lacre(linhas: Iterable[tuple[object, ...]]) -> str:
    """Sela as linhas: colunas separadas por U+001F, cada linha encerrada por U+001E."""
    return sha256("".join("\x1f".join(map(str, linha)) + "\x1e" for linha in linhas))


def elo(anterior: str, colunas: Iterable[object]) -> str:
    """Encadeia as colunas de uma execução (todas menos o elo) ao elo anterior."""
    campos = ("" if coluna is None else coluna for coluna in colunas)
    return sha256(anterior + "".join(f"\x1f{campo}" for campo in campos) + "\x1e")


def ancora(banco: Path, execucao: int | None = None) -> str:
    """Devolve a âncora de uma execução, a última se não se diz qual."""
    escolha = "ORDER BY id DESC LIMIT 1" if execucao is None else f"WHERE id = {execucao}"
    [(id_, elo_)] = consultar(banco, f"SELECT id, elo FROM execucoes {escolha}")
    return f"{id_} {elo_}"


def reselar(banco: Path) -> None:
    """Falsifica o livro inteiro: recalcula cada lacre e cada elo para o que há agora."""
    anterior = "0" * 64
    with closing(sqlite3.connect(banco, isolation_level=None)) as con:
        con.text_factory = lambda texto: texto.decode("utf-8", "surrogateescape")
        for linha in con.execute("SELECT * FROM execucoes ORDER BY id").fetchall():
            *colunas, _, _ = linha
            selo = lacre(con.execute(LINHAS_DE, (linha[9], linha[10])).fetchall())
            anterior = elo(anterior, [*colunas, selo])
            con.execute(
                "UPDATE execucoes SET lacre = ?, elo = ? WHERE id = ?", (selo, anterior, linha[0])
            )
