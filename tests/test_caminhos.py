"""BANCO é um caminho tomado ao pé da letra, igual para os dois programas."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import AMOSTRA, fotografar
from tests.processos import comando, rodar


@pytest.mark.parametrize(
    "nome", ["com espaço.db", "100%25?mode=memory#x.db", "João.db", "não-utf8-\udcff.db"]
)
def test_qualquer_nome_de_arquivo(
    nome: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O caminho é tomado ao pé da letra pelos dois programas, também o que parece uma URI."""
    caminho = tmp_path / nome
    monkeypatch.setenv("BANCO", str(caminho))
    gravado = rodar(comando("escritor"))
    assert (gravado.codigo, gravado.stdout.count("\n")) == (0, 3), gravado.stderr
    assert list(fotografar(tmp_path)) == [nome]
    lido = rodar(comando("leitor", "listar", "--formato", "jsonl"))
    assert (lido.codigo, lido.stdout.count("\n")) == (0, 3), lido.stderr
    with closing(sqlite3.connect(caminho)) as con:
        assert con.execute("SELECT nome, email FROM usuarios").fetchall() == AMOSTRA


def test_caminho_com_duas_barras(
    banco: Path, escritor: Programa, leitor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`//data/...`, como se escreve no Git Bash, é o mesmo arquivo para os dois."""
    monkeypatch.setenv("BANCO", f"/{banco}")
    codigo, stdout, _ = escritor()
    assert (codigo, stdout.count("\n")) == (0, 3)
    codigo, stdout, stderr = leitor("listar", "--formato", "jsonl")
    assert (codigo, stdout.count("\n")) == (0, 3), stderr


@pytest.mark.parametrize("caminho", ["", ":memory:"])
def test_caminho_que_o_sqlite_toma_por_banco_temporario(
    caminho: str, tmp_path: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O escritor não diz que gravou quando o que gravou some ao terminar."""
    monkeypatch.chdir(tmp_path)
    codigo, stdout, stderr = escritor("--banco", caminho)
    gravou = caminho in fotografar(tmp_path)
    assert (codigo, stdout) == (2, "") or gravou, stderr
    assert ("ERRO: " in stderr) != gravou
