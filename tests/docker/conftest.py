"""O engine, as imagens construídas uma vez e os projetos descartáveis de cada teste."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing

import docker
import pytest
from docker import DockerClient
from docker.models.images import Image

from tests.docker.apoio import PRAZO, SERVICOS, Projeto

CriarProjeto = Callable[[], Projeto]
PRAZO_DE_CONSTRUIR = 600.0  # segundos; na primeira vez, a base pode ter de ser baixada


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Junta a um teste que falhou o estado e as linhas dos contêineres dele."""
    relatorio = yield
    if relatorio.failed and call.when == "call":
        for projeto in item.funcargs.values():
            if isinstance(projeto, Projeto):
                relatorio.sections.append(("Contêineres", projeto.relato(projeto.nome)))
    return relatorio


@pytest.fixture(scope="session")
def engine() -> Iterator[DockerClient]:
    """Conecta ao engine; sem um, pula o teste dizendo por quê, e em CI falha."""
    if falta := o_que_falta():
        motivo = f"SEM DOCKER, NADA DISTO FOI TESTADO: {falta}. Suba um engine: .ci/motor subir"
        if os.environ.get("CI"):
            pytest.fail(f"{motivo} (com CI no ambiente, faltar é falhar)", pytrace=False)
        pytest.skip(motivo)
    with closing(docker.from_env()) as cliente:
        yield cliente


def o_que_falta() -> str:
    """Devolve por que não há um engine com Compose ao alcance; vazio se há.

    Pergunta ao programa `docker`: sem engine, o pacote deixaria um socket aberto.
    """
    for comando in (["docker", "version"], ["docker", "compose", "version"]):
        try:
            processo = subprocess.run(
                comando, capture_output=True, encoding="utf-8", timeout=PRAZO, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as erro:
            return str(erro)
        if processo.returncode:
            return processo.stderr.strip().removesuffix(".")
    return ""


@pytest.fixture(scope="session")
def imagens(engine: DockerClient) -> Iterator[dict[str, Image]]:
    """Constrói as duas imagens uma vez; os projetos dos testes lhes dão outros nomes."""
    with Projeto(engine) as projeto:
        projeto.compose("build", "--quiet", prazo=PRAZO_DE_CONSTRUIR)
        yield {servico: engine.images.get(projeto.imagem(servico)) for servico in SERVICOS}


@pytest.fixture
def criar_projeto(engine: DockerClient, imagens: dict[str, Image]) -> Iterator[CriarProjeto]:
    """Devolve a função que cria projetos sem contêiner nem volume, e limpa todos no fim."""
    with ExitStack() as pilha:

        def criar() -> Projeto:
            projeto = pilha.enter_context(Projeto(engine))
            projeto.nomear(imagens)
            return projeto

        yield criar


@pytest.fixture
def projeto(criar_projeto: CriarProjeto) -> Projeto:
    """Devolve um projeto sem contêiner nem volume."""
    return criar_projeto()


@pytest.fixture(scope="module")
def par(engine: DockerClient, imagens: dict[str, Image]) -> Iterator[Projeto]:
    """Devolve um projeto em que `up` já rodou, para os testes que só olham."""
    with Projeto(engine) as projeto:
        projeto.nomear(imagens)
        projeto.compose("up")
        yield projeto
