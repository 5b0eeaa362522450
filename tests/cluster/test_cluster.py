"""O cluster como cluster/README.md o usa: sobe, perde uma máquina, e as linhas são as mesmas."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.cluster.apoio import ETCDS, NOS, PRAZO, Cluster, rodar
from tests.cluster.provas import alcancar
from tests.docker.apoio import ambiente_limpo, esperar
from tests.processos import RAIZ, Saida

pytestmark = pytest.mark.docker

TODOS = (*ETCDS, *NOS)
SO = ("run", "--rm", "-T", "--no-deps")
QUEM_APLICA = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'startup'"
EMAILS = "SELECT email FROM desafio2.usuarios ORDER BY id"
AMOSTRA = [["joao@example.com"], ["maria@example.com"], ["pedro@example.com"]]


@pytest.fixture(scope="module")
def no_ar(cluster: Cluster) -> Cluster:
    """O cluster depois do primeiro `up`."""
    cluster.subir()
    esperar(lambda: estado(cluster, "leitor") == ("exited", 0), "o leitor ler", PRAZO)
    return cluster


def estado(cluster: Cluster, servico: str) -> tuple[str, int]:
    """Devolve o estado do contêiner do serviço, e o código com que ele saiu."""
    formato = "{{.State.Status}} {{.State.ExitCode}}"
    dito = rodar("docker", "inspect", "-f", formato, cluster.conteiner(servico)).stdout
    situacao, codigo = dito.split()
    return situacao, int(codigo)


def quem_manda(cluster: Cluster) -> Saida:
    """Roda cluster/quem-manda como quem exportou COMPOSE_FILE."""
    feito = subprocess.run(
        ["cluster/quem-manda"],
        cwd=RAIZ,
        env=ambiente_limpo()
        | {"COMPOSE_FILE": "cluster/docker-compose.yml", "COMPOSE_PROJECT_NAME": cluster.nome},
        capture_output=True,
        encoding="utf-8",
        timeout=PRAZO,
        check=False,
    )
    return Saida(feito.returncode, feito.stdout, feito.stderr)


def ancora(saida: Saida) -> str:
    """Devolve a âncora que o escritor ou o leitor disse."""
    return saida.stderr.rpartition("âncora: ")[2].partition("\n")[0].strip()


def importar(cluster: Cluster, email: str, *opcoes: str, codigo: int = 0) -> Saida:
    """Importa uma pessoa, sem subir de novo o que esteja parado."""
    entrada = f"nome,email\nPessoa,{email}\n"
    return cluster.compose(
        *(*SO, *opcoes, "escritor", "importar", "-"), entrada=entrada, codigo=codigo
    )


def test_de_nada_a_linhas_listadas_num_up_so(no_ar: Cluster) -> None:
    """O portão espera, o escritor grava, o leitor lista; as linhas estão nas três máquinas."""
    assert no_ar.registro("portao").endswith(
        "um nó manda, e uma réplica guarda o que ele confirma\n"
    )
    assert no_ar.registro("leitor").count("@example.com") == 3
    alcancar(no_ar)
    assert [no_ar.consultar(no, EMAILS) for no in NOS] == [AMOSTRA] * 3
    assert sorted(
        no for no in NOS if no_ar.consultar(no, "SELECT pg_is_in_recovery()") == [["f"]]
    ) == [no_ar.manda()]


def test_nada_publicado_nada_de_root_e_nenhuma_senha_a_vista(no_ar: Cluster) -> None:
    """O que `docker inspect`, os registros e os processos mostram."""
    guardadas = no_ar.dentro("pg1", "sh", "-c", "cat /run/segredos/*").stdout
    senhas = {*re.findall(r"\b[0-9a-f]{64}\b", guardadas)}
    assert len(senhas) == 6
    for servico in (*TODOS, "portao", "escritor", "leitor", "segredos"):
        inspecao = rodar("docker", "inspect", no_ar.conteiner(servico)).stdout
        [dito] = json.loads(inspecao)
        assert not any((dito["HostConfig"]["PortBindings"] or {}).values())
        assert dito["HostConfig"]["ReadonlyRootfs"]
        assert dito["HostConfig"]["Memory"] > 0
        assert dito["HostConfig"]["CapDrop"] == ["ALL"]
        visto = inspecao + no_ar.registro(servico)
        assert [senha for senha in senhas if senha in visto] == [], servico
    for servico in TODOS:
        assert no_ar.dentro(servico, "id", "-u").stdout == "999\n"
        processos = rodar("docker", "top", no_ar.conteiner(servico), "-o", "pid,args").stdout
        assert [senha for senha in senhas if senha in processos] == []


def test_um_cliente_nao_manda_nos_nos(no_ar: Cluster) -> None:
    """Sem a senha, o Patroni responde e não obedece; o superusuário não entra por TCP."""
    pedido = (
        "import sys, urllib.error, urllib.request as u\n"
        "try: u.urlopen(u.Request('http://pg1:8008/restart', b'{}', method='POST'))\n"
        "except urllib.error.HTTPError as erro: print(erro.code)"
    )
    na_rede = ("docker", "run", "--rm", "--network", f"{no_ar.nome}_rede", "--entrypoint")
    imagem = f"{no_ar.nome}-leitor"
    assert rodar(*na_rede, "python", imagem, "-c", pedido).stdout == "401\n"
    entrar = "import psycopg; psycopg.connect('host=pg1 user=postgres dbname=desafio2 password=x')"
    assert (
        "no pg_hba.conf entry" in rodar(*na_rede, "python", imagem, "-c", entrar, codigo=1).stderr
    )


def test_quem_manda_diz_o_servico(no_ar: Cluster) -> None:
    """O mesmo que o etcd diz, numa linha só."""
    assert quem_manda(no_ar) == (0, f"{no_ar.manda()}\n", "")


def test_sem_replica_ninguem_grava(no_ar: Cluster) -> None:
    """75 e o que fazer, antes de gravar; e quem já gravava não espera para sempre: talvez."""
    no_ar.esperar_inteiro()
    antes = no_ar.consultar(no_ar.manda(), EMAILS)
    replicas = [no_ar.conteiner(no) for no in NOS if no != no_ar.manda()]
    no_meio = no_ar.comando(*SO, "-e", "BANCO_ESPERA=4", "escritor", "importar", "-")
    with subprocess.Popen(
        no_meio,
        cwd=RAIZ,
        env=ambiente_limpo(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as processo:
        assert processo.stdin
        processo.stdin.write("nome,email\nQuem,talvez@x.com\n")
        processo.stdin.flush()
        sessoes = (
            "SELECT 1 FROM pg_stat_activity WHERE usename = 'escritor' AND state LIKE 'idle in%'"
        )
        esperar(lambda: no_ar.consultar(no_ar.manda(), sessoes), "o escritor começar", PRAZO)
        rodar("docker", "kill", *replicas)
        _, dito = processo.communicate(timeout=PRAZO)
    assert processo.returncode == 75, dito
    assert "a execução foi talvez gravada. Rode de novo: o que já está gravado" in dito
    recusa = importar(no_ar, "ninguem@x.com", "-e", "BANCO_ESPERA=2", codigo=75)
    assert recusa.stderr.splitlines()[-2:] == [
        "[ESCRITOR] pg1,pg2,pg3/desafio2: nenhuma réplica confirma ainda o que se grava; espero "
        "até 2 s",
        "[ESCRITOR] ERRO: pg1,pg2,pg3/desafio2: nenhuma réplica confirma o que se grava, e sem ela "
        "o que se confirmasse morreria com esta máquina; nada foi gravado. Espere que uma volte "
        "(docker compose ps) e rode de novo.",
    ]
    rodar("docker", "start", *replicas)
    no_ar.esperar_inteiro()
    depois = no_ar.consultar(no_ar.manda(), EMAILS)
    assert [linha for linha in depois if linha not in antes] in ([], [["talvez@x.com"]])


def test_o_leitor_espera_que_a_replica_esteja_em_dia(no_ar: Cluster) -> None:
    """De uma réplica parada no tempo, 75; a quem pede qualquer nó, o que ele tem; depois, tudo."""
    no_ar.esperar_inteiro()
    alcancar(no_ar)
    manda = no_ar.manda()
    replica = next(no for no in NOS if no != manda)
    em_dia, qualquer = (
        f"BANCO=postgresql://leitor@{replica},{manda}/desafio2?target_session_attrs={qual}"
        for qual in ("prefer-standby", "any")
    )
    lista = ("-e", "BANCO_ESPERA=2", "leitor", "listar", "--formato", "csv")
    [[aplica]] = no_ar.consultar(replica, QUEM_APLICA)
    no_ar.dentro(replica, "sh", "-c", f"kill -STOP {aplica}")
    try:
        importar(no_ar, "atrasada@x.com")
        atrasada = no_ar.compose(*SO, "-e", em_dia, *lista, codigo=75)
        assert atrasada.stdout == ""
        assert "em 2 s esta réplica não chegou até onde já se confirmou. Leia" in atrasada.stderr
        velha = no_ar.compose(*SO, "-e", qualquer, *lista).stdout
        assert "joao@example.com" in velha
        assert "atrasada@x.com" not in velha
    finally:
        no_ar.dentro(replica, "sh", "-c", f"kill -CONT {aplica}")
    assert "atrasada@x.com" in no_ar.compose(*SO, "-e", em_dia, *lista).stdout


def test_a_maquina_que_manda_morre_e_o_disco_dela_some(no_ar: Cluster) -> None:
    """Outra manda, as linhas e a âncora são as mesmas; a que volta, vazia, se refaz sozinha."""
    gravada = importar(no_ar, "antes@x.com")
    mandava = quem_manda(no_ar).stdout.strip()
    no_ar.compose("kill", mandava)
    no_ar.compose("rm", "--force", "--stop", mandava)
    rodar("docker", "volume", "rm", f"{no_ar.nome}_dados_{mandava}")
    lida = no_ar.compose(*SO, "leitor", "listar", "--formato", "jsonl", "--ancora", ancora(gravada))
    assert '"antes@x.com"' in lida.stdout
    assert ancora(lida) == ancora(gravada)
    assert importar(no_ar, "depois@x.com").codigo == 0
    assert quem_manda(no_ar).stdout.strip() not in {"", mandava}
    no_ar.compose("up", "-d")
    no_ar.esperar_inteiro()
    alcancar(no_ar)
    assert no_ar.consultar(mandava, EMAILS)[-2:] == [["antes@x.com"], ["depois@x.com"]]
    assert no_ar.consultar(mandava, "SHOW data_checksums") == [["on"]]


def test_down_e_up_guardam_os_dados(no_ar: Cluster) -> None:
    """As máquinas se vão, os discos ficam; sem elas, ninguém manda."""
    no_ar.esperar_inteiro()
    alcancar(no_ar)
    antes = no_ar.consultar("pg1", EMAILS)
    no_ar.compose("down")
    parado = quem_manda(no_ar)
    assert parado[:2] == (1, "")
    assert "nenhum nó manda agora" in parado.stderr
    no_ar.subir()
    alcancar(no_ar)
    assert [no_ar.consultar(no, EMAILS) for no in NOS] == [antes] * 3


def test_o_readme_roda_o_que_diz() -> None:
    """Cada comando do primeiro bloco é um serviço, um perfil ou um arquivo que existe."""
    texto = (RAIZ / "cluster/README.md").read_text(encoding="utf-8")
    compose = (RAIZ / "cluster/docker-compose.yml").read_text(encoding="utf-8")
    servicos = {*re.findall(r"^  (\w+):", compose.partition("services:")[2], re.MULTILINE)}
    rodados = {*re.findall(r"\b(?:run|exec)(?: -\S+)* (\w+)", texto)}
    assert {"leitor", "escritor"} <= rodados <= servicos
    assert Path(RAIZ / "cluster/quem-manda").stat().st_mode & os.X_OK
