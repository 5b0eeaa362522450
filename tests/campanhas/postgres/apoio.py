"""O que as campanhas no PostgreSQL dividem: os casos, e o que se confere depois de uma falha."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tests.campanhas.apoio import resumo
from tests.conftest import Programa
from tests.postgres.bancos import Acesso, Banco
from tests.postgres.test_escritor import conferir_prova
from tests.processos import Saida, comando, esperar, fluxo, iniciado, terminar

NOSSAS = """\
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'desafio2%%'"""
CURA = "nome,email\nDepois da falha,depois@x.com\n"


class Estado(NamedTuple):
    """O que está confirmado: quantas linhas e execuções, e um resumo de tudo."""

    linhas: int
    execucoes: int
    resumo: str


def estado(banco: Banco) -> Estado:
    """Lê o que está confirmado no banco."""
    linhas, livro = banco.tudo()
    # Os instantes e o container mudam de uma vez para outra; as pessoas e as contas, não.
    contas: list[Any] = [(e[0], e[1], *e[6:12]) for e in livro]
    return Estado(len(linhas), len(livro), resumo([linha[:3] for linha in linhas] + contas))


class Caso:
    """Uma importação, os bancos de antes e de depois dela, e quanto demora."""

    def __init__(self, arquivo: str, acesso: Acesso, molde: str) -> None:
        self.arquivo = arquivo
        with acesso.banco(molde) as banco:
            self.antes = estado(banco)
            inicio = time.monotonic()
            assert self.importar(banco).codigo == 0
            self.segundos = time.monotonic() - inicio
            self.depois: Estado = estado(banco)

    def comando(self, banco: Banco) -> list[str]:
        """Devolve o comando que importa neste banco."""
        return comando("postgres.escritor", "--banco", banco.uri(), "importar", self.arquivo)

    def importar(self, banco: Banco) -> Saida:
        """Importa até o fim."""
        with iniciado(self.comando(banco)) as processo:
            fluxo(processo.stdin).close()
            return terminar(processo)


def escrever(pasta: Path, nome: str, pessoas: Iterable[tuple[str, str]]) -> str:
    """Escreve um CSV; devolve o caminho."""
    arquivo = pasta / nome
    linhas = "".join(f"{nome_},{email}\n" for nome_, email in pessoas)
    arquivo.write_text(f"nome,email\n{linhas}", encoding="utf-8")
    return str(arquivo)


def possiveis(saida: Saida, antes: Estado, depois: Estado) -> list[Estado]:
    """Em que estado o banco pode estar, conforme o que o escritor disse."""
    if (
        saida.codigo == 0
        or "[ESCRITOR] execução " in saida.stderr
        or "gravado, mas" in saida.stderr
    ):
        return [depois]
    if "nada foi gravado" in saida.stderr:
        return [antes]
    return [antes, depois]


def conferir_e_curar(
    banco: Banco, permitidos: list[Estado], leitor: Programa, escritor: Programa, rotulo: str
) -> Estado:
    """Confere o que a falha deixou, que o leitor o aceita, e que o próximo escritor continua."""
    esperar(lambda: banco.consultar(NOSSAS) == [(0,)], f"{rotulo}: a sessão acabar no servidor")
    ficou = estado(banco)
    assert ficou in permitidos, rotulo
    lido = leitor("listar", "--formato", "jsonl", "--banco", banco.uri("leitor"))
    assert (lido.codigo, lido.stdout.count("\n")) == (0, ficou.linhas), f"{rotulo}: {lido.stderr}"
    curado = escritor("--espera", "20", "--banco", banco.uri(), "importar", str(curativo(banco)))
    assert curado.codigo == 0, f"{rotulo}: {curado.stderr}"
    assert estado(banco)[:2] == (ficou.linhas + 1, ficou.execucoes + 1), rotulo
    conferir_prova(banco)
    return ficou


def curativo(banco: Banco) -> Path:
    """Um arquivo com uma pessoa que nenhum caso tem."""
    arquivo = banco.acesso.pgpass.with_name("cura.csv")
    arquivo.write_text(CURA, encoding="utf-8")
    return arquivo


def sorteada(acaso: Random, quantas: int, prefixo: str) -> list[tuple[str, str]]:
    """Pessoas com nomes de tamanhos variados, e os e-mails fora de ordem."""
    return [
        (
            f"Pessoa {n} {'de Souza ' * acaso.randrange(4)}".strip(),
            f"{prefixo}{n * 7919 % 99_991}@x.com",
        )
        for n in range(quantas)
    ]
