"""Os lacres recalculados das linhas, como o contrato os define."""

from __future__ import annotations

import hashlib
import sqlite3

from leitor import banco
from leitor.indice import Pares

US, RS = b"\x1f", b"\x1e"
CAMPOS = 4  # por linha: id, nome, email, criado_em


def conferir_lacres(con: sqlite3.Connection, pares: Pares) -> tuple[int, list[str]]:
    """Recalcula o lacre de cada execução; devolve quantas são e quais estão quebradas.

    Acrescenta a `pares` o e-mail e o id de cada linha: elas já estão na mão.
    """
    quebrados = []
    quantas = 0
    for id_, primeiro, ultimo, lacre in con.execute(banco.LACRES):
        quantas += 1
        if lacrar(con, primeiro, ultimo, pares) != lacre:
            quebrados.append(f"{id_} (ids {primeiro} a {ultimo})")
    return quantas, quebrados


def lacrar(con: sqlite3.Connection, primeiro: int | None, ultimo: int | None, pares: Pares) -> str:
    """Devolve o SHA-256 (hex) das linhas `primeiro`..`ultimo`, como o contrato o define.

    Vazio se há nelas bytes que não são UTF-8: não há lacre que valha para eles.
    """
    resumo = hashlib.sha256()
    if primeiro is not None and ultimo is not None:
        for *_, linhas in banco.paginas(con, banco.LINHAS_DO_LACRE, primeiro - 1, ultimo):
            try:
                linhas.decode()
            except UnicodeDecodeError:
                return ""
            resumo.update(linhas)
            campos = linhas.replace(RS, US).split(US)
            pares.acrescentar(campos[2::CAMPOS], campos[:-1:CAMPOS])
    return resumo.hexdigest()
