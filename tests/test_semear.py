"""O escritor sem argumentos: cria, semeia, sela, lista e pode ser repetido."""

import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from escritor import app as escritor_app
from escritor import versao as versao_do_programa
from escritor.porta import Banco, Conexao
from tests.conftest import Programa
from tests.contrato import AMOSTRA, alterar, ancora, consultar, fotografar, pessoas
from tests.processos import Saida, comando, iniciado, terminar

USUARIOS = "SELECT id, nome, email, criado_em FROM usuarios ORDER BY id"
INSTANTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
LACRE_DE_NADA = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def lista(banco: Path) -> str:
    """O que `semear` mostra, dito pelas linhas que outra conexão lê."""
    linhas = consultar(banco, USUARIOS)
    return "".join(f"{i:>4}  {nome} <{email}>  {quando}\n" for i, nome, email, quando in linhas)


def test_cria_pasta_e_banco_com_os_tres_usuarios(banco: Path, escritor: Programa) -> None:
    """Do nada, a primeira execução cria tudo, mostra as linhas e diz o que fez."""
    assert not banco.parent.exists()
    codigo, stdout, stderr = escritor()
    assert pessoas(banco) == AMOSTRA
    [(lacre,)] = consultar(banco, "SELECT lacre FROM execucoes")
    assert codigo == 0
    assert stdout == lista(banco)
    assert stderr == (
        f"[ESCRITOR] banco criado em {banco}\n"
        "[ESCRITOR] execução 1 (semear): inseridos: 3, já existiam: 0, total: 3\n"
        f"[ESCRITOR] lacre: sha256 {lacre[:16]}…\n"
        f"[ESCRITOR] âncora: {ancora(banco)}\n"
    )


def estado(banco: Path) -> tuple[bytes, int]:
    """Os bytes do arquivo e quando ele mudou pela última vez."""
    return banco.read_bytes(), banco.stat().st_mtime_ns


def test_de_novo_nada_grava_e_diz(semeado: Path, escritor: Programa) -> None:
    """Com usuários, só se confere e se mostra: nem um byte, nem a data do arquivo, nem execução."""
    antes = estado(semeado)
    assert escritor("semear") == (
        0,
        lista(semeado),
        "[ESCRITOR] o banco já tem usuários (3): nada a semear, nada foi gravado\n"
        f"[ESCRITOR] âncora: {ancora(semeado)}\n",
    )
    assert estado(semeado) == antes
    assert list(fotografar(semeado.parent)) == [semeado.name]


def test_importar_so_repetidos_registra_a_execucao(semeado: Path, repetir: Programa) -> None:
    """Quem pede para importar fica no livro, ainda que não entre ninguém: o lacre é o de nada."""
    antes = consultar(semeado, USUARIOS)
    codigo, stdout, stderr = repetir()
    assert (codigo, stdout) == (0, "")
    assert stderr == (
        "[ESCRITOR] execução 2 (importar:amostra.csv): inseridos: 0, já existiam: 3, total: 3\n"
        f"[ESCRITOR] lacre: sha256 {LACRE_DE_NADA[:16]}…\n"
        f"[ESCRITOR] âncora: {ancora(semeado)}\n"
    )
    assert consultar(semeado, USUARIOS) == antes
    colunas = "lidos, inseridos, repetidos, primeiro_id, ultimo_id, total, lacre"
    assert consultar(semeado, f"SELECT {colunas} FROM execucoes WHERE id = 2") == [
        (3, 0, 3, None, None, 3, LACRE_DE_NADA)
    ]


def test_cinquenta_vezes_tres_usuarios_e_uma_execucao(
    banco: Path, escritor: Programa, leitor: Programa
) -> None:
    """Repetir não duplica ninguém nem acrescenta ao livro, e o leitor verifica a corrente."""
    assert escritor().codigo == 0
    depois_da_primeira = estado(banco)
    assert {escritor().codigo for _ in range(49)} == {0}
    assert estado(banco) == depois_da_primeira
    assert pessoas(banco) == AMOSTRA
    assert consultar(banco, "SELECT id FROM execucoes") == [(1,)]
    codigo, stdout, stderr = leitor("verificar")
    assert (codigo, stderr) == (0, "")
    assert "a corrente, de 1 execução, está inteira" in stdout


def test_nada_a_semear_ainda_confere(semeado: Path, escritor: Programa) -> None:
    """Um banco que quebra o contrato é 65 também quando não há o que gravar."""
    alterar(semeado, "UPDATE usuarios SET nome = 'Outra' WHERE id = 2")
    antes = estado(semeado)
    codigo, stdout, stderr = escritor()
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)
    assert "(regra E10 do contrato); nada foi gravado" in stderr
    assert estado(semeado) == antes


def test_o_livro_diz_quem_gravou_e_quando(semeado: Path) -> None:
    """A execução registra o container, a versão e dois instantes UTC em ordem."""
    [(origem, container, versao, inicio, fim)] = consultar(
        semeado, "SELECT origem, container, versao, iniciada_em, concluida_em FROM execucoes"
    )
    assert (origem, container, versao) == ("semear", os.uname().nodename, versao_do_programa.ler())
    assert INSTANTE.fullmatch(inicio)
    assert INSTANTE.fullmatch(fim)
    assert inicio <= fim
    assert consultar(semeado, "SELECT DISTINCT criado_em FROM usuarios") == [(inicio,)]


@pytest.mark.parametrize(
    ("pragma", "valor"),
    [
        ("application_id", 0x44534632),
        ("user_version", 1),
        ("encoding", "UTF-8"),
        ("journal_mode", "delete"),
        ("integrity_check", "ok"),
    ],
)
def test_o_arquivo_e_o_do_contrato(semeado: Path, pragma: str, valor: object) -> None:
    """Outra conexão vê as marcas que o contrato promete."""
    assert consultar(semeado, f"PRAGMA {pragma}") == [(valor,)]


def test_tabelas_estritas_e_nada_ao_lado(semeado: Path) -> None:
    """As tabelas são STRICT, só há as duas, e nenhum diário fica na pasta."""
    tabelas = consultar(
        semeado,
        "SELECT name, strict FROM pragma_table_list WHERE name NOT LIKE 'sqlite%' ORDER BY name",
    )
    assert tabelas == [("execucoes", 1), ("usuarios", 1)]
    assert list(fotografar(semeado.parent)) == [semeado.name]
    cabecalho = semeado.read_bytes()[:100]
    assert cabecalho[18:20] == b"\x01\x01", "diário de rollback, pelo próprio cabeçalho"
    assert cabecalho[68:72] == b"DSF2"


def test_email_unico_sem_distinguir_maiusculas(semeado: Path) -> None:
    """O banco, e não só o escritor, recusa o mesmo e-mail com outra caixa."""
    inserir = "INSERT INTO usuarios (nome, email, criado_em) VALUES ('J', 'JOAO@example.com', '')"
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        alterar(semeado, inserir)


def test_grava_com_synchronous_extra(
    banco: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transação roda com synchronous=EXTRA (3): FULL já perdeu gravações confirmadas."""
    vistos = []
    criar_banco = escritor_app.criar_banco

    def espiar(banco: Banco, con: Conexao) -> bool:
        vistos.append((con.in_transaction, *con.execute("PRAGMA synchronous").fetchone()))
        return criar_banco(banco, con)

    monkeypatch.setattr("escritor.app.criar_banco", espiar)
    codigo, _, stderr = escritor()
    assert (codigo, "ERRO" in stderr) == (0, False)
    assert vistos == [(True, 3)]
    assert pessoas(banco) == AMOSTRA


def test_num_banco_com_gente_nao_entra_exemplo(
    banco: Path, escritor: Programa, importar: Callable[[str], Saida]
) -> None:
    """Os dados de verdade não se misturam aos de exemplo, nem que lhes falte algum."""
    assert importar("nome,email\nMaria S.,MARIA@Example.COM\n").codigo == 0
    antes = estado(banco)
    codigo, stdout, stderr = escritor()
    assert estado(banco) == antes
    assert (codigo, stdout) == (0, lista(banco))
    assert "o banco já tem usuários (1): nada a semear" in stderr


def test_um_banco_com_execucoes_e_sem_usuarios_se_semeia(
    banco: Path, escritor: Programa, importar: Callable[[str], Saida]
) -> None:
    """O que decide são os usuários, e não o livro."""
    assert importar("nome,email\n").codigo == 0
    codigo, stdout, stderr = escritor()
    assert (codigo, stdout, pessoas(banco)) == (0, lista(banco), AMOSTRA)
    assert "execução 2 (semear): inseridos: 3, já existiam: 0, total: 3\n" in stderr


def test_a_lista_longa_e_resumida(
    banco: Path, escritor: Programa, importar: Callable[[str], Saida]
) -> None:
    """Com mais de vinte usuários, `semear` mostra vinte e diz quantos faltam."""
    linhas = "".join(f"Pessoa {i},p{i}@example.com\n" for i in range(1, 2_001))
    assert importar(f"nome,email\n{linhas}").codigo == 0
    codigo, stdout, stderr = escritor()
    *mostradas, resto = stdout.splitlines()
    assert codigo == 0
    assert "".join(f"{linha}\n" for linha in mostradas) == "".join(
        lista(banco).splitlines(keepends=True)[:20]
    )
    assert resto == "      … e mais 1.980; o leitor lista todos"
    assert "o banco já tem usuários (2.000): nada a semear" in stderr


def test_quatro_ao_mesmo_tempo(
    banco: Path, leitor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quatro escritores disputam um banco que não existe: nada se perde, nada se repete."""
    monkeypatch.setenv("BANCO_ESPERA", "20")
    cmd = comando("escritor")
    with iniciado(cmd) as a, iniciado(cmd) as b, iniciado(cmd) as c, iniciado(cmd) as d:
        saidas = [terminar(processo) for processo in (a, b, c, d)]
    assert [saida.codigo for saida in saidas] == [0, 0, 0, 0], saidas
    assert sorted("banco criado" in saida.stderr for saida in saidas) == [False] * 3 + [True]
    assert pessoas(banco) == AMOSTRA
    assert consultar(banco, "SELECT id, total FROM execucoes") == [(1, 3)]
    assert leitor("verificar").codigo == 0
