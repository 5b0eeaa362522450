"""O que não é nosso o escritor recusa e deixa como estava, byte a byte, sem nada ao lado."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import AMOSTRA, alterar, consultar, fotografar
from tests.processos import comando, rodar

Preparar = Callable[[Path], None]
DIARIO_ALHEIO = b"anotacoes de outro programa\n" * 100


def de_outro_programa(banco: Path) -> None:
    """Cria um banco com outro application_id."""
    alterar(banco, "CREATE TABLE t (x)", "PRAGMA application_id = 7", "PRAGMA user_version = 1")


def sem_dono(banco: Path) -> None:
    """Cria um banco sem application_id, como quase todos são."""
    alterar(banco, "CREATE TABLE usuarios (id INTEGER PRIMARY KEY, nome TEXT)")


def texto(banco: Path) -> None:
    """Escreve um arquivo de texto."""
    banco.write_text("isto não é um banco\n" * 10)


def texto_com_diario(banco: Path) -> None:
    """Escreve um arquivo de texto e, ao lado, um com o nome que o diário teria."""
    texto(banco)
    banco.with_name(f"{banco.name}-journal").write_bytes(DIARIO_ALHEIO)


def um_byte(banco: Path) -> None:
    """Escreve um arquivo de um byte."""
    banco.write_bytes(b"\n")


def wal_alheio(banco: Path) -> None:
    """Deixa um banco alheio em WAL como um programa morto deixaria: com -wal e -shm."""
    vivo = banco.with_name("vivo.db")
    with closing(sqlite3.connect(vivo)) as con:
        con.execute("PRAGMA journal_mode = WAL")
        con.execute("CREATE TABLE t (x)")
        con.commit()
        for sufixo in ("", "-wal", "-shm"):
            banco.with_name(banco.name + sufixo).write_bytes(Path(f"{vivo}{sufixo}").read_bytes())
    vivo.unlink()


def pasta(banco: Path) -> None:
    """Põe uma pasta no lugar do banco."""
    banco.mkdir()


def fifo(banco: Path) -> None:
    """Põe um FIFO no lugar do banco: abri-lo esperaria por quem escrevesse."""
    os.mkfifo(banco)


@pytest.mark.parametrize(
    ("preparar", "motivo"),
    [
        (de_outro_programa, "banco de outro programa (application_id 0x00000007"),
        (sem_dono, "banco de outro programa, que não dá para adotar (usuarios tem outras colunas"),
        (wal_alheio, "banco de outro programa, que não dá para adotar (há t)"),
        (texto, "não é um banco SQLite"),
        (texto_com_diario, ""),
        (um_byte, "não é um banco SQLite"),
        (pasta, "não é um arquivo comum"),
        (fifo, "não é um arquivo comum"),
    ],
)
def test_o_alheio_fica_como_estava(preparar: Preparar, motivo: str, banco: Path) -> None:
    """65, uma linha que diz onde e por quê, e a pasta idêntica; em outro processo, pelo prazo."""
    banco.parent.mkdir()
    preparar(banco)
    antes = fotografar(banco.parent)
    saida = rodar(comando("escritor"))
    assert (saida.codigo, saida.stdout) == (65, "")
    assert saida.stderr.startswith(f"[ESCRITOR] ERRO: {banco}: {motivo}"), saida.stderr
    assert saida.stderr.count("\n") == 1
    assert fotografar(banco.parent) == antes


@pytest.mark.parametrize(
    "comandos",
    [
        pytest.param(["PRAGMA user_version = 2"], id="versão mais nova"),
        pytest.param(["PRAGMA user_version = 0"], id="versão zero"),
        pytest.param(["ALTER TABLE usuarios ADD COLUMN idade INTEGER"], id="coluna a mais"),
        pytest.param(["ALTER TABLE usuarios RENAME COLUMN nome TO nick"], id="outro nome"),
        pytest.param(["CREATE TABLE outra (x)"], id="tabela a mais"),
        pytest.param(["CREATE INDEX i ON usuarios (nome)"], id="índice a mais"),
        pytest.param(["DROP INDEX usuarios_email"], id="índice a menos"),
        pytest.param(["CREATE VIEW v AS SELECT 1"], id="visão"),
        pytest.param(["DROP TABLE execucoes"], id="tabela a menos"),
        pytest.param(["DROP TABLE execucoes", "DROP TABLE usuarios"], id="sem tabelas"),
        pytest.param(
            ["CREATE TRIGGER g AFTER INSERT ON usuarios BEGIN DELETE FROM execucoes; END"],
            id="gatilho",
        ),
    ],
)
def test_esquema_desconhecido_fica_intacto(
    comandos: list[str], semeado: Path, escritor: Programa
) -> None:
    """Outra versão do esquema, ou um que não é o do contrato: 78, sem tocar em nada."""
    alterar(semeado, *comandos)
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor()
    assert (codigo, stdout, stderr.count("\n")) == (78, "", 1)
    assert stderr.startswith(f"[ESCRITOR] ERRO: {semeado}: ")
    assert "esquema na versão" in stderr or "o esquema não é o do contrato (" in stderr
    assert fotografar(semeado.parent) == antes


def test_arquivo_vazio_e_um_banco_que_ainda_nao_nasceu(banco: Path, escritor: Programa) -> None:
    """Zero byte é o que sobra de uma criação desfeita: o escritor o completa."""
    banco.parent.mkdir()
    banco.touch()
    codigo, stdout, stderr = escritor()
    assert (codigo, stdout.count("\n")) == (0, 3)
    assert f"banco criado em {banco}" in stderr
    assert consultar(banco, "SELECT nome, email FROM usuarios") == AMOSTRA


def test_pagina_estragada(semeado: Path, escritor: Programa) -> None:
    """Um banco nosso com páginas destruídas: 65, uma linha, e nada é gravado."""
    dados = bytearray(semeado.read_bytes())
    dados[4096:] = b"\xff" * (len(dados) - 4096)
    semeado.write_bytes(dados)
    codigo, stdout, stderr = escritor()
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)
    assert "banco corrompido" in stderr
    assert fotografar(semeado.parent) == {semeado.name: bytes(dados)}
