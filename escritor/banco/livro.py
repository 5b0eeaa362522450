"""O livro `execucoes`: cada execução registrada e encadeada à anterior."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from typing import NamedTuple

from escritor import versao
from escritor.banco.carga import RS, US, Gravadas

INSERE_EXECUCAO = "INSERT INTO execucoes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
ULTIMA_EXECUCAO = "SELECT * FROM execucoes ORDER BY id DESC LIMIT 1"
ELO_ZERO = "0" * 64


class Execucao(NamedTuple):
    """Uma linha do livro `execucoes`, na ordem da tabela."""

    id: int
    origem: str
    container: str
    versao: str
    iniciada_em: str
    concluida_em: str
    lidos: int
    inseridos: int
    repetidos: int
    primeiro_id: int | None
    ultimo_id: int | None
    total: int
    lacre: str
    elo: str


def agora() -> str:
    """Devolve o instante atual em UTC, ISO 8601 com segundos e Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def ultima_execucao(con: sqlite3.Connection) -> Execucao | None:
    """Devolve a execução mais recente do livro, ou None se não há."""
    linha = con.execute(ULTIMA_EXECUCAO).fetchone()
    return Execucao._make(linha) if linha else None


def encadear(anterior: str, execucao: Execucao) -> str:
    """Devolve o elo: SHA-256 do elo anterior e das colunas da execução, menos o elo."""
    colunas = ["" if valor is None else str(valor) for valor in execucao[:-1]]
    return hashlib.sha256((US.join([anterior, *colunas]) + RS).encode()).hexdigest()


def registrar(
    con: sqlite3.Connection, gravadas: Gravadas, origem: str, iniciada_em: str
) -> Execucao:
    """Encadeia à última execução a que gravou `gravadas` e a escreve no livro; devolve-a."""
    anterior = ultima_execucao(con)
    execucao = Execucao(
        id=anterior.id + 1 if anterior else 1,
        origem=origem,
        container=os.uname().nodename,
        versao=versao.ler(),
        iniciada_em=iniciada_em,
        concluida_em=agora(),
        lidos=gravadas.lidas,
        inseridos=gravadas.inseridas,
        repetidos=gravadas.lidas - gravadas.inseridas,
        primeiro_id=gravadas.primeiro,
        ultimo_id=gravadas.ultimo,
        total=(anterior.total if anterior else 0) + gravadas.inseridas,
        lacre=gravadas.lacre,
        elo="",
    )
    selada = execucao._replace(elo=encadear(anterior.elo if anterior else ELO_ZERO, execucao))
    con.execute(INSERE_EXECUCAO, selada)
    return selada
