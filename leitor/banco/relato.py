"""O que a página conta de um banco SQLite: os fatos do arquivo, e o lacre conferido à mão."""

from __future__ import annotations

import os
import shlex
import sqlite3
import sys

from leitor import versao
from leitor.banco import consultas
from leitor.prova import Execucao, Prova
from leitor.texto import milhar

# A receita do README. Os bytes 1F e 1E são os que separam, no lacre, colunas e linhas.
RECEITA = (
    "sqlite3 -separator $'\\x1f' -newline $'\\x1e' {} \\\n"
    '  "SELECT id,nome,email,criado_em FROM usuarios WHERE id BETWEEN {} AND {} ORDER BY id"'
    " | sha256sum"
)


Fatos = list[tuple[str, str]]


def de_fora(caminho: str) -> Fatos:
    """Devolve o que se sabe sem abrir o banco: onde ele está, e quem o lê."""
    python = sys.version.partition(" ")[0]
    return [
        ("Arquivo", os.path.abspath(caminho)),
        ("Quem leu", f"leitor {versao.ler()}, SQLite {sqlite3.sqlite_version}, Python {python}"),
    ]


def de_dentro(con: sqlite3.Connection, cabecalho: bytes, prova: Prova) -> Fatos:
    """Devolve o que se sabe do arquivo já verificado."""
    paginas = consultas.valor(con, consultas.QUANTAS_PAGINAS)
    tamanho = consultas.valor(con, consultas.TAMANHO_DA_PAGINA)
    # sqlite.org/fileformat2.html, seção 1.3: quem gravou por último deixa a sua versão.
    numero = int.from_bytes(cabecalho[96:100], "big")
    gravou = f"{numero // 1_000_000}.{numero // 1_000 % 1_000}.{numero % 1_000}"
    return [
        ("Tamanho", f"{milhar(paginas * tamanho)} bytes"),
        ("Páginas", f"{milhar(paginas)} de {milhar(tamanho)} bytes"),
        ("Diário", f"{consultas.valor(con, consultas.DIARIO)} (rollback)"),
        ("Quem gravou", f"escritor {prova.ultima_gravacao.versao}, SQLite {gravou}"),
    ]


def receita(caminho: str, execucao: Execucao) -> str:
    """Devolve o comando que refaz, no bash, o lacre da execução."""
    return RECEITA.format(_no_shell(caminho), execucao.primeiro_id, execucao.ultimo_id)


def _no_shell(caminho: str) -> str:
    """Devolve o caminho inteiro como o bash o lê; o que não se imprime vai por bytes."""
    absoluto = os.path.abspath(caminho)
    if absoluto.isprintable():
        return shlex.quote(absoluto)
    return "$'" + "".join(rf"\x{byte:02x}" for byte in os.fsencode(absoluto)) + "'"
