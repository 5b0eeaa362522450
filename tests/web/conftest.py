"""O serviço que os testes usam: no próprio processo, num gunicorn, ou inteiro no Compose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from tests.postgres.conftest import _engine_no_ar  # noqa: F401 - uma fixture
from tests.web.pilha import Pilha
from tests.web.processo import Servico as Processo
from tests.web.processo import no_ar
from web import create_app
from web.configuracao import Configuracao
from web.servico import NOME, Servico

Montar = Callable[..., APIFlask]


@pytest.fixture
def montar(semeado: Path) -> Iterator[Montar]:
    """Devolve a função que monta o serviço sobre um arquivo com três usuários, e o para no fim."""
    with ExitStack() as pilha:

        def montado(**mais: object) -> APIFlask:
            app = create_app(Configuracao(banco=str(semeado), **mais))  # type: ignore[arg-type]
            app.testing = False  # uma falha nossa tem de virar a resposta que o cliente veria
            servico = app.extensions[NOME]
            assert isinstance(servico, Servico)
            pilha.callback(servico.parar)
            return app

        yield montado


@pytest.fixture
def cliente(montar: Montar) -> FlaskClient:
    """Um cliente do serviço, no próprio processo."""
    return montar().test_client()


@pytest.fixture(scope="module")
def gunicorn(modelos: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processo]:
    """O gunicorn da imagem, com um processo, sobre um arquivo com três usuários."""
    pasta = tmp_path_factory.mktemp("gunicorn")
    banco = pasta / "desafio2.db"
    banco.write_bytes((modelos / "semeado").read_bytes())
    with no_ar(banco, pasta, WEB_PROCESSOS="1") as servico:
        yield servico


@pytest.fixture(scope="session")
def pilha(
    engine_no_ar: None,  # noqa: ARG001 - pelo que ela confere
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Pilha]:
    """O serviço inteiro no ar, que os testes dividem; o que um tira do ar, ele devolve."""
    with Pilha(tmp_path_factory.mktemp("pilha")) as nova:
        nova.subir()
        yield nova


@pytest.fixture
def outra_pilha(
    engine_no_ar: None,  # noqa: ARG001 - pelo que ela confere
    tmp_path: Path,
) -> Iterator[Pilha]:
    """Um projeto sem nada no ar, para quem o sobe e desce."""
    with Pilha(tmp_path) as nova:
        yield nova
