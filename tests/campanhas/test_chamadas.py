"""Morte em cada chamada de sistema: o strace mata o escritor na n-ésima gravação."""

import signal
import sys
from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from leitor.texto import milhar
from tests.campanhas.adocao import VEZES_DE_SEMPRE, conferir_adocao, criar_comum
from tests.campanhas.apoio import Caso, conferir_e_curar, confirmou
from tests.campanhas.relato import Campanha, contas_em_texto, quantos
from tests.campanhas.strace import GRAVAM, pontos, python, rastrear
from tests.conftest import Programa

pytestmark = pytest.mark.usefixtures("strace")

# Um escritor que desfaz na memória, e não num diário: o controle negativo.
SEM_DIARIO = """
import contextlib, sqlite3, sys
with contextlib.closing(sqlite3.connect(sys.argv[1], isolation_level=None)) as con:
    con.execute("PRAGMA journal_mode = OFF")
    con.execute("BEGIN")
    con.executemany(
        "INSERT INTO usuarios (nome, email, criado_em) VALUES (?, ?, '2026-01-01T00:00:00Z')",
        ((f"Pessoa {i}", f"p{i}@x.com") for i in range(300)),
    )
    con.execute("DELETE FROM execucoes")
    con.execute("COMMIT")
"""


def test_morte_em_cada_chamada(
    campanha: Campanha,
    casos_pequenos: list[Caso],
    banco: Path,
    leitor: Programa,
    escritor: Programa,
) -> None:
    """Morto em qualquer chamada que grava, tranca ou apaga: o de antes ou o de depois, e cura."""
    todos = []
    for caso in casos_pequenos:
        caso.preparar(banco)
        saida, registro = rastrear(python("escritor", *caso.argv), GRAVAM)
        assert saida.codigo == 0, saida
        todos += [(caso, ponto) for ponto in pontos(registro)]
    vezes = min(campanha.vezes("chamadas"), len(todos))
    contas: Counter[str] = Counter()
    mortas: Counter[str] = Counter()
    for caso, (chamada, n) in campanha.acaso("chamadas").sample(todos, vezes):
        rotulo = campanha.rotulo(caso.nome, f"{chamada} número {n}")
        caso.preparar(banco)
        injetar = f"inject={chamada}:signal=SIGKILL:when={n}"
        saida, _ = rastrear(python("escritor", *caso.argv), GRAVAM, "-e", injetar)
        assert saida.codigo == -signal.SIGKILL, f"{rotulo}: a falha não aconteceu"
        possiveis = [caso.depois] if confirmou(saida) else [caso.antes, caso.depois]
        ficou, havia_diario = conferir_e_curar(banco, caso, possiveis, leitor, escritor, rotulo)
        contas["quentes"] += havia_diario
        contas["gravados"] += ficou == caso.depois
        mortas[chamada] += 1
    assert contas["quentes"]
    assert 0 < contas["gravados"] < vezes
    campanha.anotar(
        tentou=f"SIGKILL em {quantos(vezes, 'chamada', 'chamadas')} das {milhar(len(todos))} que "
        f"gravam, trancam ou apagam, em {', '.join(caso.nome for caso in casos_pequenos)}",
        viu=f"{quantos(contas['quentes'], 'diário quente', 'diários quentes')}, "
        f"{quantos(contas['gravados'], 'já gravado', 'já gravados')}; {contas_em_texto(mortas)}",
        perdeu="nada: sempre o de antes ou o de depois",
    )


def test_morte_em_cada_chamada_da_adocao(
    campanha: Campanha, banco: Path, leitor: Programa, escritor: Programa
) -> None:
    """Morta em qualquer chamada, o próximo escritor a conclui, e a cópia de antes tem tudo."""
    criar_comum(banco)
    todos = pontos(rastrear(python("escritor"), GRAVAM).registro)
    vezes = min(campanha.vezes("adoção"), len(todos))
    quentes = 0
    for chamada, n in campanha.acaso("adoção").sample(todos, vezes):
        rotulo = campanha.rotulo("adoção", f"{chamada} número {n}")
        criar_comum(banco)
        injetar = f"inject={chamada}:signal=SIGKILL:when={n}"
        saida, _ = rastrear(python("escritor"), GRAVAM, "-e", injetar)
        assert saida.codigo == -signal.SIGKILL, f"{rotulo}: a falha não aconteceu"
        quentes += conferir_adocao(banco, VEZES_DE_SEMPRE, saida, leitor, escritor, rotulo)
    campanha.anotar(
        tentou=f"SIGKILL em {milhar(vezes)} das {milhar(len(todos))} chamadas da adoção",
        viu=f"na adoção, {quantos(quentes, 'diário quente', 'diários quentes')}",
    )


def test_controle_morte_sem_diario(campanha: Campanha, gravado: Path, leitor: Programa) -> None:
    """Controle negativo: sem diário, morrer entre duas gravações estraga o banco."""
    inteiro = gravado.read_bytes()
    estragados = 0
    for n in count(1):
        gravado.write_bytes(inteiro)
        injetar = f"inject=pwrite64:signal=SIGKILL:when={n}"
        controle = [sys.executable, "-c", SEM_DIARIO, str(gravado)]
        saida, _ = rastrear(controle, "pwrite64", "-e", injetar)
        if saida.codigo == 0:  # não há n-ésima
            break
        assert saida.codigo == -signal.SIGKILL, saida
        estragados += gravado.read_bytes() != inteiro and leitor("verificar").codigo == 65
    assert estragados
    campanha.anotar(controle=f"sem diário, {estragados} de {n - 1} mortes estragam o banco")
