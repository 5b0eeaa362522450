"""O serviço web sobre o cluster: quem cadastrou tem o recibo, e a máquina que manda morre."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from docker import DockerClient

from tests.cluster.apoio import NOS, PRAZO, Cluster, rodar
from tests.cluster.provas import alcancar, ancoras
from tests.docker.apoio import esperar

pytestmark = pytest.mark.docker

SO_AQUI = """
services:
  web:
    ports: !override ["127.0.0.1::5000"]
"""


@pytest.fixture(scope="module")
def servico(
    engine: DockerClient,  # noqa: ARG001 - pelo que ela confere
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cluster]:
    """O cluster com o perfil web, numa porta que ninguém usa."""
    pasta = tmp_path_factory.mktemp("web")
    porta = pasta / "porta.yml"
    porta.write_text(SO_AQUI, encoding="utf-8")
    with Cluster(pasta, porta) as novo:
        novo.compose("--profile", "web", "up", "-d", "--build", prazo=600)
        novo.esperar_inteiro()
        esperar(lambda: pedir(novo, "/pronto")[0] == 200, "o serviço estar pronto", PRAZO)
        yield novo
    rodar("docker", "image", "rm", f"{novo.nome}-web")


def pedir(cluster: Cluster, caminho: str, corpo: dict[str, str] | None = None) -> tuple[int, Any]:
    """Faz um GET, ou um POST do corpo; devolve o código e o JSON, ou 0 se ninguém atende."""
    onde = rodar("docker", "port", cluster.conteiner("web"), "5000").stdout.split()[0]
    pedido = urllib.request.Request(
        f"http://{onde}{caminho}",
        json.dumps(corpo).encode() if corpo else None,
        {"Content-Type": "application/json"}
        | ({"Idempotency-Key": corpo["email"]} if corpo else {}),
    )
    try:
        with urllib.request.urlopen(pedido, timeout=30) as resposta:  # noqa: S310 - é o nosso
            return resposta.status, json.load(resposta)
    except urllib.error.HTTPError as erro:
        with erro:
            return erro.code, json.loads(erro.read())
    except OSError:
        return 0, None


def cadastrar(cluster: Cluster, email: str) -> str:
    """Insiste, com a mesma chave de idempotência, até o serviço dar o recibo; devolve a âncora."""
    recibos: list[str] = []

    def foi() -> bool:
        codigo, dito = pedir(cluster, "/usuarios", {"nome": "Pessoa", "email": email})
        if codigo == 201:
            recibos.append(f"{dito['recibo']['execucao']} {dito['recibo']['elo']}")
        return codigo == 201

    esperar(foi, f"{email} entrar", PRAZO)
    return recibos[-1]


def test_o_recibo_vale_depois_de_a_maquina_morrer(servico: Cluster) -> None:
    """O que o serviço confirmou antes está nas outras; e ele volta a gravar, sem ajuda."""
    recibo = cadastrar(servico, "antes@x.com")
    mandava = servico.manda()
    rodar("docker", "kill", servico.conteiner(mandava))
    esperar(lambda: servico.manda() not in {"", mandava}, "outro mandar", PRAZO)
    depois = cadastrar(servico, "depois@x.com")
    rodar("docker", "start", servico.conteiner(mandava))
    servico.esperar_inteiro()
    alcancar(servico)
    assert all({recibo, depois} <= ancoras(servico, no) for no in NOS)
    codigo, dito = pedir(servico, f"/ancoras/{recibo.replace(' ', '/')}")
    assert codigo == 200, dito


def test_sem_replica_nao_esta_pronto(servico: Cluster) -> None:
    """503 em /pronto, e por quê, enquanto nenhuma outra máquina confirmaria."""
    servico.esperar_inteiro()
    replicas = [servico.conteiner(no) for no in NOS if no != servico.manda()]
    rodar("docker", "kill", *replicas)
    esperar(lambda: pedir(servico, "/pronto")[0] == 503, "deixar de estar pronto", PRAZO)
    assert "nenhuma réplica confirma" in json.dumps(
        pedir(servico, "/pronto")[1], ensure_ascii=False
    )
    rodar("docker", "start", *replicas)
    esperar(lambda: pedir(servico, "/pronto")[0] == 200, "voltar a estar pronto", PRAZO)
