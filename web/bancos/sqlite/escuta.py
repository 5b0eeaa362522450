"""A escuta de um arquivo: o SQLite diz se outra conexão confirmou alguma coisa desde a última vez.

https://www.sqlite.org/pragma.html#pragma_data_version
"""

from __future__ import annotations

import sqlite3
import time

from web.bancos import Indisponivel
from web.bancos.sqlite import consultas
from web.bancos.sqlite.conexoes import identificar

PASSO = 0.01  # segundos entre duas olhadas no arquivo
VERSAO = "PRAGMA main.data_version"


class Escuta:
    """Uma conexão aberta, que compara a versão do arquivo com a que viu por último."""

    def __init__(self, con: sqlite3.Connection, caminho: str) -> None:
        self._con = con
        self._caminho = caminho
        self._identidade = identificar(caminho)
        self._versao = self._ler()

    def ancora(self) -> str | None:
        """Pergunta ao banco a âncora da última execução."""
        self._versao = self._ler()
        linha = self._con.execute(consultas.ANCORA).fetchone()
        return linha[0] if linha else None

    def esperar(self, segundos: float) -> None:
        """Volta ao ouvir uma novidade, ou quando o tempo acaba.

        Levanta Indisponivel se o nome é agora de outro arquivo: é nele que se deve escutar.
        """
        if identificar(self._caminho) != self._identidade:
            raise Indisponivel(f"{self._caminho}: o arquivo foi trocado por outro")
        fim = time.monotonic() + segundos
        while self._ler() == self._versao and time.monotonic() < fim:
            time.sleep(PASSO)

    def _ler(self) -> int:
        (versao,) = self._con.execute(VERSAO).fetchone()
        return int(versao)
