"""Vários escritores no mesmo volume, e vários projetos na mesma máquina."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.contrato import AMOSTRA, lacre
from tests.docker.apoio import GRANDE, Projeto, esperar, no_meio_do_trabalho
from tests.docker.volume import ARQUIVO

pytestmark = pytest.mark.docker


def test_quatro_escritores_de_up_scale(projeto: Projeto) -> None:
    """`up --scale escritor=4`: todos saem com 0, um deles grava, três usuários."""
    projeto.compose("up", "--scale", "escritor=4")

    escritores = projeto.conteineres("escritor")
    assert [e.attrs["State"]["ExitCode"] for e in escritores] == [0] * 4
    banco = projeto.volume.banco()
    assert banco.pessoas == AMOSTRA
    [execucao] = banco.execucoes
    assert execucao["inseridos"] == 3
    assert execucao["container"] in {e.short_id for e in escritores}
    leitor = projeto.conteiner("leitor")
    assert leitor.attrs["State"]["ExitCode"] == 0
    assert "; 3 usuários, 1 execução\n" in leitor.logs(stdout=False, stderr=True).decode()


def test_quatro_importacoes_abertas_ao_mesmo_tempo(projeto: Projeto) -> None:
    """Quatro que disputam a trava com dados que se repetem: nada perdido, nada duas vezes."""
    with ExitStack() as pilha:
        abertas = [
            pilha.enter_context(projeto.importacao(f"nome,email\nSó {n},so{n}@example.com\n"))
            for n in range(4)
        ]
        rodando = {conteiner.status for conteiner in projeto.conteineres()}
        assert rodando == {"running"}, projeto.relato("nem todos esperam a trava")
        for importacao in abertas:
            importacao.enviar("De todos,todos@example.com\n")
        for importacao in abertas:  # todas antes de esperar: qualquer uma pode ter a trava
            importacao.fechar()
        resultados = [importacao.terminar() for importacao in abertas]

    assert [resultado.codigo for resultado in resultados] == [0] * 4, resultados
    banco = projeto.volume.banco()
    assert sorted(banco.pessoas) == sorted(
        [(f"Só {n}", f"so{n}@example.com") for n in range(4)] + [("De todos", "todos@example.com")]
    )
    assert sorted(e["inseridos"] for e in banco.execucoes) == [1, 1, 1, 2]
    assert len({e["container"] for e in banco.execucoes}) == 4
    verificado = projeto.compose("run", "--rm", "--no-deps", "leitor", "verificar")
    assert "usuários: 5, cada um em uma execução" in verificado.stdout


def test_escritor_espera_o_fim_de_uma_importacao_grande(projeto: Projeto) -> None:
    """Uma transação já derramada no arquivo tranca até a leitura: o segundo espera a vez dele."""
    with (
        no_meio_do_trabalho(projeto) as (primeira, _),
        projeto.importacao("nome,email\nNa fila,fila@example.com\n") as segunda,
    ):
        segunda.fechar()
        esperar(segunda.abriu_o_banco, "o segundo escritor abrir o banco")
        resultados = [primeira.terminar(), segunda.terminar()]

    assert [resultado.codigo for resultado in resultados] == [0, 0], resultados
    banco = projeto.volume.banco()
    assert [e["inseridos"] for e in banco.execucoes] == [3, len(GRANDE), 1]
    assert banco.pessoas[-1] == ("Na fila", "fila@example.com")


def test_leitor_nao_le_uma_transacao_aberta_em_outro_conteiner(projeto: Projeto) -> None:
    """As travas valem entre contêineres: o leitor espera BANCO_ESPERA e desiste com 75."""
    ler = ("run", "--rm", "--no-deps", "leitor", "verificar")
    with no_meio_do_trabalho(projeto) as (importacao, _):
        recusa = projeto.compose(*ler, codigo=os.EX_TEMPFAIL, ambiente={"BANCO_ESPERA": "0.5"})
        resultado = importacao.terminar()

    assert "ERRO: /data/desafio2.db: " in recusa.stderr
    assert "0.5 s" in recusa.stderr
    assert resultado.codigo == 0
    assert lacre(projeto.volume.banco().pessoas) == lacre([*AMOSTRA, *GRANDE])
    assert "usuários: 60.003" in projeto.compose(*ler).stdout


def test_dois_projetos_lado_a_lado_nao_se_misturam(
    projeto: Projeto, criar_projeto: Callable[[], Projeto]
) -> None:
    """Cada projeto tem o seu volume e os seus dados; `down -v` de um não toca no outro."""
    vizinho = criar_projeto()
    projeto.compose("up")
    importar = ("run", "--rm", "-T", "escritor", "importar", "-")
    vizinho.compose(*importar, entrada="nome,email\nÂngela Ñuñez,angela@example.com\n")
    do_vizinho = vizinho.volume.arquivos()

    assert projeto.volume.banco().pessoas == AMOSTRA
    assert vizinho.volume.banco().pessoas == [("Ângela Ñuñez", "angela@example.com")]
    lido = vizinho.compose("run", "--rm", "--no-deps", "leitor").stdout
    assert "Ângela Ñuñez" in lido
    assert "João Silva" not in lido

    projeto.compose("down", "--volumes")
    volumes = [volume.name for volume in projeto.engine.volumes.list()]
    assert projeto.volume.nome not in volumes
    assert vizinho.volume.arquivos() == do_vizinho
    assert list(do_vizinho) == [ARQUIVO]
