"""Onde, num trecho de CSV, há aspas, e as linhas que o módulo csv pede para ler um registro."""

from __future__ import annotations

import csv
import re
from typing import TextIO

# Nenhuma linha física passa disto (caracteres): um arquivo sem quebras, como
# /dev/zero, não pode esgotar a memória. É também o limite de campo do csv.
LIMITE_DA_LINHA = csv.field_size_limit()
LONGA = f"linha com mais de {LIMITE_DA_LINHA} caracteres"
LIMITE_DO_REGISTRO = 1 << 20  # caracteres: cada campo cabe, mas podem ser muitos
COMPRIDO = f"registro com mais de {LIMITE_DO_REGISTRO} caracteres (aspas sem fechar?)"
LINHA = re.compile(r"[^\r\n]*(?:\r\n?|\n)?")


class Fonte:
    """As linhas de um trecho e, só se ainda pedirem, as seguintes do fluxo."""

    def __init__(self, trecho: str, fluxo: TextIO) -> None:
        self._trecho = trecho
        self._tem_cr = "\r" in trecho
        self.tem_apostrofo = "'" in trecho
        self.esgotada = not trecho  # o registro que vier depois é do próximo trecho
        self._tamanho = len(trecho)
        self._posicao = 0
        self._fluxo = fluxo
        self._partes: list[str] = []  # as linhas do registro que se está lendo
        self._lidos = 0  # caracteres delas

    def __iter__(self) -> Fonte:
        return self

    def __next__(self) -> str:
        linha = self._linha() or self._do_fluxo()
        if not linha:
            raise StopIteration
        if len(linha) == LIMITE_DA_LINHA and linha[-1] not in "\r\n":  # o csv a daria por inteira
            raise csv.Error(LONGA)
        self._posicao += len(linha)
        self.esgotada = self._posicao >= self._tamanho
        self._partes.append(linha)
        self._lidos += len(linha)
        if self._lidos > LIMITE_DO_REGISTRO:
            raise csv.Error(COMPRIDO)
        return linha

    def sem_aspas(self) -> str:
        """Tira e devolve as linhas que há até a primeira com aspas, onde começa um registro."""
        self._partes, self._lidos = [], 0
        inicio = self._posicao
        if self._trecho.startswith('"', inicio):
            return ""
        aspas = self._trecho.find('"', inicio)
        if aspas < 0:
            self._posicao = self._tamanho
            self.esgotada = True
        else:
            quebra = self._trecho.rfind("\n", inicio, aspas)
            if self._tem_cr:
                quebra = max(quebra, self._trecho.rfind("\r", inicio, aspas))
            self._posicao = max(inicio, quebra + 1)
        return self._trecho[inicio : self._posicao]

    def _linha(self) -> str:
        if self._tem_cr:
            achada = LINHA.match(self._trecho, self._posicao)
            return achada[0] if achada else ""
        fim = self._trecho.find("\n", self._posicao) + 1
        return self._trecho[self._posicao : fim or None]

    def _do_fluxo(self) -> str:
        linha = self._fluxo.readline(LIMITE_DA_LINHA)
        self.tem_apostrofo = self.tem_apostrofo or "'" in linha
        return linha

    @property
    def registro(self) -> str:
        """O texto do registro que se está lendo."""
        return "".join(self._partes)
