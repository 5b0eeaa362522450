"""Outro processo está com o banco: cada programa espera por BANCO_ESPERA, e só por isso."""

import signal
import time
from pathlib import Path

import pytest

from tests.conftest import Programa, escrever_amostra
from tests.contrato import AMOSTRA, consultar, fotografar, pessoas
from tests.processos import (
    PARADA,
    PRAZO,
    abriu,
    comando,
    esperar,
    iniciado,
    terminar,
    trava,
)

ESPERA = 0.2  # a do fixture `banco`


def test_escritor_desiste(semeado: Path, escritor: Programa) -> None:
    """Com outra gravação em curso além do prazo: 75, quanto esperou e o que fazer."""
    antes = fotografar(semeado.parent)
    with trava(semeado, "IMMEDIATE"):
        inicio = time.monotonic()
        codigo, stdout, stderr = escritor()
        passou = time.monotonic() - inicio
    assert (codigo, stdout) == (75, "")
    assert stderr == (
        f"[ESCRITOR] ERRO: {semeado}: outro processo segurou a trava por mais de 0.2 s; "
        "nada foi gravado. Rode de novo ou aumente BANCO_ESPERA.\n"
    )
    assert ESPERA <= passou < PRAZO
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize("programa", ["escritor", "leitor"])
def test_trava_exclusiva_e_esperada_pelo_prazo(
    programa: str, semeado: Path, request: pytest.FixtureRequest
) -> None:
    """Também a trava exclusiva, a de quem está confirmando, é esperada pelo prazo inteiro."""
    antes = fotografar(semeado.parent)
    with trava(semeado, "EXCLUSIVE"):
        inicio = time.monotonic()
        codigo, stdout, stderr = request.getfixturevalue(programa)()
        passou = time.monotonic() - inicio
    assert (codigo, stdout, stderr.count("\n")) == (75, "", 1)
    assert "segurou a trava por mais de 0.2 s" in stderr
    assert ESPERA <= passou < PRAZO
    assert fotografar(semeado.parent) == antes


def test_leitura_alheia_impede_o_commit(semeado: Path, repetir: Programa) -> None:
    """Uma leitura que não termina não deixa confirmar: 75, e a transação é desfeita."""
    antes = fotografar(semeado.parent)
    with trava(semeado, "DEFERRED"):
        codigo, stdout, stderr = repetir()
    assert (codigo, stdout) == (75, "")
    assert "segurou a trava por mais de 0.2 s; nada foi gravado" in stderr
    assert fotografar(semeado.parent) == antes


def test_leitor_nao_espera_quem_so_comecou_a_gravar(semeado: Path, leitor: Programa) -> None:
    """Uma gravação que ainda não confirma não impede a leitura do que já está gravado."""
    with trava(semeado, "IMMEDIATE"):
        codigo, stdout, _ = leitor("listar", "--formato", "jsonl")
    assert (codigo, stdout.count("\n")) == (0, 3)


def test_espera_zero_nao_espera(semeado: Path, escritor: Programa) -> None:
    """BANCO_ESPERA=0 é tentar uma vez."""
    with trava(semeado, "IMMEDIATE"):
        codigo, stdout, stderr = escritor("--espera", "0")
    assert (codigo, stdout) == (75, "")
    assert "por mais de 0 s" in stderr
    assert consultar(semeado, "SELECT count(*) FROM execucoes") == [(1,)]


@pytest.mark.parametrize("modo", ["DEFERRED", "IMMEDIATE", "EXCLUSIVE"])
@pytest.mark.parametrize("programa", ["escritor", "leitor"])
def test_trava_solta_a_tempo(
    programa: str, modo: str, semeado: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Solta a trava dentro do prazo, o programa segue e termina bem."""
    monkeypatch.setenv("BANCO_ESPERA", str(PRAZO))
    importar = comando("escritor", "importar", str(escrever_amostra(tmp_path)))
    cmd = importar if programa == "escritor" else comando(programa)
    with trava(semeado, modo) as soltar, iniciado(cmd) as processo:
        esperar(lambda: abriu(processo, semeado), "abrir o banco")
        soltar()
        saida = terminar(processo)
    assert saida.codigo == 0, saida.stderr
    assert saida.stdout.count("@example.com") == (3 if programa == "leitor" else 0)
    execucoes = 2 if programa == "escritor" else 1
    assert consultar(semeado, "SELECT count(*) FROM execucoes") == [(execucoes,)]


@pytest.mark.parametrize("modo", ["IMMEDIATE", "EXCLUSIVE"])
def test_quem_espera_atende_o_sigterm(
    modo: str, semeado: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """À espera de uma trava, o escritor termina logo com 143 e não grava nada."""
    monkeypatch.setenv("BANCO_ESPERA", "600")
    antes = fotografar(semeado.parent)
    with trava(semeado, modo), iniciado(comando("escritor")) as processo:
        esperar(lambda: abriu(processo, semeado), "abrir o banco")
        processo.send_signal(signal.SIGTERM)
        saida = terminar(processo, PARADA)
    assert (saida.codigo, saida.stdout) == (143, "")
    assert saida.stderr.startswith("[ESCRITOR] interrompido: ")
    assert fotografar(semeado.parent) == antes
    assert pessoas(semeado) == AMOSTRA


def test_quem_espera_para_confirmar_atende_o_sigterm(
    semeado: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """À espera de um leitor para o COMMIT, o sinal ainda desfaz tudo: 143, e sem diário."""
    monkeypatch.setenv("BANCO_ESPERA", "600")
    antes = fotografar(semeado.parent)
    diario = semeado.with_name(f"{semeado.name}-journal")
    importar = comando("escritor", "importar", str(escrever_amostra(tmp_path)))
    with trava(semeado, "DEFERRED"), iniciado(importar) as processo:
        esperar(lambda: diario.exists() and diario.stat().st_size > 0, "a transação começar")
        processo.send_signal(signal.SIGTERM)
        saida = terminar(processo, PARADA)
    assert (saida.codigo, saida.stdout) == (143, "")
    assert saida.stderr.startswith("[ESCRITOR] interrompido: ")
    assert fotografar(semeado.parent) == antes
