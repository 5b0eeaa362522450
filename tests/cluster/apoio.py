"""Um cluster descartável: o cluster/docker-compose.yml do repositório sob outro nome."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tests.docker.apoio import ambiente_limpo, esperar, nome_novo
from tests.processos import RAIZ, Saida

COMPOSE = RAIZ / "cluster/docker-compose.yml"
NOS = ("pg1", "pg2", "pg3")
ETCDS = ("etcd1", "etcd2", "etcd3")
IMAGENS = ("no", "etcd", "escritor", "leitor")
PRAZO = 180.0  # segundos; folga para uma máquina lenta, e não o que se espera gastar
PELO_NOME = ["--dns-opt", "timeout:1", "--dns-opt", "attempts:1"]


class Confirmacao(NamedTuple):
    """O que um gravador pôs no disco, fora do cluster."""

    quando: float  # time.monotonic(), o mesmo dentro e fora dos contêineres
    ancora: str
    emails: list[str]

    @property
    def execucao(self) -> int:
        """O número da execução, que a âncora traz na frente."""
        return int(self.ancora.split()[0])


class Cluster:
    """Um projeto Compose com nome, contêineres, redes, volumes e imagens só dele."""

    def __init__(self, pasta: Path, *acrescimos: Path) -> None:
        self.nome = nome_novo()
        self.pasta = pasta
        self.acrescimos = acrescimos
        self.no_ar: list[str] = []  # os contêineres dos gravadores
        self.gravados: list[Path] = []  # o que cada um confirmou, desde sempre
        pasta.chmod(0o777)  # o gravador, que escreve nela, é outro usuário

    def __enter__(self) -> Cluster:
        self.compose("build", "pg1", "etcd1", "escritor", "leitor", prazo=600)
        return self

    def __exit__(self, *_: object) -> None:
        """Remove, pelo nome, tudo o que este projeto criou, e nada mais."""
        self.parar_gravadores()
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "1")
        for imagem in IMAGENS:
            with suppress(AssertionError):
                rodar("docker", "image", "rm", f"{self.nome}-{imagem}")

    def comando(self, *argumentos: str) -> list[str]:
        """Devolve o comando do Compose sobre este projeto."""
        ditos = [parte for arq in (COMPOSE, *self.acrescimos) for parte in ("-f", str(arq))]
        return ["docker", "compose", "-p", self.nome, *ditos, *argumentos]

    def compose(
        self, *argumentos: str, codigo: int = 0, entrada: str = "", prazo: float = PRAZO
    ) -> Saida:
        """Roda o Compose até o fim e confere o código de saída."""
        return rodar(*self.comando(*argumentos), codigo=codigo, entrada=entrada, prazo=prazo)

    def conteiner(self, servico: str) -> str:
        """Devolve o nome do contêiner do serviço."""
        return f"{self.nome}-{servico}-1"

    def dentro(self, servico: str, *comando: str, codigo: int = 0) -> Saida:
        """Roda um comando no contêiner do serviço."""
        return rodar("docker", "exec", self.conteiner(servico), *comando, codigo=codigo)

    def consultar(self, no: str, sql: str, *, banco: str = "desafio2") -> list[list[str]]:
        """Consulta o nó pelo socket dele, como superusuário."""
        psql = ("psql", "-XAtq", "-F", "\t", "-U", "postgres", "-v", "ON_ERROR_STOP=1")
        saida = self.dentro(no, *psql, "-c", sql, banco).stdout
        return [linha.split("\t") for linha in saida.splitlines()]

    def membros(self) -> dict[str, str]:
        """Devolve o papel e o estado que o etcd sabe de cada nó, perguntado ao primeiro de pé."""
        for no in NOS:
            with suppress(OSError, KeyError, ValueError):
                url = f"http://{self._ip(no)}:8008/cluster"
                with urllib.request.urlopen(url, timeout=2) as resposta:
                    membros = json.load(resposta)["members"]
                return {m["name"]: f"{m['role']} {m['state']}" for m in membros}
        return {}

    def _ip(self, no: str) -> str:
        """Devolve onde a máquina acha o nó agora, pela rede dos clientes."""
        formato = f'{{{{(index .NetworkSettings.Networks "{self.nome}_rede").IPAddress}}}}'
        feito = subprocess.run(
            ["docker", "inspect", "-f", formato, self.conteiner(no)],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if not (ip := feito.stdout.strip()):
            raise OSError(feito.stderr)
        return ip

    def manda(self) -> str:
        """Devolve quem manda, segundo o etcd; vazio se ninguém."""
        return next((no for no, dito in self.membros().items() if dito.startswith("leader")), "")

    def inteiro(self) -> bool:
        """Diz se um nó manda e os outros dois, sem ajuda, o seguem e contam no quórum."""
        ditos = sorted(self.membros().values())
        return ditos == ["leader running", *["quorum_standby streaming"] * 2]

    def esperar_inteiro(self) -> None:
        """Espera que os três nós estejam nos seus papéis."""
        try:
            esperar(self.inteiro, "o cluster ficar inteiro", PRAZO)
        except AssertionError as erro:
            raise AssertionError(f"{erro}\n{self.membros()}\n{self.relato()}") from None

    def registro(self, servico: str) -> str:
        """Devolve o que o contêiner do serviço escreveu, nos dois fluxos."""
        saida = rodar("docker", "logs", self.conteiner(servico))
        return saida.stdout + saida.stderr

    def relato(self) -> str:
        """Devolve o fim do que cada nó escreveu."""
        return "\n".join(f"--- {no}\n{self.registro(no)[-4000:]}" for no in NOS)

    def subir(self) -> None:
        """Sobe tudo até o leitor ter lido, e espera as três máquinas."""
        self.compose("up", "-d", "--quiet-pull")
        self.esperar_inteiro()

    def gravar_sem_parar(self, como: str, prefixo: str, pausa: float = 0) -> None:
        """Põe no ar um gravador, que só para com o cluster."""
        nome = f"{self.nome}-gravador-{prefixo}"
        endereco = "postgresql://escritor@pg1,pg2,pg3/desafio2?connect_timeout=2"
        rodar(
            *("docker", "run", "-d", "--name", nome, "--network", f"{self.nome}_rede"),
            *("--user", "10001:10001", "--init", "--memory", "192m", *PELO_NOME),
            *("-v", f"{self.nome}_segredo_escritor:/run/segredo:ro", "-v", f"{self.pasta}:/fora"),
            *("-v", f"{Path(__file__).with_name('gravador.py')}:/gravador.py:ro"),
            *("-e", "PGPASSFILE=/run/segredo/pgpass", "-e", "PYTHONPATH=/app"),
            *("-e", f"BANCO={endereco}&tcp_user_timeout=4000", "-e", "BANCO_ESPERA=3"),
            *("--entrypoint", "python", f"{self.nome}-escritor"),
            *("/gravador.py", f"/fora/{prefixo}", prefixo, como, str(pausa)),
        )
        self.no_ar.append(nome)
        self.gravados.append(self.pasta / prefixo)

    def parar_gravadores(self) -> None:
        """Tira os gravadores; o que confirmaram fica."""
        while self.no_ar:
            rodar("docker", "rm", "-f", self.no_ar.pop())

    def confirmadas(self) -> list[Confirmacao]:
        """Devolve o que se confirmou até agora, na ordem."""
        return sorted(
            Confirmacao(**json.loads(linha))
            for arquivo in self.gravados
            if arquivo.exists()
            for linha in arquivo.read_bytes().split(b"\n")[:-1]
        )

    def leitor(self, no: str, *argumentos: str, codigo: int = 0) -> Saida:
        """Roda o leitor sobre um nó só, seja qual for o papel dele."""
        return rodar(
            *("docker", "run", "--rm", "--network", f"{self.nome}_rede"),
            *("-v", f"{self.nome}_segredo_leitor:/run/segredo:ro"),
            *("-e", "PGPASSFILE=/run/segredo/pgpass"),
            *("-e", f"BANCO=postgresql://leitor@{no}/desafio2", f"{self.nome}-leitor"),
            *argumentos,
            codigo=codigo,
            prazo=PRAZO,
        )

    def isolar(self, no: str) -> None:
        """Corta o nó dos outros e do etcd; os clientes ainda o alcançam."""
        rodar("docker", "network", "disconnect", f"{self.nome}_nos", self.conteiner(no))

    def religar(self, no: str) -> None:
        """Devolve o nó à rede dos outros, com os nomes que tinha nela."""
        nomes = ("--alias", no, "--alias", f"{no}.nos")
        rodar("docker", "network", "connect", *nomes, f"{self.nome}_nos", self.conteiner(no))


def maior_parada(confirmadas: Sequence[Confirmacao], desde: float, ate: float) -> float:
    """Devolve o maior tempo, em segundos, sem uma confirmação entre os dois instantes."""
    instantes = [desde, *(c.quando for c in confirmadas if desde < c.quando < ate), ate]
    return max(depois - antes for antes, depois in pairwise(instantes))


def rodar(*comando: str, codigo: int = 0, entrada: str = "", prazo: float = PRAZO) -> Saida:
    """Roda um comando até o fim e confere o código de saída."""
    processo = subprocess.run(
        comando,
        cwd=RAIZ,
        env=ambiente_limpo(),
        input=entrada,
        capture_output=True,
        encoding="utf-8",
        timeout=prazo,
        check=False,
    )
    saida = Saida(processo.returncode, processo.stdout, processo.stderr)
    assert saida.codigo == codigo, f"{comando}: {saida}"
    return saida


def ancoras(cluster: Cluster, no: str) -> set[str]:
    """Devolve a âncora de cada execução que o nó tem."""
    linhas = cluster.consultar(no, "SELECT id || ' ' || elo FROM desafio2.execucoes")
    return {ancora for (ancora,) in linhas}


def conferir(cluster: Cluster, no: str, confirmadas: Sequence[Confirmacao]) -> Iterator[str]:
    """Devolve o que falta ou sobra no nó, entre o que se confirmou; quem pergunta é o psql."""
    livro = ancoras(cluster, no)
    linhas = [email for (email,) in cluster.consultar(no, "SELECT email FROM desafio2.usuarios")]
    ha = {*linhas}
    if len(linhas) != len(ha):
        yield f"{len(linhas) - len(ha)} linhas em dobro"
    for feita in confirmadas:
        if feita.ancora not in livro:
            yield f"a execução {feita.ancora}"
        yield from (f"a linha {email}" for email in feita.emails if email not in ha)


def alcancar(cluster: Cluster) -> None:
    """Espera que as réplicas cheguem aonde quem manda já estava quando isto se pediu."""
    manda = cluster.manda()
    [[ponto]] = cluster.consultar(manda, "SELECT pg_current_wal_flush_lsn()")
    sql = f"SELECT pg_last_wal_replay_lsn() >= '{ponto}'::pg_lsn"
    for no in NOS:
        if no != manda:
            esperar(partial(_chegou, cluster, no, sql), f"{no} alcançar {manda}", PRAZO)


def _chegou(cluster: Cluster, no: str, sql: str) -> bool:
    return cluster.consultar(no, sql) == [["t"]]
