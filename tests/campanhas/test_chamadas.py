"""Morte em cada chamada de sistema: o strace mata o escritor na n-ésima gravação."""

import signal
import sys
from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from tests.campanhas.apoio import Campanha, Caso, conferir_e_curar, confirmou, criar_comum, quente
from tests.campanhas.strace import GRAVAM, pontos, python, rastrear
from tests.conftest import Programa
from tests.contrato import AMOSTRA, pessoas

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
    for caso, (chamada, n) in campanha.acaso("chamadas").sample(todos, vezes):
        rotulo = campanha.rotulo(caso.nome, f"{chamada} número {n}")
        caso.preparar(banco)
        injetar = f"inject={chamada}:signal=SIGKILL:when={n}"
        saida, _ = rastrear(python("escritor", *caso.argv), GRAVAM, "-e", injetar)
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


def test_morte_em_cada_chamada_da_adocao(
    campanha: Campanha, banco: Path, leitor: Programa, escritor: Programa
) -> None:
    """Morta em qualquer chamada, o próximo escritor a conclui, e a cópia de antes tem tudo."""
    criar_comum(banco)
    todos = pontos(rastrear(python("escritor"), GRAVAM).registro)
    vezes = min(campanha.vezes("adoção"), len(todos))
    for chamada, n in campanha.acaso("adoção").sample(todos, vezes):
        rotulo = campanha.rotulo("adoção", f"{chamada} número {n}")
        criar_comum(banco)
        injetar = f"inject={chamada}:signal=SIGKILL:when={n}"
        saida, _ = rastrear(python("escritor"), GRAVAM, "-e", injetar)
        assert saida.codigo == -signal.SIGKILL, f"{rotulo}: a falha não aconteceu"
        assert leitor().codigo in ({75} if quente(banco) else {0, 78}), rotulo
        assert escritor().codigo == 0, rotulo
        assert leitor("verificar").codigo == 0, rotulo
        assert pessoas(banco) == AMOSTRA, rotulo
        copias = list(banco.parent.glob(f"{banco.name}.antes-de-*"))
        assert copias, rotulo
        assert {len(pessoas(copia)) for copia in copias} == {4 * len(AMOSTRA)}, rotulo
    campanha.anotar(tentou=f"SIGKILL em {vezes} das {len(todos)} chamadas da adoção")


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
    campanha.anotar(controle=f"sem diário, {estragados} de {n - 1} mortes o estragam o banco")
