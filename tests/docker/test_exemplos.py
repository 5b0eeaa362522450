"""docs/exemplos: um arquivo importado pelo `up`, e o par dentro de outro projeto."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from docker import DockerClient

from tests.contrato import AMOSTRA
from tests.docker.apoio import VIGIA, Projeto
from tests.processos import RAIZ

pytestmark = pytest.mark.docker

CHINOOK = RAIZ / "tests/dados/clientes-chinook.csv"
IMPORTAR = ("-f", "docs/exemplos/importar.yml")
VIZINHO = RAIZ / "docs/exemplos/vizinho.yml"


def test_up_importa_o_arquivo_e_de_novo_nao_duplica(projeto: Projeto) -> None:
    """Com o arquivo por cima, `up` grava as 59 pessoas, e nenhuma de exemplo; o leitor as lê."""
    ambiente = {"CLIENTES": str(CHINOOK)}
    projeto.compose(*IMPORTAR, "up", ambiente=ambiente)
    projeto.compose(*IMPORTAR, "up", ambiente=ambiente)

    banco = projeto.volume.banco()
    assert len(banco.pessoas) == 59
    assert not {*AMOSTRA} & {*banco.pessoas}
    assert [(e["inseridos"], e["repetidos"]) for e in banco.execucoes] == [(59, 0), (0, 59)]
    assert projeto.conteiner("leitor").attrs["State"]["ExitCode"] == 0


def test_um_nome_errado_nao_vira_uma_pasta(projeto: Projeto, tmp_path: Path) -> None:
    """O arquivo que falta é um erro do engine, e nada aparece no lugar dele."""
    falta = tmp_path / "nao-existe.csv"
    resultado = projeto.compose(*IMPORTAR, "up", ambiente={"CLIENTES": str(falta)}, codigo=1)

    assert "bind source path does not exist" in resultado.stderr
    assert not falta.exists()


def test_o_par_dentro_de_outro_projeto(projeto: Projeto) -> None:
    """`include`: volume e imagens têm o nome do projeto, e o vizinho vê os dados já verificados."""
    projeto.arquivo = VIZINHO
    projeto.compose("up")

    assert projeto.volume.banco().pessoas == AMOSTRA
    vizinho = projeto.conteiner("seu_programa")
    assert vizinho.attrs["State"]["ExitCode"] == 0
    assert vizinho.logs().decode() == "pessoas: 3\n"
    assert vizinho.attrs["Created"] < vizinho.attrs["State"]["StartedAt"]
    leitor = projeto.conteiner("leitor").attrs["State"]
    assert leitor["ExitCode"] == 0
    assert leitor["FinishedAt"] <= vizinho.attrs["State"]["StartedAt"]


def test_o_vizinho_nao_comeca_se_o_par_acusa(projeto: Projeto) -> None:
    """O controle: com um nome adulterado o escritor sai com 65, e ninguém mais começa."""
    projeto.compose("run", "--rm", "escritor")
    projeto.volume.adulterar("UPDATE usuarios SET nome = 'Outra' WHERE id = 2")
    projeto.arquivo = VIZINHO
    projeto.compose("up", codigo=1)

    assert projeto.conteiner("escritor").attrs["State"]["ExitCode"] == 65
    assert projeto.conteiner("leitor").attrs["State"]["Status"] == "created"
    assert projeto.conteiner("seu_programa").attrs["State"]["Status"] == "created"


def test_as_imagens_tem_o_nome_do_projeto_e_o_vigia_usa_a_do_leitor(
    engine: DockerClient, projeto: Projeto
) -> None:
    """Duas imagens para três serviços, e nenhuma se baixa: dois projetos não as disputam."""
    config = projeto.compose("--profile", VIGIA, "config", "--format", "json")
    servicos = json.loads(config.stdout)["services"]
    imagens = {nome: servico["image"] for nome, servico in servicos.items()}

    assert imagens == {
        "escritor": projeto.imagem("escritor"),
        "leitor": projeto.imagem("leitor"),
        "vigia": projeto.imagem("leitor"),
    }
    assert {servico["pull_policy"] for servico in servicos.values()} == {"never"}
    projeto.compose("--profile", VIGIA, "build", "--quiet")
    nomes = {nome for i in engine.images.list(f"{projeto.nome}-*") for nome in i.tags}
    assert {nome for nome in nomes if nome.startswith(projeto.nome)} == {*imagens.values()}


def test_sem_outro_nome_as_imagens_sao_as_do_desafio2() -> None:
    """O nome de quem não escolhe um projeto é o do `name:` do arquivo."""
    texto = (RAIZ / "docker-compose.yml").read_text(encoding="utf-8")
    assert re.search(r"^name: desafio2$", texto, re.MULTILINE)
    assert texto.count("image: ${COMPOSE_PROJECT_NAME}-") == 2
