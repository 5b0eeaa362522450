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

# Sem a subconsulta, metade do tempo; e por quantidade, que num buraco dos ids não há linhas.
ID_A_TANTAS = "SELECT id FROM usuarios NOT INDEXED WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?"
SO_O_TEXTO = """\
SELECT count(*), max(id), CAST(group_concat(
    id || x'1f' || nome || x'1f' || email || x'1f' || criado_em || x'1e', ''
) AS BLOB)
FROM usuarios NOT INDEXED WHERE id > ? AND id <= ?"""


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


def intactas(con: sqlite3.Connection, depois_de: int, inseridas: int, seladas: Seladas) -> bool:
    """Diz se depois do id `depois_de` há as `inseridas`, com o lacre delas, e mais nenhuma.

    Só sela: nem olha o que cada linha diz, nem sabe qual delas mudou.
    """
    resumo = hashlib.sha256()
    (primeira,) = con.execute(ID_A_TANTAS, (depois_de, 0)).fetchone() or (0,)
    achadas, quantas, ultima = 0, POR_BLOCO, 0
    while quantas == POR_BLOCO:
        (fim,) = con.execute(ID_A_TANTAS, (depois_de, POR_BLOCO - 1)).fetchone() or (TETO,)
        quantas, maior, bloco = con.execute(SO_O_TEXTO, (depois_de, fim)).fetchone()
        resumo.update(bloco or b"")
        achadas += quantas
        depois_de = ultima = maior or ultima
    return (achadas, Seladas(primeira, ultima, resumo.hexdigest())) == (inseridas, seladas)
