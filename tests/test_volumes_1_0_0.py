"""O que a versão 1.0.0 gravou, ou adotou, continua a valer: o leitor lê, o escritor acrescenta."""

from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import consultar, pessoas
from tests.processos import RAIZ
from tests.verificacao import conferir

VOLUMES = {"volume": (78, 4), "adotado": (3, 2)}  # usuários e execuções


@pytest.fixture(name="antigo", params=VOLUMES)
def _antigo(request: pytest.FixtureRequest, banco: Path) -> tuple[Path, int, int]:
    """Uma cópia de cada volume, e o que há nele."""
    banco.parent.mkdir()
    banco.write_bytes((RAIZ / "tests" / "dados" / f"{request.param}-1.0.0.db").read_bytes())
    return banco, *VOLUMES[request.param]


def test_o_leitor_os_le(antigo: tuple[Path, int, int], leitor: Programa) -> None:
    """Todas as verificações passam, e todas as linhas saem."""
    banco, usuarios, _ = antigo
    conferir(leitor, banco, 0, None)
    codigo, stdout, _ = leitor("listar", "--formato", "jsonl")
    assert (codigo, stdout.count("\n")) == (0, usuarios)


def test_o_escritor_os_continua(
    antigo: tuple[Path, int, int], escritor: Programa, leitor: Programa, tmp_path: Path
) -> None:
    """Importar acrescenta à mesma corrente, semear não a toca, e o leitor confirma."""
    banco, usuarios, execucoes = antigo
    entrada = tmp_path / "mais.csv"
    entrada.write_text("nome,email\nNova,nova@x.com\n", encoding="utf-8")
    assert escritor().codigo == 0
    codigo, _, stderr = escritor("importar", str(entrada))
    assert (codigo, "inseridos: 1" in stderr) == (0, True), stderr
    assert pessoas(banco)[usuarios:] == [("Nova", "nova@x.com")]
    assert consultar(banco, "SELECT count(*) FROM execucoes") == [(execucoes + 1,)]
    conferir(leitor, banco, 0, None)


def test_o_que_ha_de_dificil_no_que_ela_gravou() -> None:
    """O volume tem mesmo o que a 1.0.0 aceitava, e não só nomes fáceis."""
    gravadas = pessoas(RAIZ / "tests" / "dados" / "volume-1.0.0.db")
    nomes = "".join(nome for nome, _ in gravadas)
    assert {"\u202e", "\u200b", "\ufeff", "\u0301", "\u200d", "山"} <= {*nomes}
    assert max(len(nome) for nome, _ in gravadas) == 1_000
    assert max(len(email.encode()) for _, email in gravadas) == 254
