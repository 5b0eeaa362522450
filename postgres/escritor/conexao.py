"""A conexão com o servidor: abre, espera pela trava, e sabe o que ficou gravado."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus as Estado

from escritor import erros
from escritor.erros import Erro
from escritor.sinais import Sinais
from postgres.escritor import falhas, replica
from postgres.escritor.batimento import vigiada
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
PAUSA = 0.2  # segundos entre duas perguntas ao que o tempo resolve

PG = psycopg.Connection[tuple[Any, ...]]
Cursor = psycopg.Cursor[tuple[Any, ...]]
Dizer = Callable[..., None]

# O que o driver avisaria em stderr, como uma conexão que se perdeu, chega como exceção.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


class Conexao:
    """Uma conexão que sabe onde está, quanto espera e como acabou a transação.

    `desfecho`: "" antes do fim da primeira, e depois "desfeita", "gravada", ou "talvez",
    quando o COMMIT foi e a resposta não veio.
    """

    def __init__(
        self, endereco: Endereco, espera: float, sinais: Sinais, dizer: Dizer, pilha: ExitStack
    ) -> None:
        self.endereco = endereco
        self.espera = espera  # segundos
        self.sinais = sinais
        self.desfecho = ""
        self.com_replica = False  # se um COMMIT espera por outra máquina
        self._dizer = dizer
        self._prazo: float | None = None  # o de quem espera, desde que começou a esperar
        self._ditas: set[str] = set()
        self._pilha = pilha
        self._a_parte: PG | None = None
        self._fila: psycopg.Pipeline | None = None
        self._avisos: list[str | None] = []
        self.pg = self._conectar()
        self.pg.add_notice_handler(lambda aviso: self._avisos.append(aviso.sqlstate))

    def _conectar(self) -> PG:
        while True:
            try:
                pg = psycopg.connect(self.endereco.dsn, autocommit=True, prepare_threshold=None)
                break
            except psycopg.Error as erro:
                falha = falhas.ao_conectar(erro, self.endereco)
                if not self.endereco.varios:  # de vários, um toma o lugar do que morreu
                    raise falha from erro
                self.aguardar("nenhum servidor aceita gravar agora", falha)
        self._pilha.callback(pg.close)
        if self.endereco.varios:
            self._pilha.enter_context(vigiada(pg, self.endereco.dsn))
        prazo = min(max(1, round(self.espera * 1000)), MAIOR_PRAZO)  # 0 seria esperar para sempre
        pg.execute(AJUSTES, (str(prazo),))
        return pg

    def aguardar(self, o_que: str, falha: Erro) -> None:
        """Dá um tempo ao que o tempo resolve, e o diz; passada a espera, levanta `falha`."""
        self._prazo = self._prazo or time.monotonic() + self.espera
        if falha.codigo != erros.TENTE_DE_NOVO or time.monotonic() >= self._prazo:
            raise falha
        if o_que not in self._ditas:
            self._ditas.add(o_que)
            self._dizer(f"{self.endereco}: {o_que}; espero até {self.espera:g} s")
        time.sleep(PAUSA)

    @property
    def a_parte(self) -> PG:
        """Outra sessão, com as suas tabelas temporárias, que a transação desta não desfaz."""
        if self._a_parte is None:
            self._a_parte = self._conectar()
        return self._a_parte

    def executar(self, sql: str, *parametros: object) -> Cursor:
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
            if self.com_replica:
                self.executar(replica.ESCREVE)
            yield
            with self.sinais.irrevogavel():
                self.confirmar()
        except BaseException:
            self.desfecho = self.desfecho or "desfeita"
            self._desfazer()
            raise

    def confirmar(self, sql: str = "COMMIT", *parametros: object) -> Cursor:
        """Executa o que confirma: o COMMIT, ou uma instrução que sozinha é uma transação."""
        self._avisos.clear()
        self.desfecho = "talvez"
        try:
            with replica.com_prazo(self.pg, self.espera if self.com_replica else None):
                cursor = self.executar(sql, *parametros)
                self._chegar()
        except psycopg.Error:
            with suppress(psycopg.Error):  # o mesmo erro, ou a conexão que se perdeu
                self._chegar()
            if self.pg.pgconn.transaction_status in {Estado.IDLE, Estado.INERROR}:
                self.desfecho = "desfeita"  # o erro é a resposta: o servidor recusou e desfez
            raise
        if replica.NAO_ESPEROU.intersection(self._avisos):
            raise falhas.talvez(self.endereco, "o servidor confirmou sem esperar pela réplica")
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
        if self.pg.pgconn.transaction_status == Estado.IDLE:
            return
        try:
            self.executar("ROLLBACK")
            self._chegar()
        except psycopg.Error:
            self.pg.close()


@contextmanager
def abrir(
    onde: str, espera: float, sinais: Sinais, dizer: Dizer = lambda *_: None
) -> Iterator[Conexao]:
    """Conecta, e ao sair fecha. Toda falha do servidor, também as do corpo, sai Erro.

    Espera até `espera` segundos por um, de vários, que grave, e pela réplica que se pede.
    """
    endereco = onde if isinstance(onde, Endereco) else ler(onde)
    con: Conexao | None = None
    with ExitStack() as pilha:
        try:
            con = Conexao(endereco, espera, sinais, dizer, pilha)
            _conferir_sessao(con)
            _conferir_replica(con)
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


def _conferir_replica(con: Conexao) -> None:
    """Espera que haja a réplica que o banco ou o servidor pede, ou recusa (75; 73 se não a vê)."""
    while True:
        situacao = replica.Situacao(*con.uma(replica.SITUACAO))
        falha = situacao.falta(con.endereco)
        if falha is None:
            con.com_replica = situacao.exigida or situacao.esperada
            return
        con.aguardar("nenhuma réplica confirma ainda o que se grava", falha)


def avisos(con: Conexao) -> list[str]:
    """Devolve o que dizer de um servidor que confirma o que um corte de energia ainda desfaria."""
    return [
        f"ATENÇÃO: {con.endereco}: o servidor está com {nome} = off, e um corte de energia pode "
        "estragar o banco; ligue-o."
        for (nome,) in con.executar(ARRISCADOS)
    ]
