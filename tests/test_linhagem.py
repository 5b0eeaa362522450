"""`restaurar` diz se a cópia é mais antiga, mais nova, a mesma ou de outra história."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import alterar, consultar, elo

EXECUCOES = "SELECT count(*) FROM execucoes"


def restaurar(escritor: Programa, copia: Path) -> str:
    """Restaura e devolve a linha do resumo."""
    codigo, stdout, stderr = escritor("restaurar", str(copia))
    assert (codigo, stdout) == (0, ""), stderr
    return stderr.splitlines()[0]


@pytest.fixture(name="guardada")
def _guardada(semeado: Path, tmp_path: Path) -> Path:
    """Uma cópia do banco, com uma execução."""
    return Path(shutil.copy(semeado, tmp_path / "guardada.db"))


def test_a_mesma(semeado: Path, guardada: Path, escritor: Programa) -> None:
    """Nada aconteceu desde a cópia, ou o que aconteceu não foi o escritor que fez."""
    alterar(semeado, "UPDATE usuarios SET nome = 'Outra' WHERE id = 2")
    resumo = restaurar(escritor, guardada)
    assert resumo.endswith("execuções: 1; a mesma história: o banco que havia ia até a execução 1")


def test_mais_antiga(guardada: Path, escritor: Programa, repetir: Programa) -> None:
    """O que se perde: as execuções depois da cópia."""
    for _ in range(2):
        assert repetir().codigo == 0
    resumo = restaurar(escritor, guardada)
    assert resumo.endswith("execuções: 1; mais antiga: o banco que havia ia até a execução 3")


def test_mais_nova(semeado: Path, guardada: Path, escritor: Programa, repetir: Programa) -> None:
    """A cópia continua o banco que havia."""
    assert repetir("--banco", str(guardada)).codigo == 0
    resumo = restaurar(escritor, guardada)
    assert resumo.endswith("execuções: 2; mais nova: o banco que havia ia até a execução 1")
    assert consultar(semeado, EXECUCOES) == [(2,)]


@pytest.mark.parametrize("depois", [0, 1, 2])
def test_de_outra_historia(
    depois: int, semeado: Path, guardada: Path, escritor: Programa, repetir: Programa
) -> None:
    """Com mais execuções, tantas quantas ou menos: o que importa são os elos."""
    [(*colunas, _)] = consultar(semeado, "SELECT * FROM execucoes")
    colunas[2] = "outro-container"
    refeito = elo("0" * 64, colunas)
    alterar(semeado, f"UPDATE execucoes SET container = 'outro-container', elo = '{refeito}'")
    assert repetir("--banco", str(guardada)).codigo == 0
    for _ in range(depois):
        assert repetir().codigo == 0
    resumo = restaurar(escritor, guardada)
    assert resumo.endswith(
        f"execuções: 2; de outra história: o banco que havia ia até a execução {depois + 1}"
    )


@pytest.mark.parametrize(
    "comandos",
    [
        ["DELETE FROM execucoes"],
        ["DROP TABLE execucoes"],
        ["UPDATE execucoes SET elo = CAST(x'ff' AS TEXT)"],
        ["DROP TABLE execucoes", "CREATE TABLE execucoes AS SELECT 'x' AS id, 1 AS elo"],
    ],
)
def test_o_que_nao_se_sabe_nao_se_diz(
    comandos: list[str], semeado: Path, guardada: Path, escritor: Programa
) -> None:
    """Um livro que não se lê não impede a restauração, que é para isso mesmo."""
    alterar(semeado, *comandos)
    assert restaurar(escritor, guardada).endswith("usuários: 3, execuções: 1")
    assert consultar(semeado, EXECUCOES) == [(1,)]


def test_onde_nao_havia_banco(banco: Path, copia: Path, escritor: Programa) -> None:
    """Não há com que comparar."""
    assert restaurar(escritor, copia).endswith("usuários: 5, execuções: 3")
    assert consultar(banco, EXECUCOES) == [(3,)]
