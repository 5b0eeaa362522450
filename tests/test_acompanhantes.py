"""O que está ao lado do banco: um -wal vazio não atrapalha, um FIFO não prende ninguém."""

import os
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import AMOSTRA, fotografar, pessoas
from tests.processos import comando, rodar


def ao_lado(banco: Path, sufixo: str) -> Path:
    """O caminho do acompanhante."""
    return banco.with_name(f"{banco.name}{sufixo}")


@pytest.mark.parametrize("sufixo", ["-journal", "-wal", "-shm"])
@pytest.mark.parametrize("havia", ["semeado", "comum", "nada"])
def test_vazio(
    havia: str, sufixo: str, banco: Path, leitor: Programa, request: pytest.FixtureRequest
) -> None:
    """Um que não diz nada: o escritor grava, e o leitor lê."""
    if havia == "nada":
        banco.parent.mkdir()
    else:
        request.getfixturevalue(havia)
    ao_lado(banco, sufixo).touch()
    saida = rodar(comando("escritor"))
    assert saida.codigo == 0, saida.stderr
    assert pessoas(banco) == AMOSTRA
    ao_lado(banco, sufixo).unlink(missing_ok=True)
    assert leitor("verificar").codigo == 0


@pytest.mark.parametrize("sufixo", ["-journal", "-wal", "-shm"])
@pytest.mark.parametrize("havia", ["semeado", "comum", "nada"])
@pytest.mark.parametrize("pedido", ["semear", "restaurar"])
def test_fifo(
    pedido: str, havia: str, sufixo: str, banco: Path, copia: Path, request: pytest.FixtureRequest
) -> None:
    """65, uma linha que diz qual, sem o abrir, e tudo como estava."""
    if havia == "nada":
        banco.parent.mkdir()
    else:
        request.getfixturevalue(havia)
    os.mkfifo(ao_lado(banco, sufixo))
    antes = fotografar(banco.parent)
    saida = rodar(comando("escritor", pedido, *([str(copia)] if pedido == "restaurar" else [])))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (65, "", 1)
    assert f"{banco}{sufixo}: não é um arquivo comum" in saida.stderr
    assert "nada foi gravado. Mude-o de lugar." in saida.stderr
    assert fotografar(banco.parent) == antes


@pytest.mark.parametrize("sufixo", [".desafio2-restaurando", ".desafio2-guardando"])
def test_fifo_com_o_nome_de_um_parcial(sufixo: str, comum: Path, copia: Path) -> None:
    """O arquivo que a restauração ou a adoção escreveria antes de lhe dar o nome."""
    os.mkfifo(ao_lado(comum, sufixo))
    antes = fotografar(comum.parent)
    argv = ["restaurar", str(copia)] if "restaurando" in sufixo else ["semear"]
    saida = rodar(comando("escritor", *argv))
    assert (saida.codigo, "não é um arquivo comum" in saida.stderr) == (65, True)
    assert fotografar(comum.parent) == antes


def test_fifo_com_o_nome_de_uma_pasta_de_exame(comum: Path) -> None:
    """O que parece a sobra de um exame que morreu, e não é, fica como está."""
    fifo = comum.with_name(".desafio2-olhando-x")
    os.mkfifo(fifo)
    saida = rodar(comando("escritor"))
    assert saida.codigo == 0, saida.stderr
    assert fifo.is_fifo()
    assert pessoas(comum) == AMOSTRA


def test_fifo_com_o_nome_do_parcial_das_recusas(
    semeado: Path, misturado: Path, tmp_path: Path
) -> None:
    """Também ao lado de --rejeitados."""
    os.mkfifo(tmp_path / "r.csv.desafio2-parcial")
    cmd = comando("escritor", "importar", str(misturado), "--rejeitados", str(tmp_path / "r.csv"))
    saida = rodar(cmd)
    assert (saida.codigo, "não é um arquivo comum" in saida.stderr) == (65, True)
    assert pessoas(semeado) == AMOSTRA


@pytest.mark.parametrize("sufixo", ["-journal", "-wal"])
def test_copia_com_diario_vazio_ao_lado(
    sufixo: str, semeado: Path, copia: Path, escritor: Programa
) -> None:
    """Vazio, ele não guarda nada que falte à cópia."""
    ao_lado(copia, sufixo).touch()
    assert escritor("restaurar", str(copia)).codigo == 0
    assert len(pessoas(semeado)) == 5
