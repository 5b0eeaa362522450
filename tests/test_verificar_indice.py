"""O leitor acha um índice de e-mails que não diz o mesmo que a tabela."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from leitor.banco import consultas as banco_do_leitor
from tests.conftest import Programa
from tests.contrato import alterar, consultar
from tests.verificacao import conferir

CERTO = "email COLLATE NOCASE"


def trocar_indice(banco: Path, expressao: str) -> None:
    """Faz outro índice e o declara como o do contrato, que é como um estrago o deixaria."""
    [(ddl,)] = consultar(banco, "SELECT sql FROM sqlite_schema WHERE name = 'usuarios_email'")
    alterar(
        banco,
        "DROP INDEX usuarios_email",
        f"CREATE UNIQUE INDEX usuarios_email ON usuarios ({expressao}",
        "PRAGMA writable_schema = ON",
        f"UPDATE sqlite_schema SET sql = '{ddl}' WHERE name = 'usuarios_email'",
    )


@pytest.mark.parametrize(
    ("expressao", "detalhe"),
    [
        pytest.param(f"{CERTO}) WHERE id <> 2", "tem 4 linhas, a tabela, 5", id="falta uma"),
        pytest.param(f"{CERTO} DESC)", "fora de ordem", id="ao contrário"),
        pytest.param(
            "CASE id WHEN 2 THEN 'maria@example.con' ELSE email END COLLATE NOCASE)",
            "não são os da tabela",
            id="uma letra",
        ),
        pytest.param(
            "CASE id WHEN 2 THEN 'JOAO@example.com' ELSE email END COLLATE BINARY)",
            "fora de ordem",
            id="o mesmo e-mail duas vezes",
        ),
        pytest.param(
            "CASE id WHEN 2 THEN CAST(email AS BLOB) ELSE email END COLLATE NOCASE)",
            "tem 4 linhas, a tabela, 5",
            id="um que já não é texto",
        ),
        pytest.param(
            "CASE id WHEN 2 THEN email || char(31) || 7 ELSE email END COLLATE NOCASE)",
            "o índice de e-mails",
            id="um separador no e-mail",
        ),
    ],
)
def test_o_que_o_integrity_check_acusa_o_leitor_tambem(
    expressao: str, detalhe: str, gravado: Path, leitor: Programa
) -> None:
    """Cada estrago do índice é um 65; o SQLite, que procura linha por linha, concorda."""
    trocar_indice(gravado, expressao)
    assert consultar(gravado, "PRAGMA integrity_check")[0][0] != "ok"
    assert consultar(gravado, "PRAGMA quick_check") == [("ok",)]
    assert detalhe in conferir(leitor, gravado, 65, "índice")


def test_maiuscula_trocada_que_so_o_leitor_acusa(gravado: Path, leitor: Programa) -> None:
    """Para o integrity_check, `MARIA@` e `maria@` são o mesmo e-mail; para quem lê, não."""
    trocar_indice(gravado, "CASE id WHEN 2 THEN upper(email) ELSE email END COLLATE NOCASE)")
    assert consultar(gravado, "PRAGMA integrity_check") == [("ok",)]
    assert "não são os da tabela" in conferir(leitor, gravado, 65, "índice")


def test_trocar_o_indice_pelo_mesmo_nao_e_estrago(gravado: Path, leitor: Programa) -> None:
    """Controle negativo da adulteração: o índice certo, trocado do mesmo jeito, passa."""
    trocar_indice(gravado, f"{CERTO})")
    conferir(leitor, gravado, 0, None)


def test_em_blocos_de_qualquer_tamanho(
    gravado: Path, leitor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nenhum par se perde nem se repete de um bloco para o outro, inteiro ou estragado."""
    for tamanho in (1, 2, 5):
        monkeypatch.setattr(banco_do_leitor, "POR_PAGINA", tamanho)
        conferir(leitor, gravado, 0, None)
    trocar_indice(gravado, f"{CERTO} DESC)")
    monkeypatch.setattr(banco_do_leitor, "POR_PAGINA", 1)
    conferir(leitor, gravado, 65, "índice")


def test_so_o_indice_e_lido(gravado: Path) -> None:
    """O plano do SQLite não passa pela tabela: comparar a tabela consigo mesma nada provaria."""
    with closing(sqlite3.connect(gravado)) as con:
        plano = con.execute(f"EXPLAIN QUERY PLAN {banco_do_leitor.BLOCO_DO_INDICE}", (b"", 1))
        passos = [passo for *_, passo in plano]
    assert [passo for passo in passos if "usuarios" in passo] == [
        "SEARCH usuarios USING COVERING INDEX usuarios_email (email>?)"
    ]
