"""A adoção com quedas, disco cheio e outros processos: o banco é o velho ou o adotado."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from escritor import guarda
from escritor.copias import exame
from tests.conftest import Programa
from tests.contrato import (
    AMOSTRA,
    alterar,
    fotografar,
    pessoas,
)
from tests.processos import RAIZ, comando, no_shell, rodar, trava


def test_disco_cheio_nao_deixa_sobras(comum: Path) -> None:
    """A cópia do banco como era não cabe: 74, e nem o parcial dela fica."""
    antes = fotografar(comum.parent)
    saida = rodar(no_shell('ulimit -f 4; trap "" XFSZ; "$@"', *comando("escritor")))
    assert (saida.codigo, saida.stdout) == (74, ""), saida.stderr
    assert fotografar(comum.parent) == antes


@pytest.mark.parametrize("modo", ["IMMEDIATE", "EXCLUSIVE"])
def test_em_uso_espera_e_desiste(modo: str, comum: Path, escritor: Programa) -> None:
    """A versão comum ainda rodando: 75, e nada muda nem fica ao lado."""
    antes = fotografar(comum.parent)
    with trava(comum, modo):
        codigo, _, stderr = escritor()
    assert (codigo, "segurou a trava por mais de 0.2 s" in stderr) == (75, True)
    assert fotografar(comum.parent) == antes


@pytest.mark.parametrize("passo", ["_guardar", "_refazer", "recomecar"])
def test_morta_no_meio(passo: str, comum: Path, escritor: Programa, leitor: Programa) -> None:
    """Morta em qualquer passo, o banco é o velho ou o adotado; a execução seguinte acaba."""
    alvo = "sinais.Sinais" if passo == "recomecar" else "copias.adocao"
    codigo = (
        "import os, sys, escritor.app, escritor.sqlite\n"
        f"alvo = escritor.{alvo}\n"
        f"original = alvo.{passo}\n"
        "def morrer(*a):\n"
        "    original(*a)\n"
        "    os.kill(os.getpid(), 9)\n"
        f"alvo.{passo} = morrer\n"
        "sys.exit(escritor.app.main([], banco=escritor.sqlite))\n"
    )
    morta = subprocess.run(["python3", "-c", codigo], cwd=RAIZ, check=False)
    assert morta.returncode == -signal.SIGKILL
    assert leitor().codigo in {0, 75, 78}
    assert escritor().codigo == 0
    assert pessoas(comum) == AMOSTRA
    assert leitor("verificar").codigo == 0
    copias = [*comum.parent.glob(f"{comum.name}.antes-de-*")]
    assert all(len(pessoas(copia)) == 12 for copia in copias)
    assert len(list(comum.parent.iterdir())) == 1 + len(copias)


def test_morta_no_exame_nao_deixa_sobras(
    comum: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Morta enquanto olha uma cópia grande; a execução seguinte apaga o resto dela."""
    alterar(comum, "PRAGMA journal_mode = WAL")
    codigo = (
        "import os, sys, escritor.app, escritor.sqlite, escritor.copias.exame as a\n"
        "a.CABE_NO_TMP = 0\n"
        "a._tem_a_forma = lambda *_: os.kill(os.getpid(), 9)\n"
        "escritor.app.main([], banco=escritor.sqlite)\n"
    )
    subprocess.run([sys.executable, "-c", codigo], cwd=RAIZ, check=False)
    [resto] = comum.parent.glob(".desafio2-olhando-*")
    monkeypatch.setattr(exame, "CABE_NO_TMP", 0)
    with guarda.trancada(str(resto), "de outro"):
        exame.limpar(str(comum.parent))
        assert resto.exists()
    assert escritor().codigo == 0
    assert pessoas(comum) == AMOSTRA
    assert [item.name for item in comum.parent.glob(".*")] == []


def test_uma_adocao_que_nao_se_confirma_nao_deixa_copia(comum: Path, escritor: Programa) -> None:
    """Um leitor que não sai impede o COMMIT: 75, e nada ao lado, por mais que se tente."""
    antes = fotografar(comum.parent)
    with trava(comum, "DEFERRED"):
        for _ in range(2):
            assert escritor().codigo == 75
    assert fotografar(comum.parent) == antes


def test_por_um_link_o_diario_e_o_do_arquivo(
    comum: Path, escritor: Programa, leitor: Programa, tmp_path: Path
) -> None:
    """BANCO pode ser um link: um diário quente ao lado do arquivo é desfeito do mesmo jeito."""
    morto = (
        "import os, sqlite3, sys; con = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "con.execute('PRAGMA cache_size = 1'); con.execute('BEGIN IMMEDIATE'); "
        "con.executemany(\"INSERT INTO usuarios VALUES (?, 'X', ?, '2025-01-01')\", "
        "((i, f'x{i}@x') for i in range(100, 9000))); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", morto, str(comum)], check=False)
    assert Path(f"{comum}-journal").stat().st_size > 512
    link = tmp_path / "link.db"
    link.symlink_to(comum)
    assert escritor("--banco", str(link)).codigo == 0
    assert pessoas(comum) == AMOSTRA
    assert leitor("verificar", "--banco", str(link)).codigo == 0
