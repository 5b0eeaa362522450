"""O disco do servidor cheio de verdade: uma linha, nada pela metade, e com espaço tudo volta."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import AMOSTRA
from tests.postgres.bancos import Acesso, Banco
from tests.postgres.pequeno import encher, esvaziar, no_disco_pequeno
from tests.postgres.test_escritor import conferir_prova, csv, gente

pytestmark = pytest.mark.docker

QUANTAS = 30_000  # mais do que as que entram num INSERT só
RESTA = 1 << 20  # bytes: 30 mil linhas, com os índices, pedem umas vezes isso


@pytest.fixture
def apertado(acesso: Acesso) -> Iterator[Banco]:
    """Um banco cujos arquivos estão num disco pequeno."""
    with no_disco_pequeno(acesso) as banco:
        yield banco


def recusado(saida: tuple[int, str, str], banco: Banco) -> None:
    """Confere o código e a linha única, com o SQLSTATE do disco cheio."""
    codigo, stdout, stderr = saida
    assert (codigo, stdout, stderr.count("\n")) == (74, "", 1), saida
    assert stderr.startswith(
        f"[ESCRITOR] ERRO: {banco.mostrado}: o servidor está sem espaço (53100: "
    )
    assert stderr.endswith("; nada foi gravado. Libere espaço no servidor e rode de novo.\n")


def test_importar_num_disco_cheio(
    apertado: Banco, escritor_pg: Programa, leitor_pg: Programa, tmp_path: Path
) -> None:
    """Pelos três caminhos da carga: 74, 53100 e nada; o que havia se lê; com espaço, entra."""
    no_cheio = ("--banco", apertado.uri())
    assert escritor_pg(*no_cheio).codigo == 0
    antes = apertado.tudo()
    novas = csv(tmp_path, gente(QUANTAS))
    repetidas = csv(tmp_path, [("João", "joao@example.com"), *gente(QUANTAS)], "outra.csv")
    compridas = [(f"{'Comprido ' * 100}{n}", f"c{n}@x.com") for n in range(5_000)]
    encher(apertado, RESTA)

    for arquivo in (novas, repetidas, csv(tmp_path, compridas, "compridas.csv")):
        recusado(escritor_pg(*no_cheio, "importar", arquivo, "--silencioso"), apertado)
        assert apertado.tudo() == antes
    assert leitor_pg("verificar", "--banco", apertado.uri("leitor")).codigo == 0

    esvaziar(apertado)
    assert escritor_pg(*no_cheio, "importar", novas).codigo == 0
    assert apertado.pessoas() == [*AMOSTRA, *gente(QUANTAS)]
    conferir_prova(apertado)
