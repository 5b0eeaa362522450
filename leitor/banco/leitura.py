"""Um banco sendo lido: o que uma verificação deixa para as seguintes."""

from __future__ import annotations

import os
import sqlite3
import time

from leitor import erros
from leitor.banco.indice import Pares
from leitor.erros import Erro

DO_ESQUEMA = {"A2", "A3", "A4"}  # as regras que dão 78; as outras, 65


class Leitura:
    """Um banco que está sendo lido; `con` só existe depois da verificação `abertura`."""

    def __init__(self, caminho: str, espera: float, nome: str = "") -> None:
        self.caminho = caminho
        self.nome = nome or caminho  # o que as mensagens dizem
        self.espera = espera
        self.cabecalho = b""
        self.con: sqlite3.Connection
        self.pares = Pares()  # os da tabela; quem os junta são os lacres

    def __enter__(self) -> Leitura:
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "con"):
            self.con.close()

    def recusa(self, codigo: int, motivo: str) -> Erro:
        """Devolve a falha com o nome do banco à frente do motivo."""
        return Erro(codigo, f"{self.nome}: {motivo}")

    def quebra(self, regra: str, motivo: str) -> Erro:
        """Devolve a falha de quem quebra esta regra de docs/contrato.md."""
        return self.recusa(
            erros.ESQUEMA if regra in DO_ESQUEMA else erros.DADOS,
            f"{motivo} (regra {regra} do contrato). Restaure uma cópia.",
        )


def quem_le() -> tuple[str, str]:
    """Devolve o nome do container em que este processo roda e o momento, em UTC."""
    return os.uname().nodename, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
