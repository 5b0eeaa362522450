"""Morte no PostgreSQL: o escritor, o servidor e a conexão, mortos num momento qualquer."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from leitor.texto import milhar
from tests.campanhas.postgres.apoio import (
    Caso,
    conferir_e_curar,
    escrever,
    estado,
    possiveis,
    sorteada,
)
from tests.campanhas.relato import Campanha, quantos
from tests.conftest import Programa
from tests.postgres.apoio import Servidor
from tests.postgres.bancos import Acesso, Banco
from tests.postgres.corte import corte
from tests.processos import Saida, comando, esperar, fluxo, iniciado, terminar

pytestmark = pytest.mark.docker

PARTIDA = 0.05  # segundos; antes disto o Python ainda nem importou o escritor
# Onde se corta: no começo, à espera da trava, na carga, no livro e na confirmação.
GATILHOS = (b"BEGIN", b"pg_advisory", b"usuarios", b"INSERT INTO desafio2.execucoes", b"COMMIT\0")
# Um escritor que confirma linha por linha, como quem esquece a transação: o controle negativo.
SEM_TRANSACAO = """
import psycopg, sys
with psycopg.connect(sys.argv[1], autocommit=True) as con:
    for i in range(10, 1_000_000):
        con.execute("INSERT INTO desafio2.usuarios VALUES (%s, %s, %s, '2026-01-01T00:00:00Z')",
                    (i, f"Pessoa {i}", f"p{i}@x.com"))
"""


@pytest.fixture(scope="module")
def semeado(acesso: Acesso) -> Iterator[Banco]:
    """Um banco com os três de exemplo, molde dos outros."""
    with acesso.banco() as banco, pytest.MonkeyPatch.context() as ambiente:
        ambiente.setenv("PGPASSFILE", str(acesso.pgpass))
        with iniciado(comando("postgres.escritor", "--banco", banco.uri())) as processo:
            assert terminar(processo).codigo == 0
        yield banco


@pytest.fixture(scope="module")
def casos(
    semeado: Banco, acesso: Acesso, campanha: Campanha, tmp_path_factory: pytest.TempPathFactory
) -> list[Caso]:
    """Os três caminhos da carga: poucas, muitas sem índices, e muitas com repetidas no fim."""
    pasta, acaso = tmp_path_factory.mktemp("casos"), campanha.acaso("casos")
    muitas = sorteada(acaso, 15_000, "m")
    arquivos = {
        "poucas.csv": sorteada(acaso, 300, "p"),
        "muitas.csv": muitas,
        "repetidas.csv": [*muitas, ("João", "JOAO@example.com")],
    }
    with pytest.MonkeyPatch.context() as ambiente:
        ambiente.setenv("PGPASSFILE", str(acesso.pgpass))
        return [
            Caso(escrever(pasta, nome, pessoas), acesso, semeado.nome)
            for nome, pessoas in arquivos.items()
        ]


def test_o_escritor_morto_em_qualquer_momento(
    campanha: Campanha,
    casos: list[Caso],
    semeado: Banco,
    leitor_pg: Programa,
    escritor_pg: Programa,
) -> None:
    """SIGKILL: nada confirmado se perde, nada fica pela metade, e o próximo escritor continua."""
    contas: Counter[str] = Counter()
    vezes = campanha.vezes("PostgreSQL, escritor morto")
    for vez in range(vezes):
        caso = casos[vez % len(casos)]
        atraso = campanha.acaso("escritor", vez).uniform(PARTIDA, caso.segundos * 1.05)
        rotulo = campanha.rotulo("escritor", vez, f"{caso.arquivo}, aos {atraso:.4f} s")
        with semeado.acesso.banco(semeado.nome) as banco:
            with iniciado(caso.comando(banco)) as processo:
                fluxo(processo.stdin).close()
                try:
                    processo.wait(atraso)
                except subprocess.TimeoutExpired:
                    processo.kill()
                saida = terminar(processo)
            permitidos = possiveis(saida, caso.antes, caso.depois)
            ficou = conferir_e_curar(banco, permitidos, leitor_pg, escritor_pg, rotulo)
        contas["mortos"] += saida.codigo == -9
        contas["gravados"] += ficou == caso.depois
    assert contas["mortos"] >= vezes / 4, contas
    campanha.anotar(
        tentou=f"{milhar(vezes)} SIGKILL no escritor",
        viu=f"{quantos(contas['mortos'], 'morto', 'mortos')} antes do fim, "
        f"{quantos(contas['gravados'], 'já gravado', 'já gravados')}",
        perdeu="nenhuma gravação confirmada; nada pela metade, nada em dobro",
    )


def test_o_servidor_morto_em_qualquer_momento(
    campanha: Campanha,
    servidor_que_cai: Servidor,
    tmp_path: Path,
    leitor_pg: Programa,
    escritor_pg: Programa,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`docker kill` no meio de importações: o que se confirmou está lá, e cada âncora vale."""
    acesso = Acesso(servidor_que_cai, tmp_path)
    monkeypatch.setenv("PGPASSFILE", str(acesso.pgpass))
    confirmadas: list[str] = []
    ditas_talvez = 0
    vezes = campanha.vezes("PostgreSQL, servidor morto")
    with acesso.banco() as banco:
        # Alguma execução há sempre, mesmo que a primeira queda venha antes de qualquer outra.
        assert escritor_pg("--banco", banco.uri()).codigo == 0
        for vez in range(vezes):
            acaso, rotulo = campanha.acaso("servidor", vez), campanha.rotulo("servidor", vez)
            lotes = [sorteada(acaso, 4_000, f"s{vez}-{n}-") for n in range(20)]
            arquivos = [escrever(tmp_path, f"{n}.csv", lote) for n, lote in enumerate(lotes)]
            antes = estado(banco)
            saidas = _importar_ate_cair(servidor_que_cai, banco, arquivos, acaso.uniform(0.2, 1.5))
            servidor_que_cai.reerguer()
            acesso.reencontrar()
            feitas = [saida for saida in saidas if saida.codigo == 0]
            confirmadas += [saida.stderr.splitlines()[-1].split(": ")[1] for saida in feitas]
            talvez = _talvez(saidas[-1], rotulo)
            entraram = estado(banco).execucoes - antes.execucoes - len(feitas)
            assert 0 <= entraram <= talvez, rotulo
            ditas_talvez += talvez
        ancoras = [parte for dita in confirmadas for parte in ("--ancora", dita)]
        lido = leitor_pg("verificar", "--espera", "30", "--banco", banco.uri("leitor"), *ancoras)
        assert lido.codigo == 0, lido.stderr
        conferir_e_curar(banco, [estado(banco)], leitor_pg, escritor_pg, "servidor")
    campanha.anotar(
        tentou=f"{milhar(vezes)} `docker kill` no servidor",
        viu=f"{milhar(len(confirmadas))} importações confirmadas antes das quedas, "
        f"{milhar(ditas_talvez)} ditas talvez gravadas",
        perdeu="toda âncora confirmada continua na corrente",
    )


def _talvez(saida: Saida, rotulo: str) -> bool:
    """Diz se o escritor que viu a queda disse *talvez*; de outro modo, disse que nada gravou."""
    talvez = "talvez gravada" in saida.stderr
    if saida.codigo:
        assert saida.codigo == 75, f"{rotulo}: {saida}"
        assert talvez != ("nada foi gravado" in saida.stderr), f"{rotulo}: {saida}"
    return talvez


def _importar_ate_cair(
    servidor: Servidor, banco: Banco, arquivos: list[str], atraso: float
) -> list[Saida]:
    """Importa um arquivo atrás do outro, e mata o servidor a meio; devolve o que cada um disse."""
    saidas: list[Saida] = []
    limite = time.monotonic() + atraso
    for arquivo in arquivos:
        cmd = comando("postgres.escritor", "--banco", banco.uri(), "importar", arquivo)
        with iniciado(cmd) as processo:
            fluxo(processo.stdin).close()
            try:
                processo.wait(max(0.01, limite - time.monotonic()))
            except subprocess.TimeoutExpired:
                servidor.matar()
            saidas.append(terminar(processo, 60))
        if time.monotonic() > limite:
            break
    return saidas


def test_a_conexao_cortada_em_qualquer_ponto(
    campanha: Campanha,
    casos: list[Caso],
    semeado: Banco,
    leitor_pg: Programa,
    escritor_pg: Programa,
) -> None:
    """75, e o que se diz é o que há: nada, ou talvez; e talvez só depois de mandado o COMMIT."""
    contas: Counter[str] = Counter()
    vezes = campanha.vezes("PostgreSQL, conexão cortada")
    for vez in range(vezes):
        acaso, gatilho = campanha.acaso("corte", vez), GATILHOS[-1 - vez % len(GATILHOS)]
        caso, entrega = casos[vez % len(casos)], acaso.random() < 0.5
        rotulo = campanha.rotulo("corte", vez, gatilho, f"entrega: {entrega}")
        with semeado.acesso.banco(semeado.nome) as banco:
            with corte(banco.acesso.ip, gatilho, entrega=entrega) as meio:
                alvo = banco.uri(onde=meio.onde)
                saida = escritor_pg("--banco", alvo, "importar", caso.arquivo, "--silencioso")
                assert meio.cortou.is_set(), rotulo
            assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (75, "", 1), rotulo
            talvez = "talvez gravada" in saida.stderr
            assert talvez == (gatilho == GATILHOS[-1]), f"{rotulo}: {saida.stderr}"
            permitidos = possiveis(saida, caso.antes, caso.depois)
            ficou = conferir_e_curar(banco, permitidos, leitor_pg, escritor_pg, rotulo)
        contas["talvez"] += talvez
        contas["gravadas"] += ficou == caso.depois
    campanha.anotar(
        tentou=f"{milhar(vezes)} conexões cortadas, no COMMIT e antes dele",
        viu=f"das {milhar(contas['talvez'])} ditas talvez gravadas, "
        f"{quantos(contas['gravadas'], 'estava', 'estavam')}",
    )


def test_controle_quem_confirma_linha_por_linha_fica_pela_metade(
    campanha: Campanha, semeado: Banco, leitor_pg: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Controle negativo: morto no meio, sem uma transação fica metade, e o leitor a acusa."""
    monkeypatch.setenv("PGPASSFILE", str(semeado.acesso.pgpass))
    vezes = campanha.vezes("PostgreSQL, sem transação")
    for _ in range(vezes):
        with semeado.acesso.banco(semeado.nome) as banco:
            _morrer_sem_transacao(banco)
            lido = leitor_pg("verificar", "--banco", banco.uri("leitor"))
            assert lido.codigo == 65
            assert "regra E9 do contrato" in lido.stderr
    campanha.anotar(controle=f"sem transação, {vezes} de {vezes} ficam pela metade")


def _morrer_sem_transacao(banco: Banco) -> None:
    with iniciado([sys.executable, "-c", SEM_TRANSACAO, banco.uri()]) as processo:
        esperar(lambda: len(banco.pessoas()) > 10, "o banco crescer")
        processo.kill()
        assert terminar(processo).codigo == -9
