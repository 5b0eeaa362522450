"""`escritor restaurar` com quedas, trancas e outros processos: o banco é o velho ou o novo."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from escritor.copias import restauracao
from tests.conftest import Programa
from tests.contrato import AMOSTRA, fotografar, pessoas
from tests.processos import (
    RAIZ,
    alimentar,
    comando,
    esperar,
    fluxo,
    iniciado,
    no_shell,
    rodar,
    terminar,
    trava,
)
from tests.test_restaurar import datadas


def test_desfaz_antes_um_diario_quente(semeado: Path, copia: Path, escritor: Programa) -> None:
    """O que se guarda é o banco confirmado, e não a gravação que morreu no meio."""
    dados = semeado.read_bytes()
    morto = (
        "import os, sqlite3, sys; con = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "con.execute('PRAGMA cache_size = 1'); con.execute('BEGIN IMMEDIATE'); "
        "con.executemany(\"INSERT INTO usuarios VALUES (?, 'X', ?, 'x')\", "
        "((i, f'x{i}@x') for i in range(10, 9000))); os.kill(os.getpid(), 9)"
    )
    subprocess.run(["python3", "-c", morto, str(semeado)], check=False)
    assert Path(f"{semeado}-journal").stat().st_size > 512, "o diário tem de estar quente"
    assert escritor("restaurar", str(copia)).codigo == 0
    [datada] = datadas(semeado)
    assert pessoas(datada) == AMOSTRA
    assert len(datada.read_bytes()) == len(dados)
    assert len(pessoas(semeado)) == 5


def test_espera_o_escritor_e_desiste_no_prazo(
    semeado: Path, copia: Path, escritor: Programa
) -> None:
    """Com o banco em uso além de BANCO_ESPERA: 75, e nada mudou."""
    antes = fotografar(semeado.parent)
    with trava(semeado, "IMMEDIATE"):
        codigo, _, stderr = escritor("restaurar", str(copia))
    assert (codigo, "segurou a trava" in stderr) == (75, True)
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize("onde", ["link", "replace", "rename"])
@pytest.mark.parametrize("quando", ["antes", "depois"])
def test_morta_entre_dois_nomes(
    onde: str, quando: str, semeado: Path, copia: Path, escritor: Programa, leitor: Programa
) -> None:
    """Morta em cada passo da troca, o banco é o velho ou o novo, e a próxima acaba o resto."""
    codigo = (
        "import os, sys, escritor.app, escritor.sqlite, escritor.copias.restauracao as r\n"
        f"original = os.{onde}\n"
        "def morrer(*a, **k):\n"
        f"    if {quando == 'depois'}: original(*a, **k)\n"
        "    os.kill(os.getpid(), 9)\n"
        f"os.{onde} = morrer\n"
        f"sys.exit(escritor.app.main(['restaurar', {str(copia)!r}], banco=escritor.sqlite))\n"
    )
    velho = semeado.read_bytes()
    morta = subprocess.run(["python3", "-c", codigo], cwd=RAIZ, check=False)
    assert morta.returncode == -signal.SIGKILL
    assert semeado.read_bytes() in {velho, copia.read_bytes()}
    assert leitor("verificar").codigo == 0
    assert escritor("restaurar", str(copia)).codigo == 0
    assert leitor("verificar").codigo == 0
    sobras = [nome for nome in fotografar(semeado.parent) if ".desafio2-" in nome]
    assert sobras == []
    assert velho in {datada.read_bytes() for datada in datadas(semeado)}
    assert all(datada.stat().st_nlink == 1 for datada in datadas(semeado))


def test_interrompida_nao_deixa_nada(semeado: Path) -> None:
    """SIGTERM enquanto a cópia chega: 143, o banco como estava e nenhuma sobra."""
    antes = fotografar(semeado.parent)
    parcial = Path(f"{semeado}{restauracao.PARCIAL}")
    with iniciado(comando("escritor", "restaurar", "-")) as processo:
        esperar(parcial.exists, "a restauração começar")
        processo.send_signal(signal.SIGTERM)
        saida = terminar(processo)
    assert (saida.codigo, saida.stdout) == (143, "")
    assert "interrompido" in saida.stderr
    assert fotografar(semeado.parent) == antes


def test_disco_cheio(semeado: Path, copia: Path) -> None:
    """Sem lugar para receber a cópia: 74, e nada mudou."""
    antes = fotografar(semeado.parent)
    cmd = comando("escritor", "restaurar", str(copia))
    saida = rodar(no_shell('ulimit -f 8; trap "" XFSZ; "$@"', *cmd))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (74, "", 1), saida.stderr
    assert fotografar(semeado.parent) == antes


def test_duas_ao_mesmo_tempo(semeado: Path, copia: Path, escritor: Programa) -> None:
    """A segunda diz 75 e não toca no que a primeira recebe."""
    antes = fotografar(semeado.parent)
    with restauracao._so_eu(os.path.realpath(semeado)):
        codigo, _, stderr = escritor("restaurar", str(copia))
        assert (codigo, "outra restauração está em curso" in stderr) == (75, True)
    assert fotografar(semeado.parent) == antes


def test_quem_lia_continua_no_estado_que_via(
    semeado: Path, copia: Path, escritor: Programa
) -> None:
    """Um leitor no meio da leitura acaba de ler o banco que abriu."""
    with closing(sqlite3.connect(semeado, isolation_level=None)) as con:
        con.execute("BEGIN")
        assert con.execute("SELECT count(*) FROM usuarios").fetchone() == (3,)
        assert escritor("restaurar", str(copia)).codigo == 0
        assert con.execute("SELECT count(*) FROM usuarios").fetchone() == (3,)
    assert len(pessoas(semeado)) == 5


def test_um_banco_que_nasce_esta_em_uso(
    banco: Path, copia: Path, escritor: Programa, leitor: Programa, tmp_path: Path
) -> None:
    """Um importar num banco novo derrama páginas com a primeira ainda em zeros: espera, e 75."""
    linhas = b"".join(b"P%d,p%d@x.com\n" % (i, i) for i in range(150_000))
    with iniciado(comando("escritor", "importar", "-")) as processo:
        alimentar(processo, b"nome,email\n" + linhas)
        esperar(lambda: banco.exists() and banco.stat().st_size > 1 << 20, "as páginas no disco")
        with banco.open("rb") as arquivo:
            assert arquivo.read(16) == bytes(16), "o cabeçalho ainda não diz nada"
        for extra in ([], ["--sem-copia"]):
            codigo, _, stderr = escritor("restaurar", str(copia), *extra)
            assert (codigo, "segurou a trava" in stderr) == (75, True), stderr
        fluxo(processo.stdin).close()
        assert terminar(processo).codigo == 0
    assert len(pessoas(banco)) == 150_000
    assert leitor("verificar").codigo == 0
    assert list(fotografar(banco.parent)) == [banco.name]
    assert tmp_path.exists()


@pytest.mark.parametrize("onde", ["link", "replace", "rename"])
def test_outra_comeca_no_meio_da_troca(
    onde: str, semeado: Path, copia: Path, leitor: Programa
) -> None:
    """A que chega entre dois nomes diz 75 e não toca em nada; o banco que sai não se perde."""
    velho = semeado.read_bytes()
    outra = comando("escritor", "restaurar", str(copia))
    codigo = (
        "import os, subprocess, sys, escritor.app, escritor.sqlite\n"
        f"original = os.{onde}\n"
        "def no_meio(*a, **k):\n"
        f"    os.{onde} = original\n"
        f"    feito = subprocess.run({outra!r}, capture_output=True)\n"
        "    assert feito.returncode == 75, feito\n"
        "    return original(*a, **k)\n"
        f"os.{onde} = no_meio\n"
        f"sys.exit(escritor.app.main(['restaurar', {str(copia)!r}], banco=escritor.sqlite))\n"
    )
    feita = subprocess.run([sys.executable, "-c", codigo], cwd=RAIZ, check=False)
    assert feita.returncode == 0
    assert semeado.read_bytes() == copia.read_bytes()
    assert [datada.read_bytes() for datada in datadas(semeado)] == [velho]
    assert leitor("verificar").codigo == 0


@pytest.mark.parametrize("comando_seguinte", ["semear", "importar"])
def test_qualquer_execucao_acaba_a_troca_que_morreu(
    comando_seguinte: str, semeado: Path, copia: Path, escritor: Programa, tmp_path: Path
) -> None:
    """Morta depois de trocar os nomes, o banco que saiu ganha a data na execução seguinte."""
    velho = semeado.read_bytes()
    codigo = (
        "import os, sys, escritor.app, escritor.sqlite\n"
        "os.rename = lambda *_: os.kill(os.getpid(), 9)\n"
        f"escritor.app.main(['restaurar', {str(copia)!r}], banco=escritor.sqlite)\n"
    )
    morta = subprocess.run([sys.executable, "-c", codigo], cwd=RAIZ, check=False)
    assert morta.returncode == -signal.SIGKILL
    assert any(nome.endswith(restauracao.ANTERIOR) for nome in fotografar(semeado.parent))
    arquivo = tmp_path / "a.csv"
    arquivo.write_text("nome,email\nAna,nova@x.com\n")
    argv = ["importar", str(arquivo)] if comando_seguinte == "importar" else ["semear"]
    assert escritor(*argv).codigo == 0
    assert [datada.read_bytes() for datada in datadas(semeado)] == [velho]
    assert len(fotografar(semeado.parent)) == 2
