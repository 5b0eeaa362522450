"""A conexão com o servidor: espera que ele esteja no ar, e começa a transação em que tudo se lê."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing, suppress

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

from postgres.leitor import falhas
from postgres.leitor.consultas import Conexao

PAUSA = 0.2  # segundos entre duas tentativas de conectar
CANCELAR = 2.0  # segundos para o servidor atender a quem desiste
# Só desta sessão. Os prazos do servidor são para quem esquece uma transação aberta; o JIT compila o
# que roda uma vez; sem ordenação, uma página vem sempre do índice, e o que se conta sem repetir
# ordena-se sozinho, e não com a linha; e o servidor, no meio de uma consulta demorada, nota que já
# não há quem a leia.
AJUSTES = """\
SELECT set_config(name, CASE name
        WHEN 'lock_timeout' THEN %s
        WHEN 'search_path' THEN ''
        WHEN 'jit' THEN 'off'
        WHEN 'enable_sort' THEN 'off'
        WHEN 'enable_presorted_aggregate' THEN 'off'
        WHEN 'work_mem' THEN '32MB'
        WHEN 'client_connection_check_interval' THEN '1s'
        ELSE '0'
    END, false)
FROM pg_catalog.pg_settings WHERE name IN (
    'lock_timeout', 'search_path', 'jit', 'enable_sort', 'enable_presorted_aggregate', 'work_mem',
    'client_connection_check_interval', 'statement_timeout', 'transaction_timeout',
    'idle_in_transaction_session_timeout'
)"""
COMECA = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
# Antes do instantâneo, que é a primeira consulta que tira: quem espera aqui por uma carga já a vê.
TRANCA = "LOCK TABLE desafio2.usuarios, desafio2.execucoes IN ACCESS SHARE MODE"
REPLICA = "SELECT pg_is_in_recovery()"
# Até onde vai o que já se confirmou, e se a réplica, que ainda recebe, já chegou lá; ou se, nesse
# meio-tempo, é ela quem manda.
CONFIRMADO = "SELECT pg_current_wal_flush_lsn()"
EM_DIA = """\
SELECT NOT pg_is_in_recovery()
    OR (pg_last_wal_replay_lsn() >= %s::pg_lsn AND EXISTS (SELECT FROM pg_stat_wal_receiver))"""
MAIOR_ESPERA = 2**31 - 1  # milissegundos

# O que o driver avisaria em stderr, como uma conexão que se perdeu, chega como exceção.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


def conectar(dsn: str, espera: float, ao_esperar: Callable[[], None] | None = None) -> Conexao:
    """Conecta, e insiste por até `espera` segundos com um servidor que ainda não está no ar.

    `ao_esperar` se chama uma vez, se é preciso esperar.
    """
    prazo = time.monotonic() + espera
    while True:
        try:
            con = psycopg.connect(dsn, autocommit=True, prepare_threshold=None)
        except psycopg.Error as erro:
            resta = prazo - time.monotonic()
            if resta <= 0 or not falhas.passa(erro):
                raise
            if ao_esperar:
                ao_esperar()
                ao_esperar = None
            time.sleep(min(PAUSA, resta))
        else:
            con.add_notice_handler(_calar)
            return con


def atraso(con: Conexao, dsn: str, espera: float, ao_esperar: Callable[[], None]) -> str:
    """Espera que a réplica que responde tenha tudo o que já se confirmou; devolve o que faltou.

    Quem sabe até onde se confirmou é o primário, que se acha pelo mesmo endereço. Vazio se
    a réplica está em dia, ou se quem responde é o próprio primário.
    """
    prazo = time.monotonic() + espera
    if con.execute(REPLICA).fetchone() != (True,):
        return ""
    try:
        do_primario = make_conninfo(dsn, target_session_attrs="primary")
        with closing(conectar(do_primario, espera, ao_esperar)) as primario:
            confirmado = primario.execute(CONFIRMADO).fetchone()
    except psycopg.OperationalError:
        return "nenhum servidor aceita gravar agora, e só ele diria se esta réplica está em dia"
    while con.execute(EM_DIA, confirmado).fetchone() != (True,):
        if time.monotonic() >= prazo:
            return f"em {espera:g} s esta réplica não chegou até onde já se confirmou"
        time.sleep(PAUSA)
    return ""


def _calar(_: object) -> None:
    """Os avisos do servidor não são nossos."""


def comecar(con: Conexao, espera: float) -> None:
    """Começa a transação: um instantâneo só, do qual nada mais sai até ela acabar.

    Levanta psycopg.Error; por quem esteja a trocar os índices, espera até `espera` segundos.
    """
    milissegundos = min(max(1, round(espera * 1000)), MAIOR_ESPERA)  # 0 seria sem limite
    con.execute(AJUSTES, (str(milissegundos),))
    con.execute(COMECA)
    try:
        con.execute(TRANCA)
    except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedTable):
        con.execute("ROLLBACK")  # o que falta, quem diz são as verificações
        con.execute(COMECA)


def fechar(con: Conexao) -> None:
    """Fecha; o que ainda esteja a rodar no servidor, cancela antes."""
    if con.info.transaction_status == TransactionStatus.ACTIVE:
        with suppress(psycopg.Error):  # talvez já não haja a quem pedir
            con.cancel_safe(timeout=CANCELAR)
    con.close()
