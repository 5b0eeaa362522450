"""O volume nomeado: nome, rótulos, e o remédio quando ele é de outro dono."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess

import pytest

from tests.contrato import AMOSTRA
from tests.docker.apoio import Projeto, ambiente_limpo
from tests.docker.volume import ARQUIVO, ler_banco
from tests.processos import RAIZ

pytestmark = pytest.mark.docker

ROTULOS = {
    "desafio2.conteudo": "desafio2.db: usuários e execuções seladas (SQLite)",
    "desafio2.contrato": "1",
}


def test_volume_inspect_diz_o_que_ha_nele(par: Projeto) -> None:
    """`docker volume inspect` do volume do projeto: local, com os rótulos do que guarda."""
    comando = ["docker", "volume", "inspect", par.volume.nome]
    [volume] = json.loads(subprocess.run(comando, capture_output=True, check=True).stdout)

    assert volume["Name"] == par.volume.nome
    assert volume["Driver"] == "local"
    assert ROTULOS.items() <= volume["Labels"].items()
    assert volume["Labels"]["com.docker.compose.volume"] == "dados_db"


@pytest.mark.usefixtures("engine")
def test_nomes_padrao_do_projeto_e_do_volume() -> None:
    """Os nomes que o README promete, na configuração que o Compose resolve sem `-p`."""
    comando = ["docker", "compose", "config", "--format", "json"]
    processo = subprocess.run(
        comando, cwd=RAIZ, env=ambiente_limpo(), capture_output=True, check=True
    )
    configuracao = json.loads(processo.stdout)

    assert configuracao["name"] == "desafio2"
    assert configuracao["volumes"]["dados_db"]["name"] == "desafio2_dados_db"
    assert configuracao["volumes"]["dados_db"]["labels"] == ROTULOS


def test_o_arquivo_do_compose_usa_a_forma_longa_e_uma_ancora() -> None:
    """O que o Compose normaliza só se vê no texto: montagens longas, e o comum dito uma vez."""
    texto = (RAIZ / "docker-compose.yml").read_text(encoding="utf-8")

    assert texto.count("- type: volume") == 2
    assert "- dados_db:" not in texto
    assert len(re.findall(r"<<: \[?\*comum", texto)) == 3
    assert "container_name" not in texto
    assert len(texto.splitlines()) <= 70


@pytest.mark.parametrize(
    ("com_banco", "dono", "modo"),
    [(True, "0:0", "755"), (False, "0:0", "755"), (True, "5000:5000", "700")],
    ids=["nosso banco, do root", "outra coisa, do root", "nosso banco, fechado por outro uid"],
)
def test_volume_de_outro_dono_e_recusado_com_o_comando_que_conserta(
    projeto: Projeto, com_banco: bool, dono: str, modo: str
) -> None:
    """Um volume com conteúdo alheio: 73, e o comando da mensagem, rodado como está, conserta."""
    projeto.compose(*(("run", "--rm", "escritor") if com_banco else ("create",)))
    projeto.volume.gravar("anotacoes.txt", b"de antes\n")
    projeto.volume.como_root("chown", "-R", dono, "/data")
    projeto.volume.como_root("chmod", modo, "/data")
    antes = projeto.volume.arquivos()

    recusa = projeto.compose("run", "--rm", "escritor", codigo=os.EX_CANTCREAT)

    assert recusa.stdout == ""
    assert "ERRO: /data/desafio2.db: o uid 10001 não consegue gravar em /data" in recusa.stderr
    assert projeto.volume.arquivos() == antes

    remedio = re.search(r"docker compose (run .*)", recusa.stderr)
    assert remedio, recusa.stderr
    projeto.compose(*shlex.split(remedio[1]))
    assert projeto.volume.arquivos() == antes
    resultado = projeto.compose("run", "--rm", "escritor")

    dito = "nada a semear" if com_banco else "execução 1 (semear)"
    assert dito in resultado.stderr
    depois = projeto.volume.arquivos()
    assert depois["anotacoes.txt"] == antes["anotacoes.txt"]
    banco = ler_banco(depois[ARQUIVO])
    assert (banco.pessoas, len(banco.execucoes)) == (AMOSTRA, 1)
    lido = projeto.compose("run", "--rm", "--no-deps", "leitor")
    assert all(nome in lido.stdout for nome, _ in AMOSTRA)


def test_o_motivo_que_o_portao_esconde_esta_onde_o_readme_diz(projeto: Projeto) -> None:
    """Com um volume do root, `run --rm leitor` só diz 73; `logs escritor` traz o comando."""
    projeto.compose("create")
    projeto.volume.gravar("anotacoes.txt", b"de antes\n")
    projeto.volume.como_root("chown", "-R", "0:0", "/data")
    projeto.volume.como_root("chmod", "755", "/data")
    readme = (RAIZ / "README.md").read_text(encoding="utf-8")
    errado = " ".join(readme.partition("## Deu errado?")[2].partition("\n## ")[0].split())
    [citada, onde] = re.findall(r"`(service .*?|docker compose logs .*?)`", errado)

    escondida = projeto.compose("run", "--rm", "leitor", codigo=1)
    assert citada in escondida.stderr
    assert "[ESCRITOR]" not in escondida.stdout + escondida.stderr

    motivo = projeto.compose(*shlex.split(onde)[2:]).stdout
    remedio = re.search(r"consegue gravar em /data.*docker compose (run .*)", motivo)
    assert remedio, motivo
    projeto.compose(*shlex.split(remedio[1]))
    lido = projeto.compose("run", "--rm", "leitor")
    assert all(nome in lido.stdout for nome, _ in AMOSTRA)
