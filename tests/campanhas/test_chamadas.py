"""Morte em cada chamada de sistema: o strace mata o escritor na n-ésima gravação."""

import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.campanhas.apoio import Campanha, Caso, conferir_e_curar, confirmou, estado
from tests.campanhas.strace import GRAVAM, pontos, rastrear
from tests.conftest import Programa
from tests.processos import rodar

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


@pytest.fixture(name="strace")
def _strace(ferramenta: Callable[[str], str]) -> str:
    return ferramenta("strace")


def test_morte_em_cada_chamada(
    campanha: Campanha,
    casos_pequenos: list[Caso],
    banco: Path,
    leitor: Programa,
    escritor: Programa,
    strace: str,
) -> None:
    """Morto em qualquer chamada que grava, tranca ou apaga: o de antes ou o de depois, e cura."""
    todos = []
    for caso in casos_pequenos:
        caso.preparar(banco)
        saida, registro = rastrear(strace, caso, banco, GRAVAM)
        assert saida.codigo == 0, saida
        todos += [(caso, ponto) for ponto in pontos(registro)]
    vezes = min(campanha.vezes("chamadas"), len(todos))
    contas: Counter[str] = Counter()
    for caso, (chamada, n) in campanha.acaso("chamadas").sample(todos, vezes):
        rotulo = campanha.rotulo(caso.nome, f"{chamada} número {n}")
        caso.preparar(banco)
        injetar = f"inject={chamada}:signal=SIGKILL:when={n}"
        saida, _ = rastrear(strace, caso, banco, GRAVAM, "-e", injetar)
        assert saida.codigo == -signal.SIGKILL, f"{rotulo}: a falha não aconteceu"
        possiveis = [caso.depois] if confirmou(saida) else [caso.antes, caso.depois]
        ficou, havia_diario = conferir_e_curar(banco, possiveis, leitor, escritor, rotulo)
        contas["quentes"] += havia_diario
        contas["gravados"] += ficou == caso.depois
        contas[chamada] += 1
    assert contas["quentes"]
    assert 0 < contas["gravados"] < vezes
    vistas = ", ".join(f"{c} ({n})" for c, n in contas.items() if c not in {"quentes", "gravados"})
    campanha.anotar(
        tentou=f"SIGKILL em {vezes} das {len(todos)} chamadas que gravam, trancam ou apagam, em "
        + ", ".join(caso.nome for caso in casos_pequenos),
        viu=f"{contas['quentes']} diários quentes, {contas['gravados']} já gravados; {vistas}",
        perdeu="nada: sempre o de antes ou o de depois",
    )


def test_controle_morte_sem_diario(
    campanha: Campanha, gravado: Path, leitor: Programa, strace: str
) -> None:
    """Controle negativo: sem diário, morrer entre duas gravações deixa um banco que não é nenhum."""
    inteiro = gravado.read_bytes()
    antes = estado(gravado)
    estragados = 0
    n = 0
    while True:
        n += 1
        gravado.write_bytes(inteiro)
        injetar = f"inject=pwrite64:signal=SIGKILL:when={n}"
        cmd = [strace, "-f", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", injetar]
        saida = rodar([*cmd, sys.executable, "-c", SEM_DIARIO, str(gravado)])
        if saida.codigo == 0:
            break
        assert saida.codigo == -signal.SIGKILL, saida
        estragados += gravado.read_bytes() != inteiro and leitor("verificar").codigo == 65
    assert n > 3
    assert estragados
    assert antes.execucoes
    campanha.anotar(controle=f"sem diário, {estragados} de {n - 1} mortes estragam o banco")
