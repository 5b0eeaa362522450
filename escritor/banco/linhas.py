"""As linhas de `usuarios` na ordem do id, em blocos, conferidas uma a uma."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from escritor import regras
from escritor.execucao import TETO
from escritor.percurso import RS
from escritor.regras import Quebra

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


def em_blocos(con: sqlite3.Connection, depois_de: int) -> Iterator[list[bytes]]:
    """Devolve as linhas com id maior que `depois_de`; levanta Quebra ao chegar a uma ruim."""
    while True:
        limites = (depois_de, POR_BLOCO)
        quantas, ultimo, bloco = con.execute(BLOCO, limites).fetchone()
        if not quantas:
            return
        if not (bloco and ultimo <= TETO and regras.linhas_em_ordem(bloco, quantas)):
            for id_, *textos in con.execute(UMA_A_UMA, limites):
                if regra := regras.da_linha(id_, *textos):
                    raise Quebra(f"usuarios, linha {id_}: {regras.DIZ[regra]}", regra)
        yield bloco.split(RS)[:-1]
        depois_de = ultimo
