"""Dos objetos de um JSON, as pessoas: um a um, ou muitos de uma vez."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from escritor.entrada import colunas
from escritor.entrada.colunas import Nomes
from escritor.entrada.pessoa import Lote, Problema


class Pessoas:
    """Tira nome e e-mail dos objetos."""

    def __init__(self, nomes: Nomes) -> None:
        self.nomes = nomes
        self.vistas: dict[str, None] = {}  # na ordem em que aparecem

    def chaves(self, forma: tuple[str, ...]) -> tuple[str, str]:
        """Devolve as chaves do nome e do e-mail num objeto de chaves `forma`.

        Levanta ValueError com o motivo se há chave a mais ou a menos.
        """
        traduzidas = [*map(self.nomes.traduzir, forma)]
        if motivo := self.nomes.problema(traduzidas):
            raise ValueError(motivo)
        self.vistas.update(dict.fromkeys(traduzidas))
        nome, email = (forma[traduzidas.index(coluna)] for coluna in colunas.OBRIGATORIAS)
        return nome, email

    def lote(self, objetos: Iterable[tuple[int, Any, str]]) -> Lote:
        """Junta num lote as pessoas dos objetos, cada um com a sua linha e o seu texto.

        No lugar de um objeto pode vir o ValueError que impediu de lê-lo.
        """
        pessoas = []
        problemas = []
        for linha, objeto, texto in objetos:
            try:
                pessoas.append((*self._pessoa(objeto), linha))
            except ValueError as erro:
                problemas.append(Problema(linha, "", str(erro), registro=texto))
        nomes, emails, linhas = map(list, zip(*pessoas, strict=True)) if pessoas else ([], [], [])
        return Lote(nomes, emails, linhas, problemas)

    def lote_simples(self, objetos: list[Any], texto: str, linhas: Sequence[int]) -> Lote | None:
        """Junta as pessoas de muitos objetos lidos de `texto`; None se algo é incomum."""
        if {*map(type, objetos)} != {dict} or not _sem_chave_repetida(texto, objetos):
            return None
        try:
            chaves = {self.chaves(forma) for forma in {*map(tuple, objetos)}}
        except ValueError:
            return None
        if len(chaves) > 1:
            return None
        nomes, emails = ([*map(itemgetter(chave), objetos)] for chave in chaves.pop())
        if {*map(type, nomes), *map(type, emails)} != {str}:
            return None
        return Lote(nomes, emails, linhas)

    def _pessoa(self, objeto: Any) -> tuple[str, str]:
        if isinstance(objeto, ValueError):
            raise objeto
        if not isinstance(objeto, dict):
            raise ValueError("não é um objeto JSON")
        nome, email = (objeto[chave] for chave in self.chaves(tuple(objeto)))
        for coluna, valor in zip(colunas.OBRIGATORIAS, (nome, email), strict=True):
            if not isinstance(valor, str):
                raise ValueError(f"{coluna}: não é um texto")
        return nome, email


def _sem_chave_repetida(texto: str, objetos: list[dict[str, Any]]) -> bool:
    """Diz se o texto tem só as aspas das chaves e dos textos que ficaram nos objetos.

    De uma chave repetida o módulo json guarda só a última, mas as aspas dela estão lá.
    """
    if "\\" in texto:
        texto = texto.replace("\\\\", "").replace('\\"', "")
    valores = chain.from_iterable(map(dict.values, objetos))
    textos = [*map(type, valores)].count(str)
    return texto.count('"') == 2 * (sum(map(len, objetos)) + textos)
