"""Um banco por teste, nascido do molde do servidor, e quem olha e mexe nele por fora."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.docker.apoio import nome_novo
from tests.postgres.apoio import Servidor

TABELAS = ("usuarios", "execucoes")


class Acesso:
    """Como se chega ao servidor de fora dele: o endereço na rede, e as senhas num pgpass."""

    def __init__(self, servidor: Servidor, pasta: Path) -> None:
        self.servidor = servidor
        self.reencontrar()
        self.senhas = {
            papel: servidor.dentro("sed", "s/.*://", f"/run/segredos/{arquivo}").stdout.strip()
            for papel, arquivo in {
                "escritor": "escritor.pgpass",
                "leitor": "leitor.pgpass",
                "postgres": "postgres.senha",
            }.items()
        }
        self.pgpass = pasta / "pgpass"
        donos = {**self.senhas, "dba": self.senhas["postgres"]}  # o papel que um teste cria
        linhas = [f"*:*:*:{papel}:{senha}\n" for papel, senha in donos.items()]
        self.pgpass.write_text("".join(linhas))
        self.pgpass.chmod(0o600)

    def reencontrar(self) -> None:
        """Pergunta ao engine onde o servidor está: reerguido, pode ter outro endereço."""
        redes = self.servidor.inspecao()["NetworkSettings"]["Networks"]
        self.ip = str(redes[f"{self.servidor.nome}_rede"]["IPAddress"])

    @contextmanager
    def banco(self, molde: str = "desafio2", disco: str = "pg_default") -> Iterator[Banco]:
        """Cria um banco a partir do molde e o apaga no fim, esteja quem estiver nele."""
        banco = Banco(self, nome_novo().replace("-", "_"))
        banco.no_servidor(f"CREATE DATABASE {banco.nome} TEMPLATE {molde} TABLESPACE {disco}")
        try:
            yield banco
        finally:
            banco.no_servidor(f"DROP DATABASE {banco.nome} WITH (FORCE)")


class Banco:
    """Um banco do servidor, visto por um superusuário que não é o programa."""

    def __init__(self, acesso: Acesso, nome: str) -> None:
        self.acesso = acesso
        self.nome = nome

    @property
    def mostrado(self) -> str:
        """Como as mensagens o chamam."""
        return f"{self.acesso.ip}/{self.nome}"

    def uri(self, papel: str = "escritor", onde: str = "") -> str:
        """Devolve o endereço, sem senha."""
        return f"postgresql://{papel}@{onde or self.acesso.ip}/{self.nome}"

    @contextmanager
    def conexao(self, papel: str = "postgres") -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """Uma conexão nossa, que fecha no fim; as tabelas se dizem sem o esquema."""
        senha = self.acesso.senhas[papel]
        with psycopg.connect(self.uri(papel), password=senha, autocommit=True) as con:
            con.execute("SET search_path = desafio2")
            yield con

    def consultar(self, sql: str, *parametros: object) -> list[tuple[Any, ...]]:
        """Consulta por uma conexão própria."""
        with self.conexao() as con:
            return con.execute(sql, parametros or None).fetchall()

    def pessoas(self) -> list[tuple[str, str]]:
        """Devolve (nome, email) na ordem do id."""
        return [(n, e) for n, e in self.consultar("SELECT nome, email FROM usuarios ORDER BY id")]

    def tudo(self) -> list[list[tuple[Any, ...]]]:
        """Devolve tudo o que há nas duas tabelas, na ordem do id."""
        return [self.consultar(f"SELECT * FROM {tabela} ORDER BY id") for tabela in TABELAS]

    def alterar(self, *comandos: str) -> None:
        """Mexe no banco como quem desliga os gatilhos para isso."""
        with self.conexao() as con:
            for tabela in TABELAS:
                con.execute(f"ALTER TABLE {tabela} DISABLE TRIGGER so_insercoes")
            for comando in comandos:
                con.execute(comando)
            for tabela in TABELAS:
                con.execute(f"ALTER TABLE {tabela} ENABLE ALWAYS TRIGGER so_insercoes")

    def no_servidor(self, comando: str) -> None:
        """Roda um comando que é do servidor, e não de um banco."""
        servidor = f"postgresql://postgres@{self.acesso.ip}/postgres"
        senha = self.acesso.senhas["postgres"]
        with psycopg.connect(servidor, password=senha, autocommit=True) as con:
            con.execute(comando)
