"""O que só acontece com muitas linhas, aqui com limites pequenos: páginas, índices e só o lacre."""

from __future__ import annotations

import psycopg
import pytest

from postgres.escritor import conferencia
from postgres.leitor import verificacao
from tests.conftest import Programa
from tests.postgres.bancos import Banco
from tests.postgres.selado import a_forca, gravar_tres, sem_indice

pytestmark = pytest.mark.docker

CONSULTAS = "postgres.leitor.consultas"


@pytest.fixture
def uma_por_pagina(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nenhuma linha vem com o livro, e cada página tem uma."""
    monkeypatch.setattr(f"{CONSULTAS}.sao_poucas", lambda *_: False)
    for nome in ("POR_PAGINA", "PRIMEIRA"):
        monkeypatch.setattr(f"{CONSULTAS}.{nome}", 1)


@pytest.mark.usefixtures("uma_por_pagina")
def test_uma_linha_suspeita_com_a_pagina_seguinte_a_caminho(
    banco_pg: Banco, leitor_pg: Programa
) -> None:
    """A consulta que procura a linha espera a página já pedida: a suspeita boa passa, a má não."""
    gravar_tres(banco_pg)
    a_forca(banco_pg, f"UPDATE usuarios SET nome = '{'á' * 1000}' WHERE id = 3")  # 2.000 bytes
    assert leitor_pg("verificar").codigo == 0

    a_forca(banco_pg, "UPDATE usuarios SET nome = '   ' WHERE id = 4")
    codigo, stdout, stderr = leitor_pg("verificar")

    assert codigo == 65
    assert "falha      lacres" in stdout
    assert "usuarios, id 4: nome vazio, ou só de espaços (regra U2 do contrato)" in stderr


def desistir(*_: object, **opcoes: bool) -> None:
    """O que o amcheck faz com um índice mais novo do que o instantâneo."""
    if opcoes["com_as_linhas"]:
        raise psycopg.errors.SerializationFailure


def test_o_amcheck_que_desiste_do_indice(
    banco_pg: Banco, leitor_pg: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O índice é então percorrido, e comparado com as linhas; um que mente é acusado."""
    gravar_tres(banco_pg)
    monkeypatch.setattr(verificacao, "_conferir_indice", desistir)

    codigo, stdout, _ = leitor_pg("verificar")
    assert codigo == 0
    assert "tem os mesmos e-mails que a tabela\n" in stdout

    a_forca(banco_pg, *sem_indice("UPDATE usuarios SET email = 'w@x.com' WHERE id = 4"))
    codigo, _, stderr = leitor_pg("verificar")
    assert codigo == 65
    assert "o índice de e-mails tem 4 linhas, a tabela, 5 (regra A5 do contrato)" in stderr


@pytest.mark.parametrize(
    ("comando", "dito"),
    [
        ("UPDATE usuarios SET nome = 'Outra' WHERE id = 2", "lacre quebrado nas linhas 1 a 3"),
        ("DELETE FROM usuarios WHERE id = 2", "gravou 3 linhas de 1 a 3, e há 2 (regra E8"),
        (
            "INSERT INTO usuarios VALUES (9, 'X', 'x@x.com', '2026-01-01T00:00:00Z')",
            "usuarios, linha 9: não está em nenhuma execução (regra E9",
        ),
    ],
)
def test_antes_de_gravar_numa_execucao_grande(
    comando: str,
    dito: str,
    escritor_pg: Programa,
    banco_pg: Banco,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Só o lacre se refaz; o que ele não confere é procurado, e nada se grava."""
    monkeypatch.setattr(conferencia, "CONFERIDAS", 2)
    assert escritor_pg().codigo == 0
    with monkeypatch.context() as sem_linhas:
        sem_linhas.setattr(conferencia, "conferidas", None)
        assert escritor_pg().codigo == 0, "o controle: inteira, nem se olha linha por linha"
    banco_pg.alterar(comando)
    antes = banco_pg.tudo()

    codigo, stdout, stderr = escritor_pg()

    assert (codigo, stdout) == (65, "")
    assert dito in stderr
    assert banco_pg.tudo() == antes
