"""O exame de um banco alheio, sem mudar um byte dele: é o da versão comum deste exercício?

Aquela versão tem só a tabela `usuarios`, sem índice único nem execuções, e
grava os mesmos três usuários a cada vez.
"""

from __future__ import annotations

import glob
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress

from escritor import erros
from escritor.banco import falhas
from escritor.banco.cabecalho import (
    MAGIA,
    WAL,
    conferir_acompanhantes,
    conferir_formato,
    ler_cabecalho,
)
from escritor.banco.conexao import ligar
from escritor.erros import Erro
from escritor.guarda import trancada

COLUNAS = ("id", "nome", "email", "criado_em")
LE_COLUNAS = "SELECT name, type, pk FROM pragma_table_xinfo('usuarios') ORDER BY cid"
LE_OBJETOS = "SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
OLHANDO = ".desafio2-olhando-"  # pasta em que se olha uma cópia
CABE_NO_TMP = 1 << 22  # bytes


class DiarioSumiu(Exception):
    """O diário que havia ao lado do banco já não está lá."""


def candidato(caminho: str) -> bool:
    """Diz se o arquivo é o banco da versão comum. Não muda um byte dele.

    Levanta Erro 65 se ninguém assinou o banco e as tabelas são outras.
    """
    conferir_acompanhantes(caminho)
    if not os.path.isfile(caminho):  # quem diz o que há de errado é cabecalho.py
        return False
    cabecalho = ler_cabecalho(caminho)
    if cabecalho[:16] != MAGIA or cabecalho[60:64] + cabecalho[68:72] != bytes(8):  # tem dono
        return False
    if not os.path.exists(f"{os.path.realpath(caminho)}-journal"):
        conferir_formato(caminho, cabecalho)
    try:
        return _examinar(caminho, WAL in cabecalho[18:20])
    except DiarioSumiu:  # outro escritor acaba de adotar, ou de desfazer
        return candidato(caminho)
    except sqlite3.OperationalError as erro:
        if falhas.primario(erro) not in falhas.OCUPADO:
            raise
        return True  # em uso: quem espera a vez, e confere de novo, é a adoção


def _examinar(caminho: str, em_wal: bool) -> bool:
    """Olha o esquema; o que só se abre mudando (WAL, diário ao lado), numa cópia à parte."""
    absoluto = os.path.realpath(caminho)
    if not em_wal and not os.path.exists(f"{absoluto}-journal"):
        return _tem_a_forma(absoluto, "ro", caminho)
    pasta_do_banco = os.path.dirname(absoluto)
    limpar(pasta_do_banco)
    # O temporário do sistema se limpa sozinho, mas o do container é pequeno.
    onde = None if os.path.getsize(absoluto) < CABE_NO_TMP else pasta_do_banco
    with (
        tempfile.TemporaryDirectory(prefix=OLHANDO, dir=onde) as pasta,
        trancada(pasta, f"{pasta}: em uso"),
    ):
        copia = os.path.join(pasta, "copia.db")
        _copiar_com_o_diario(absoluto, copia)
        return _tem_a_forma(copia, "rw", caminho)


def _copiar_com_o_diario(absoluto: str, copia: str) -> None:
    for sufixo in ("", "-wal", "-journal"):
        if os.path.exists(absoluto + sufixo):
            try:
                shutil.copyfile(absoluto + sufixo, copia + sufixo)
            except FileNotFoundError as erro:
                raise DiarioSumiu from erro


def limpar(pasta: str) -> None:
    """Apaga as cópias que um exame que morreu deixou; as em uso estão trancadas."""
    for resto in glob.glob(os.path.join(glob.escape(pasta), f"{OLHANDO}*")):
        with suppress(Erro, OSError), trancada(resto, f"{resto}: em uso"):
            shutil.rmtree(resto)


def _tem_a_forma(olhado: str, modo: str, caminho: str) -> bool:
    with closing(ligar(olhado, modo)) as con:
        if not con.execute(LE_OBJETOS).fetchone():
            return False
        conferir_forma(con, caminho)
        return True


def conferir_forma(con: sqlite3.Connection, caminho: str) -> None:
    """Levanta Erro 65 se não há só a tabela `usuarios` da versão comum, em UTF-8."""
    objetos = con.execute(LE_OBJETOS).fetchall()
    colunas = con.execute(LE_COLUNAS).fetchall()
    nomes = [nome for nome, *_ in colunas]
    codificacao = con.execute("PRAGMA encoding").fetchone()[0]
    if objetos != [("table", "usuarios")]:
        motivo = f"há {', '.join(sorted(nome for _, nome in objetos))}"
    elif nomes != [*COLUNAS] or colunas[0] != ("id", "INTEGER", 1):
        motivo = f"usuarios tem outras colunas: {', '.join(nomes)}"
    elif codificacao != "UTF-8":
        motivo = f"o texto está em {codificacao}"
    else:
        return
    raise Erro(
        erros.DADOS,
        f"{caminho}: banco de outro programa, que não dá para adotar ({motivo}); ficou intacto. "
        "Use outro BANCO.",
    )
