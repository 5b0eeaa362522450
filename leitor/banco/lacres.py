"""Os lacres recalculados das linhas, e cada linha conferida com as regras do contrato."""

from __future__ import annotations

import hashlib
import sqlite3

from leitor import regras
from leitor.banco import consultas
from leitor.banco.indice import Pares


def conferir_lacres(
    con: sqlite3.Connection, pares: Pares
) -> tuple[int, list[str], tuple[str, str] | None]:
    """Recalcula o lacre de cada execução e confere as linhas, lidas uma vez só.

    Devolve quantas execuções são, quais têm o lacre quebrado, e a primeira regra
    que uma linha quebra, e como. Acrescenta a `pares` o e-mail e o id de cada
    linha: elas já estão na mão.
    """
    quebrados: list[str] = []
    quantas = 0
    problema = _ids(con)
    if problema:
        return quantas, quebrados, problema
    for id_, primeiro, ultimo, lacre in con.execute(consultas.LACRES):
        quantas += 1
        recalculado, achado = lacrar(con, primeiro, ultimo, pares)
        problema = problema or achado
        if recalculado.encode() != lacre:
            quebrados.append(f"{id_} (ids {primeiro} a {ultimo})")
    return quantas, quebrados, problema


def lacrar(
    con: sqlite3.Connection, primeiro: int | None, ultimo: int | None, pares: Pares
) -> tuple[str, tuple[str, str] | None]:
    """Devolve o SHA-256 (hex) das linhas `primeiro`..`ultimo`, como o contrato o define.

    E, se uma delas quebra uma regra, qual e como.
    """
    resumo = hashlib.sha256()
    problema = None
    if primeiro is not None and ultimo is not None:
        depois_de = max(primeiro, 1) - 1  # menores não há: _ids já o conferiu
        for intervalo in consultas.intervalos(con, depois_de, ultimo):
            quantas, linhas = con.execute(consultas.LINHAS_DO_LACRE, intervalo).fetchone()
            if not quantas:
                continue
            linhas = linhas or b""
            resumo.update(linhas)
            campos = regras.em_campos(linhas)
            pares.acrescentar(campos[2 :: regras.CAMPOS], campos[: -1 : regras.CAMPOS])
            if not problema and regras.suspeito(linhas, quantas, campos):
                problema = _procurar(con, intervalo[0], quantas)
    return resumo.hexdigest(), problema


def _ids(con: sqlite3.Connection) -> tuple[str, str] | None:
    for (id_,) in con.execute(consultas.PONTAS):
        if id_ is not None and not 1 <= id_ <= regras.MAIOR_ID:
            return "U1", f"usuarios, id {id_}: o id não está entre 1 e 2⁶²"
    return None


def _procurar(con: sqlite3.Connection, depois_de: int, quantas: int) -> tuple[str, str] | None:
    """Devolve a primeira linha do bloco que quebra uma regra, e como; None se nenhuma."""
    for id_, *textos in con.execute(consultas.LINHAS_EM_BYTES, (depois_de, quantas)):
        if achado := regras.problema(*textos):
            regra, como = achado
            return regra, f"usuarios, id {id_}: {como}"
    return None
