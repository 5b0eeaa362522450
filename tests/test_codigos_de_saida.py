"""Cada código de saída que a ajuda promete, por um processo de verdade, num lugar só.

O detalhe de cada um (mensagem, o que fica no disco) está no teste do seu comportamento.
"""

import re
import sqlite3
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import AMOSTRA, alterar, fotografar, pessoas
from tests.processos import RAIZ, comando, no_shell, rodar, sem_root, trava

# Um defeito que não se previu, posto à força num dos passos públicos do programa.
DEFEITO = """
import runpy
from {0} import app
def defeito(*_):
    raise RuntimeError("de propósito")
app.{1} = defeito
runpy.run_module("{0}", run_name="__main__", alter_sys=True)
"""
CHINOOK = str(RAIZ / "tests/dados/clientes-chinook.csv")
INTERRUPCOES = {130, 143}  # em test_sinais.py e test_sinais_do_leitor.py

Cenario = Callable[[Path, ExitStack], list[str]]


def csv_ruim(banco: Path, _: ExitStack) -> list[str]:
    """Um CSV com uma linha ruim."""
    banco.with_name("ruim.csv").write_text("nome,email\nAna\n")
    return comando("escritor", "importar", str(banco.with_name("ruim.csv")))


def trancado(programa: str) -> Cenario:
    """Outro processo com a trava exclusiva por mais que a espera."""

    def preparar(banco: Path, pilha: ExitStack) -> list[str]:
        pilha.enter_context(trava(banco, "EXCLUSIVE"))
        return comando(programa)

    return preparar


def versao_mais_nova(programa: str) -> Cenario:
    """Um esquema de uma versão que ainda não existe."""

    def preparar(banco: Path, _: ExitStack) -> list[str]:
        alterar(banco, "PRAGMA user_version = 2")
        return comando(programa)

    return preparar


def sem_escrita(banco: Path, _: ExitStack) -> list[str]:
    """Uma pasta em que o uid do processo não escreve."""
    banco.parent.chmod(0o555)
    return sem_root("escritor")


def sem_leitura(banco: Path, _: ExitStack) -> list[str]:
    """Um arquivo que o uid do processo não lê."""
    banco.chmod(0)
    return sem_root("leitor")


def linha_trocada(banco: Path, _: ExitStack) -> list[str]:
    """Uma linha mudada depois de selada."""
    alterar(banco, "UPDATE usuarios SET nome = 'Outra' WHERE id = 2")
    return comando("leitor")


def sem_banco(programa: str) -> Cenario:
    """Nenhum banco."""

    def preparar(banco: Path, _: ExitStack) -> list[str]:
        banco.unlink()
        return comando(programa)

    return preparar


def simples(cmd: list[str]) -> Cenario:
    """Só o comando, sobre o banco como está."""
    return lambda _banco, _pilha: cmd


def com_defeito(programa: str, passo: str) -> Cenario:
    """Um passo do programa que levanta o que ninguém previu."""
    argv = ["importar", CHINOOK] if passo == "inserir_dados" else []
    return simples([sys.executable, "-X", "utf8", "-c", DEFEITO.format(programa, passo), *argv])


CENARIOS: dict[str, dict[int, Cenario]] = {
    "escritor": {
        0: sem_banco("escritor"),
        2: simples(comando("escritor", "nada")),
        65: csv_ruim,
        66: simples(comando("escritor", "importar", "não-existe.csv")),
        70: com_defeito("escritor", "inserir_dados"),
        73: sem_escrita,
        74: simples(no_shell('ulimit -f 0; exec "$@"', *comando("escritor", "importar", CHINOOK))),
        75: trancado("escritor"),
        78: versao_mais_nova("escritor"),
    },
    "leitor": {
        0: simples(comando("leitor")),
        2: simples(comando("leitor", "nada")),
        65: linha_trocada,
        66: sem_banco("leitor"),
        70: com_defeito("leitor", "verificar_banco"),
        73: sem_leitura,
        74: simples(no_shell('exec "$@" >/dev/full', *comando("leitor"))),
        75: trancado("leitor"),
        78: versao_mais_nova("leitor"),
    },
}
TODOS = [(programa, codigo) for programa, codigos in CENARIOS.items() for codigo in codigos]


@pytest.fixture(name="publico")
def _publico(pasta_publica: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Um banco semeado a que outro uid chega."""
    caminho = pasta_publica / "desafio2.db"
    monkeypatch.setenv("BANCO", str(caminho))
    assert escritor().codigo == 0
    return caminho


@pytest.mark.parametrize(("programa", "codigo"), TODOS)
def test_codigo_de_saida(programa: str, codigo: int, publico: Path) -> None:
    """O código é o prometido; a falha é uma linha no erro padrão, e os dados não mudam."""
    with ExitStack() as pilha:
        cmd = CENARIOS[programa][codigo](publico, pilha)
        antes = fotografar(publico.parent)
        saida = rodar(cmd)
    assert saida.codigo == codigo, saida.stderr
    erros = [linha for linha in saida.stderr.splitlines() if "ERRO: " in linha]
    assert len(erros) == (codigo != 0)
    assert all(erro.startswith(f"[{programa.upper()}] ERRO: ") for erro in erros)
    assert saida.stdout.count("@example.com") == (0 if codigo else 3)
    depois = fotografar(publico.parent)
    assert (depois != antes) == ((programa, codigo) == ("escritor", 0)), "só o escritor grava"


@pytest.mark.parametrize(
    ("programa", "passo"),
    [
        ("escritor", "criar_banco"),
        ("escritor", "inserir_dados"),
        ("leitor", "verificar_banco"),
        ("leitor", "ler_dados"),
    ],
)
def test_defeito_nosso(programa: str, passo: str, publico: Path, leitor: Programa) -> None:
    """O que não se previu: 70, o traceback para o relato, uma linha para quem usa, nada gravado."""
    antes = fotografar(publico.parent)
    saida = rodar(com_defeito(programa, passo)(publico, ExitStack()))
    assert (saida.codigo, saida.stdout) == (70, "")
    assert "Traceback (most recent call last)" in saida.stderr
    assert "RuntimeError: de propósito" in saida.stderr
    fim = saida.stderr.splitlines()[-1]
    assert re.match(rf"\[{programa.upper()}\] ERRO: .*linhas acima", fim)
    assert fotografar(publico.parent) == antes
    assert leitor("verificar").codigo == 0


def test_defeito_depois_de_gravar(publico: Path, leitor: Programa) -> None:
    """Um defeito ao listar, já confirmada a gravação: 70, sem dizer que nada foi gravado."""
    publico.unlink()
    saida = rodar(com_defeito("escritor", "listar_dados")(publico, ExitStack()))
    assert (saida.codigo, saida.stdout) == (70, "")
    with closing(sqlite3.connect(publico)) as con:
        assert con.execute("SELECT count(*) FROM execucoes").fetchone() == (1,)
    assert "nada foi gravado" not in saida.stderr
    assert leitor("verificar").codigo == 0
    assert pessoas(publico) == AMOSTRA


@pytest.mark.parametrize("programa", CENARIOS)
def test_a_tabela_e_a_da_ajuda(programa: str) -> None:
    """Os códigos testados são os que `--help` promete, nem mais nem menos."""
    saida = rodar(comando(programa, "--help"))
    assert (saida.codigo, saida.stderr) == (0, "")
    trecho = saida.stdout.partition("códigos de saída:")[2].partition("exemplos:")[0]
    prometidos = {int(numero) for numero in re.findall(r"\b\d+\b", trecho)}
    assert prometidos == {*CENARIOS[programa]} | INTERRUPCOES
