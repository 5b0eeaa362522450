"""Os valores das opções: cada função converte um texto, ou levanta ArgumentTypeError."""

from __future__ import annotations

import argparse
import codecs
import difflib
import io
import math
import os

from escritor.entrada.colunas import OBRIGATORIAS

# Como as pessoas chamam as codificações que uma planilha grava.
APELIDOS = {
    "ansi": "cp1252",
    "excel": "cp1252",
    "windows": "cp1252",
    "win": "cp1252",
    "iso": "latin-1",
    "latin": "latin-1",
    "dos": "cp850",
    "mac": "mac-roman",
    "unicode": "utf-16",
    "utf": "utf-8",
}
CONHECIDAS = ("utf-8-sig", "utf-16-le", "utf-16-be", "utf-32", "iso-8859-1", "iso-8859-15", "ascii")


def segundos(texto: str) -> float:
    """Converte BANCO_ESPERA ou --espera; levanta ArgumentTypeError se não serve."""
    try:
        valor = float(texto)
    except ValueError:
        valor = math.nan
    if not 0 <= valor < math.inf:
        raise argparse.ArgumentTypeError(
            f"BANCO_ESPERA deve ser um número de segundos, 0 ou mais; veio {texto!r}"
        )
    return valor


def caminho_de_saida(texto: str) -> str:
    """Recusa uma pasta, ou nada."""
    if not texto or os.path.isdir(texto):
        raise argparse.ArgumentTypeError(f"deve ser um arquivo; veio {texto!r}")
    return texto


def codificacao(nome: str) -> str:
    """Devolve o nome de uma codificação de texto que o Python conhece."""
    try:
        canonico = codecs.lookup(nome).name
        # Como na importação: nem toda a que se conhece é de texto, ou aceita bytes ruins.
        io.TextIOWrapper(io.BytesIO(), nome, "surrogateescape").read()
    except (LookupError, UnicodeError):
        motivo = f"codificação desconhecida: {nome!r}{_quis_dizer(nome)}"
        raise argparse.ArgumentTypeError(motivo) from None
    return "utf-8-sig" if canonico == "utf-8" else nome  # com ou sem BOM


def _quis_dizer(nome: str) -> str:
    """Devolve a pergunta que sugere a codificação certa; vazia se nenhuma se parece."""
    certa = APELIDOS.get(nome.strip().casefold())
    if certa is None:
        parecidas = difflib.get_close_matches(nome.lower(), [*APELIDOS.values(), *CONHECIDAS], 1)
        certa = parecidas[0] if parecidas else None
    return f"; você quis dizer {certa}?" if certa else ""


def ignoradas(texto: str) -> frozenset[str]:
    """Converte `A,B` nos nomes das colunas que se deixam de lado."""
    nomes = frozenset(nome.strip().casefold() for nome in texto.split(","))
    if "" in nomes or nomes & {*OBRIGATORIAS}:
        raise argparse.ArgumentTypeError(f"não dá para deixar de lado {texto!r}")
    return nomes


def delimitador(texto: str) -> str:
    """Devolve um caractere que pode separar colunas; `\\t` é a tabulação."""
    separador = "\t" if texto == "\\t" else texto
    if len(separador) != 1 or separador in '"\r\n':
        raise argparse.ArgumentTypeError(f"deve ser um caractere (ou \\t); veio {texto!r}")
    return separador


def colunas(texto: str) -> dict[str, str]:
    """Converte `nome=A,email=B` em {nome no arquivo: nosso nome}."""
    pares = [par.partition("=") for par in texto.split(",")]
    if any(nosso.strip() not in OBRIGATORIAS or not dele.strip() for nosso, _, dele in pares):
        raise argparse.ArgumentTypeError(f"use nome=A,email=B; veio {texto!r}")
    nomes = {dele.strip().casefold(): nosso.strip() for nosso, _, dele in pares}
    if len(set(nomes.values())) < len(pares):
        raise argparse.ArgumentTypeError(f"a mesma coluna duas vezes em {texto!r}")
    return nomes
