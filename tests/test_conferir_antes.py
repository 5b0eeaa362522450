"""Antes de gravar, e ao restaurar, o escritor confere o contrato: o que o quebra não se estende."""

import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import alterar, consultar, fotografar
from tests.processos import RAIZ, rodar
from tests.quebras import QUEBRAS, Estragar, selado

PAR_1_0_0 = RAIZ / "tests" / "dados" / "par-1.0.0.zip"
CASOS = [pytest.param(regra, estragar, id=f"{regra}: {caso}") for regra, caso, estragar in QUEBRAS]


@pytest.mark.parametrize(("regra", "estragar"), CASOS)
def test_nao_se_estende_o_que_esta_quebrado(
    regra: str, estragar: Estragar, gravado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """65 com a regra, em semear e em importar, e o arquivo igual, byte por byte."""
    estragar(gravado)
    antes = fotografar(gravado.parent)
    entrada = tmp_path / "e.csv"
    entrada.write_text("nome,email\nNova,nova@x.com\n")
    for argumentos in (["semear"], ["importar", str(entrada)]):
        codigo, stdout, stderr = escritor(*argumentos)
        assert (codigo, stdout, stderr.count("\n")) == (65, "", 1), stderr
        assert stderr.startswith(f"[ESCRITOR] ERRO: {gravado}: ")
        assert f"(regra {regra} do contrato); nada foi gravado" in stderr
        assert "`escritor restaurar COPIA`" in stderr
        assert fotografar(gravado.parent) == antes


@pytest.mark.parametrize(("regra", "estragar"), CASOS)
def test_nao_se_restaura_o_que_esta_quebrado(
    regra: str, estragar: Estragar, semeado: Path, copia: Path, escritor: Programa
) -> None:
    """A mesma conferência serve à cópia de outra pessoa: 65, e nada muda."""
    estragar(copia)
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor("restaurar", str(copia))
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1), stderr
    assert stderr.startswith("[ESCRITOR] ERRO: copia.db: ")
    assert f"(regra {regra} do contrato); não foi restaurado" in stderr
    assert fotografar(semeado.parent) == antes


def test_o_que_o_contrato_aceita_serve(gravado: Path, repetir: Programa, leitor: Programa) -> None:
    """Controle: o que quem grava hoje recusaria, mas o contrato aceita, não impede de gravar."""
    selado(
        "UPDATE usuarios SET nome = 'a\u200b|| \u202eb ', email = '.a|b@c-' WHERE id = 1",
        f"UPDATE usuarios SET nome = '{'é' * 1000}', email = '{'é' * 124}a@x.yz' WHERE id = 2",
        "UPDATE usuarios SET criado_em = '9999-12-31T23:59:59Z' WHERE id = 3",
        "UPDATE execucoes SET origem = 'importar:a\u200bb' WHERE id = 3",
        "UPDATE execucoes SET lidos = 7, repetidos = 7, versao = '' WHERE id = 2",
        "ANALYZE",
    )(gravado)
    assert repetir().codigo == 0
    assert leitor("verificar").codigo == 0


def test_so_o_esquema(semeado: Path, escritor: Programa, leitor: Programa, copia: Path) -> None:
    """Um banco do contrato sem nada dentro pode ser continuado; como cópia, não prova nada."""
    for banco in (semeado, copia):
        alterar(banco, "DELETE FROM execucoes", "DELETE FROM usuarios")
    codigo, _, stderr = escritor("restaurar", str(copia))
    assert (codigo, "nenhuma execução registrada (regra E1" in stderr) == (65, True)
    codigo, _, stderr = escritor()
    assert (codigo, "execução 1 (semear): inseridos: 3" in stderr) == (0, True)
    assert leitor("verificar").codigo == 0


def test_o_1_0_0_estendia(gravado: Path, tmp_path: Path) -> None:
    """Controle: o escritor 1.0.0 grava por cima de uma linha editada, e diz 0."""
    zipfile.ZipFile(PAR_1_0_0).extractall(tmp_path / "par")
    alterar(gravado, "UPDATE usuarios SET nome = 'Outra' WHERE id = 2")
    saida = rodar([sys.executable, "-m", "escritor"], pasta=tmp_path / "par")
    assert (saida.codigo, "execução 4" in saida.stderr) == (0, True), saida.stderr


def test_controle_a_1_0_0_gravava_a_cada_leitura(semeado: Path, tmp_path: Path) -> None:
    """Controle negativo: o escritor 1.0.0, que o `run leitor` roda antes, muda o banco."""
    with zipfile.ZipFile(PAR_1_0_0) as par:
        par.extractall(tmp_path / "par")
    antes = fotografar(semeado.parent)
    assert rodar([sys.executable, "-m", "escritor"], pasta=tmp_path / "par").codigo == 0
    assert fotografar(semeado.parent) != antes
    assert consultar(semeado, "SELECT count(*) FROM execucoes") == [(2,)]


@pytest.mark.parametrize("adotado", [False, True])
def test_um_volume_da_1_0_0_continua(
    adotado: bool,
    request: pytest.FixtureRequest,
    banco: Path,
    escritor: Programa,
    leitor: Programa,
    tmp_path: Path,
) -> None:
    """O que a 1.0.0 gravou, e o que ela adotou, cumpre o contrato: grava-se, lê-se, restaura-se."""
    if adotado:
        request.getfixturevalue("comum")
    arquivo = tmp_path / "e.csv"
    arquivo.write_text("nome,email\n" + "".join(f"P{i},p{i}@x.com\n" for i in range(600)))
    with zipfile.ZipFile(PAR_1_0_0) as par:
        par.extractall(tmp_path / "par")
    for argumentos in ([], ["importar", str(arquivo)], []):
        comando = [sys.executable, "-m", "escritor", *argumentos]
        assert rodar(comando, pasta=tmp_path / "par").codigo == 0
    assert escritor("importar", str(arquivo)).codigo == 0
    assert leitor("verificar").codigo == 0
    copia = tmp_path / "copia.db"
    copia.write_bytes(banco.read_bytes())
    assert escritor("restaurar", str(copia)).codigo == 0
    assert escritor("importar", str(arquivo)).codigo == 0
