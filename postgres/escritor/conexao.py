"""A conexão com o servidor: abre, espera pela trava, e sabe o que ficou gravado."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from escritor import erros
from escritor.erros import Erro
from escritor.sinais import Sinais
from postgres.escritor import falhas
from postgres.escritor.endereco import Endereco, ler

# A trava do banco inteiro, que todo escritor pede: um número nosso, "desafio2" em ASCII. Um
# escritor não pode trancar uma tabela contra os outros: só tem o direito de inserir.
TRAVA = int.from_bytes(b"desafio2", "big")
# READ COMMITTED, dito: noutro nível a transação veria o livro como era antes da espera pela trava,
# e a corrente teria duas pontas.
COMECA = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
TRANCA = f"SELECT pg_advisory_xact_lock({TRAVA})"
# Só o que é desta sessão. Os prazos do servidor são para quem esquece uma transação aberta: ler uma
# entrada demorada não é isso. Um synchronous_commit mais frouxo confirmaria o que se pode perder.
AJUSTES = """\
SELECT set_config(name, CASE
        WHEN name = 'lock_timeout' THEN %s
        WHEN name = 'work_mem' THEN '32MB'
        WHEN name = 'synchronous_commit' THEN
            CASE WHEN setting IN ('on', 'remote_apply') THEN setting ELSE 'on' END
        WHEN name = 'search_path' THEN ''
        WHEN name = 'client_min_messages' THEN 'warning'
        ELSE '0'
    END, false)
FROM pg_catalog.pg_settings WHERE name IN (
    'lock_timeout', 'work_mem', 'synchronous_commit', 'search_path', 'client_min_messages',
    'statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout'
)"""
DE_LEITURA = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'"
ARRISCADOS = """\
SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'"""
MAIOR_PRAZO = 2**31 - 1  # milissegundos
# O aviso de um COMMIT que não esperou pela réplica: a execução está só neste servidor.
SEM_REPLICA = {"01000", "57P01"}

PG = psycopg.Connection[tuple[Any, ...]]

# O que o driver avisaria em stderr, como uma conexão que se perdeu, chega como exceção.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


class Conexao:
    """Uma conexão que sabe onde está, quanto espera e como acabou a transação.

    `desfecho`: "" antes do fim da primeira, e depois "desfeita", "gravada", ou "talvez",
    quando o COMMIT foi e a resposta não veio.
    """

    def __init__(self, endereco: Endereco, espera: float, sinais: Sinais, pilha: ExitStack) -> None:
        self.endereco = endereco
        self.espera = espera  # segundos
        self.sinais = sinais
        self.desfecho = ""
        self._pilha = pilha
        self._a_parte: PG | None = None
        self._fila: psycopg.Pipeline | None = None
        self._avisos: list[str | None] = []
        self.pg = self._conectar()
        self.pg.add_notice_handler(lambda aviso: self._avisos.append(aviso.sqlstate))

    def _conectar(self) -> PG:
        try:
            pg = psycopg.connect(
                self.endereco.dsn, autocommit=True, client_encoding="UTF8", prepare_threshold=None
            )
        except psycopg.Error as erro:
            raise falhas.ao_conectar(erro, self.endereco) from erro
        self._pilha.callback(pg.close)
        prazo = min(max(1, round(self.espera * 1000)), MAIOR_PRAZO)  # 0 seria esperar para sempre
        pg.execute(AJUSTES, (str(prazo),))
        return pg

    @property
    def a_parte(self) -> PG:
        """Outra sessão, com as suas tabelas temporárias, que a transação desta não desfaz."""
        if self._a_parte is None:
            self._a_parte = self._conectar()
        return self._a_parte

    def executar(self, sql: str, *parametros: object) -> psycopg.Cursor[tuple[Any, ...]]:
        """Executa na conexão principal; sem parâmetros, um % é um %."""
        return self.pg.execute(sql, parametros or None)

    def valor(self, sql: str, *parametros: object) -> int:
        """Devolve o único valor que `sql` seleciona."""
        return int(self.uma(sql, *parametros)[0])

    def uma(self, sql: str, *parametros: object) -> tuple[Any, ...]:
        """Devolve a única linha que `sql` seleciona."""
        linha = self.executar(sql, *parametros).fetchone()
        if linha is None:
            raise psycopg.ProgrammingError(f"nenhuma linha em {sql}")
        return linha

    @contextmanager
    def em_fila(self) -> Iterator[None]:
        """Manda sem esperar pela resposta: quem a lê é que espera; e o COMMIT, sempre."""
        with self.pg.pipeline() as fila:
            self._fila = fila
            try:
                yield
            finally:
                self._fila = None

    @contextmanager
    def transacao(self) -> Iterator[None]:
        """Tudo ou nada: a trava, depois COMMIT; qualquer exceção desfaz."""
        self.desfecho = ""
        try:
            self.executar(COMECA)
            self.executar(TRANCA)  # sozinha: a pergunta seguinte já vê o que o outro confirmou
            yield
            with self.sinais.irrevogavel():
                self.confirmar()
        except BaseException:
            self.desfecho = self.desfecho or "desfeita"
            self._desfazer()
            raise

    def confirmar(
        self, sql: str = "COMMIT", *parametros: object
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        """Executa o que confirma: o COMMIT, ou uma instrução que sozinha é uma transação."""
        self._avisos.clear()
        self.desfecho = "talvez"
        try:
            cursor = self.executar(sql, *parametros)
            self._chegar()
        except psycopg.Error:
            # Numa sessão que continua viva, o erro é a resposta: o servidor recusou e desfez.
            if self.pg.pgconn.transaction_status != TransactionStatus.UNKNOWN:
                self.desfecho = "desfeita"
            raise
        if SEM_REPLICA.intersection(self._avisos):
            raise falhas.talvez(self.endereco, "o servidor não esperou pela réplica")
        self.desfecho = "gravada"
        return cursor

    def _chegar(self) -> None:
        """Espera pelas respostas do que está na fila, se há uma."""
        if self._fila:
            self._fila.sync()

    def _desfazer(self) -> None:
        """Desfaz o que se começou; de uma conexão perdida, o servidor o faz."""
        with suppress(psycopg.Error):  # a falha que nos trouxe aqui, outra vez
            self._chegar()
        if self.pg.pgconn.transaction_status == TransactionStatus.IDLE:
            return
        try:
            self.executar("ROLLBACK")
            self._chegar()
        except psycopg.Error:
            self.pg.close()


@contextmanager
def abrir(onde: str, espera: float, sinais: Sinais) -> Iterator[Conexao]:
    """Conecta, e ao sair fecha. Toda falha do servidor, também as do corpo, sai Erro."""
    endereco = onde if isinstance(onde, Endereco) else ler(onde)
    con: Conexao | None = None
    with ExitStack() as pilha:
        try:
            con = Conexao(endereco, espera, sinais, pilha)
            _conferir_sessao(con)
            yield con
        except psycopg.Error as erro:
            desfecho = con.desfecho if con else ""
            if desfecho not in {"talvez", "gravada"}:
                sinais.conferir()  # o que se cancelou a pedido também chega como erro
            raise falhas.traduzir(erro, endereco, espera, desfecho) from erro


def _conferir_sessao(con: Conexao) -> None:
    """Recusa, antes de ler a entrada, uma réplica (75) e uma sessão que não grava (73)."""
    em_recuperacao, so_leitura = con.uma(DE_LEITURA)
    if em_recuperacao:
        raise Erro(
            erros.TENTE_DE_NOVO,
            f"{con.endereco}: é uma réplica, ou ainda se recupera de uma queda; nada foi gravado. "
            "Grave no primário, ou espere.",
        )
    if so_leitura:
        motivo, remedio = falhas.SO_LEITURA[1:]
        raise Erro(erros.NAO_CRIA, f"{con.endereco}: {motivo}; nada foi gravado. {remedio}")


def avisos(con: Conexao) -> list[str]:
    """Devolve o que dizer de um servidor que confirma o que um corte de energia ainda desfaria."""
    return [
        f"ATENÇÃO: {con.endereco}: o servidor está com {nome} = off, e um corte de energia pode "
        "estragar o banco; ligue-o."
        for (nome,) in con.executar(ARRISCADOS)
    ]
