"""Cluster: máquinas que morrem, congelam, ficam sós ou sem disco, enquanto se grava nele."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random
from time import monotonic as agora

import pytest
from docker import DockerClient

from leitor.texto import milhar
from tests.campanhas.ext4 import Ext4, falta_no_kernel
from tests.campanhas.relato import Campanha
from tests.cluster import falhas
from tests.cluster.apoio import NOS, PRAZO, Cluster, Confirmacao, rodar
from tests.cluster.falhas import Falha, Resultado, Volta, quebrar
from tests.cluster.provas import ancoras, conferir
from tests.docker.apoio import esperar

pytestmark = pytest.mark.docker

FALHAS = (
    *(falhas.MORTE, falhas.CONGELADO, falhas.ISOLADO, falhas.TROCA),
    *(falhas.REPLICA, falhas.ETCD, falhas.TODOS),
)
PAUSA = 0.08  # segundos entre duas gravações: depois de cada falha, tudo se confere
SOZINHO = 3.5  # segundos que, no controle, quem manda ainda confirma depois de isolado
LIMITE = 2_100  # segundos de falhas, na forma inteira
DISCO = 1500  # MB
POSTGRES = 999  # o uid e o gid na imagem
SEM_ESPACO = "No space left on device"
VOLUMES = """
volumes:
{}
"""
VOLUME = "  dados_{0}: {{driver_opts: {{type: none, o: bind, device: {1}}}}}"


@pytest.fixture(scope="module")
def cluster(
    engine: DockerClient,  # noqa: ARG001 - pelo que ela confere
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cluster]:
    """Um cluster que os testes deste módulo sobem, quebram e, o último, estraga."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as novo:
        yield novo


def test_nem_a_primeira_confirmacao_e_de_uma_maquina_so(
    campanha: Campanha, cluster: Cluster
) -> None:
    """Um cliente sem escrúpulos grava desde antes do primeiro boot, e à primeira confirmação a
    máquina que manda morre: o que ela confirmou está noutra.
    """
    cluster.compose("create")
    rodar("docker", "start", "-a", cluster.conteiner("segredos"))
    cluster.gravar_sem_parar("sem-conferir", "boot")
    cluster.compose("up", "-d", *NOS)
    esperar(cluster.confirmadas, "a primeira confirmação", PRAZO)
    mandava = cluster.manda()
    rodar("docker", "kill", cluster.conteiner(mandava))
    cluster.parar_gravadores()
    confirmadas = cluster.confirmadas()
    outros = [no for no in NOS if no != mandava]

    def alguem_tem() -> bool:
        achados = [[*falta_em(cluster, no, confirmadas)] for no in outros]
        return any(falta == [] for falta in achados)

    esperar(alguem_tem, f"outra máquina ter o que {mandava} confirmou", PRAZO)
    rodar("docker", "start", cluster.conteiner(mandava))
    cluster.esperar_inteiro()
    falhas.conferir_tudo(cluster, "primeiro boot")
    campanha.anotar(tentou="a morte à primeira confirmação do primeiro boot")


def falta_em(cluster: Cluster, no: str, confirmadas: Iterable[Confirmacao]) -> Iterator[str]:
    """Como `conferir`, de um nó que talvez ainda não responda: aí, falta tudo."""
    try:
        yield from conferir(cluster, no, [*confirmadas])
    except AssertionError as erro:
        yield str(erro)


def test_o_que_se_confirmou_fica(campanha: Campanha, cluster: Cluster) -> None:
    """Falha depois de falha, com gravadores no ar: nada confirmado se perde, e tudo volta só."""
    cluster.subir()
    cluster.gravar_sem_parar("direto", "direto", PAUSA)
    cluster.gravar_sem_parar("importar", "importar", 10 * PAUSA)
    fila = na_ordem(campanha)
    feitas: list[Resultado] = []
    limite = agora() + LIMITE
    for vez, falha in enumerate(fila):
        if agora() > limite:
            break  # numa máquina ocupada, as que couberam, na ordem sorteada
        rotulo = campanha.rotulo(falha.nome, f"a {vez + 1}ª de {len(fila)}")
        feitas.append(quebrar(cluster, falha, campanha.acaso(falha.nome, vez), rotulo))
        print(f"{vez + 1}/{len(fila)} {feitas[-1]}", flush=True)
    cluster.parar_gravadores()
    relatar(campanha, feitas)


def na_ordem(campanha: Campanha) -> list[Falha]:
    """Devolve as falhas a provocar, ao acaso; uma de cada antes de repetir alguma."""
    resto = [falha for falha in FALHAS for _ in range(campanha.vezes(falha.nome) - 1)]
    primeiras = [falha for falha in FALHAS if campanha.vezes(falha.nome)]
    for parte in (primeiras, resto):
        campanha.acaso("ordem das falhas").shuffle(parte)
    return [*primeiras, *resto]


def relatar(campanha: Campanha, feitas: list[Resultado]) -> None:
    """Anota os tempos de cada falha, ao lado do prometido; o que se exige é que nada se perca."""
    for falha in FALHAS:
        destas = [feita for feita in feitas if feita.falha == falha.nome]
        if destas:
            paradas = [feita.parada for feita in destas]
            inteiros = [feita.inteiro for feita in destas]
            campanha.anotar(
                tentou=f"{len(destas)} × {falha.nome}",
                viu=f"{falha.nome}: {faixa(paradas)} s sem gravar, inteiro em {faixa(inteiros)} s",
            )
    campanha.anotar(
        perdeu=f"nenhuma de {milhar(feitas[-1].confirmadas)} execuções confirmadas; nenhuma linha "
        "em dobro; em cada nó, depois de cada falha, lacres, elos e a última âncora conferem"
    )


def faixa(segundos: list[float]) -> str:
    """Devolve a mediana e, entre parênteses, o menor e o maior."""
    ditos = [f"{s:.1f}".replace(".", ",") for s in (statistics.median(segundos), min(segundos))]
    return f"{ditos[0]} ({ditos[1]}–{f'{max(segundos):.1f}'.replace('.', ',')})"


def test_disco_cheio_em_quem_manda(
    campanha: Campanha,
    engine: DockerClient,  # noqa: ARG001 - pelo que ela confere
    tmp_path: Path,
) -> None:
    """O disco de quem manda enche de verdade: recusa, ou passa o comando; e nada se perde."""
    if not (vezes := campanha.vezes("disco cheio em quem manda")):
        return  # três discos e outro cluster: só na forma inteira
    if falta := falta_no_kernel():
        pytest.skip(f"ATENÇÃO: {falta}; esta campanha não foi feita")
    with ExitStack() as pilha:
        discos = {}
        for no in NOS:
            (tmp_path / no).mkdir()
            disco = pilha.enter_context(Ext4(tmp_path / no, DISCO))
            discos[no] = disco.ponto / "volume"
            discos[no].mkdir()
            os.chown(discos[no], POSTGRES, POSTGRES)
        acrescimo = tmp_path / "discos.yml"
        linhas = "\n".join(VOLUME.format(no, pasta) for no, pasta in discos.items())
        acrescimo.write_text(VOLUMES.format(linhas), encoding="utf-8")
        (tmp_path / "fora").mkdir()
        cluster = pilha.enter_context(Cluster(tmp_path / "fora", acrescimo))
        cluster.subir()
        cluster.gravar_sem_parar("direto", "cheio")
        falha = Falha("disco cheio em quem manda", encher(discos), 60, consertar_antes=True)
        feitas = [
            quebrar(
                cluster, falha, campanha.acaso(falha.nome, vez), campanha.rotulo(falha.nome, vez)
            )
            for vez in range(vezes)
        ]
        paradas = faixa([feita.parada for feita in feitas])
        campanha.anotar(
            tentou=f"{vezes} × {falha.nome}", viu=f"{falha.nome}: {paradas} s sem gravar"
        )


def encher(discos: dict[str, Path]) -> falhas.Provocar:
    """Devolve a falha que enche o disco de quem manda até ele o dizer; o conserto o esvazia."""

    def provocar(cluster: Cluster, _: Random) -> Volta:
        manda = cluster.manda()
        ditas = cluster.registro(manda).count(SEM_ESPACO)
        lastro = discos[manda].parent / "lastro"
        with lastro.open("wb", buffering=0) as arquivo, suppress(OSError):
            while arquivo.write(bytes(1 << 20)):
                pass
        esperar(lambda: cluster.registro(manda).count(SEM_ESPACO) > ditas, "o disco encher", PRAZO)
        return lastro.unlink

    return provocar


def test_controle_sem_esperar_pela_replica(campanha: Campanha, cluster: Cluster) -> None:
    """Controle negativo: com a replicação assíncrona, quem manda, isolado e depois morto, leva
    consigo o que confirmou; e a âncora o diz.
    """
    cluster.subir()
    afrouxar(cluster)
    cluster.gravar_sem_parar("direto", "assincrono")
    falhas.esperar_confirmacao(cluster)
    mandava, corte = cluster.manda(), agora()
    cluster.isolar(mandava)
    esperar(
        lambda: any(feita.quando > corte + SOZINHO for feita in cluster.confirmadas()),
        f"{mandava}, sozinho, ainda confirmar",
        PRAZO,
    )
    rodar("docker", "kill", cluster.conteiner(mandava))
    cluster.parar_gravadores()
    esperar(lambda: cluster.manda() not in {"", mandava}, "outro mandar", PRAZO)
    confirmadas = cluster.confirmadas()
    manda = cluster.manda()
    ficou = ancoras(cluster, manda)
    perdidas = [feita for feita in confirmadas if feita.ancora not in ficou]
    assert perdidas != []
    inteiras = sorted({*map(por_execucao, confirmadas)} - {*map(por_execucao, perdidas)})
    dito = cluster.leitor(
        *(manda, "verificar", "--ancora", max(perdidas, key=por_execucao).ancora),
        *("--ancora", next(f.ancora for f in confirmadas if por_execucao(f) == inteiras[-1])),
        codigo=65,
    )
    assert f"o livro acaba na execução {inteiras[-1]}, antes da âncora " in dito.stderr
    assert f"até a execução {inteiras[-1]}, é a mesma história" in dito.stderr
    campanha.anotar(
        controle="com réplicas assíncronas, quem manda isolado e depois morto, perdem-se "
        f"{milhar(len(perdidas))} de {milhar(len(confirmadas))} confirmadas, e a âncora o diz"
    )


def por_execucao(feita: Confirmacao) -> int:
    """O número da execução confirmada."""
    return feita.execucao


def afrouxar(cluster: Cluster) -> None:
    """Deixa o cluster como muitos são: confirma o que só uma máquina tem."""
    manda = cluster.manda()
    cluster.dentro(
        *(manda, "patronictl", "edit-config", "--force", "-s", "synchronous_mode=off"),
        *("-s", "synchronous_mode_strict=false", "-p", "synchronous_standby_names=''"),
    )
    espera = "SHOW synchronous_standby_names"
    esperar(lambda: cluster.consultar(manda, espera) == [[""]], "não esperar por réplicas", PRAZO)
    cluster.consultar(manda, "ALTER DATABASE desafio2 RESET desafio2.exige_replica")
