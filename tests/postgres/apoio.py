"""Um servidor descartável: o postgres/docker-compose.yml do repositório sob outro nome."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.docker.apoio import PRAZO, ambiente_limpo, esperar, nome_novo
from tests.processos import RAIZ, Saida

PASTA = RAIZ / "postgres"
IMAGEM = "postgres:17"
MARCA = "desafio2: contrato 1"
SETUP = "/docker-entrypoint-initdb.d/20-setup.sql"
ANA = "(1, 'Ana', 'ana@x.com', '2026-01-01T00:00:00Z')"
PEQUENO = "/pequeno"  # um disco que enche
# O exame de saúde do Compose, noutro ritmo: mais seguido para quem espera por ele, e raro para quem
# só quer o servidor, porque cada exame custa a uma máquina lenta.
ACRESCIMO = f"""
services:
  db:
    healthcheck: {{{{interval: {{intervalo}}, start_period: 1s, retries: {{tentativas}}}}}}
    tmpfs: ["{PEQUENO}:size=32m,mode=0700,uid=999,gid=999"]
"""
SEGUIDO, RARO = "500ms", "1h"


class Servidor:
    """Um projeto Compose com nome, contêineres, rede e volumes só dele, e só o servidor no ar."""

    def __init__(self, pasta: Path, intervalo: str = SEGUIDO, tentativas: int = 30) -> None:
        self.nome = nome_novo()
        self.acrescimo = pasta / f"{self.nome}.yml"
        acrescimo = ACRESCIMO.format(intervalo=intervalo, tentativas=tentativas)
        self.acrescimo.write_text(acrescimo, encoding="utf-8")

    def __enter__(self) -> Servidor:
        return self

    def __exit__(self, *_: object) -> None:
        """Remove, pelo nome, tudo o que este projeto criou, e nada mais."""
        perfis = ("--profile", "reader", "--profile", "vigia")  # o `down` só vê os que se dizem
        self.compose(*perfis, "down", "--volumes", "--remove-orphans", "--timeout", "1")

    def compose(
        self, *argumentos: str, codigo: int = 0, extras: Sequence[Path] = (), entrada: str = ""
    ) -> Saida:
        """Roda o Compose até o fim e confere o código de saída."""
        return rodar(*self.comando(*argumentos, extras=extras), codigo=codigo, entrada=entrada)

    def comando(self, *argumentos: str, extras: Sequence[Path] = ()) -> list[str]:
        """Devolve o comando do Compose sobre este projeto."""
        arquivos = (PASTA / "docker-compose.yml", self.acrescimo, *extras)
        ditos = [parte for arquivo in arquivos for parte in ("-f", str(arquivo))]
        return ["docker", "compose", "-p", self.nome, *ditos, *argumentos]

    def subir(self) -> None:
        """Sobe o servidor e espera que esteja são."""
        self.compose("up", "-d", "db")
        self.esperar_que_responda()

    def matar(self) -> None:
        """SIGKILL no servidor, que não volta sozinho."""
        rodar("docker", "kill", f"{self.nome}-db-1")

    def reerguer(self) -> None:
        """Sobe de novo o contêiner que se parou ou matou, e espera que o servidor responda."""
        rodar("docker", "start", f"{self.nome}-db-1")
        self.esperar_que_responda()

    def esperar_que_responda(self) -> None:
        """Faz o exame de saúde até que passe."""
        exame = "sh /saude.sh && echo são || :"
        pronto = ("docker", "exec", f"{self.nome}-db-1", "sh", "-c", exame)
        esperar(lambda: rodar(*pronto).stdout == "são\n", "o servidor responder", 3 * PRAZO)

    def saude(self) -> str:
        """Devolve o que o engine diz da saúde do servidor."""
        return str(self.inspecao()["State"]["Health"]["Status"])

    def inspecao(self, servico: str = "db") -> dict[str, Any]:
        """Devolve tudo o que `docker inspect` diz do contêiner do serviço."""
        [dita] = json.loads(rodar("docker", "inspect", f"{self.nome}-{servico}-1").stdout)
        assert isinstance(dita, dict)
        return dita

    def registro(self, servico: str = "db") -> str:
        """Devolve o que o contêiner do serviço escreveu, nos dois fluxos."""
        saida = rodar("docker", "logs", f"{self.nome}-{servico}-1")
        return saida.stdout + saida.stderr

    def dentro(self, *comando: str, codigo: int = 0) -> Saida:
        """Roda um comando no contêiner do servidor."""
        return rodar("docker", "exec", f"{self.nome}-db-1", *comando, codigo=codigo)

    def guardar(self, conteudo: str, nome: str) -> None:
        """Põe um arquivo na pasta de dados, que só o servidor lê."""
        copiar = 'umask 077 && cat >"$PGDATA/$0"'
        rodar(
            *("docker", "exec", "-i", f"{self.nome}-db-1", "sh", "-c", copiar, nome),
            entrada=conteudo,
        )

    def psql(self, papel: str, *sql: str, codigo: int = 0, banco: str = "desafio2") -> Saida:
        """Roda cada comando SQL pelo socket local; um que falha encerra, com 1 e o SQLSTATE."""
        comandos = [parte for comando in sql for parte in ("-c", comando)]
        opcoes = ["-XAtq", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-U", papel]
        return self.dentro("psql", *opcoes, *comandos, banco, codigo=codigo)

    def recusa(self, papel: str, *sql: str) -> str:
        """Roda comandos que o servidor tem de recusar; devolve a linha do erro dele."""
        erro = self.psql(papel, *sql, codigo=1).stderr
        return next(linha for linha in erro.splitlines() if linha.startswith("ERROR:"))

    def ajustar(self, **nomes: str) -> None:
        """Muda configurações do servidor, e espera que valham; um valor vazio as desfaz."""
        comandos = [
            f"ALTER SYSTEM SET {nome} = '{valor}'" if valor else f"ALTER SYSTEM RESET {nome}"
            for nome, valor in nomes.items()
        ]
        self.psql("postgres", *comandos, "SELECT pg_reload_conf()")
        ditas = " OR ".join(
            f"name = '{nome}' AND (source = 'configuration file') <> {bool(valor)}"
            for nome, valor in nomes.items()
        )
        faltam = f"SELECT name FROM pg_settings WHERE {ditas}"
        esperar(lambda: not self.psql("postgres", faltam).stdout, f"{nomes} valer")

    def com_o_segredo(self, papel: str, *comando: str, codigo: int = 0) -> Saida:
        """Roda um comando onde o programa do papel rodaria: a rede, o uid e o segredo só dele."""
        return rodar(
            *("docker", "run", "--rm", "--network", f"{self.nome}_rede", "--user", "10001:10001"),
            *("-v", f"{self.nome}_segredo_{papel}:/run/segredo:ro"),
            *("--tmpfs", "/var/lib/postgresql/data", "-e", "PGPASSFILE=/run/segredo/pgpass"),
            *("--entrypoint", comando[0], IMAGEM, *comando[1:]),
            codigo=codigo,
        )


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
