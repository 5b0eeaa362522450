"""Corte de energia: o que o escritor disse gravado está lá quando a luz volta."""

import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from leitor.texto import milhar
from tests.campanhas.apoio import Caso, conferir_e_curar, confirmou, estado, limpar
from tests.campanhas.ext4 import Ext4
from tests.campanhas.relato import Campanha, quantos
from tests.conftest import Programa
from tests.processos import Saida, comando, fluxo, iniciado, rodar, terminar

# Um escritor que diz "gravei" sem esperar o disco: o controle negativo.
SEM_ESPERAR_O_DISCO = """
import contextlib, sqlite3, sys
with contextlib.closing(sqlite3.connect(sys.argv[1], isolation_level=None)) as con:
    con.execute("PRAGMA synchronous = OFF")
    con.execute("INSERT INTO usuarios (nome, email, criado_em) VALUES ('Eva', 'eva@x.com', '')")
print("gravei")
"""


def cortar_no_meio(caso: Caso, ext4: Ext4, atraso: float) -> Saida:
    """Roda o caso e desliga o disco ao fim de `atraso` segundos, termine ele ou não antes."""
    with iniciado(comando("escritor", *caso.argv)) as processo:
        fluxo(processo.stdin).close()
        with suppress(subprocess.TimeoutExpired):
            processo.wait(atraso)
        ext4.cortar_a_energia()
        return terminar(processo)


def test_corte_de_energia(
    campanha: Campanha,
    casos_pequenos: list[Caso],
    ext4: Ext4,
    leitor: Programa,
    escritor: Programa,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Metade dos cortes logo depois do 0 do escritor, metade no meio do trabalho dele."""
    banco = ext4.ponto / "dados" / "desafio2.db"
    monkeypatch.setenv("BANCO", str(banco))
    contas: Counter[str] = Counter()
    vezes = campanha.vezes("energia")
    for vez in range(vezes):
        caso = casos_pequenos[vez // 2 % len(casos_pequenos)]
        rotulo = campanha.rotulo("energia", vez, caso.nome)
        caso.preparar(banco)
        ext4.sincronizar()
        if vez % 2:
            atraso = campanha.acaso("energia", vez).uniform(0.4, 1) * caso.segundos
            saida = cortar_no_meio(caso, ext4, atraso)
            contas["no meio"] += saida.codigo != 0
        else:
            saida = rodar(comando("escritor", *caso.argv))
            assert saida.codigo == 0, saida
            ext4.cortar_a_energia()
        ext4.religar()
        possiveis = [caso.depois] if confirmou(saida) else [caso.antes, caso.depois]
        _, havia_diario = conferir_e_curar(banco, caso, possiveis, leitor, escritor, rotulo)
        contas["quentes"] += havia_diario
        contas["confirmados"] += confirmou(saida)
    assert contas["no meio"]
    assert contas["confirmados"] >= vezes / 2
    campanha.anotar(
        tentou=f"{milhar(vezes)} cortes num ext4 (EXT4_IOC_SHUTDOWN), metade logo depois do 0",
        viu=f"{quantos(contas['confirmados'], 'gravação confirmada', 'gravações confirmadas')} "
        f"antes do corte, {quantos(contas['no meio'], 'cortada', 'cortadas')} no meio, "
        f"{quantos(contas['quentes'], 'diário quente', 'diários quentes')}",
        perdeu="nenhuma gravação confirmada",
    )


def test_controle_corte_de_quem_nao_espera_o_disco(
    campanha: Campanha, ext4: Ext4, modelos: Path
) -> None:
    """Controle negativo: com synchronous=OFF, o que se disse gravado some no corte."""
    banco = ext4.ponto / "b.db"
    perdidas = 0
    vezes = campanha.vezes("energia sem sync")
    for _ in range(vezes):
        limpar(ext4.ponto)
        banco.write_bytes((modelos / "gravado").read_bytes())
        antes = estado(banco)
        ext4.sincronizar()
        saida = rodar([sys.executable, "-c", SEM_ESPERAR_O_DISCO, str(banco)])
        assert saida == (0, "gravei\n", "")
        ext4.cortar_a_energia()
        ext4.religar()
        perdidas += estado(banco) == antes
    assert perdidas, "o corte não fez perder nada: a campanha não mede o que diz"
    campanha.anotar(controle=f"com synchronous=OFF, {perdidas} de {vezes} perdidas")
