"""Um volume da versão comum do exercício: o leitor diz o que é, o escritor o adota."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import (
    AMOSTRA,
    INSERE_COMUM,
    VERSAO_COMUM,
    alterar,
    ancora,
    consultar,
    fotografar,
    lacre,
    pessoas,
)


def datada(banco: Path) -> Path:
    """A única cópia que ficou ao lado."""
    [caminho] = banco.parent.glob(f"{banco.name}.antes-de-*")
    return caminho


def test_o_leitor_diz_o_que_e(comum: Path, leitor: Programa) -> None:
    """78, com o que rodar, e nada muda."""
    antes = fotografar(comum.parent)
    for pedido in ("listar", "verificar"):
        codigo, _, stderr = leitor(pedido)
        assert (codigo, stderr.count("\n")) == (78, 1)
        assert "é da versão comum deste exercício" in stderr
        assert "Rode o escritor, e depois leia de novo: " in stderr
    assert fotografar(comum.parent) == antes


def test_a_primeira_de_cada_email_fica(comum: Path, escritor: Programa, leitor: Programa) -> None:
    """Com o id e a data dela em UTC; as repetidas são contadas; a cópia guarda tudo."""
    tudo = consultar(comum, "SELECT * FROM usuarios")
    codigo, stdout, stderr = escritor()
    assert codigo == 0
    linhas = stderr.splitlines()
    assert linhas[:4] == [
        f"[ESCRITOR] adotado: {comum} era da versão comum deste exercício, que repete os "
        "usuários; linhas lidas: 12, repetidas, que não ficam: 9, usuários: 3",
        "[ESCRITOR] datas sem fuso, tomadas como UTC e cortadas nos segundos: 12",
        f"[ESCRITOR] o banco como era ficou em {datada(comum)}",
        f"[ESCRITOR] âncora: {ancora(comum, 1)}",
    ]
    assert linhas[4:] == [
        "[ESCRITOR] o banco já tem usuários (3): nada a semear, nada foi gravado",
        f"[ESCRITOR] âncora: {ancora(comum, 1)}",
    ]
    assert stdout.count("2025-12-01T14:30:00Z") == 3
    gravadas = [(i, *pessoa, "2025-12-01T14:30:00Z") for i, pessoa in enumerate(AMOSTRA, 1)]
    assert consultar(comum, "SELECT * FROM usuarios ORDER BY id") == gravadas
    assert consultar(comum, "SELECT origem, lidos, inseridos, repetidos, total, lacre "
                            "FROM execucoes WHERE id = 1") == [
        ("adocao", 12, 3, 9, 3, lacre(gravadas))
    ]  # fmt: skip
    assert consultar(datada(comum), "SELECT * FROM usuarios") == tudo
    assert consultar(datada(comum), "PRAGMA integrity_check") == [("ok",)]
    assert set(fotografar(comum.parent)) == {comum.name, datada(comum).name}
    assert leitor("verificar").codigo == 0


def test_so_se_adota_uma_vez(comum: Path, escritor: Programa, leitor: Programa) -> None:
    """Na execução seguinte o banco já é do contrato: nenhuma outra cópia."""
    assert escritor().codigo == 0
    codigo, _, stderr = escritor()
    assert (codigo, "adotado" in stderr) == (0, False)
    assert datada(comum).exists()
    assert leitor("verificar").codigo == 0
    assert consultar(comum, "SELECT count(*) FROM execucoes") == [(1,)]


def test_importar_tambem_adota(comum: Path, tmp_path: Path, escritor: Programa) -> None:
    """E um arquivo recusado não desfaz a adoção, que é outra transação."""
    arquivo = tmp_path / "a.csv"
    arquivo.write_text("nome,email\nAna,sem-arroba\n")
    assert escritor("importar", str(arquivo)).codigo == 65
    assert consultar(comum, "SELECT origem FROM execucoes") == [("adocao",)]
    arquivo.write_text("nome,email\nAna,ana@x.com\n")
    assert escritor("importar", str(arquivo)).codigo == 0
    assert pessoas(comum) == [*AMOSTRA, ("Ana", "ana@x.com")]


@pytest.mark.parametrize(
    ("antiga", "nova"),
    [
        ("2025-12-01T14:30:00.999999", "2025-12-01T14:30:00Z"),
        ("2025-12-01 14:30:00", "2025-12-01T14:30:00Z"),
        ("2025-12-01T14:30:00Z", "2025-12-01T14:30:00Z"),
        ("2025-12-01T23:30:00.5-03:00", "2025-12-02T02:30:00Z"),
        ("2025-12-01", "2025-12-01T00:00:00Z"),
    ],
)
def test_datas(antiga: str, nova: str, comum: Path, escritor: Programa) -> None:
    """Sem fuso é UTC; com fuso, convertida; sempre cortada, nunca arredondada."""
    alterar(comum, f"UPDATE usuarios SET criado_em = '{antiga}'")
    assert escritor().codigo == 0
    assert consultar(comum, "SELECT DISTINCT criado_em FROM usuarios") == [(nova,)]


def test_buracos_maiusculas_e_espacos(comum: Path, escritor: Programa, leitor: Programa) -> None:
    """Linhas apagadas deixam buracos nos ids; o e-mail repetido é o mesmo em maiúsculas."""
    alterar(
        comum,
        "DELETE FROM usuarios WHERE id IN (1, 5)",
        "UPDATE usuarios SET email = upper(email), nome = ' ' || nome || ' ' WHERE id = 4",
        "INSERT INTO usuarios VALUES (4000000000, 'Zoé', 'zoe@x.com', '2025-12-09')",
    )
    assert escritor().codigo == 0
    assert consultar(comum, "SELECT id, nome, email FROM usuarios ORDER BY id") == [
        (2, "Maria Santos", "maria@example.com"),
        (3, "Pedro Oliveira", "pedro@example.com"),
        (4, "João Silva", "JOAO@EXAMPLE.COM"),
        (4000000000, "Zoé", "zoe@x.com"),
    ]
    assert leitor("verificar").codigo == 0


def test_tabela_vazia(banco: Path, escritor: Programa, leitor: Programa) -> None:
    """Sem linhas, a adoção grava nenhuma, e o escritor semeia."""
    banco.parent.mkdir()
    alterar(banco, VERSAO_COMUM)
    assert escritor().codigo == 0
    assert pessoas(banco) == AMOSTRA
    assert leitor("verificar").codigo == 0


@pytest.mark.parametrize(
    ("sql", "motivo"),
    [
        ("UPDATE usuarios SET email = 'sem-arroba' WHERE id = 7", "id 7: email: 'sem-arroba'"),
        ("UPDATE usuarios SET nome = '' WHERE id = 2", "id 2: nome: vazio"),
        ("UPDATE usuarios SET nome = 'A' || char(31) WHERE id = 2", "U+001F"),
        ("UPDATE usuarios SET nome = 'A' || char(8238) WHERE id = 2", "U+202E"),
        ("UPDATE usuarios SET nome = CAST(x'ff' AS TEXT) WHERE id = 2", "bytes que não são"),
        ("UPDATE usuarios SET nome = x'41' WHERE id = 2", "não é texto"),
        ("UPDATE usuarios SET criado_em = 'ontem' WHERE id = 3", "'ontem' não é uma data"),
        ("UPDATE usuarios SET id = -1 WHERE id = 3", "id -1: o id devia ser um inteiro de 1"),
        ("UPDATE usuarios SET id = 9223372036854775807 WHERE id = 3", "o id devia ser um inteiro"),
        ("CREATE TABLE outra (x)", "não dá para adotar (há outra, usuarios)"),
        ("CREATE INDEX i ON usuarios (nome)", "não dá para adotar (há i, usuarios)"),
        ("ALTER TABLE usuarios ADD COLUMN idade", "outras colunas: id, nome, email, criado_em, i"),
        ("ALTER TABLE usuarios RENAME email TO mail", "outras colunas"),
        ("PRAGMA user_version = 3", "banco de outro programa"),
    ],
)
def test_o_que_nao_da_para_adotar_fica_intacto(
    sql: str, motivo: str, comum: Path, escritor: Programa
) -> None:
    """65, o motivo, e a pasta byte por byte como estava."""
    alterar(comum, sql)
    antes = fotografar(comum.parent)
    codigo, stdout, stderr = escritor()
    assert (codigo, stdout) == (65, "")
    assert motivo in stderr
    assert "ficou intacto" in stderr
    assert "Traceback" not in stderr
    assert fotografar(comum.parent) == antes


@pytest.mark.parametrize("vivo", [True, False], ids=["com -wal", "fechado"])
def test_em_wal(vivo: bool, comum: Path, escritor: Programa, leitor: Programa) -> None:
    """Um banco em WAL é adotado com o que o -wal tem, e volta ao diário de rollback."""
    with closing(sqlite3.connect(comum)) as con:
        con.execute("PRAGMA journal_mode = WAL")
        con.execute("PRAGMA wal_autocheckpoint = 0")
        con.execute(INSERE_COMUM, ("Ana", "ana@x.com", "2025-12-07T10:00:00"))
        con.commit()
        sobra = fotografar(comum.parent)
    if vivo:  # como o deixa um programa morto: as linhas ainda estão no -wal
        for nome, dados in sobra.items():
            (comum.parent / nome).write_bytes(dados or b"")
        assert (comum.parent / f"{comum.name}-wal").stat().st_size > 0
    assert leitor().codigo == 75
    assert escritor().codigo == 0
    assert pessoas(comum) == [*AMOSTRA, ("Ana", "ana@x.com")]
    assert comum.read_bytes()[18:20] == b"\x01\x01"
    assert len(list(comum.parent.iterdir())) == 2
    assert leitor("verificar").codigo == 0


@pytest.mark.parametrize(
    "comandos",
    [
        ["CREATE TABLE usuarios (id TEXT PRIMARY KEY, nome, email, criado_em)"],
        ["PRAGMA encoding = 'UTF-16le'", VERSAO_COMUM],  # o lacre é sobre UTF-8
        ["CREATE TABLE clientes (id INTEGER PRIMARY KEY, nome, email, criado_em)"],
    ],
)
def test_o_leitor_nao_manda_adotar_o_que_o_escritor_recusa(
    comandos: list[str], banco: Path, escritor: Programa, leitor: Programa
) -> None:
    """Para os dois é um banco de outro programa: 65."""
    banco.parent.mkdir()
    alterar(banco, *comandos)
    antes = fotografar(banco.parent)
    for programa in (leitor, escritor):
        codigo, _, stderr = programa()
        assert (codigo, "banco de outro programa" in stderr) == (65, True)
    assert fotografar(banco.parent) == antes


def test_o_que_so_o_sqlite_poe_no_esquema(comum: Path, escritor: Programa) -> None:
    """A sqlite_sequence do AUTOINCREMENT fica; um nome como os do SQLite, posto à mão, é 78."""
    alterar(
        comum,
        "CREATE TABLE intrusa (x)",
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET name = 'sqlite_x', tbl_name = 'sqlite_x', "
        "sql = 'CREATE TABLE sqlite_x(x)' WHERE name = 'intrusa'",
    )
    antes = fotografar(comum.parent)
    codigo, stdout, stderr = escritor()
    assert (codigo, stdout, stderr.count("\n")) == (78, "", 1)
    assert "o esquema não é o do contrato (sqlite_x; regra A4)" in stderr
    assert fotografar(comum.parent) == antes
