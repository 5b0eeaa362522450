"""As falhas que um cluster tem de aguentar, e o que se confere depois de cada uma."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from time import monotonic as agora
from typing import NamedTuple

from tests.cluster.apoio import ETCDS, NOS, PRAZO, Cluster, rodar
from tests.cluster.provas import alcancar, conferir, maior_parada
from tests.docker.apoio import esperar

Volta = Callable[[], None]
Provocar = Callable[[Cluster, Random], Volta]  # devolve como se conserta
# Todos os processos do nó, menos o 1, que só os enterra, e o shell que manda.
PARA_TODOS = "kill -STOP $(ls /proc | grep -xE '[0-9]+' | grep -vxE \"1|$$\") 2>/dev/null || true"
CONTINUA_TODOS = "kill -CONT -1"


class Falha(NamedTuple):
    """O que se provoca, o que tem de acontecer, e por quanto tempo se pode não gravar."""

    nome: str
    provocar: Provocar
    parada: float  # segundos, no máximo, sem gravar
    outro_manda: bool = False  # se outro tem de tomar o comando antes do conserto
    consertar_antes: bool = False  # se só depois do conserto se volta a gravar


class Resultado(NamedTuple):
    """O que uma falha custou."""

    falha: str
    parada: float  # segundos sem gravar
    inteiro: float  # segundos, do conserto até os três nós nos seus papéis
    confirmadas: int


def matar(cluster: Cluster, *servicos: str) -> Volta:
    """SIGKILL em cada um; o conserto é iniciá-los de novo."""
    conteineres = [cluster.conteiner(servico) for servico in servicos]
    rodar("docker", "kill", *conteineres)
    return lambda: void(rodar("docker", "start", *conteineres))


def void(_: object) -> None:
    """Para um `lambda` que nada devolve."""


def matar_quem_manda(cluster: Cluster, _: Random) -> Volta:
    """A máquina que manda morre, e fica morta."""
    return matar(cluster, cluster.manda())


def matar_replica(cluster: Cluster, acaso: Random) -> Volta:
    """Uma das outras morre."""
    return matar(cluster, acaso.choice([no for no in NOS if no != cluster.manda()]))


def matar_etcd(cluster: Cluster, _: Random) -> Volta:
    """Morre o etcd que coordena os outros dois."""
    ditos = rodar(
        *("docker", "exec", cluster.conteiner("etcd1")),
        *("etcdctl", "endpoint", "status", "--cluster", "-w", "json"),
    )
    for membro in json.loads(ditos.stdout):
        cabeca = membro["Status"]["header"]
        if cabeca["member_id"] == membro["Status"]["leader"]:
            return matar(cluster, membro["Endpoint"].partition("//")[2].partition(":")[0])
    raise AssertionError(f"nenhum etcd coordena: {ditos}")


def matar_todos(cluster: Cluster, _: Random) -> Volta:
    """Falta luz: os seis contêineres, de uma vez."""
    return matar(cluster, *ETCDS, *NOS)


def congelar(cluster: Cluster, _: Random) -> Volta:
    """SIGSTOP em cada processo de quem manda; o conserto é SIGCONT."""
    manda = cluster.manda()
    cluster.dentro(manda, "sh", "-c", PARA_TODOS)

    def continuar() -> None:
        with suppress(AssertionError):  # o próprio shell também pode ir
            cluster.dentro(manda, "sh", "-c", CONTINUA_TODOS)

    return continuar


def isolar(cluster: Cluster, _: Random) -> Volta:
    """Quem manda fica só, sem os outros e sem o etcd; os clientes ainda o alcançam."""
    manda = cluster.manda()
    cluster.isolar(manda)
    return lambda: cluster.religar(manda)


def trocar(cluster: Cluster, acaso: Random) -> Volta:
    """Troca combinada: outro passa a mandar, e quem mandava o segue."""
    manda = cluster.manda()
    outro = acaso.choice([no for no in NOS if no != manda])
    cluster.dentro(
        *(manda, "patronictl", "switchover", "--force"),
        *("--leader", manda, "--candidate", outro),
    )
    return lambda: None


MORTE = Falha("SIGKILL em quem manda", matar_quem_manda, 30, outro_manda=True)
CONGELADO = Falha("SIGSTOP em quem manda, além do prazo", congelar, 30, outro_manda=True)
ISOLADO = Falha("quem manda isolado, com clientes", isolar, 30, outro_manda=True)
TROCA = Falha("troca combinada", trocar, 3, outro_manda=True)
REPLICA = Falha("SIGKILL numa réplica", matar_replica, 15)
ETCD = Falha("SIGKILL no etcd que coordena", matar_etcd, 1)
TODOS = Falha("todos os contêineres de uma vez", matar_todos, 60, consertar_antes=True)


def quebrar(cluster: Cluster, falha: Falha, acaso: Random, rotulo: str) -> Resultado:
    """Provoca a falha com o cluster inteiro e gravadores no ar, conserta, e confere tudo."""
    cluster.esperar_inteiro()
    esperar_confirmacao(cluster)
    antes, comeco = cluster.manda(), agora()
    voltar = falha.provocar(cluster, acaso)
    volta = agora()
    if falha.consertar_antes:
        voltar()
    if falha.outro_manda:
        esperar(lambda: cluster.manda() not in {"", antes}, f"{rotulo}: outro mandar", PRAZO)
    esperar_confirmacao(cluster)
    parada = maior_parada(cluster.confirmadas(), comeco, agora())
    if not falha.consertar_antes:
        volta = agora()
        voltar()
    cluster.esperar_inteiro()
    inteiro = agora() - volta
    esperar_confirmacao(cluster)
    return Resultado(falha.nome, parada, inteiro, conferir_tudo(cluster, rotulo))


def esperar_confirmacao(cluster: Cluster) -> None:
    """Espera que se confirme alguma coisa de agora em diante."""
    desde = agora()
    esperar(
        lambda: any(feita.quando > desde for feita in cluster.confirmadas()),
        "uma gravação se confirmar",
        PRAZO,
    )


def conferir_tudo(cluster: Cluster, rotulo: str) -> int:
    """Confere em cada nó o que já se confirmou, e devolve quantas execuções são.

    Por fora, com o psql: nenhuma falta, nenhuma linha em dobro. E o leitor refaz
    todos os lacres e elos, e acha a última âncora confirmada.
    """
    confirmadas = cluster.confirmadas()
    alcancar(cluster)
    ultima = max(confirmadas, key=lambda feita: feita.execucao)

    def conferir_um(no: str) -> None:
        perdidas = [*conferir(cluster, no, confirmadas)]
        assert perdidas == [], f"{rotulo}: em {no} falta {perdidas[:5]}, de {len(confirmadas)}"
        cluster.leitor(no, "verificar", "--ancora", ultima.ancora)

    with ThreadPoolExecutor(len(NOS)) as juntos:
        list(juntos.map(conferir_um, NOS))
    return len(confirmadas)
