"""As conexões que leem: abertas só para leitura, emprestadas a uma thread de cada vez."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from escritor import sqlite as escritor
from escritor.erros import Erro as ErroDoEscritor
from escritor.sinais import Sinais
from leitor.banco import falhas
from web.bancos import Indisponivel, Objeto
from web.bancos.sqlite import servico

# Um restore troca o arquivo, e o nome passa a ser de outro: quem diz qual se abriu é isto.
Identidade = tuple[int, int]


class Conexoes:
    """As livres ficam numa pilha; as de um arquivo que já não tem o nome se fecham."""

    def __init__(self, caminho: str, espera: float) -> None:
        self.caminho = caminho
        self.espera = espera
        self._livres: list[tuple[Identidade, sqlite3.Connection]] = []
        self._pronto = False
        self._tranca = threading.Lock()

    @contextmanager
    def emprestada(self) -> Iterator[sqlite3.Connection]:
        """Empresta uma conexão. Toda falha do SQLite, também as do corpo, sai Indisponivel."""
        with traduzidas(self.caminho, self.espera):
            self.preparar()
            identidade, con = self._livre()
            try:
                yield con
            except BaseException:
                con.close()
                raise
            self._livres.append((identidade, con))

    def preparar(self) -> None:
        """Cria, uma vez, o que falta: o banco de quem ainda não tem nenhum, e a sala do serviço."""
        with self._tranca:
            if self._pronto:
                return
            arquivo = Path(self.caminho)
            if not arquivo.exists() or not arquivo.stat().st_size:
                with (
                    escritor.abrir(self.caminho, self.espera, Sinais(), calar) as con,
                    con.transacao(),
                ):
                    escritor.garantir_esquema(con)
            servico.garantir(self.caminho, self.espera)
            self._pronto = True

    def _livre(self) -> tuple[Identidade, sqlite3.Connection]:
        identidade = identificar(self.caminho)
        while self._livres:
            de_qual, con = self._livres.pop()
            if de_qual == identidade:
                return de_qual, con
            con.close()
        return identidade, abrir(self.caminho, self.espera)

    def fechar(self) -> None:
        """Fecha as livres."""
        while self._livres:
            self._livres.pop()[1].close()


def abrir(caminho: str, espera: float) -> sqlite3.Connection:
    """Abre só para leitura, com a sala do serviço ao lado."""
    con = sqlite3.connect(
        servico.uri(caminho, "ro"),
        uri=True,
        timeout=espera,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        con.execute("PRAGMA trusted_schema = OFF")
        con.create_function("dobrar", 1, str.lower, deterministic=True)
        con.execute("ATTACH ? AS servico", (servico.uri(servico.arquivo(caminho), "ro"),))
    except BaseException:
        con.close()
        raise
    return con


def identificar(caminho: str) -> Identidade:
    """Diz que arquivo tem este nome agora."""
    estado = Path(caminho).stat()
    return estado.st_dev, estado.st_ino


def objetos(con: sqlite3.Connection, sql: str, valores: Any) -> list[Objeto]:
    """Devolve as linhas que `sql` seleciona, cada uma pelos nomes das colunas."""
    cursor = con.execute(sql, valores)
    nomes = [coluna[0] for coluna in cursor.description]
    return [dict(zip(nomes, linha, strict=True)) for linha in cursor]


@contextmanager
def instante(con: sqlite3.Connection) -> Iterator[None]:
    """Junta as leituras do corpo num instante só."""
    con.execute("BEGIN")
    try:
        yield
    finally:
        con.execute("COMMIT")


@contextmanager
def traduzidas(caminho: str, espera: float) -> Iterator[None]:
    """Traduz em Indisponivel as falhas do SQLite, do sistema e dos dois programas."""
    try:
        yield
    except (sqlite3.Error, MemoryError) as erro:
        raise Indisponivel(str(falhas.traduzir(erro, caminho, espera, caminho))) from erro
    except (OSError, ErroDoEscritor) as erro:
        raise Indisponivel(" ".join(str(erro).split())) from erro


def calar(*_: str) -> None:
    """O que o escritor diria em stderr; quem adota ou recupera um banco o registra nele mesmo."""
