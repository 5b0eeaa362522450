"""O par rodado como o README manda: o que sai, o que fica no volume, o que se repete."""

from __future__ import annotations

import json
import os

import pytest
from docker import DockerClient

from tests.contrato import AMOSTRA, lacre
from tests.docker.apoio import SERVICOS, Projeto
from tests.docker.volume import ARQUIVO

pytestmark = pytest.mark.docker

LER_EM_JSON = ("run", "--rm", "-T", "leitor", "listar", "--formato", "json")


def test_up_build_constroi_grava_sela_e_le(engine: DockerClient) -> None:
    """`up --build`, sem nada pronto: imagens, três usuários selados e lidos por outro contêiner."""
    with Projeto(engine) as projeto:
        assert engine.images.list(f"{projeto.nome}-*") == []
        resultado = projeto.compose("up", "--build")
        assert len(engine.images.list(f"{projeto.nome}-*")) == 2
        banco = projeto.volume.banco()
        escritor, leitor = (projeto.conteiner(servico) for servico in SERVICOS)
        saida = leitor.logs(stdout=True, stderr=False).decode()
        prova = leitor.logs(stdout=False, stderr=True).decode()

    assert banco.pessoas == AMOSTRA
    [execucao] = banco.execucoes
    assert execucao["lacre"] == lacre(banco.usuarios)
    assert execucao["container"] == escritor.short_id
    assert [c.attrs["State"]["ExitCode"] for c in (escritor, leitor)] == [0, 0]
    assert all(nome in saida and email in saida for nome, email in AMOSTRA)
    assert f"gravado: execução 1 (semear), container {escritor.short_id}" in prova
    assert f"lacre:   {execucao['lacre']}" in prova
    assert f"lido:    container {leitor.short_id}" in prova
    assert all(linha in resultado.stdout for linha in saida.splitlines())


def test_up_de_novo_nao_grava_nada(projeto: Projeto) -> None:
    """O segundo `up` inicia os mesmos contêineres: três usuários, uma execução."""
    projeto.compose("up")
    antes = projeto.conteiner("escritor")
    primeiro = projeto.volume.banco()

    projeto.compose("up")
    depois = projeto.conteiner("escritor")
    segundo = projeto.volume.banco()

    assert depois.id == antes.id
    assert depois.attrs["State"]["StartedAt"] != antes.attrs["State"]["StartedAt"]
    assert segundo.usuarios == primeiro.usuarios
    assert segundo == primeiro
    assert [(e["inseridos"], e["repetidos"]) for e in segundo.execucoes] == [(3, 0)]
    registro = depois.logs(stdout=False, stderr=True).decode()
    assert "o banco já tem usuários (3): nada a semear, nada foi gravado" in registro


def test_tres_escritores_seguidos_deixam_tres_usuarios_e_uma_execucao(projeto: Projeto) -> None:
    """Cada `run --rm escritor` é um contêiner novo, e só o primeiro grava."""
    for numero in (1, 2, 3):
        resultado = projeto.compose("run", "--rm", "escritor")
        assert ("[ESCRITOR] execução 1 (semear)" in resultado.stderr) == (numero == 1)
        assert ("nada a semear" in resultado.stderr) == (numero > 1)
        linhas = resultado.stdout.splitlines()
        assert len(linhas) == 3
        for linha, (nome, email) in zip(linhas, AMOSTRA, strict=True):
            assert f"{nome} <{email}>" in linha

    banco = projeto.volume.banco()
    assert banco.pessoas == AMOSTRA
    assert [e["inseridos"] for e in banco.execucoes] == [3]


def test_run_leitor_do_nada_roda_antes_o_escritor(projeto: Projeto) -> None:
    """`run --rm leitor` sem nada feito cria o volume, espera o escritor e lê."""
    resultado = projeto.compose(*LER_EM_JSON)

    banco = projeto.volume.banco()
    escritor = projeto.conteiner("escritor")
    assert escritor.attrs["State"]["ExitCode"] == 0
    assert [e["container"] for e in banco.execucoes] == [escritor.short_id]
    assert banco.pessoas == AMOSTRA
    colunas = ("id", "nome", "email", "criado_em")
    assert json.loads(resultado.stdout) == [
        dict(zip(colunas, usuario, strict=True)) for usuario in banco.usuarios
    ]


def test_run_leitor_depois_de_down_le_o_que_ficou(projeto: Projeto) -> None:
    """`down` leva os contêineres; as linhas e o lacre ficam no volume para o próximo leitor."""
    projeto.compose("up")
    antes = projeto.volume.banco()
    projeto.compose("down")
    assert projeto.conteineres() == []

    resultado = projeto.compose("run", "--rm", "leitor")

    depois = projeto.volume.banco()
    assert depois == antes
    assert f"container {antes.execucoes[0]['container']}" in resultado.stderr
    assert antes.execucoes[0]["lacre"] in resultado.stderr
    assert all(nome in resultado.stdout for nome, _ in AMOSTRA)


def test_down_e_up_mesmas_linhas_mesmo_lacre_outro_conteiner(projeto: Projeto) -> None:
    """A prova pedida: o que um contêiner removido gravou é o que o novo encontra."""
    projeto.compose("up")
    antes = projeto.volume.banco()
    projeto.compose("down")

    projeto.compose("up")

    assert projeto.volume.banco() == antes
    [primeira] = antes.execucoes
    assert primeira["container"] != projeto.conteiner("escritor").short_id
    prova = projeto.conteiner("leitor").logs(stdout=False, stderr=True).decode()
    assert f"container {primeira['container']}" in prova
    assert f"lacre:   {primeira['lacre']}" in prova


def test_leitor_sem_dependencias_le_e_nao_muda_um_byte(projeto: Projeto) -> None:
    """`run --rm --no-deps leitor` com banco: 0, e o arquivo continua igual."""
    projeto.compose("run", "--rm", "escritor")
    antes = projeto.volume.arquivos()

    resultado = projeto.compose("run", "--rm", "--no-deps", "leitor")

    assert "✓ 10 de 10 verificações" in resultado.stderr
    assert all(nome in resultado.stdout for nome, _ in AMOSTRA)
    assert projeto.volume.arquivos() == antes
    assert projeto.conteineres() == []


def test_leitor_sem_dependencias_e_sem_banco_nao_cria_nada(projeto: Projeto) -> None:
    """`run --rm --no-deps leitor` sem banco: 66, volume vazio, e o escritor ainda pode usá-lo."""
    resultado = projeto.compose("run", "--rm", "--no-deps", "leitor", codigo=os.EX_NOINPUT)

    assert resultado.stdout == ""
    assert "ERRO: /data/desafio2.db: não há banco. Rode o escritor" in resultado.stderr
    assert projeto.volume.arquivos() == {}
    assert projeto.conteineres() == []

    projeto.compose("run", "--rm", "escritor")
    assert projeto.volume.banco().pessoas == AMOSTRA


@pytest.mark.parametrize("valor", ["/tmp/outro.db", ""])  # noqa: S108 - o do container
def test_banco_do_terminal_nao_chega_aos_containers(projeto: Projeto, valor: str) -> None:
    """Um BANCO esquecido no terminal não grava fora do volume."""
    resultado = projeto.compose(*LER_EM_JSON, ambiente={"BANCO": valor})

    assert [linha["nome"] for linha in json.loads(resultado.stdout)] == [n for n, _ in AMOSTRA]
    assert list(projeto.volume.arquivos()) == [ARQUIVO]
