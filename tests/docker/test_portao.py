"""O portão: o leitor só começa depois de um escritor que terminou bem, e a falha dele aparece."""

from __future__ import annotations

import os

import pytest

from tests.contrato import AMOSTRA
from tests.docker.apoio import Projeto
from tests.docker.volume import ARQUIVO

pytestmark = pytest.mark.docker

NUNCA = "0001-01-01T00:00:00Z"  # o StartedAt de quem não foi iniciado
ADULTERA = "UPDATE usuarios SET nome = 'Mariana Santos' WHERE id = 2"
LACRE_QUEBRADO = "ERRO: /data/desafio2.db: lacre quebrado na execução 1 (ids 1 a 3)"


def test_escritor_que_falha_nao_deixa_o_leitor_comecar(projeto: Projeto) -> None:
    """Um arquivo alheio no lugar do banco: escritor 65, `up` 1, leitor criado e nunca iniciado."""
    projeto.compose("create")
    alheio = b"isto era de outra pessoa\n"
    projeto.volume.gravar(ARQUIVO, alheio)

    resultado = projeto.compose("up", codigo=1)

    escritor, leitor = projeto.conteiner("escritor"), projeto.conteiner("leitor")
    assert escritor.attrs["State"]["ExitCode"] == os.EX_DATAERR
    assert b"ERRO: /data/desafio2.db: n\xc3\xa3o \xc3\xa9 um banco SQLite" in escritor.logs()
    assert (leitor.status, leitor.attrs["State"]["StartedAt"]) == ("created", NUNCA)
    assert leitor.logs() == b""
    assert "didn't complete successfully" in resultado.stderr
    assert projeto.volume.arquivos() == {ARQUIVO: alheio}


def test_run_leitor_nao_comeca_se_o_escritor_falha(projeto: Projeto) -> None:
    """O mesmo portão vale em `run --rm leitor`, que sai com 1 sem mostrar uma linha."""
    projeto.compose("create")
    projeto.volume.gravar(ARQUIVO, b"isto era de outra pessoa\n")

    resultado = projeto.compose("run", "--rm", "leitor", codigo=1)

    assert resultado.stdout == ""
    assert "[LEITOR]" not in resultado.stderr
    assert projeto.conteiner("escritor").attrs["State"]["ExitCode"] == os.EX_DATAERR


def test_exit_code_from_leitor_da_0_com_o_banco_inteiro(projeto: Projeto) -> None:
    """`up --exit-code-from leitor leitor`: 0 quando tudo confere."""
    projeto.compose("up", "--exit-code-from", "leitor", "leitor")

    leitor = projeto.conteiner("leitor")
    assert leitor.attrs["State"]["ExitCode"] == 0
    assert "✓ 10 de 10 verificações".encode() in leitor.logs(stdout=False, stderr=True)
    assert projeto.volume.banco().pessoas == AMOSTRA


def test_uma_linha_adulterada_para_no_escritor(projeto: Projeto) -> None:
    """O escritor não grava por cima dela: 65, e o leitor nem começa, em `up` e em `run`."""
    projeto.compose("run", "--rm", "escritor")
    projeto.volume.adulterar(ADULTERA)
    antes = projeto.volume.arquivos()

    projeto.compose("up", "--exit-code-from", "leitor", "leitor", codigo=1)

    escritor, leitor = projeto.conteiner("escritor"), projeto.conteiner("leitor")
    assert escritor.attrs["State"]["ExitCode"] == os.EX_DATAERR
    assert "(regra E10 do contrato); nada foi gravado" in escritor.logs().decode()
    assert (leitor.status, leitor.attrs["State"]["StartedAt"]) == ("created", NUNCA)
    assert projeto.compose("run", "--rm", "leitor", codigo=1).stdout == ""
    assert projeto.volume.arquivos() == antes


def test_exit_code_from_leitor_da_65_com_uma_linha_adulterada(projeto: Projeto) -> None:
    """Sem rodar o escritor antes, o leitor acusa, e o código dele é o de `up`."""
    projeto.compose("run", "--rm", "escritor")
    projeto.volume.adulterar(ADULTERA)

    projeto.compose("up", "--no-deps", "--exit-code-from", "leitor", "leitor", codigo=os.EX_DATAERR)

    leitor = projeto.conteiner("leitor")
    assert leitor.attrs["State"]["ExitCode"] == os.EX_DATAERR
    assert LACRE_QUEBRADO in leitor.logs(stdout=False, stderr=True).decode()
    assert leitor.logs(stdout=True, stderr=False) == b""
    banco = projeto.volume.banco()
    assert banco.usuarios[1][1] == "Mariana Santos"
    assert len(banco.execucoes) == 1


def test_run_leitor_da_65_com_uma_linha_adulterada(projeto: Projeto) -> None:
    """`run --rm --no-deps leitor` devolve o código do leitor, e nenhuma linha sai antes."""
    projeto.compose("run", "--rm", "escritor")
    projeto.volume.adulterar(ADULTERA)

    resultado = projeto.compose("run", "--rm", "--no-deps", "leitor", codigo=os.EX_DATAERR)

    assert LACRE_QUEBRADO in resultado.stderr
    assert resultado.stdout == ""
