"""O banco: esquema, conexão e transação. O SQL da carga e o do livro estão nos arquivos deles."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from escritor import erros
from escritor.banco.cabecalho import APLICACAO, VERSAO_DO_ESQUEMA, conferir_arquivo, conferir_dono
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
ESQUEMA = (CRIA_USUARIOS, CRIA_EMAIL_UNICO, CRIA_EXECUCOES)
# As linhas de sqlite_schema: tipo, nome, tabela, DDL.
OBJETOS = {
    ("table", "usuarios", "usuarios", CRIA_USUARIOS),
    ("index", "usuarios_email", "usuarios", CRIA_EMAIL_UNICO),
    ("table", "execucoes", "execucoes", CRIA_EXECUCOES),
}
# O que só o SQLite pode ter posto ali, letra por letra como ele escreve.
DO_SQLITE = {
    ("table", nome, nome, f"CREATE TABLE {nome}({colunas})")
    for nome, colunas in (
        ("sqlite_stat1", "tbl,idx,stat"),
        ("sqlite_stat4", "tbl,idx,neq,nlt,ndlt,sample"),
        ("sqlite_sequence", "name,seq"),  # fica num banco adotado, que a versão comum criou
    )
}

LE_APLICACAO = "PRAGMA application_id"
LE_VERSAO = "PRAGMA user_version"
LE_CODIFICACAO = "PRAGMA encoding"
LE_ESQUEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
LISTA_USUARIOS = "SELECT id, nome, email, criado_em FROM usuarios ORDER BY id LIMIT ?"

# O busy_timeout do SQLite dorme em C, onde nenhum sinal chega ao Python: a
# espera por BANCO_ESPERA é feita em fatias deste tamanho (segundos).
FATIA = 0.1
PAUSA = 0.02  # entre duas tentativas
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


class Conexao(sqlite3.Connection):
    """Uma conexão que sabe que arquivo abriu: o nome pode passar a ser de outro."""

    caminho: str
    arquivo: os.stat_result

    def conferir_nome(self) -> None:
        """Levanta Erro 75 se uma restauração deu o nome do banco a outro arquivo."""
        if not os.path.samestat(os.stat(self.caminho), self.arquivo):
            raise erros.trocado(self.caminho)


@contextmanager
def abrir(
    caminho: str, espera: float, sinais: Sinais, *, a_adotar: bool = False
) -> Iterator[Conexao]:
    """Abre o banco para gravar, criando pasta e arquivo se faltam; um alheio fica intacto.

    `espera` em segundos. Levanta Erro 65 ou 78 se o arquivo não é um banco nosso.
    """
    os.makedirs(os.path.dirname(os.path.abspath(caminho)), exist_ok=True)
    if not a_adotar:
        conferir_arquivo(caminho)
    with closing(conectar(caminho, espera, sinais)) as con:
        yield con


def conectar(caminho: str, espera: float, sinais: Sinais) -> Conexao:
    """Devolve a conexão, com os AJUSTES feitos e os sinais vigiados.

    synchronous=EXTRA: com FULL, um corte de energia logo após o COMMIT ainda
    pode desfazê-lo (sqlite.org/pragma.html#pragma_synchronous).
    """
    pasta = os.path.dirname(os.path.abspath(caminho))
    if not os.access(pasta, os.W_OK | os.X_OK):  # sem lugar para o diário nem os temporários
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), pasta)
    with open(caminho, "ab") as arquivo:  # cria, se falta
        identidade = os.fstat(arquivo.fileno())
    con = sqlite3.connect(caminho, timeout=0, isolation_level=None, factory=Conexao)
    con.caminho, con.arquivo = caminho, identidade
    try:
        sinais.vigiar(con)
        for ajuste in (*AJUSTES, _temporarios(pasta)):
            insistir(con, ajuste, espera, sinais)
    except BaseException:
        con.close()
        raise
    return con


def _temporarios(pasta: str) -> str:
    """Põe os arquivos temporários do SQLite no volume: o /tmp do container é memória, e pouca.

    Eles nascem já sem nome, e por isso nunca sobram. A variável SQLITE_TMPDIR
    não serviria: o SQLite a lê ao ser carregado, antes de se saber o caminho.
    """
    escapada = pasta.replace("'", "''")
    return f"PRAGMA temp_store_directory = '{escapada}'"


def insistir(con: Conexao, sql: str, espera: float, sinais: Sinais) -> sqlite3.Cursor:
    """Executa `sql`, tentando de novo por até `espera` segundos enquanto houver trava.

    O nome é conferido antes de cada tentativa: ao pegar a trava de um arquivo que
    já não o tem, o SQLite tomaria o diário ao lado, de outro, por um seu. Levanta
    sqlite3.OperationalError (SQLITE_BUSY) ao fim do prazo, Erro 75 se o arquivo foi
    trocado e Interrompido se um sinal chegar entre duas tentativas.
    """
    prazo = time.monotonic() + espera
    while True:
        con.conferir_nome()
        try:
            return con.execute(sql)
        except sqlite3.OperationalError as erro:
            if erros.primario(erro) not in erros.OCUPADO or time.monotonic() >= prazo:
                raise
            sinais.conferir()
            time.sleep(min(PAUSA, espera))


def travar(con: Conexao, espera: float, sinais: Sinais) -> None:
    """Começa a transação com a trava de gravação, no arquivo que ainda tem o nome do banco.

    Uma restauração pode tê-lo trocado durante a espera, e o que se gravasse no
    que saiu estaria perdido. O SQLite também o percebe, mas não se o que saiu
    era de 0 byte (sqlite.org/rescode.html#readonly_dbmoved). Levanta Erro 75.
    """
    insistir(con, "BEGIN IMMEDIATE", espera, sinais)
    con.conferir_nome()
    # Daqui em diante a trava é nossa, e só um leitor, por pouco, faz esperar.
    con.execute(f"PRAGMA busy_timeout = {FATIA * 1000:.0f}")


@contextmanager
def transacao(con: Conexao, espera: float, sinais: Sinais) -> Iterator[None]:
    """Tudo ou nada: BEGIN IMMEDIATE, depois COMMIT; qualquer exceção desfaz."""
    travar(con, espera, sinais)
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
    criado = vazio(con)
    if criado:
        criar_esquema(con)
    conferir_esquema(con, caminho)
    return criado


def vazio(con: sqlite3.Connection) -> bool:
    """Diz se não há nada no banco: nem tabelas, nem dono."""
    marcas = [con.execute(sql).fetchone()[0] for sql in (LE_APLICACAO, LE_VERSAO)]
    return marcas == [0, 0] and {*con.execute(LE_ESQUEMA)} <= DO_SQLITE


def nosso(con: sqlite3.Connection) -> bool:
    """Diz se o banco traz a nossa assinatura, de qualquer versão."""
    aplicacao: int = con.execute(LE_APLICACAO).fetchone()[0]
    return aplicacao & 0xFFFFFFFF == APLICACAO


def criar_esquema(con: sqlite3.Connection) -> None:
    """Cria as tabelas e o índice do contrato e assina o arquivo, na transação de quem chama."""
    for ddl in ESQUEMA:
        con.execute(ddl)
    con.execute(f"PRAGMA application_id = {APLICACAO}")
    con.execute(f"PRAGMA user_version = {VERSAO_DO_ESQUEMA}")


def conferir_esquema(con: sqlite3.Connection, caminho: str) -> None:
    """Levanta Erro 65 ou 78 se o banco não é nosso ou tem outro esquema."""
    aplicacao, versao = (con.execute(sql).fetchone()[0] for sql in (LE_APLICACAO, LE_VERSAO))
    conferir_dono(caminho, aplicacao & 0xFFFFFFFF, versao)
    (codificacao,) = con.execute(LE_CODIFICACAO).fetchone()
    if codificacao != "UTF-8":
        raise _outro_esquema(caminho, f"o texto está em {codificacao}", "A3")
    existentes = [objeto for objeto in con.execute(LE_ESQUEMA) if objeto not in DO_SQLITE]
    if sorted(existentes, key=str) != sorted(OBJETOS, key=str):
        diferentes = {str(nome) for _, nome, *_ in {*existentes} ^ OBJETOS}
        raise _outro_esquema(caminho, ", ".join(sorted(diferentes)) or "há um objeto duas vezes")


def _outro_esquema(caminho: str, diferenca: str, regra: str = "A4") -> Erro:
    return Erro(
        erros.ESQUEMA,
        f"{caminho}: o esquema não é o do contrato ({diferenca}; regra {regra}); "
        "ficou intacto. Rode o leitor com `verificar`.",
    )
