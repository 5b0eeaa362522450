"""As linhas de `usuarios` na ordem do id, em blocos, conferidas uma a uma."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator

from escritor import regras
from escritor.execucao import TETO
from escritor.percurso import RS, Seladas
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

# Sem a subconsulta, metade do tempo; e por quantidade, que num buraco dos ids não há linhas.
ID_A_TANTAS = "SELECT id FROM usuarios NOT INDEXED WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?"
SO_O_TEXTO = """\
SELECT count(*), max(id), CAST(group_concat(
    id || x'1f' || nome || x'1f' || email || x'1f' || criado_em || x'1e', ''
) AS BLOB)
FROM usuarios NOT INDEXED WHERE id > ? AND id <= ?"""


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


def intactas(con: sqlite3.Connection, depois_de: int, inseridas: int, seladas: Seladas) -> bool:
    """Diz se depois do id `depois_de` há as `inseridas`, com o lacre delas, e mais nenhuma.

    Só sela: nem olha o que cada linha diz, nem sabe qual delas mudou.
    """
    resumo = hashlib.sha256()
    (primeira,) = con.execute(ID_A_TANTAS, (depois_de, 0)).fetchone() or (0,)
    achadas = ultima = 0
    for quantas, maior, bloco in sem_conferir(con, depois_de):
        resumo.update(bloco)
        achadas += quantas
        ultima = maior
    return (achadas, Seladas(primeira, ultima, resumo.hexdigest())) == (inseridas, seladas)


def sem_conferir(con: sqlite3.Connection, depois_de: int) -> Iterator[tuple[int, int, bytes]]:
    """Devolve, das linhas depois deste id, quantas traz cada bloco, o maior id, e elas.

    Juntas como o lacre as junta, e sem olhar o que dizem.
    """
    quantas = POR_BLOCO
    while quantas == POR_BLOCO:
        (fim,) = con.execute(ID_A_TANTAS, (depois_de, POR_BLOCO - 1)).fetchone() or (TETO,)
        quantas, maior, bloco = con.execute(SO_O_TEXTO, (depois_de, fim)).fetchone()
        if quantas:
            yield quantas, maior, bloco or b""
            depois_de = maior
