"""Cada regra de docs/contrato.md, quebrada num banco selado direito: o leitor a recusa e a diz.

Quem sela aqui é tests/contrato.py, como faria outro programa que cumprisse o resto do contrato.
"""

import re
import sqlite3
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import Programa
from tests.contrato import CONTRATO, alterar, consultar, ddl_do_contrato, reselar
from tests.processos import RAIZ, rodar
from tests.test_verificar_indice import CERTO, trocar_indice
from tests.verificacao import Adulterar, conferir


class Caso(NamedTuple):
    """Uma regra, como se quebra, o código, a verificação que a acusa e o que ela diz."""

    regra: str
    adulterar: Adulterar
    codigo: int
    verificacao: str
    detalhe: str


def cru(*comandos: str) -> Adulterar:
    """Devolve quem altera o banco sem o selar de novo."""
    return lambda banco: alterar(banco, *comandos)


def selado(*comandos: str) -> Adulterar:
    """Devolve quem altera o banco e refaz lacres e elos."""

    def adulterar(banco: Path) -> None:
        alterar(banco, *comandos)
        reselar(banco)

    return adulterar


def em_utf16(banco: Path) -> None:
    """Refaz o banco com o mesmo esquema e as mesmas linhas, em UTF-16."""
    esquema = [sql for (sql,) in consultar(banco, "SELECT sql FROM sqlite_schema")]
    linhas = {nome: consultar(banco, f"SELECT * FROM {nome}") for nome in ("usuarios", "execucoes")}
    banco.unlink()
    donos = ["PRAGMA application_id = 0x44534632", "PRAGMA user_version = 1"]
    alterar(banco, "PRAGMA encoding = 'UTF-16le'", *donos, *esquema)
    with closing(sqlite3.connect(banco, isolation_level=None)) as con:
        for nome, tuplas in linhas.items():
            marcas = ", ".join("?" * len(tuplas[0]))
            con.executemany(f"INSERT INTO {nome} VALUES ({marcas})", tuplas)


def repetido(banco: Path) -> None:
    """Dois e-mails que só diferem nas maiúsculas, na tabela e num índice que diz ser único."""
    unico = ddl_do_contrato()[1]
    selado(
        "DROP INDEX usuarios_email",
        "UPDATE usuarios SET email = 'JOAO@example.com' WHERE id = 2",
        unico.replace("UNIQUE ", ""),
        "PRAGMA writable_schema = ON",
        f"UPDATE sqlite_schema SET sql = '{unico}' WHERE name = 'usuarios_email'",
    )(banco)


def valor(regra: str, coluna: str, sql: str, detalhe: str) -> Caso:
    """Uma coluna do usuário 4, da execução 3, com este valor."""
    mudanca = selado(f"UPDATE usuarios SET {coluna} = {sql} WHERE id = 4")
    return Caso(regra, mudanca, 65, "lacres", f"usuarios, id 4: {detalhe}")


def livro(regra: str, mudanca: str, detalhe: str, execucao: int = 3) -> Caso:
    """Uma execução com estas colunas mudadas."""
    sql = f"UPDATE execucoes SET {mudanca} WHERE id = {execucao}"
    return Caso(regra, selado(sql), 65, "totais", f"execução {execucao}: {detalhe}")


def do_arquivo() -> Iterator[Caso]:
    """A1 a A5; do esquema e do índice há mais em test_verificar_arquivo.py e _indice.py."""
    yield Caso("A1", cru("PRAGMA application_id = 7"), 65, "dono", "0x00000007")
    yield Caso("A2", cru("PRAGMA user_version = 2"), 78, "dono", "na versão 2")
    yield Caso("A3", cru("PRAGMA journal_mode = WAL"), 75, "abertura", "modo WAL")
    yield Caso("A3", em_utf16, 78, "esquema", "o texto está em UTF-16le")
    yield Caso("A4", cru("CREATE TABLE x (y)"), 78, "esquema", "sobra x")
    yield Caso("A5", lambda b: trocar_indice(b, f"{CERTO} DESC)"), 65, "índice", "fora de ordem")


def dos_usuarios() -> Iterator[Caso]:
    """U1 a U6."""
    for velho, novo in ((1, 0), (1, -5), (5, 2**62 + 1)):
        coluna = "primeiro_id" if velho == 1 else "ultimo_id"
        mudanca = selado(
            f"UPDATE usuarios SET id = {novo} WHERE id = {velho}",
            f"UPDATE execucoes SET {coluna} = {novo} WHERE {coluna} = {velho}",
        )
        yield Caso("U1", mudanca, 65, "lacres", f"usuarios, id {novo}: o id não está entre 1 e 2⁶²")
    for sql in ("''", "'   '", "char(0xA0, 0x2003, 0x3000)"):
        yield valor("U2", "nome", sql, "nome vazio, ou só de espaços")
    yield valor("U2", "nome", f"'{'á' * 1001}'", "nome com mais de 1000 caracteres")
    for email in ("", "a", "@x.com", "a@", "a@x..com", "a@.com", "a@x.", "a@b@c", "a b@x", "a@x y"):
        yield valor("U3", "email", f"'{email}'", "email que não é um endereço")
    yield valor("U3", "email", "'a@x' || char(0x2003) || 'y'", "email que não é um endereço")
    yield valor("U3", "email", f"'a@{'x' * 253}'", "email que não é um endereço de até 254 bytes")
    yield Caso("U4", repetido, 65, "índice", "um email se repete")
    for ponto in (0, 9, 10, 13, 0x1B, 0x1E, 0x1F, 0x7F, 0x80, 0x85, 0x9F):
        for coluna, base in (("nome", "'Zé'"), ("email", "'z@x.com'")):
            trecho = f"{coluna} com caractere de controle, U+{ponto:04X}"
            yield valor("U5", coluna, f"{base} || char({ponto}) || 'o'", trecho)
    yield valor("U5", "nome", "CAST(x'4aff' AS TEXT)", "nome com bytes que não são UTF-8")
    yield valor("U5", "email", "CAST(x'4a40ff' AS TEXT)", "email com bytes que não são UTF-8")
    for quando in MOMENTOS_RUINS:
        yield valor("U6", "criado_em", f"'{quando}'", "criado_em que não é um momento em UTC")


MOMENTOS_RUINS = [
    "",
    "ontem",
    "2026-01-02T03:04:05",
    "2026-01-02 03:04:05Z",
    "2026-01-02T03:04:05+03:00",
    "2026-01-02T03:04:05.1Z",
    "2026-1-02T03:04:05Z",
    "0000-01-02T03:04:05Z",
    "2026-00-02T03:04:05Z",
    "2026-13-02T03:04:05Z",
    "2026-01-00T03:04:05Z",
    "2026-01-32T03:04:05Z",
    "2026-04-31T03:04:05Z",
    "2026-02-29T03:04:05Z",
    "1900-02-29T03:04:05Z",
    "2026-01-02T24:00:00Z",
    "2026-01-02T03:60:05Z",
    "2026-01-02T23:59:60Z",
    "２026-01-02T03:04:05Z",
]


def do_livro() -> Iterator[Caso]:
    """E1 a E4: o número e os textos."""
    yield livro("E1", "id = 7", "o número esperado é 3")._replace(
        detalhe="execução 7: o número esperado é 3"
    )
    apagar = cru("DELETE FROM execucoes")
    yield Caso("E1", apagar, 65, "totais", "há 5 usuários, e nenhuma execução")
    for origem in ("'importar'", "'importar:'", "'Semear'", "'api:'", "''", "'semear' || char(10)"):
        yield livro("E2", f"origem = {origem}", "a origem não é semear")
    controle = "com caractere de controle, U+"
    yield livro("E3", "origem = 'importar:a' || char(10)", f"origem {controle}000A")
    yield livro("E3", "container = 'c' || char(0x1B) || '[2J'", f"container {controle}001B")
    yield livro("E3", "versao = '1' || char(0x9B)", f"versao {controle}009B")
    yield livro("E3", "versao = CAST(x'ff' AS TEXT)", "versao com bytes que não são UTF-8")
    for quando in MOMENTOS_RUINS[:5]:
        yield livro("E4", f"iniciada_em = '{quando}'", "iniciada_em que não é um momento")
        yield livro("E4", f"concluida_em = '{quando}'", "concluida_em que não é um momento")


def das_contas() -> Iterator[Caso]:
    """E5 a E11: as contas, os lacres e os elos."""
    yield livro("E5", "lidos = 1, repetidos = -1", "uma contagem é negativa")
    yield livro("E5", "lidos = 9", "lidos não é inseridos + repetidos")
    yield livro("E6", "primeiro_id = 4", "só metade do intervalo", execucao=2)
    yield livro("E6", "ultimo_id = NULL", "só metade do intervalo")
    yield livro("E6", "primeiro_id = NULL, ultimo_id = NULL", "inseriu 2, sem intervalo")
    yield livro("E6", "primeiro_id = 8, ultimo_id = 9", "não inseriu nada, e tem", execucao=2)
    yield livro(
        "E6", "primeiro_id = 5, ultimo_id = 4", "o intervalo de ids 5 a 4 está ao contrário"
    )
    yield livro("E6", "ultimo_id = 9", "o intervalo de ids 4 a 9 não começa e termina em linhas")
    yield livro("E6", f"primeiro_id = -{2**63}", "o intervalo de ids -", execucao=1)
    yield livro(
        "E7", "primeiro_id = 3, inseridos = 3, lidos = 3", "o intervalo de ids invade o anterior"
    )
    yield livro("E8", "inseridos = 1, lidos = 1", "registra 1 inseridos, há 2")
    yield livro("E9", "total = 9", "registra total 9, a soma é 5")
    a_mais = cru("INSERT INTO usuarios VALUES (9, 'I', 'i@x.com', '2026-01-02T03:04:05Z')")
    yield Caso("E9", a_mais, 65, "totais", "há 6 usuários, as execuções registram 5")
    trocar = cru("UPDATE execucoes SET lacre = upper(lacre) WHERE id = 3")
    yield Caso("E10", trocar, 65, "lacres", "lacre quebrado na execução 3")
    trocar = cru("UPDATE execucoes SET lacre = CAST(x'ff' AS TEXT) WHERE id = 3")
    yield Caso("E10", trocar, 65, "lacres", "lacre quebrado na execução 3")
    trocar = cru("UPDATE execucoes SET elo = upper(elo) WHERE id = 3")
    yield Caso("E11", trocar, 65, "elos", "elo quebrado na execução 3")
    trocar = cru("UPDATE execucoes SET elo = CAST(x'ff' AS TEXT) WHERE id = 3")
    yield Caso("E11", trocar, 65, "elos", "elo quebrado na execução 3")


CASOS = [*do_arquivo(), *dos_usuarios(), *do_livro(), *das_contas()]


@pytest.mark.parametrize("caso", CASOS, ids=[f"{n}-{caso.regra}" for n, caso in enumerate(CASOS)])
def test_regra_quebrada(caso: Caso, gravado: Path, leitor: Programa) -> None:
    """Uma linha imprimível com a linha do banco, ou a execução, e o número da regra."""
    caso.adulterar(gravado)
    dito = conferir(leitor, gravado, caso.codigo, caso.verificacao)
    assert caso.detalhe in dito
    assert re.search(rf"\bregra {caso.regra} do contrato\)", dito)
    assert dito.isprintable()


def test_todas_as_regras_do_contrato_tem_caso() -> None:
    """As regras de docs/contrato.md são as testadas aqui, nem mais nem menos."""
    texto = CONTRATO.read_text(encoding="utf-8")
    assert {*re.findall(r"^\| ([AUE]\d+) \|", texto, re.MULTILINE)} == {c.regra for c in CASOS}


def test_o_que_o_contrato_deixa(gravado: Path, leitor: Programa) -> None:
    """Controle positivo: no limite de cada regra, e selado do mesmo jeito, passa."""
    linhas = [
        (f"'{'á' * 1000}'", f"'a@{'x' * 252}'", "0001-01-01T00:00:00Z"),
        ("'  Zé  '", "'.a..b.@x'", "9999-12-31T23:59:59Z"),
        ("char(0x202E, 0x200B, 0xFEFF)", "'josé@müller.example'", "2000-02-29T23:59:59Z"),
        ("'ああ'", "'\"|\"@x'", "2024-02-29T00:00:00Z"),
        ("'º' || char(0xA0)", "'b@x.y.z'", "2026-12-31T00:00:00Z"),
    ]
    for id_, (nome, email, quando) in enumerate(linhas, 1):
        valores = f"nome = {nome}, email = {email}, criado_em = '{quando}'"
        alterar(gravado, f"UPDATE usuarios SET {valores} WHERE id = {id_}")
    alterar(
        gravado,
        f"UPDATE usuarios SET id = {2**62} WHERE id = 5",
        f"UPDATE execucoes SET ultimo_id = {2**62}, origem = 'adocao' WHERE id = 3",
        "UPDATE execucoes SET origem = 'importar:-' WHERE id = 2",
        "UPDATE execucoes SET origem = 'api' WHERE id = 1",
    )
    reselar(gravado)
    conferir(leitor, gravado, 0, None)


def test_controle_a_1_0_0_deixava_passar(gravado: Path, tmp_path: Path) -> None:
    """Controle negativo: selado direito, o leitor de antes via o lacre, e não as regras."""
    with zipfile.ZipFile(RAIZ / "tests" / "dados" / "par-1.0.0.zip") as par:
        par.extractall(tmp_path)
    selado("UPDATE usuarios SET nome = 'a' || char(10), criado_em = 'ontem' WHERE id = 4")(gravado)
    leitor_1_0_0 = [sys.executable, "-m", "leitor", "verificar", "--banco", str(gravado)]
    assert rodar(leitor_1_0_0, pasta=tmp_path).codigo == 0
    assert rodar(leitor_1_0_0).codigo == 65
