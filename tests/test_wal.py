"""Um banco nosso que alguém pôs em modo WAL: o leitor o devolve ao escritor, que o conserta."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.conftest import Programa
from tests.contrato import AMOSTRA, alterar, consultar, fotografar, pessoas


def test_wal_fechado(semeado: Path, escritor: Programa, leitor: Programa) -> None:
    """O leitor diz 75 e não cria -wal nem -shm; o escritor volta ao diário; o leitor lê."""
    alterar(semeado, "PRAGMA journal_mode = WAL")
    antes = fotografar(semeado.parent)
    assert antes[semeado.name][18:20] == b"\x02\x02"  # type: ignore[index]
    codigo, stdout, stderr = leitor()
    assert (codigo, stdout, stderr.count("\n")) == (75, "", 1)
    assert "modo WAL" in stderr
    assert "Rode o escritor, e depois leia de novo: " in stderr
    assert fotografar(semeado.parent) == antes

    codigo, _, stderr = escritor()
    assert (codigo, "o banco já tem usuários (3)" in stderr) == (0, True)
    assert list(fotografar(semeado.parent)) == [semeado.name]
    assert semeado.read_bytes()[18:20] == b"\x01\x01"
    assert consultar(semeado, "PRAGMA journal_mode") == [("delete",)]
    codigo, stdout, _ = leitor("listar", "--formato", "jsonl")
    assert (codigo, stdout.count("\n")) == (0, 3)


def test_wal_com_linhas_ainda_no_log(semeado: Path, escritor: Programa, leitor: Programa) -> None:
    """De um programa morto ficam -wal e -shm: o que eles têm não se perde nem passa por selado."""
    with closing(sqlite3.connect(semeado)) as con:
        con.execute("PRAGMA journal_mode = WAL")
        con.execute("PRAGMA wal_autocheckpoint = 0")
        con.execute("UPDATE usuarios SET nome = 'Joana' WHERE id = 1")
        con.commit()
        copia = fotografar(semeado.parent)
    for nome, dados in copia.items():
        (semeado.parent / nome).write_bytes(dados or b"")
    assert leitor("verificar").codigo == 75
    assert fotografar(semeado.parent) == copia

    codigo, _, stderr = escritor()
    assert (codigo, "execução 1: lacre quebrado nas linhas 1 a 3 (regra E10" in stderr) == (
        65,
        True,
    )
    assert list(fotografar(semeado.parent)) == [semeado.name], "mas o diário já é o de rollback"
    assert consultar(semeado, "SELECT count(*) FROM execucoes") == [(1,)]
    assert pessoas(semeado) == [("Joana", AMOSTRA[0][1]), *AMOSTRA[1:]]
    codigo, _, stderr = leitor("verificar")
    assert (codigo, "lacre quebrado na execução 1" in stderr) == (65, True)
