"""A conexão com o banco: abre, espera pela trava, atende os sinais, e sabe o que ficou gravado."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from escritor.banco import falhas
from escritor.banco.cabecalho import conferir_arquivo
from escritor.sinais import Sinais

# O busy_timeout do SQLite dorme em C, onde nenhum sinal chega ao Python: a
# espera por BANCO_ESPERA é feita em fatias deste tamanho (segundos).
FATIA = 0.1
PAUSA = 0.02  # entre duas tentativas
# Instruções da máquina virtual do SQLite entre duas consultas ao Python: raro
# o bastante para não pesar, frequente o bastante para responder em milissegundos.
INSTRUCOES = 100_000
# De toda conexão: o esquema e o default_cache_size de um banco alheio não mandam aqui.
SEMPRE = (
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cache_size = -2000",  # KiB; mais que isto torna a ordenação mais lenta
)
AJUSTES = (
    *SEMPRE,
    "PRAGMA synchronous = EXTRA",
    # Daqui até threads, velocidade: quem mede é bench/comparar.py.
    "PRAGMA page_size = 8192",  # metade das páginas do padrão a tocar numa importação
    "PRAGMA threads = 2",  # a ordenação do índice usa um segundo núcleo
    "PRAGMA temp_store = FILE",
    "PRAGMA journal_mode = DELETE",
)


class Conexao(sqlite3.Connection):
    """Uma conexão que sabe que arquivo abriu, quanto espera e como acabou a transação.

    `desfecho`: "" antes da primeira, e depois "desfeita", "gravada", ou "talvez",
    quando a falha veio depois do que a confirma.
    """

    caminho: str
    arquivo: os.stat_result
    espera: float  # segundos
    sinais: Sinais
    desfecho: str = ""
    adotou: bool = False  # uma transação anterior adotou o banco, e isso ficou

    def conferir_nome(self) -> None:
        """Levanta Erro 75 se uma restauração deu o nome do banco a outro arquivo."""
        if not os.path.samestat(os.stat(self.caminho), self.arquivo):
            raise falhas.trocado(self.caminho)

    def insistir(self, sql: str) -> sqlite3.Cursor:
        """Executa `sql`, tentando de novo por até `espera` segundos enquanto houver trava.

        O nome é conferido antes de cada tentativa: ao pegar a trava de um arquivo que
        já não o tem, o SQLite tomaria o diário ao lado, de outro, por um seu. Levanta
        sqlite3.OperationalError (SQLITE_BUSY) ao fim do prazo, Erro 75 se o arquivo foi
        trocado e Interrompido se um sinal chegar entre duas tentativas.
        """
        prazo = time.monotonic() + self.espera
        while True:
            self.conferir_nome()
            try:
                return self.execute(sql)
            except sqlite3.OperationalError as erro:
                if falhas.primario(erro) not in falhas.OCUPADO or time.monotonic() >= prazo:
                    raise
                self.sinais.conferir()
                time.sleep(min(PAUSA, self.espera))

    def travar(self) -> None:
        """Começa a transação com a trava de gravação, no arquivo que ainda tem o nome do banco.

        Uma restauração pode tê-lo trocado durante a espera, e o que se gravasse no
        que saiu estaria perdido. O SQLite também o percebe, mas não se o que saiu
        era de 0 byte (sqlite.org/rescode.html#readonly_dbmoved). Levanta Erro 75.
        """
        self.insistir("BEGIN IMMEDIATE")
        self.conferir_nome()
        # Daqui em diante a trava é nossa, e só um leitor, por pouco, faz esperar.
        self.execute(f"PRAGMA busy_timeout = {FATIA * 1000:.0f}")

    @contextmanager
    def transacao(self) -> Iterator[None]:
        """Tudo ou nada: BEGIN IMMEDIATE, depois COMMIT; qualquer exceção desfaz."""
        self.desfecho = ""
        self.travar()
        try:
            yield
            with self.sinais.irrevogavel():
                self.insistir("COMMIT")
            self.desfecho = "gravada"
        except BaseException as erro:
            self.desfecho = "talvez" if falhas.talvez_gravado(erro) else "desfeita"
            if self.in_transaction:  # disco cheio e E/S podem já ter desfeito
                self.execute("ROLLBACK")
            raise


@contextmanager
def abrir(
    caminho: str, espera: float, sinais: Sinais, *, a_adotar: bool = False
) -> Iterator[Conexao]:
    """Abre o banco para gravar, criando pasta e arquivo se faltam; um alheio fica intacto.

    `espera` em segundos. Levanta Erro 65 ou 78 se o arquivo não é um banco nosso.
    """
    os.makedirs(os.path.dirname(os.path.realpath(caminho)), exist_ok=True)
    if not a_adotar:
        conferir_arquivo(caminho)
    with closing(conectar(caminho, espera, sinais)) as con:
        yield con


def conectar(caminho: str, espera: float, sinais: Sinais) -> Conexao:
    """Devolve a conexão, com os AJUSTES feitos e os sinais vigiados.

    synchronous=EXTRA: com FULL, um corte de energia logo após o COMMIT ainda
    pode desfazê-lo (sqlite.org/pragma.html#pragma_synchronous).
    """
    pasta = os.path.dirname(os.path.realpath(caminho))
    if not os.access(pasta, os.W_OK | os.X_OK):  # sem lugar para o diário nem os temporários
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), pasta)
    with open(caminho, "ab") as arquivo:  # cria, se falta
        identidade = os.fstat(arquivo.fileno())
    # Absoluto: o SQLite tomaria `file:…` por um URI (sqlite.org/uri.html), e seria outro arquivo.
    absoluto = os.path.abspath(caminho)
    con = sqlite3.connect(absoluto, timeout=0, isolation_level=None, factory=Conexao)
    con.caminho, con.arquivo, con.espera, con.sinais = caminho, identidade, espera, sinais
    try:
        vigiar(con, sinais)
        for ajuste in (*AJUSTES, *_temporarios(pasta)):
            con.insistir(ajuste)
    except BaseException:
        con.close()
        raise
    return con


def ligar(caminho: str, modo: str) -> sqlite3.Connection:
    """Devolve uma conexão só para olhar, `ro`, ou para uma cópia, `rw`, sem esperas."""
    # sqlite.org/uri.html, seção 3.1: só estes três caracteres precisam de escape.
    uri = caminho.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    con = sqlite3.connect(f"file://{uri}?mode={modo}", uri=True, timeout=0, isolation_level=None)
    try:
        for ajuste in SEMPRE:
            con.execute(ajuste)
    except BaseException:
        con.close()
        raise
    return con


def _temporarios(pasta: str) -> Iterator[str]:
    """Põe os arquivos temporários do SQLite no volume: o /tmp do container é memória, e pouca.

    Eles nascem já sem nome, e por isso nunca sobram. A variável SQLITE_TMPDIR
    não serviria: o SQLite a lê ao ser carregado, antes de se saber o caminho. Uma
    pasta cujo nome não é UTF-8 não se escreve em SQL: vale a do sistema.
    """
    with suppress(UnicodeEncodeError):
        pasta.encode()
        escapada = pasta.replace("'", "''")
        yield f"PRAGMA temp_store_directory = '{escapada}'"


def vigiar(con: sqlite3.Connection, sinais: Sinais) -> None:
    """Deixa um sinal parar também uma instrução SQL demorada.

    O sqlite3 engole a exceção lançada no progress handler e devolve
    SQLITE_INTERRUPT; quem chama consulta `sinais.conferir`.
    """
    con.set_progress_handler(lambda: sinais.interrompem, INSTRUCOES)
