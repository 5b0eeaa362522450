"""O contrato no disco: esquema, transação, lacre e elo. O SQL da carga está em carga.py."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

from escritor import erros
from escritor.cabecalho import APLICACAO, VERSAO_DO_ESQUEMA, conferir_arquivo, conferir_dono
from escritor.carga import RS, ULTIMO_ID, US, valor
from escritor.erros import Erro
from escritor.sinais import Sinais

CRIA_USUARIOS = """\
CREATE TABLE usuarios (
    id        INTEGER PRIMARY KEY,
    nome      TEXT NOT NULL,
    email     TEXT NOT NULL,
    criado_em TEXT NOT NULL
) STRICT"""
CRIA_EMAIL_UNICO = "CREATE UNIQUE INDEX usuarios_email ON usuarios (email COLLATE NOCASE)"
CRIA_EXECUCOES = """\
CREATE TABLE execucoes (
    id           INTEGER PRIMARY KEY,
    origem       TEXT NOT NULL,
    container    TEXT NOT NULL,
    versao       TEXT NOT NULL,
    iniciada_em  TEXT NOT NULL,
    concluida_em TEXT NOT NULL,
    lidos        INTEGER NOT NULL,
    inseridos    INTEGER NOT NULL,
    repetidos    INTEGER NOT NULL,
    primeiro_id  INTEGER,
    ultimo_id    INTEGER,
    total        INTEGER NOT NULL,
    lacre        TEXT NOT NULL,
    elo          TEXT NOT NULL
) STRICT"""
ESQUEMA = {
    "usuarios": CRIA_USUARIOS,
    "usuarios_email": CRIA_EMAIL_UNICO,
    "execucoes": CRIA_EXECUCOES,
}

LE_ESQUEMA = "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
INSERE_EXECUCAO = "INSERT INTO execucoes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
ULTIMA_EXECUCAO = "SELECT * FROM execucoes ORDER BY id DESC LIMIT 1"
ULTIMO_ID_REGISTRADO = "SELECT ifnull(max(ultimo_id), 0) FROM execucoes"
LISTA_USUARIOS = "SELECT id, nome, email, criado_em FROM usuarios ORDER BY id LIMIT ?"

# O busy_timeout do SQLite dorme em C, onde nenhum sinal chega ao Python: a
# espera por BANCO_ESPERA é feita em fatias deste tamanho (segundos).
FATIA = 0.1
AJUSTES = (
    "PRAGMA trusted_schema = OFF",
    "PRAGMA synchronous = EXTRA",
    # Daqui até threads, velocidade: quem mede é bench/comparar.py.
    "PRAGMA page_size = 8192",  # metade das páginas do padrão a tocar numa importação
    "PRAGMA cache_size = -2000",  # KiB; mais que isto torna a ordenação mais lenta
    "PRAGMA threads = 2",  # a ordenação do índice usa um segundo núcleo
    "PRAGMA temp_store = FILE",
    "PRAGMA journal_mode = DELETE",
)
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


@contextmanager
def abrir(caminho: str, espera: float, sinais: Sinais) -> Iterator[sqlite3.Connection]:
    """Abre o banco para gravar, criando pasta e arquivo se faltam.

    `espera` em segundos. synchronous=EXTRA: com FULL, um corte de energia logo
    após o COMMIT ainda pode desfazê-lo (sqlite.org/pragma.html#pragma_synchronous).
    """
    pasta = os.path.dirname(os.path.abspath(caminho))
    os.makedirs(pasta, exist_ok=True)
    conferir_arquivo(caminho)
    # Os arquivos temporários do SQLite nascem já sem nome, e por isso nunca
    # sobram; no volume, porque o /tmp do container é memória.
    os.environ["SQLITE_TMPDIR"] = pasta
    con = sqlite3.connect(caminho, timeout=min(FATIA, espera), isolation_level=None)
    with closing(con):
        sinais.vigiar(con)
        for ajuste in AJUSTES:
            insistir(con, ajuste, espera, sinais)
        yield con


def insistir(con: sqlite3.Connection, sql: str, espera: float, sinais: Sinais) -> sqlite3.Cursor:
    """Executa `sql`, tentando de novo por até `espera` segundos enquanto houver trava.

    Levanta sqlite3.OperationalError (SQLITE_BUSY) ao fim do prazo e
    Interrompido se um sinal chegar entre duas fatias.
    """
    prazo = time.monotonic() + espera
    while True:
        try:
            return con.execute(sql)
        except sqlite3.OperationalError as erro:
            if erros.primario(erro) not in erros.OCUPADO or time.monotonic() >= prazo:
                raise
            sinais.conferir()


@contextmanager
def transacao(con: sqlite3.Connection, espera: float, sinais: Sinais) -> Iterator[None]:
    """Tudo ou nada: BEGIN IMMEDIATE, depois COMMIT; qualquer exceção desfaz."""
    insistir(con, "BEGIN IMMEDIATE", espera, sinais)
    try:
        yield
        with sinais.irrevogavel():
            sinais.conferir()
            insistir(con, "COMMIT", espera, sinais)
    except BaseException:
        if con.in_transaction:  # disco cheio e E/S podem já ter desfeito
            con.execute("ROLLBACK")
        raise


def garantir_esquema(con: sqlite3.Connection, caminho: str) -> bool:
    """Cria o esquema num banco vazio, ou confere que é o do contrato.

    Chame dentro de uma transação. Devolve True se criou agora; levanta Erro
    65 ou 78 se o banco não é nosso ou tem outro esquema.
    """
    existente = dict(con.execute(LE_ESQUEMA))
    aplicacao = con.execute("PRAGMA application_id").fetchone()[0]
    versao = con.execute("PRAGMA user_version").fetchone()[0]
    if not existente and aplicacao == versao == 0:
        for ddl in ESQUEMA.values():
            con.execute(ddl)
        con.execute(f"PRAGMA application_id = {APLICACAO}")
        con.execute(f"PRAGMA user_version = {VERSAO_DO_ESQUEMA}")
        return True
    conferir_dono(caminho, aplicacao & 0xFFFFFFFF, versao)
    if existente != ESQUEMA:
        diferentes = {n for n in existente | ESQUEMA if existente.get(n) != ESQUEMA.get(n)}
        raise Erro(
            erros.ESQUEMA,
            f"{caminho}: o esquema não é o do contrato ({', '.join(sorted(diferentes))}); "
            "ficou intacto. Rode o leitor com `verificar`.",
        )
    return False


def ultima_execucao(con: sqlite3.Connection) -> Execucao | None:
    """Devolve a execução mais recente do livro, ou None se não há."""
    linha = con.execute(ULTIMA_EXECUCAO).fetchone()
    return Execucao._make(linha) if linha else None


def encadear(anterior: str, execucao: Execucao) -> str:
    """Devolve o elo: SHA-256 do elo anterior e das colunas da execução, menos o elo."""
    colunas = ["" if valor is None else str(valor) for valor in execucao[:-1]]
    return hashlib.sha256((US.join([anterior, *colunas]) + RS).encode()).hexdigest()


def conferir_ultimo(con: sqlite3.Connection) -> None:
    """Levanta Erro 65 se o livro e a tabela discordam do último id.

    Gravar por cima de uma adulteração esconderia a prova dela.
    """
    ultimo = valor(con, ULTIMO_ID)
    registrado = valor(con, ULTIMO_ID_REGISTRADO)
    if ultimo != registrado:
        raise Erro(
            erros.DADOS,
            f"o último usuário é o {ultimo}, mas a última execução selou até o {registrado}: "
            "o banco foi alterado por fora; ficou intacto. Rode o leitor com `verificar`.",
        )


def registrar(con: sqlite3.Connection, execucao: Execucao, anterior: Execucao | None) -> Execucao:
    """Encadeia a execução à anterior e a escreve no livro; devolve-a com o elo."""
    elo = encadear(anterior.elo if anterior else ELO_ZERO, execucao)
    selada = execucao._replace(elo=elo)
    con.execute(INSERE_EXECUCAO, selada)
    return selada
