"""Os valores das opções: cada função converte um texto, ou levanta ArgumentTypeError."""

from __future__ import annotations

import argparse
import codecs
import io
import math
import os

from escritor.entrada.colunas import OBRIGATORIAS


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
        raise argparse.ArgumentTypeError(f"codificação desconhecida: {nome!r}") from None
    return "utf-8-sig" if canonico == "utf-8" else nome  # com ou sem BOM


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
