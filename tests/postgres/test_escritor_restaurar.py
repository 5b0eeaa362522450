"""`restaurar` no PostgreSQL: o arquivo do par entra como é, se continua a história do banco."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import alterar, ancora, consultar, reselar
from tests.nos_dois_motores.test_gravar import DIFICEIS
from tests.postgres.bancos import TABELAS, Banco
from tests.postgres.test_escritor import conferir_prova, csv, gente

pytestmark = pytest.mark.docker


@pytest.fixture
def copia(gravado: Path, escritor: Programa, tmp_path: Path) -> Path:
    """Um arquivo do par com buracos nos ids, nomes difíceis e cinco execuções."""
    alvo = str(gravado)
    fim_repetido = [*DIFICEIS, *gente(11_000), ("De novo", "RUI@x.com")]
    assert escritor("importar", csv(tmp_path, fim_repetido), "--banco", alvo).codigo == 0
    assert escritor("importar", csv(tmp_path, [("Eva", "eva@y.com")]), "--banco", alvo).codigo == 0
    return gravado


def do_arquivo(copia: Path) -> list[list[tuple[object, ...]]]:
    """Devolve tudo o que há nas duas tabelas do arquivo."""
    return [consultar(copia, f"SELECT * FROM {tabela} ORDER BY id") for tabela in TABELAS]


def restaurar(programa: Programa, banco: Banco, *argv: str) -> tuple[int, str, str]:
    """Restaura no banco do servidor; o BANCO do ambiente é o do par."""
    return programa("--banco", banco.uri(), "restaurar", *argv)


def test_num_banco_vazio_tudo_fica_como_era(
    escritor_pg: Programa, banco_pg: Banco, copia: Path
) -> None:
    """Ids, instantes, execuções, lacres e elos, um por um; e dali se continua a gravar."""
    codigo, stdout, stderr = restaurar(escritor_pg, banco_pg, str(copia))

    assert (codigo, stdout) == (0, "")
    assert stderr == (
        f"[ESCRITOR] restaurado: {banco_pg.mostrado} é agora desafio2.db; "
        "usuários: 11.017, execuções: 5; entraram: 11.017, execuções: 5\n"
        f"[ESCRITOR] âncora: {ancora(copia)}\n"
    )
    assert banco_pg.tudo() == do_arquivo(copia)
    assert escritor_pg("--banco", banco_pg.uri()).codigo == 0
    conferir_prova(banco_pg)


def test_num_banco_mais_antigo_entra_o_que_falta(
    escritor_pg: Programa, banco_pg: Banco, copia: Path, modelos: Path
) -> None:
    """O banco tem as três primeiras execuções do arquivo; outra vez, já não falta nada."""
    assert restaurar(escritor_pg, banco_pg, str(modelos / "gravado"))[0] == 0

    codigo, _, stderr = restaurar(escritor_pg, banco_pg, str(copia))
    assert codigo == 0
    assert "entraram: 11.012, execuções: 2\n" in stderr
    assert banco_pg.tudo() == do_arquivo(copia)

    codigo, _, stderr = restaurar(escritor_pg, banco_pg, str(copia))
    assert codigo == 0
    assert "entraram: 0, execuções: 0\n" in stderr
    assert banco_pg.tudo() == do_arquivo(copia)


def test_uma_copia_mais_antiga_ou_de_outra_historia_e_recusada(
    escritor_pg: Programa, banco_pg: Banco, copia: Path, modelos: Path, tmp_path: Path
) -> None:
    """65, e nada muda: o que está gravado não sai, nem se mistura com outra história."""
    assert restaurar(escritor_pg, banco_pg, str(copia))[0] == 0
    antes = banco_pg.tudo()
    outra = tmp_path / "outra.db"
    shutil.copy(copia, outra)
    alterar(outra, "UPDATE execucoes SET container = 'outro'")
    reselar(outra)

    mais_antiga = restaurar(escritor_pg, banco_pg, str(modelos / "gravado"))
    de_outra = restaurar(escritor_pg, banco_pg, str(outra))

    assert mais_antiga == (
        65,
        "",
        f"[ESCRITOR] ERRO: {banco_pg.mostrado}: gravado é mais antiga, ou de outra história: o "
        "banco vai até a execução 5, e a cópia até a 3; nada foi gravado. Restaure-a num banco "
        "vazio.\n",
    )
    assert de_outra == (
        65,
        "",
        f"[ESCRITOR] ERRO: {banco_pg.mostrado}: outra.db é de outra história: o banco vai até a "
        "execução 5; nada foi gravado. Restaure-a num banco vazio.\n",
    )
    assert banco_pg.tudo() == antes


@pytest.mark.parametrize(
    "comando_",
    [
        "UPDATE execucoes SET container = 'outro' WHERE id = 1",
        "DELETE FROM usuarios WHERE id = 3",
    ],
)
def test_uma_copia_mexida_e_recusada(
    comando_: str, escritor_pg: Programa, banco_pg: Banco, gravado: Path
) -> None:
    """65, com a regra, e o banco continua vazio; antes de mexerem, entraria (os testes de cima)."""
    alterar(gravado, comando_)

    codigo, stdout, stderr = restaurar(escritor_pg, banco_pg, str(gravado))

    assert (codigo, stdout) == (65, "")
    assert "; não foi restaurado, o banco está como estava. Use outra.\n" in stderr
    assert banco_pg.tudo() == [[], []]


def test_sem_lugar_para_a_copia(
    escritor_pg: Programa, banco_pg: Banco, copia: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """74, com onde dizer outra pasta."""
    monkeypatch.setattr("tempfile.tempdir", "/pasta/que/falta")
    codigo, stdout, stderr = restaurar(escritor_pg, banco_pg, str(copia))
    assert (codigo, stdout) == (74, "")
    assert "não dá para guardar a cópia enquanto se confere (não existe)" in stderr
    assert banco_pg.tudo() == [[], []]
