"""Um banco sendo lido: a conexão, e os lacres recalculados, se preciso ao lado."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time

from leitor import banco
from leitor.erros import Erro

TYPE_CHECKING = False  # sem carregar o módulo typing, que pesa na partida
if TYPE_CHECKING:
    from leitor.tarefa import Tarefa

BANCO_GRANDE = 1 << 23  # bytes; até aqui, uma thread custa mais do que poupa


class Leitura:
    """Um banco que está sendo lido; `con` só existe depois da verificação `abertura`."""

    def __init__(self, caminho: str, espera: float) -> None:
        self.caminho = caminho
        self.espera = espera
        self.cabecalho = b""
        self.con: sqlite3.Connection
        self._lacres: Tarefa | None = None

    def __enter__(self) -> Leitura:
        return self

    def __exit__(self, *_: object) -> None:
        if self._lacres:
            self._lacres.parar()
        if hasattr(self, "con"):
            self.con.close()

    def adiantar_lacres(self) -> None:
        """Num banco grande, começa a conferir os lacres num segundo núcleo.

        A segunda conexão vê o mesmo estado: a trava de leitura da primeira não
        deixa ninguém gravar. O SQLite e o SHA-256 soltam o interpretador
        enquanto trabalham.
        """
        if os.stat(self.caminho).st_size >= BANCO_GRANDE:
            from leitor.tarefa import Tarefa  # só um banco grande paga por ela

            self._lacres = Tarefa(self.caminho, self.espera, conferir_lacres)

    def lacres_conferidos(self) -> tuple[int, list[str]]:
        """Devolve quantos lacres há e quais estão quebrados."""
        return self._lacres.resultado() if self._lacres else conferir_lacres(self.con)

    def recusa(self, codigo: int, motivo: str) -> Erro:
        """Devolve a falha com o caminho do banco à frente do motivo."""
        return Erro(codigo, f"{self.caminho}: {motivo}")


def conferir_lacres(con: sqlite3.Connection) -> tuple[int, list[str]]:
    """Recalcula o lacre de cada execução; devolve quantas são e quais estão quebradas."""
    quebrados = []
    quantas = 0
    for id_, primeiro, ultimo, lacre in con.execute(banco.LACRES):
        quantas += 1
        if lacrar(con, primeiro, ultimo) != lacre:
            quebrados.append(f"{id_} (ids {primeiro} a {ultimo})")
    return quantas, quebrados


def lacrar(con: sqlite3.Connection, primeiro: int | None, ultimo: int | None) -> str:
    """Devolve o SHA-256 (hex) das linhas `primeiro`..`ultimo`, como o contrato o define."""
    resumo = hashlib.sha256()
    if primeiro is not None and ultimo is not None:
        for *_, linhas in banco.paginas(con, banco.LINHAS_DO_LACRE, primeiro - 1, ultimo):
            resumo.update(linhas)
    return resumo.hexdigest()


def quem_le() -> tuple[str, str]:
    """Devolve o nome do container em que este processo roda e o momento, em UTC."""
    return os.uname().nodename, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
