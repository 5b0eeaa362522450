"""As conexões com o servidor: duas pilhas, a de quem lê e a de quem escreve na sala do serviço.

Uma conexão parada pode ter morrido, ou ser agora de uma réplica: antes de a emprestar, pergunta-se
a ela, se não respondeu há pouco. A que falha no meio não volta à pilha.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from postgres.leitor import endereco, falhas
from web.bancos import Indisponivel

CONEXOES = 16  # por processo e por papel: mais do que as threads que atendem não se usam
ABRIR = 3.0  # segundos por uma conexão, livre ou nova
CONFIANCA = 1.0  # segundos em que não se pergunta de novo a quem acabou de responder
INSISTE = 1.0  # segundos; depois, quem tenta conectar é o pedido seguinte
SEM_SALA = {"3F000", "42P01", "42501", "42883"}
FALTA = (
    "falta a sala do serviço, o esquema servico, ou os direitos nele. Como o dono do banco: "
    "psql -v ON_ERROR_STOP=1 -f web/servico.sql -U DONO desafio2"
)
# Só desta sessão, como em postgres/leitor/conexao.py; quem lê, só lê.
AJUSTES = """\
SELECT set_config(name, CASE name
        WHEN 'default_transaction_read_only' THEN coalesce(%s::text, setting)
        WHEN 'lock_timeout' THEN %s
        WHEN 'statement_timeout' THEN %s
        WHEN 'search_path' THEN ''
        WHEN 'client_min_messages' THEN 'error'
        ELSE 'off'
    END, false)
FROM pg_catalog.pg_settings WHERE name IN (
    'default_transaction_read_only', 'lock_timeout', 'statement_timeout', 'search_path',
    'client_min_messages', 'jit'
)"""
SERVE = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only')"

MORREU = ("08", "57P")

PG = psycopg.Connection[tuple[Any, ...]]
Cursor = psycopg.Cursor[tuple[Any, ...]]
Valores = Sequence[object] | Mapping[str, object] | None


class _Conexao(psycopg.Connection[tuple[Any, ...]]):
    """Uma conexão, e quando respondeu pela última vez."""

    respondeu = float("-inf")


class Conexoes:
    """A pilha de um papel; abre-se no processo que a usa, na primeira vez."""

    def __init__(self, texto: str, espera: float, *, so_le: bool) -> None:
        self.partes = endereco.partes(endereco.endereco(texto))
        self.nome = endereco.mostrado(self.partes)
        self._so_le = so_le
        self._prazo = str(max(1, round(espera * 1000)))
        self._espera = espera
        varios = "," in self.partes.get("host", "") + self.partes.get("hostaddr", "")
        # O papel que só lê nasce com a sessão só de leitura, e read-write o recusaria.
        alvo = {"target_session_attrs": "primary" if so_le else "read-write"} if varios else {}
        self.dsn = endereco.dsn({"application_name": "desafio2 web", **alvo, **self.partes})
        self._pilha = ConnectionPool(
            self.dsn,
            connection_class=_Conexao,
            kwargs={"autocommit": True},
            min_size=0,
            max_size=CONEXOES,
            open=False,
            configure=self._ajustar,
            check=self._conferir,
            timeout=ABRIR,
            reconnect_timeout=INSISTE,
        )
        self._tranca = threading.Lock()

    @contextmanager
    def emprestada(self) -> Iterator[PG]:
        """Empresta uma conexão. Toda falha do servidor, também as do corpo, sai Indisponivel."""
        with self.traduzidas(), self._da_pilha() as con:
            yield con

    def ler(self, sql: str, valores: Valores = None, *, prepara: bool = True) -> Cursor:
        """Faz uma pergunta, e a repete se a conexão morreu no meio: nada se gravou com ela.

        `prepara`: se o servidor pode guardar um plano que sirva a quaisquer valores.
        """
        with self.traduzidas():
            try:
                return self._perguntar(sql, valores, prepara=prepara)
            except psycopg.OperationalError as erro:
                if erro.sqlstate and not erro.sqlstate.startswith(MORREU):
                    raise
                return self._perguntar(sql, valores, prepara=prepara)

    def _perguntar(self, sql: str, valores: Valores, *, prepara: bool) -> Cursor:
        with self._da_pilha() as con:
            return con.execute(sql, valores, prepare=None if prepara else False)

    @contextmanager
    def _da_pilha(self) -> Iterator[PG]:
        self._abrir()
        with self._pilha.connection() as con:
            try:
                yield con
            except psycopg.OperationalError:
                if con.broken:  # as outras devem ter morrido com ela
                    self._pilha.drain()
                raise
            con.respondeu = time.monotonic()

    @contextmanager
    def traduzidas(self) -> Iterator[None]:
        """Traduz em Indisponivel as falhas do servidor."""
        try:
            yield
        except psycopg.Error as erro:
            raise self.traduzir(erro) from erro

    def traduzir(self, erro: psycopg.Error) -> Indisponivel:
        """Devolve o que dizer da falha; uma que não é prevista volta a ser lançada."""
        if isinstance(erro, PoolTimeout):
            motivo = "não deu para conectar: o servidor está fora do ar, ou com gente demais"
            return Indisponivel(f"{self.nome}: {motivo}", 2)
        if falta := falta_a_sala(erro, self.nome):
            return falta
        try:
            dito = falhas.traduzir(erro, self.nome, self.partes, self._espera, entrou=True)
        except psycopg.Error:
            raise erro from None
        return Indisponivel(str(dito))

    def _abrir(self) -> None:
        if self._pilha.closed:
            with self._tranca:
                if self._pilha.closed:
                    self._pilha.open()

    def _ajustar(self, con: PG) -> None:
        con.execute(AJUSTES, ("on" if self._so_le else None, self._prazo, self._prazo))

    def _conferir(self, con: _Conexao) -> None:
        """Levanta psycopg.Error se a conexão já não serve: a pilha a larga, e dá outra."""
        if time.monotonic() - con.respondeu < CONFIANCA:
            return
        try:
            [(replica, so_leitura)] = con.execute(SERVE).fetchall()
            if replica or (so_leitura == "on") != self._so_le:
                raise psycopg.OperationalError("já não é uma conexão com o primário")
        except psycopg.OperationalError:
            con.close()
            self._pilha.drain()  # as outras paradas devem estar na mesma
            raise

    def fechar(self) -> None:
        """Fecha as conexões."""
        self._pilha.close()


def cruas(cursor: Cursor) -> list[list[bytes]]:
    """Devolve os valores como o servidor os mandou, vazio se NULL."""
    cursor.fetchall()  # numa fila, é aqui que se espera pela resposta
    resultado = cursor.pgresult
    if resultado is None:
        return []
    return [
        [resultado.get_value(linha, coluna) or b"" for coluna in range(resultado.nfields)]
        for linha in range(resultado.ntuples)
    ]


def falta_a_sala(erro: psycopg.Error, nome: str) -> Indisponivel | None:
    """Devolve o que dizer se o que falta é o esquema do serviço; None se é outra a falha."""
    dito = erro.diag.message_primary or ""
    if erro.sqlstate in SEM_SALA and "servico" in dito:
        return Indisponivel(f"{nome}: {FALTA} ({erro.sqlstate}: {dito})", 60)
    return None
