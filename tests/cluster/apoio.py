"""Um cluster descartável: o cluster/docker-compose.yml do repositório sob outro nome."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections import Counter
from contextlib import suppress
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
        self._ips: dict[str, str] = {}
        self._lidos: dict[Path, int] = {}  # bytes
        self._confirmadas: list[Confirmacao] = []
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
        """Devolve o papel e o estado de cada nó, como os sabe a maioria dos que respondem.

        Um nó isolado fica com o que sabia antes.
        """
        ditos = [tuple(sorted(dito.items())) for dito in map(self._perguntar, NOS) if dito]
        return dict(Counter(ditos).most_common(1)[0][0]) if ditos else {}

    def _perguntar(self, no: str) -> dict[str, str]:
        ip = self._ips.get(no) or self._ip(no)
        try:
            with urllib.request.urlopen(f"http://{ip}:8008/cluster", timeout=1) as resposta:
                membros = json.load(resposta)["members"]
        except (OSError, ValueError):
            self._ips.pop(no, None)  # quem volta pode ter outro
            return {}
        self._ips[no] = ip
        return {m["name"]: f"{m['role']} {m['state']}" for m in membros}

    def _ip(self, no: str) -> str:
        """Devolve onde a máquina acha o nó agora, pela rede dos clientes; vazio se não há."""
        formato = f'{{{{(index .NetworkSettings.Networks "{self.nome}_rede").IPAddress}}}}'
        inspecao = ["docker", "inspect", "-f", formato, self.conteiner(no)]
        feito = subprocess.run(inspecao, capture_output=True, encoding="utf-8", check=False)
        return feito.stdout.strip()

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
        for arquivo in self.gravados:
            if arquivo.exists():
                with arquivo.open("rb") as aberto:
                    aberto.seek(self._lidos.get(arquivo, 0))
                    inteiras, _, _ = aberto.read().rpartition(b"\n")
                if inteiras:
                    self._lidos[arquivo] = self._lidos.get(arquivo, 0) + len(inteiras) + 1
                    novas = (Confirmacao(**json.loads(linha)) for linha in inteiras.split(b"\n"))
                    self._confirmadas += novas
        return sorted(self._confirmadas)

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
