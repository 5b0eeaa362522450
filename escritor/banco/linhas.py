"""As linhas de `usuarios` na ordem do id, conferidas uma a uma e seladas de novo."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import NamedTuple

from escritor import regras
from escritor.execucao import TETO
from escritor.regras import Quebra

US, RS = b"\x1f", b"\x1e"
POR_BLOCO = 500
# Com ||, que não para num NUL como o printf; em BLOB, para que o que não é UTF-8 chegue inteiro.
BLOCO = """\
SELECT count(*), max(id), CAST(group_concat(linha, '') AS BLOB) FROM (
    SELECT id, id || x'1f' || nome || x'1f' || email || x'1f' || criado_em || x'1e' AS linha
    FROM usuarios NOT INDEXED WHERE id > ? ORDER BY id LIMIT ?
)"""
UMA_A_UMA = """\
SELECT id, CAST(nome AS BLOB), CAST(email AS BLOB), CAST(criado_em AS BLOB)
FROM usuarios NOT INDEXED WHERE id > ? ORDER BY id LIMIT ?"""


class Seladas(NamedTuple):
    """O id da primeira e o da última de um trecho (0 se é vazio), e o lacre delas."""

    primeiro: int
    ultimo: int
    lacre: str


class Linhas:
    """A fila das linhas com id maior que `depois_de`; levanta Quebra ao chegar a uma ruim."""

    def __init__(self, con: sqlite3.Connection, depois_de: int) -> None:
        self._con = con
        self._depois_de = depois_de
        self._bloco: list[bytes] = []
        self._posicao = 0

    def tirar(self, quantas: int) -> Seladas:
        """Tira as `quantas` seguintes, ou as que houver."""
        resumo = hashlib.sha256()
        primeiro = ultimo = 0
        while quantas > 0 and (self._posicao < len(self._bloco) or self._ler()):
            tiradas = self._bloco[self._posicao : self._posicao + quantas]
            self._posicao += len(tiradas)
            quantas -= len(tiradas)
            resumo.update(RS.join(tiradas) + RS)
            primeiro = primeiro or int(tiradas[0].partition(US)[0])
            ultimo = int(tiradas[-1].partition(US)[0])
        return Seladas(primeiro, ultimo, resumo.hexdigest())

    def _ler(self) -> bool:
        """Traz o bloco seguinte, já conferido; False no fim."""
        limites = (self._depois_de, POR_BLOCO)
        quantas, ultimo, bloco = self._con.execute(BLOCO, limites).fetchone()
        if not quantas:
            return False
        if not (bloco and ultimo <= TETO and regras.linhas_em_ordem(bloco, quantas)):
            for id_, *textos in self._con.execute(UMA_A_UMA, limites):
                if regra := regras.da_linha(id_, *textos):
                    raise Quebra(f"usuarios, linha {id_}: {regras.DIZ[regra]}", regra)
        self._bloco = bloco.split(RS)[:-1]
        self._posicao = 0
        self._depois_de = ultimo
        return True
