"""A tabela de docs/confiabilidade.md: só uma campanha inteira, e que passou, muda a linha dela."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.processos import RAIZ, Saida, rodar

DE_MENTIRA = '''
"""De mentira: não quebra nada."""
import os, pytest

def test_um(campanha):
    campanha.anotar(tentou="uma coisa")

def test_outro(campanha):
    if os.environ["COMO"] == "pulado":
        pytest.skip("falta uma ferramenta")
    assert os.environ["COMO"] == "inteiro"
    campanha.anotar(tentou="outra coisa")

@pytest.fixture
def limpeza():
    yield
    assert os.environ["COMO"] != "limpeza"

def test_mais_um(limpeza):
    pass
'''
BOA = "| De mentira | a linha boa, de antes |  |  |  |"


@pytest.fixture
def projeto_de_mentira(tmp_path: Path) -> Path:
    """Uma cópia do que as campanhas pedem, com uma a mais, e a linha boa dela na tabela."""
    for nome in ("escritor", "leitor", "tests", "docs"):
        ignorar = shutil.ignore_patterns("__pycache__", "test_*.py" if nome == "tests" else "")
        shutil.copytree(RAIZ / nome, tmp_path / nome, ignore=ignorar)
    shutil.copy(RAIZ / "tests/test_restaurar.py", tmp_path / "tests")  # apoio.py importa dele
    shutil.copy(RAIZ / "pyproject.toml", tmp_path)
    (tmp_path / "tests/campanhas/test_de_mentira.py").write_text(DE_MENTIRA, encoding="utf-8")
    tabela = tmp_path / "docs/confiabilidade.md"
    texto = tabela.read_text(encoding="utf-8")
    tabela.write_text(texto.replace("| --- |\n", f"| --- |\n{BOA}\n"), encoding="utf-8")
    return tmp_path


def pytest_nele(projeto: Path, *argv: str) -> Saida:
    """Roda o pytest no projeto de mentira, com --campanha."""
    return rodar([sys.executable, "-m", "pytest", "-q", "--campanha", *argv], pasta=projeto)


MODULO = "tests/campanhas/test_de_mentira.py"


@pytest.mark.parametrize(
    ("como", "argv", "codigo"),
    [
        ("pulado", [MODULO], 0),
        ("falha", [MODULO], 1),
        ("limpeza", [MODULO], 1),
        ("inteiro", [MODULO, "-k", "um"], 0),
        ("inteiro", [f"{MODULO}::test_um"], 0),
        ("inteiro", [MODULO, "--deselect", f"{MODULO}::test_mais_um"], 0),
    ],
    ids=["pulado", "falha", "falha ao limpar", "-k", "arquivo::teste", "--deselect"],
)
def test_uma_campanha_pela_metade_nao_muda_a_tabela(
    como: str,
    argv: list[str],
    codigo: int,
    projeto_de_mentira: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Um teste pulado, escolhido ou que falhou: a linha boa fica, e nenhum byte muda."""
    monkeypatch.setenv("COMO", como)
    antes = (projeto_de_mentira / "docs/confiabilidade.md").read_bytes()
    saida = pytest_nele(projeto_de_mentira, *argv)
    assert saida.codigo == codigo, saida
    assert (projeto_de_mentira / "docs/confiabilidade.md").read_bytes() == antes


def test_uma_campanha_inteira_muda_a_linha_dela(
    projeto_de_mentira: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Com tudo passado, a linha nova toma o lugar da boa, e as outras ficam."""
    monkeypatch.setenv("COMO", "inteiro")
    tabela = projeto_de_mentira / "docs/confiabilidade.md"
    antes = tabela.read_text(encoding="utf-8")
    saida = pytest_nele(projeto_de_mentira, MODULO)
    assert saida.codigo == 0, saida
    depois = tabela.read_text(encoding="utf-8")
    nova = "| De mentira | uma coisa; outra coisa |  |  |  |"
    assert (antes.count(BOA), depois.count(BOA), depois.count(nova)) == (1, 0, 1)
    assert set(antes.splitlines()) - {BOA} == set(depois.splitlines()) - {nova}
