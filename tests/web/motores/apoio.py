"""Os dois motores vistos de fora, sem o código do serviço: quem os lê, mexe neles e os verifica."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from tests import contrato
from tests.contrato import elo, lacre
from tests.postgres.bancos import Banco as DoServidor
from tests.processos import Saida, comando, rodar
from web import bancos
from web.gravador import Gravador, Recibo

LINHAS = "SELECT id, nome, email, criado_em FROM usuarios ORDER BY id"
LIVRO = "SELECT * FROM execucoes ORDER BY id"


class Motor(Protocol):
    """Um banco que o serviço usa, por outra porta."""

    nome: str
    endereco: str
    leitura: str

    def consultar(self, sql: str) -> list[tuple[Any, ...]]:
        """Consulta por uma conexão própria."""

    def alterar(self, *comandos: str) -> None:
        """Mexe no banco por fora, como quem não usa o escritor."""

    def leitor(self, *argumentos: str) -> Saida:
        """Roda o leitor noutro processo."""


class Arquivo:
    """Um arquivo SQLite."""

    nome = "sqlite"

    def __init__(self, caminho: Path) -> None:
        self.caminho = caminho
        self.endereco = self.leitura = str(caminho)

    def consultar(self, sql: str) -> list[tuple[Any, ...]]:
        """Consulta por uma conexão própria."""
        return contrato.consultar(self.caminho, sql)

    def alterar(self, *comandos: str) -> None:
        """Mexe no arquivo por fora."""
        contrato.alterar(self.caminho, *comandos)

    def leitor(self, *argumentos: str) -> Saida:
        """Roda o leitor noutro processo."""
        return rodar(comando("leitor", *argumentos, "--banco", self.endereco))


class Servidor:
    """Um banco num servidor PostgreSQL."""

    nome = "postgres"

    def __init__(self, banco: DoServidor) -> None:
        self.banco = banco
        self.endereco = banco.uri("escritor")
        self.leitura = banco.uri("leitor")

    def consultar(self, sql: str) -> list[tuple[Any, ...]]:
        """Consulta por uma conexão própria."""
        return self.banco.consultar(sql)

    def alterar(self, *comandos: str) -> None:
        """Mexe no banco como quem desliga os gatilhos para isso."""
        self.banco.alterar(*comandos)

    def leitor(self, *argumentos: str) -> Saida:
        """Roda o leitor noutro processo."""
        return rodar(comando("postgres.leitor", *argumentos, "--banco", self.leitura))


def conferir(motor: Motor) -> None:
    """Refaz por fora cada lacre e cada elo, e deixa o leitor dizer o mesmo."""
    linhas = motor.consultar(LINHAS)
    anterior, feitas = "0" * 64, 0
    for numero, execucao in enumerate(motor.consultar(LIVRO), 1):
        *colunas, gravado = execucao
        assert execucao[0] == numero
        dela = [li for li in linhas if execucao[9] and execucao[9] <= li[0] <= execucao[10]]
        assert execucao[12] == lacre(dela)
        anterior = elo(anterior, colunas)
        assert gravado == anterior
        feitas += len(dela)
    assert feitas == len(linhas)
    saida = motor.leitor("verificar", "--silencioso")
    assert (saida.codigo, saida.stderr) == (0, ""), saida


def juntos(*fazer: Callable[[], object]) -> list[object]:
    """Faz tudo ao mesmo tempo, cada um numa thread; devolve o que cada um deu, ou levantou."""
    feitos: list[object] = [None] * len(fazer)

    def rodar_um(onde: int) -> None:
        try:
            feitos[onde] = fazer[onde]()
        except Exception as erro:  # noqa: BLE001 - quem chama é que o espera
            feitos[onde] = erro

    threads = [threading.Thread(target=rodar_um, args=(onde,)) for onde in range(len(fazer))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return feitos


def gravar_todos(gravador: Gravador, pessoas: Iterable[tuple[str, str]]) -> list[Recibo]:
    """Grava umas pessoas, uma depois da outra."""
    return [gravador.gravar(nome, email, None, None) for nome, email in pessoas]


def aberto(motor: Motor, espera: float = 30.0) -> bancos.Banco:
    """Devolve o banco como um processo do serviço o abre."""
    return bancos.abrir(motor.endereco, motor.leitura, espera)
