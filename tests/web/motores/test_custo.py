"""Quanto custa gravar uma pessoa não depende de quantas execuções há no livro."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest

from escritor.banco import conexao as do_arquivo
from escritor.execucao import Execucao, Gravadas, seguinte
from escritor.sinais import Sinais
from tests.contrato import lacre
from tests.postgres.bancos import Banco as DoServidor
from tests.web.motores.apoio import Arquivo, Servidor, aberto, conferir
from web.bancos import Gravacao, Pedido

QUANDO = "2026-01-02T03:04:05Z"
POUCAS, MUITAS = 20, 2_000  # execuções
VEZES = 10
INSERE = "INSERT INTO execucoes VALUES ({})"
# Linhas que o servidor visitou, nas tabelas do contrato.
VISITADAS = """\
SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::bigint
FROM pg_stat_user_tables WHERE schemaname = 'desafio2'"""


def livro(ate: int) -> tuple[list[tuple[Any, ...]], list[Execucao]]:
    """Devolve as linhas e as execuções de um banco com tantas, de uma linha cada."""
    linhas = [(n, f"P{n}", f"p{n}@x.com", QUANDO) for n in range(1, ate + 1)]
    execucoes: list[Execucao] = []
    for linha in linhas:
        anterior = execucoes[-1] if execucoes else None
        gravadas = Gravadas(1, 1, linha[0], linha[0], lacre([linha]))
        execucoes.append(seguinte(anterior, gravadas, "api", QUANDO))
    return linhas, execucoes


def gravar(gravacao: Gravacao, rotulo: str) -> None:
    """Grava VEZES pessoas, uma execução para cada."""
    for n in range(VEZES):
        gravacao.gravar([Pedido("Ana", f"{rotulo}{n}@x.com")])


def no_arquivo(caminho: Path, ate: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Devolve quantas instruções da máquina do SQLite gastou gravar VEZES pessoas."""
    motor = Arquivo(caminho)
    banco = aberto(motor)
    assert banco.totais() == (0, 0)
    linhas, execucoes = livro(ate)
    with sqlite3.connect(caminho) as con:
        con.executemany("INSERT INTO usuarios VALUES (?, ?, ?, ?)", linhas)
        con.executemany(INSERE.format(", ".join("?" * 14)), execucoes)
    con.close()
    gravacao = banco.gravacao(30.0)
    gravacao.conferir()
    gastas = [0]

    def contar(con: sqlite3.Connection, _: Sinais) -> None:
        def mais_uma() -> int:
            gastas[0] += 1
            return 0

        con.set_progress_handler(mais_uma, 1)

    monkeypatch.setattr(do_arquivo, "vigiar", contar)
    gravar(gravacao, "nova")
    monkeypatch.undo()
    banco.fechar()
    conferir(motor)
    return gastas[0]


def test_no_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As instruções que o SQLite executa são as mesmas com cem vezes mais execuções."""
    poucas = no_arquivo(tmp_path / "poucas.db", POUCAS, monkeypatch)
    muitas = no_arquivo(tmp_path / "muitas.db", MUITAS, monkeypatch)
    assert 0 < muitas <= 1.2 * poucas, (poucas, muitas)


def no_servidor(banco_pg: DoServidor, ate: int, desde: int) -> int:
    """Devolve quantas linhas o servidor visitou para gravar VEZES pessoas, com `ate` execuções."""
    motor = Servidor(banco_pg)
    banco = aberto(motor)
    linhas, execucoes = livro(ate)
    with banco_pg.conexao() as con, con.cursor() as cursor:
        cursor.executemany("INSERT INTO usuarios VALUES (%s, %s, %s, %s)", linhas[desde:])
        cursor.executemany(INSERE.format(", ".join(["%s"] * 14)), execucoes[desde:])
    gravacao = banco.gravacao(30.0)
    gravacao.conferir()
    antes = visitadas(gravacao, banco_pg)
    gravar(gravacao, f"nova{ate}-")
    depois = visitadas(gravacao, banco_pg)
    gravacao.fechar()
    banco.fechar()
    return depois - antes


def visitadas(gravacao: Any, banco_pg: DoServidor) -> int:
    """Faz a sessão de quem grava entregar as contas dela, e lê-as."""
    pg: psycopg.Connection[Any] = gravacao._con.pg
    pg.execute("SELECT pg_stat_force_next_flush()")
    pg.execute("SELECT 1")
    return int(banco_pg.consultar(VISITADAS)[0][0])


@pytest.mark.docker
def test_no_postgres(banco_pg: DoServidor) -> None:
    """As linhas que o servidor visita não são mais com cem vezes mais execuções."""
    poucas = no_servidor(banco_pg, POUCAS, 0)
    banco_pg.alterar("DELETE FROM usuarios", "DELETE FROM execucoes")
    muitas = no_servidor(banco_pg, MUITAS, 0)
    conferir(Servidor(banco_pg))
    assert 0 < muitas <= 1.2 * poucas + VEZES, (poucas, muitas)
