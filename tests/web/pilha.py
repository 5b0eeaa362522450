"""O serviço inteiro, descartável: o web/docker-compose.yml do repositório sob outro nome."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

from tests.docker.apoio import ambiente_limpo, esperar, nome_novo
from tests.processos import RAIZ, Saida
from tests.web.processo import Resposta, pedir

ARQUIVO = RAIZ / "web" / "docker-compose.yml"
SUBIDA = 180.0  # segundos; folga para uma máquina lenta, e não o que se espera gastar
PRAZO = 600.0  # segundos; na primeira vez, as imagens se constroem
# O exame de saúde do Compose, mais seguido; a folga para uma máquina lenta está nas tentativas.
APRESSADO = """
services:
  db: {healthcheck: {interval: 500ms, start_period: 1s, retries: 60}}
  cache: {healthcheck: {interval: 500ms, start_period: 1s, retries: 60}}
"""


class Pilha:
    """Um projeto Compose com nome, porta, contêineres, redes e volumes só dele."""

    def __init__(self, pasta: Path) -> None:
        self.nome = nome_novo()
        self.porta = porta_livre()
        self.acrescimo = pasta / f"{self.nome}.yml"
        self.acrescimo.write_text(APRESSADO, encoding="utf-8")

    def __enter__(self) -> Pilha:
        return self

    def __exit__(self, *_: object) -> None:
        """Remove, pelo nome, tudo o que este projeto criou, e nada mais."""
        self.compose(
            *("--profile", "leitor", "down", "--volumes", "--rmi", "local"),
            *("--remove-orphans", "--timeout", "1"),
        )

    def compose(self, *argumentos: str, codigo: int = 0) -> Saida:
        """Roda o Compose até o fim e confere o código de saída."""
        ditos = ("-p", self.nome, "-f", str(ARQUIVO), "-f", str(self.acrescimo))
        return self.rodar("docker", "compose", *ditos, *argumentos, codigo=codigo)

    def rodar(self, *comando: str, codigo: int = 0, entrada: str = "") -> Saida:
        """Roda um comando no ambiente deste projeto e confere o código de saída."""
        processo = subprocess.run(
            comando,
            cwd=RAIZ,
            env=ambiente_limpo() | {"WEB_PORTA": str(self.porta), "VERIFICA_A_CADA": "2"},
            input=entrada,
            capture_output=True,
            encoding="utf-8",
            timeout=PRAZO,
            check=False,
        )
        saida = Saida(processo.returncode, processo.stdout, processo.stderr)
        assert saida.codigo == codigo, f"{comando}: {saida}\n{self.relato()}"
        return saida

    def subir(self) -> None:
        """Sobe tudo e espera que o serviço possa atender."""
        self.compose("up", "--build", "-d")
        self.esperar_pronto()

    def esperar_pronto(self) -> None:
        """Espera até /pronto dizer que sim."""
        try:
            esperar(lambda: self.codigo("/pronto") == 200, "o serviço estar pronto", SUBIDA)
        except AssertionError as erro:
            raise AssertionError(f"{erro}\n{self.relato()}") from erro

    def esperar_cache(self, como: str) -> None:
        """Espera até /status dizer isto do cache."""
        esperar(lambda: self.ver("/status")["cache"] == como, f"o cache ficar {como!r}")

    def codigo(self, caminho: str) -> int:
        """Devolve o código de um GET, ou 0 se ninguém atende."""
        try:
            return self.pedir("GET", caminho).codigo
        except OSError:
            return 0

    def pedir(
        self,
        metodo: str,
        caminho: str,
        corpo: bytes | dict[str, object] | None = None,
        **cabecalhos: str,
    ) -> Resposta:
        """Faz um pedido numa conexão própria."""
        return pedir(self.porta, metodo, caminho, corpo, **cabecalhos)

    def ver(self, caminho: str) -> Any:
        """Devolve o JSON de um GET, que tem de dar 200; um 503 pede para tentar de novo."""
        respostas: list[Resposta] = []

        def atendido() -> bool:
            respostas.append(self.pedir("GET", caminho))
            return respostas[-1].codigo != 503

        # Numa máquina lenta o Redis passa dos 100 ms, e o serviço diz que está fora: é a verdade.
        esperar(atendido, f"GET {caminho} deixar de dar 503")
        assert respostas[-1].codigo == 200, respostas[-1]
        return respostas[-1].json

    def docker(self, verbo: str, servico: str, *opcoes: str) -> None:
        """Roda `docker VERBO` no contêiner do serviço."""
        self.rodar("docker", verbo, *opcoes, self.conteiner(servico))

    def conteiner(self, servico: str) -> str:
        """Devolve o nome do contêiner do serviço."""
        return f"{self.nome}-{servico}-1"

    def psql(self, sql: str) -> list[list[str]]:
        """Consulta por fora do serviço, como superusuário; cada linha, os campos dela."""
        opcoes = ("-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-c", sql)
        saida = self.rodar("docker", "exec", self.conteiner("db"), "psql", *opcoes, "desafio2")
        return [linha.split("\t") for linha in saida.stdout.splitlines()]

    def redis(self, *comando: str, entrada: str = "") -> str:
        """Roda um comando no Redis, por fora do serviço; a `entrada` é o último argumento dele."""
        linha = (
            "REDISCLI_AUTH=$(sed 's/^requirepass //' /run/segredo/acesso.conf) "
            'exec redis-cli "$@"'
        )
        interativo = ("-i",) if entrada else ()
        argumentos = ("-x", *comando) if entrada else comando
        dentro = ("docker", "exec", *interativo, self.conteiner("cache"), "sh", "-c", linha, "sh")
        return self.rodar(*dentro, *argumentos, entrada=entrada).stdout.strip()

    def metrica(self, nome: str) -> float:
        """Devolve a soma de uma métrica do serviço, em todos os rótulos."""
        linhas = self.pedir("GET", "/metrics").corpo.decode().splitlines()
        return sum(float(linha.rpartition(" ")[2]) for linha in linhas if linha.startswith(nome))

    def relato(self) -> str:
        """Devolve o fim do que cada contêiner escreveu."""
        filtro = f"label=com.docker.compose.project={self.nome}"
        nomes = subprocess.run(
            ["docker", "ps", "-a", "--filter", filtro, "--format", "{{.Names}} {{.Status}}"],
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        ).stdout.splitlines()
        partes = []
        for nome, _, estado in (linha.partition(" ") for linha in nomes):
            escrito = subprocess.run(
                ["docker", "logs", "--tail", "20", nome],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                timeout=60,
                check=False,
            ).stdout
            partes.append(f"--- {nome} {estado}\n{escrito}")
        return "\n".join(partes)

    def inspecao(self, servico: str) -> dict[str, Any]:
        """Devolve tudo o que `docker inspect` diz do contêiner do serviço."""
        [dita] = json.loads(self.rodar("docker", "inspect", self.conteiner(servico)).stdout)
        assert isinstance(dita, dict)
        return dita


def porta_livre() -> int:
    """Devolve uma porta que ninguém usa agora."""
    with socket.socket() as sonda:
        sonda.bind(("127.0.0.1", 0))
        return int(sonda.getsockname()[1])
