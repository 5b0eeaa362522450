"""Disco cheio no PostgreSQL: o do servidor, com espaço sorteado, no meio de uma importação."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from leitor.texto import milhar
from tests.campanhas.postgres.apoio import conferir_e_curar, escrever, estado, sorteada
from tests.campanhas.relato import Campanha, quantos
from tests.conftest import Programa
from tests.postgres.bancos import Acesso
from tests.postgres.pequeno import encher, esvaziar, no_disco_pequeno

pytestmark = pytest.mark.docker

QUANTAS = 12_000  # o bastante para a carga sem índices


def test_sem_espaco_no_meio(
    campanha: Campanha,
    acesso: Acesso,
    escritor_pg: Programa,
    leitor_pg: Programa,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """74 e nada, ou gravado inteiro; o servidor continua, e com espaço o próximo grava."""
    monkeypatch.setenv("PGPASSFILE", str(acesso.pgpass))
    contas: Counter[str] = Counter()
    vezes = campanha.vezes("PostgreSQL, disco cheio")
    for vez in range(vezes):
        acaso = campanha.acaso("disco", vez)
        resta = acaso.randrange(3 << 20)  # bytes
        rotulo = campanha.rotulo("disco", vez, f"{resta} bytes")
        arquivo = escrever(tmp_path, "a.csv", sorteada(acaso, QUANTAS, "d"))
        with no_disco_pequeno(acesso) as banco:
            assert escritor_pg("--banco", banco.uri()).codigo == 0
            antes = estado(banco)
            encher(banco, resta)
            saida = escritor_pg("--banco", banco.uri(), "importar", arquivo)
            coube = saida.codigo == 0
            assert coube or (saida.codigo == 74 and "(53100: " in saida.stderr), (
                f"{rotulo}: {saida}"
            )
            ficou = estado(banco)
            assert ficou == antes or (coube and ficou.linhas == antes.linhas + QUANTAS), rotulo
            esvaziar(banco)
            conferir_e_curar(banco, [ficou], leitor_pg, escritor_pg, rotulo)
        contas["couberam" if coube else "sem espaço"] += 1
    assert contas["sem espaço"] > vezes / 4, contas
    campanha.anotar(
        tentou=f"{milhar(vezes)} importações com o disco do servidor quase cheio",
        viu=f"{milhar(contas['sem espaço'])} sem espaço, "
        f"{quantos(contas['couberam'], 'coube', 'couberam')}",
        perdeu="nada: os dados antigos inteiros, o servidor no ar, e com espaço tudo entra",
    )
