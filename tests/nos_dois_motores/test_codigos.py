"""Cada código de saída, nos dois motores: uma linha em stderr, e o banco como estava."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.contrato import AMOSTRA
from tests.nos_dois_motores.motor import Motor
from tests.processos import PARADA, alimentar, esperar, iniciado, no_shell, rodar, terminar

# Um defeito que não se previu, posto à força num dos passos públicos do programa.
DEFEITO = """
import runpy
from {0} import app
def defeito(*_):
    raise RuntimeError("de propósito")
app.{1} = defeito
runpy.run_module("{2}", run_name="__main__", alter_sys=True)
"""
NOVA = "nome,email\nNova,nova@x.com\n"
MUITAS = "nome,email\n" + "".join(f"P{n},p{n}@x.com\n" for n in range(20_000))

Cenario = Callable[[Motor, ExitStack, Path], list[str]]


def simples(programa: str, *argv: str) -> Cenario:
    """Só o comando, sobre o banco como está."""
    return lambda motor, _pilha, _pasta: motor.comando(programa, *argv)


def csv_ruim(motor: Motor, _: ExitStack, pasta: Path) -> list[str]:
    """Um CSV com uma linha ruim."""
    (pasta / "ruim.csv").write_text("nome,email\nAna\n")
    return motor.comando("escritor", "importar", str(pasta / "ruim.csv"))


def com_defeito(programa: str, passo: str, *, semeia: bool = False) -> Cenario:
    """Um passo do programa que levanta o que ninguém previu."""

    def preparar(motor: Motor, _: ExitStack, pasta: Path) -> list[str]:
        (pasta / "nova.csv").write_text(NOVA)
        importa = programa == "escritor" and not semeia
        argv = ["importar", str(pasta / "nova.csv")] if importa else []
        *antes, _m, modulo = motor.comando(programa)
        codigo = DEFEITO.format(programa, passo, modulo)
        return [*antes, "-X", "utf8", "-c", codigo, *argv]

    return preparar


def sem_direito(programa: str) -> Cenario:
    """Quem não pode gravar, ou ler."""
    return lambda motor, _pilha, _pasta: motor.sem_direito(programa)


def sem_saida(programa: str) -> Cenario:
    """A saída padrão não aceita um byte."""
    return lambda motor, *_: no_shell('exec "$@" >/dev/full', *motor.comando(programa))


def trancado(programa: str) -> Cenario:
    """Outra sessão com a trava por mais que a espera."""

    def preparar(motor: Motor, pilha: ExitStack, _: Path) -> list[str]:
        pilha.enter_context(motor.trancado(programa))
        return motor.comando(programa)

    return preparar


def mudado(programa: str, *sql: str) -> Cenario:
    """Um banco em que alguém mexeu; ou, sem SQL, de um contrato que ainda não existe."""

    def preparar(motor: Motor, _pilha: ExitStack, _pasta: Path) -> list[str]:
        motor.alterar(*(sql or [motor.outra_versao]))
        return motor.comando(programa)

    return preparar


CENARIOS: dict[str, dict[int, Cenario]] = {
    "escritor": {
        0: simples("escritor"),
        2: simples("escritor", "nada"),
        65: csv_ruim,
        66: simples("escritor", "importar", "não-existe.csv"),
        70: com_defeito("escritor", "inserir_dados"),
        73: sem_direito("escritor"),
        74: sem_saida("escritor"),
        75: trancado("escritor"),
        78: mudado("escritor"),
    },
    "leitor": {
        0: simples("leitor"),
        2: simples("leitor", "nada"),
        65: mudado("leitor", "UPDATE usuarios SET nome = 'Outra' WHERE id = 2"),
        66: mudado("leitor", "DELETE FROM usuarios", "DELETE FROM execucoes"),
        70: com_defeito("leitor", "verificar_banco"),
        73: sem_direito("leitor"),
        74: sem_saida("leitor"),
        75: trancado("leitor"),
        78: mudado("leitor"),
    },
}
INTERRUPCOES = {130, 143}
TODOS = [(programa, codigo) for programa, codigos in CENARIOS.items() for codigo in codigos]


@pytest.mark.parametrize(("programa", "codigo"), TODOS)
def test_codigo_de_saida(programa: str, codigo: int, mexida: Motor, tmp_path: Path) -> None:
    """O prometido; a falha é uma linha com o que houve, e o banco fica como o cenário o deixou."""
    with ExitStack() as pilha:
        comando = CENARIOS[programa][codigo](mexida, pilha, tmp_path)
        saida = rodar(comando)
    assert saida.codigo == codigo, saida
    erros = [linha for linha in saida.stderr.splitlines() if "ERRO: " in linha]
    assert len(erros) == (codigo != 0), saida.stderr
    assert all(erro.startswith(f"[{programa.upper()}] ERRO: ") for erro in erros)
    assert ("Traceback" in saida.stderr) == (codigo == 70)
    assert saida.stdout.count("joao@example.com") == (0 if codigo else 1)
    execucoes = mexida.consultar("SELECT id FROM execucoes")
    assert len(execucoes) == (0 if (programa, codigo) == ("leitor", 66) else 4)


def test_um_defeito_depois_de_gravar(motor: Motor, tmp_path: Path) -> None:
    """Já confirmada a gravação: 70, o traceback para o relato, e nunca que nada foi gravado."""
    saida = rodar(
        com_defeito("escritor", "listar_dados", semeia=True)(motor, ExitStack(), tmp_path)
    )
    assert (saida.codigo, saida.stdout) == (70, "")
    assert "RuntimeError: de propósito" in saida.stderr
    assert "nada foi gravado" not in saida.stderr
    assert motor.pessoas() == AMOSTRA
    assert len(motor.provado()) == 1


@pytest.mark.parametrize("programa", CENARIOS)
def test_a_tabela_e_a_da_ajuda(programa: str, historia: Motor) -> None:
    """Os códigos testados são os que `--help` promete, nem mais nem menos."""
    saida = rodar(historia.comando(programa, "--help"))
    assert (saida.codigo, saida.stderr) == (0, "")
    trecho = saida.stdout.partition("códigos de saída:")[2].partition("exemplos:")[0]
    prometidos = {int(numero) for numero in re.findall(r"\b\d+\b", trecho)}
    assert prometidos == {*CENARIOS[programa]} | INTERRUPCOES


@pytest.mark.parametrize(("sinal", "codigo"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrompido_no_meio(sinal: signal.Signals, codigo: int, motor: Motor) -> None:
    """130 ou 143 na hora, o que se fez desfeito, e o banco serve a quem vier depois."""
    motor.gravar()
    antes = motor.tudo()
    with iniciado(motor.comando("escritor", "importar", "-", "--silencioso")) as processo:
        alimentar(processo, MUITAS.encode())
        processo.send_signal(sinal)
        saida = terminar(processo, PARADA)
    assert saida == (
        codigo,
        "",
        "[ESCRITOR] interrompido: a transação foi desfeita e nada foi gravado. Rode de novo.\n",
    )
    assert motor.tudo() == antes
    esperar(lambda: motor.escritor("importar", "-", entrada=NOVA).codigo == 0, "a trava se soltar")
    motor.provado()
