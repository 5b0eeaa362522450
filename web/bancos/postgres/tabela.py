"""A tabela inteira de um instante, lida aos pedaços.

Uma transação aberta durante o download de um cliente lento seguraria a limpeza do servidor, e
faria esperar uma importação, que troca os índices. O contrato dispensa-a: uma linha gravada não
muda mais, e as que vierem depois têm ids maiores. Cada pedaço se lê numa transação dele, depois
de ver que a história ainda é a da âncora.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from postgres.leitor import consultas as do_leitor
from postgres.leitor import formas
from web.bancos import Indisponivel
from web.bancos.postgres import consultas
from web.bancos.postgres.conexoes import Conexoes, cruas

DE_TODAS = "WHERE id > %s AND id <= %s"
SO_AS_ACHADAS = f"{DE_TODAS} AND {consultas.TEXTO} LIKE {consultas.PADRAO}".replace(
    "%(padrao)s", "%s::text"
)


class Tabela:
    """O que leitor/formatos.py pede de uma leitura: as linhas em blocos."""

    def __init__(self, conexoes: Conexoes, padrao: str | None) -> None:
        self._conexoes = conexoes
        self._padrao = padrao
        [(ancora, self._ate)] = conexoes.ler(consultas.PONTA).fetchall()
        self.ancora: str = ancora or ""

    def no_molde(self, _limite: int, molde: bytes, com_barra: Sequence[bytes]) -> Iterator[bytes]:
        """Devolve as linhas em blocos, como `leitor.porta.Leitura.no_molde`."""
        return formas.no_molde(self._blocos(do_leitor.LINHAS_SEPARADAS), molde, com_barra)

    def linhas_do_csv(self, _limite: int) -> Iterator[bytes]:
        """Devolve as linhas do CSV, como `leitor.porta.Leitura.linhas_do_csv`."""
        return formas.em_csv(self._blocos(do_leitor.LINHAS_DO_CSV))

    def _blocos(self, sql: str) -> Iterator[bytes]:
        if self._padrao is not None:
            sql = sql.replace(DE_TODAS, SO_AS_ACHADAS)
        depois_de, tamanho = 0, do_leitor.PRIMEIRA
        while depois_de < self._ate:
            fim, quantas, bloco = self._pedaco(sql, depois_de, tamanho)
            if quantas:
                yield bloco
            if quantas < tamanho:
                return
            depois_de = fim
            cabem = quantas * do_leitor.BLOCO // max(len(bloco), 1)
            tamanho = min(do_leitor.POR_PAGINA, 2 * tamanho, max(1, cabem))

    def _pedaco(self, sql: str, depois_de: int, tamanho: int) -> tuple[int, int, bytes]:
        """Devolve o último id do pedaço, quantas linhas tem, e o bloco delas."""
        busca = () if self._padrao is None else (self._padrao,)
        valores = (depois_de, self._ate, *busca, tamanho)
        [[fim, quantas, bloco]] = cruas(self._conexoes.ler(sql, valores))
        execucao, _, elo = self.ancora.partition(" ")
        if self._conexoes.ler(consultas.ELO, (int(execucao),)).fetchone() != (elo,):
            raise Indisponivel("o banco foi trocado no meio da leitura; leia de novo")
        return int(fim or self._ate), int(quantas), bloco
