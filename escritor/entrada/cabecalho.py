"""O cabeçalho de um CSV: que colunas há, que separador, e o que dizer se ele não serve."""

from __future__ import annotations

import csv
import re
from typing import NamedTuple, TextIO

from escritor.entrada import colunas
from escritor.entrada.colunas import Nomes
from escritor.entrada.pessoa import BYTE_INVALIDO, Problema
from escritor.entrada.recusas import Recusas, outra_codificacao
from escritor.entrada.registros import LIMITE_DA_LINHA, LONGA

SEPARADORES = ",;\t"
RAROS = "|:"  # só se sugerem
# A linha que o Excel põe antes do cabeçalho.
SEPARADOR_DITO = re.compile(r'"?sep=([^"\r\n])"?[;,]*[\r\n]*', re.IGNORECASE)
FALTA = "falta o cabeçalho, a linha que diz as colunas: nome,email"
ILEGIVEL = "não dá para ler o cabeçalho: não parece texto, ou está em outra codificação"


class Cabecalho(NamedTuple):
    """As colunas, pelos nossos nomes, o que as separa e em que linha estavam."""

    colunas: list[str]
    separador: str
    linha: int


def ler(fluxo: TextIO, recusas: Recusas, nomes: Nomes, separador: str | None) -> Cabecalho:
    """Lê o cabeçalho, e a linha `sep=` antes dele se há uma. Levanta Erro 65 se não serve."""
    linha, numero = fluxo.readline(LIMITE_DA_LINHA), 1
    if do_excel := SEPARADOR_DITO.fullmatch(linha):
        separador = separador or do_excel[1]
        linha, numero = fluxo.readline(LIMITE_DA_LINHA), 2
    mudar = None
    motivo = FALTA
    if len(linha) == LIMITE_DA_LINHA and linha[-1] not in "\r\n":
        motivo = LONGA
    elif BYTE_INVALIDO.search(linha) or "\x00" in linha:
        recusas.indicios.ver_recusada([linha])
        if certa := recusas.indicios.outra:
            raise outra_codificacao(recusas.arquivo, certa)
        motivo = ILEGIVEL
    elif linha.strip():
        campos, usado = _dividir(linha, separador or SEPARADORES, nomes)
        achadas = [*map(nomes.traduzir, campos)]
        motivo = nomes.problema(achadas) or ""
        if not motivo:
            return Cabecalho(achadas, usado, numero)
        mudar = _remedio(linha, campos, nomes)
        if mudar is None:
            motivo += " (diga qual é qual com --colunas nome=A,email=B)"
    raise recusas.fatal(Problema(numero, "", motivo), mudar)


def _dividir(linha: str, separadores: str, nomes: Nomes) -> tuple[list[str], str]:
    """Divide o cabeçalho pelo separador que mais colunas nossas mostra."""
    candidatos = [(next(csv.reader([linha], delimiter=s)), s) for s in separadores]
    return max(candidatos, key=lambda c: (colunas.nossas(map(nomes.traduzir, c[0])), len(c[0])))


def _remedio(linha: str, campos: list[str], nomes: Nomes) -> dict[str, str] | None:
    """Devolve as opções com que este cabeçalho serviria, ou None se não dá para saber."""
    comeco = linha.lstrip()[0]
    if comeco in "[{":
        return {"--formato": "json" if comeco == "[" else "jsonl"}
    if len(campos) > 1:
        return nomes.sugestao(campos)
    for separador in RAROS:
        outros, _ = _dividir(linha, separador, nomes)
        if len(outros) > 1 and (sugestao := nomes.sugestao(outros)) is not None:
            return {"--delimitador": separador, **sugestao}
    return None
