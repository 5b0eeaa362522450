"""O leitor acha o que mudou no livro `execucoes`, e as linhas que nenhuma execução gravou."""

from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import alterar, consultar, reselar
from tests.verificacao import conferir


@pytest.mark.parametrize(
    ("sql", "execucao"),
    [
        ("UPDATE execucoes SET origem = 'importar:outro.csv' WHERE id = 3", 3),
        ("UPDATE execucoes SET container = 'outro' WHERE id = 1", 1),
        ("UPDATE execucoes SET versao = '9' WHERE id = 2", 2),
        ("UPDATE execucoes SET iniciada_em = '2020-01-01T00:00:00Z' WHERE id = 1", 1),
        ("UPDATE execucoes SET concluida_em = '2020-01-01T00:00:00Z' WHERE id = 3", 3),
        ("UPDATE execucoes SET lidos = lidos + 1, repetidos = repetidos + 1 WHERE id = 2", 2),
        ("UPDATE execucoes SET inseridos = inseridos + 1 WHERE id = 1", 1),
        ("UPDATE execucoes SET repetidos = 0 WHERE id = 2", 2),
        ("UPDATE execucoes SET total = 4 WHERE id = 3", 3),
        ("UPDATE execucoes SET elo = upper(elo) WHERE id = 3", 3),
        ("UPDATE execucoes SET elo = '' WHERE id = 1", 1),
        ("UPDATE execucoes SET origem = origem || char(31), container = substr(container, 2)", 1),
        ("UPDATE execucoes SET id = 4 WHERE id = 3", 4),
        ("DELETE FROM execucoes WHERE id = 1", 2),
        ("DELETE FROM execucoes WHERE id = 2", 3),
    ],
)
def test_livro_alterado(sql: str, execucao: int, gravado: Path, leitor: Programa) -> None:
    """Qualquer coluna mudada, ou uma execução tirada do meio, quebra a corrente dos elos."""
    alterar(gravado, sql)
    assert f"elo quebrado na execução {execucao}:" in conferir(leitor, gravado, 65, "elos")


@pytest.mark.parametrize(
    ("sql", "detalhe"),
    [
        pytest.param(
            "INSERT INTO usuarios (nome, email, criado_em) VALUES ('I', 'i@x.com', '')",
            "há 6 usuários, as execuções registram 5",
            id="linha depois de todas",
        ),
        pytest.param(
            "DELETE FROM execucoes WHERE id = 3",
            "há 5 usuários, as execuções registram 3",
            id="última execução apagada",
        ),
    ],
)
def test_linha_fora_de_toda_execucao(
    sql: str, detalhe: str, gravado: Path, leitor: Programa
) -> None:
    """Uma linha que nenhuma execução gravou não está sob lacre nenhum: os totais a acham."""
    alterar(gravado, sql)
    assert detalhe in conferir(leitor, gravado, 65, "totais")


def test_duas_linhas_fundidas_numa_so(gravado: Path, leitor: Programa) -> None:
    """Com os separadores dentro do dado, o lacre fica igual; as contas do bloco, não."""
    alterar(
        gravado,
        "UPDATE usuarios SET criado_em = criado_em || char(30) || (SELECT "
        "id || char(31) || nome || char(31) || email || char(31) || criado_em "
        "FROM usuarios WHERE id = 3) WHERE id = 2",
        "DELETE FROM usuarios WHERE id = 3",
    )
    detalhe = conferir(leitor, gravado, 65, "lacres")
    assert "usuarios, id 2: criado_em que não é um momento" in detalhe


@pytest.mark.parametrize(
    ("sobram", "codigo", "detalhe"),
    [
        (5, 65, "há 5 usuários, e nenhuma execução (regra E1 do contrato). Restaure uma cópia: "),
        (0, 66, "nenhum usuário e nenhuma execução. Rode o escritor"),
    ],
)
def test_livro_apagado(
    sobram: int, codigo: int, detalhe: str, gravado: Path, leitor: Programa
) -> None:
    """Usuários sem execução nenhuma são um livro apagado; nem uns nem outras, um banco por usar."""
    alterar(gravado, "DELETE FROM execucoes", f"DELETE FROM usuarios WHERE id > {sobram}")
    assert detalhe in conferir(leitor, gravado, codigo, "totais")


def test_reselar_sem_alterar_nada(gravado: Path, leitor: Programa) -> None:
    """O falsificador dos testes abaixo conhece o contrato: sem alteração, dá os mesmos selos."""
    selos = consultar(gravado, "SELECT lacre, elo FROM execucoes")
    alterar(gravado, "UPDATE execucoes SET lacre = '', elo = ''")
    reselar(gravado)
    assert consultar(gravado, "SELECT lacre, elo FROM execucoes") == selos
    conferir(leitor, gravado, 0, None)


@pytest.mark.parametrize(
    ("sql", "detalhe"),
    [
        ("UPDATE execucoes SET total = 9 WHERE id = 1", "execução 1: registra total 9"),
        ("UPDATE execucoes SET lidos = 9 WHERE id = 2", "execução 2: lidos não é"),
        ("UPDATE execucoes SET inseridos = 4, lidos = 4 WHERE id = 1", "registra 4 inseridos"),
        ("UPDATE execucoes SET id = 7 WHERE id = 3", "execução 7: o número esperado é 3"),
        (
            "UPDATE execucoes SET primeiro_id = 3, inseridos = 3, lidos = 3 WHERE id = 3",
            "execução 3: o intervalo de ids invade o anterior",
        ),
        ("UPDATE execucoes SET primeiro_id = 4 WHERE id = 2", "só metade do intervalo"),
        ("UPDATE execucoes SET ultimo_id = 3 WHERE id = 2", "só metade do intervalo"),
    ],
)
def test_livro_falsificado_com_selos_refeitos(
    sql: str, detalhe: str, gravado: Path, leitor: Programa
) -> None:
    """Ainda que se recalculem lacres e elos, um livro que não fecha é recusado."""
    alterar(gravado, sql)
    reselar(gravado)
    assert detalhe in conferir(leitor, gravado, 65, "totais")
