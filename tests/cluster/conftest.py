"""O engine e o cluster que os testes desta pasta dividem."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from docker import DockerClient

from tests.cluster.apoio import Cluster
from tests.docker.conftest import engine

__all__ = ["engine"]  # o de lá, também aqui


@pytest.fixture(scope="module")
def cluster(
    engine: DockerClient,  # noqa: ARG001 - pelo que ela confere
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cluster]:
    """Um cluster ainda sem nada no ar."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as novo:
        yield novo
