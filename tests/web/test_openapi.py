"""O documento OpenAPI contra o serviço: o que ele diz é o que o serviço faz, e nada mais."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from apiflask import APIFlask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.errors import SerializationNotPossible
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    positive_data_acceptance,
    unsupported_method,
)

from web import create_app
from web.configuracao import Configuracao
from web.servico import NOME

# Sem senhas não há o que conferir nelas; um e-mail repetido é 409, embora o esquema o aceite; e o
# 503 de quem está sem Redis é documentado (um 500 não é, e `status_code_conformance` o acusa).
FORA = [ignored_auth, not_a_server_error, positive_data_acceptance, unsupported_method]
METODOS = {"get", "post", "put", "patch", "delete"}
ENDERECOS = [
    ("GET", "/"),
    ("GET", "/ancoras/{execucao}/{elo}"),
    ("GET", "/cache/test"),
    ("GET", "/db/test"),
    ("GET", "/integracao"),
    ("GET", "/logs"),
    ("GET", "/metrics"),
    ("GET", "/pronto"),
    ("GET", "/saude"),
    ("GET", "/status"),
    ("GET", "/usuarios"),
    ("GET", "/usuarios/{id_}"),
    ("POST", "/usuarios"),
    ("POST", "/usuarios/importar"),
]
BREVE = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[*HealthCheck],
    phases=[Phase.explicit, Phase.generate],
)


@pytest.fixture(scope="module")
def app(modelos: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[APIFlask]:
    """O serviço sobre um arquivo com três usuários, no próprio processo."""
    banco = tmp_path_factory.mktemp("openapi") / "desafio2.db"
    banco.write_bytes((modelos / "semeado").read_bytes())
    app = create_app(Configuracao(banco=str(banco)))
    yield app
    app.extensions[NOME].parar()


@pytest.fixture(scope="module")
def documento(app: APIFlask) -> schemathesis.BaseSchema:
    """O documento, lido do serviço como um cliente o leria."""
    return schemathesis.openapi.from_wsgi("/openapi.json", app)


@pytest.mark.parametrize("modo", [*GenerationMode])
@pytest.mark.parametrize(("metodo", "caminho"), ENDERECOS)
def test_o_documento_e_o_servico_dizem_o_mesmo(
    documento: schemathesis.BaseSchema, metodo: str, caminho: str, modo: GenerationMode
) -> None:
    """Códigos, tipos e formas documentados, com dados que servem e com dados que não."""
    operacao = documento[caminho][metodo]
    try:
        casos = operacao.as_strategy(generation_mode=modo)
    except SerializationNotPossible:
        pytest.skip("não há como fazer este corpo")

    @BREVE
    @given(caso=casos)
    def tentar(caso: schemathesis.Case[Any]) -> None:
        caso.call_and_validate(excluded_checks=FORA)

    with suppress(Unsatisfiable):  # sem parâmetros nem corpo, não há dados que não sirvam
        tentar()


def test_o_documento_tem_todos_os_enderecos(app: APIFlask) -> None:
    """Cada rota do serviço está no documento, fora as que são páginas."""
    spec = json.loads(app.test_client().get("/openapi.json").data)
    ditos = [
        (m.upper(), c) for c, metodos in spec["paths"].items() for m in metodos if m in METODOS
    ]
    assert sorted(ditos) == sorted(ENDERECOS)
    assert spec["openapi"].startswith("3.1")
