"""O que há no servidor, levado para um arquivo SQLite: ids, instantes, execuções, lacres e elos.

Quem verifica o arquivo, antes de ele ganhar o nome, é o leitor do SQLite, com as mesmas âncoras.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing

from leitor import banco as do_sqlite
from leitor import erros
from leitor.banco import consultas as ddl
from leitor.banco.copia import TRECHO, guardar, verificada
from leitor.banco.verificacao import APLICACAO, VERSAO_DO_ESQUEMA
from leitor.erros import Erro
from leitor.porta import Ordem
from leitor.regras import CAMPOS
from leitor.verificacao import verificar
from postgres.leitor import consultas, verificacao
from postgres.leitor.leitura import Leitura

# O arquivo é como os do escritor. Pela metade se joga fora: não precisa de diário, e o fsync é um
# só, no fim; a ordenação do índice, do tamanho dele, vai para o lado do arquivo, e não para /tmp.
AJUSTES = (
    "PRAGMA page_size = 8192",
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA threads = 2",
    f"PRAGMA application_id = {APLICACAO}",
    f"PRAGMA user_version = {VERSAO_DO_ESQUEMA}",
)
TEMPORARIOS = "SQLITE_TMPDIR"  # sqlite.org/tempfiles.html, seção 5
# Muitas linhas por INSERT: metade do tempo de um executemany, que faz uma de cada vez.
POR_INSERT = 500
INSERE_UMA = "INSERT INTO usuarios VALUES (?, ?, ?, ?)"
INSERE_MUITAS = INSERE_UMA + ", (?, ?, ?, ?)" * (POR_INSERT - 1)
INSERE_EXECUCAO = f"INSERT INTO execucoes VALUES ({', '.join('?' * 14)})"  # noqa: S608


def copiar(origem: Leitura, destino: str, ordem: Ordem, *, substituir: bool) -> str:
    """Copia o banco para o arquivo `destino`; devolve o que se fez, numa linha.

    Levanta Erro como a cópia de um arquivo (`leitor.banco.copia`), e os da leitura.
    """

    def preencher(parcial: str) -> None:
        _preencher(origem, parcial)

    def conferir(parcial: str) -> str:
        try:
            return verificada(parcial, destino, origem.espera, destino, _do_sqlite(ordem))
        except Erro as da_copia:
            if da_copia.codigo not in {erros.DADOS, erros.SEM_ENTRADA}:
                raise
            # O que o arquivo tem de errado veio do servidor: quem o diz é a verificação dele.
            _, falha = verificar(origem, ordem)
            raise (falha or da_copia) from None

    usuarios = guardar(destino, preencher, conferir, substituir=substituir)
    return f"copiado: {origem.nome} → {destino}; {usuarios}"


def despejar(origem: Leitura, ordem: Ordem) -> Iterator[bytes]:
    """Devolve os bytes do arquivo, feito e verificado numa pasta temporária (TMPDIR)."""
    with tempfile.TemporaryDirectory(prefix="desafio2-", dir=_pasta()) as pasta:
        caminho = os.path.join(pasta, "copia.db")
        copiar(origem, caminho, ordem, substituir=False)
        with open(caminho, "rb") as arquivo:
            while trecho := arquivo.read(TRECHO):
                yield trecho


def _pasta() -> str:
    """Devolve a pasta temporária que o ambiente diz, ou a dos arquivos que podem ser grandes."""
    dita = os.environ.get("TMPDIR")
    if dita or not os.access("/var/tmp", os.W_OK):  # noqa: S108 - quem a cria é o tempfile
        return tempfile.gettempdir()
    return "/var/tmp"  # noqa: S108


def _do_sqlite(ordem: Ordem) -> Ordem:
    """As verificações do SQLite, e as que se somaram às nossas: as âncoras."""
    return (*do_sqlite.ORDEM, *ordem[len(verificacao.ORDEM) :])


def _preencher(origem: Leitura, parcial: str) -> None:
    os.environ[TEMPORARIOS] = os.path.dirname(parcial)
    with closing(sqlite3.connect(parcial, isolation_level=None)) as copia:
        try:
            verificacao.abrir(origem)
            for ajuste in AJUSTES:
                copia.execute(ajuste)
            copia.execute("BEGIN")
            copia.execute(ddl.USUARIOS_DDL)
            copia.execute(ddl.EXECUCOES_DDL)
            for anterior, linhas in _linhas(origem):
                _inserir(origem, copia, anterior, linhas)
            copia.executemany(INSERE_EXECUCAO, _execucoes(origem))
            copia.execute(ddl.EMAIL_UNICO_DDL)
            copia.execute("COMMIT")
        except sqlite3.IntegrityError as erro:
            raise origem.quebra("U4", f"o arquivo não aceita o que há no banco: {erro}") from erro
        except origem.falhas as erro:
            raise origem.traduzir(erro) from erro
    origem.con.close()  # o resto é com o arquivo: no servidor, ninguém mais espera por nós


def _linhas(origem: Leitura) -> Iterator[tuple[int, bytes]]:
    """Devolve as linhas, como o lacre as junta, e o id que vem antes de cada bloco."""
    paginas = consultas.paginas(origem.con, consultas.LINHAS_DO_LACRE)
    for anterior, quantas, [bloco] in paginas:
        linhas = bloco or b""
        if linhas.count(b"\x1f") != (CAMPOS - 1) * quantas or linhas.count(b"\x1e") != quantas:
            raise origem.quebra("U5", f"usuarios, depois do id {anterior}: caractere de controle")
        yield anterior, linhas


def _inserir(origem: Leitura, copia: sqlite3.Connection, anterior: int, linhas: bytes) -> None:
    try:
        campos = linhas.decode().replace("\x1e", "\x1f").split("\x1f")
    except UnicodeDecodeError:
        raise origem.quebra(
            "U5", f"usuarios, depois do id {anterior}: bytes que não são UTF-8"
        ) from None
    por_vez = CAMPOS * POR_INSERT
    inteiros = len(campos) // por_vez * por_vez  # o último campo, vazio, não é de ninguém
    for comeco in range(0, inteiros, por_vez):
        copia.execute(INSERE_MUITAS, campos[comeco : comeco + por_vez])
    colunas = (campos[inteiros + coluna : -1 : CAMPOS] for coluna in range(CAMPOS))
    copia.executemany(INSERE_UMA, zip(*colunas, strict=True))


def _execucoes(origem: Leitura) -> Iterator[tuple[object, ...]]:
    depois_de = -1
    while linhas := consultas.linhas(
        origem.con, consultas.INTEIRAS, depois_de, consultas.EXECUCOES_POR_PAGINA
    ):
        yield from linhas
        depois_de = linhas[-1][0]
