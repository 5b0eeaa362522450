"""A tabela inteira de um instante, lida aos pedaços.

Uma transação aberta durante o download de um cliente lento impediria o COMMIT de quem grava. O
contrato dispensa-a: uma linha gravada não muda mais, e as que vierem depois têm ids maiores. Cada
pedaço se lê numa transação dele, depois de ver que a história ainda é a da âncora.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leitor import formatos
from leitor.banco import consultas as do_leitor
from web.bancos import Indisponivel
from web.bancos.sqlite import consultas
from web.bancos.sqlite.conexoes import Conexoes, instante

SO_AS_ACHADAS = f" AND {consultas.TEM.format('')}".replace(":termo", "?3")


class Tabela:
    """O que leitor/formatos.py pede de uma leitura: as linhas em blocos."""

    def __init__(self, conexoes: Conexoes, busca: str | None) -> None:
        self._conexoes = conexoes
        self._termo = busca.lower() if busca else None
        with conexoes.emprestada() as con, instante(con):
            linha = con.execute(consultas.ANCORA).fetchone()
            (self._ate,) = con.execute(consultas.MAIOR_ID).fetchone()
        self.ancora: str = linha[0] if linha else ""

    def no_molde(self, _limite: int, molde: bytes, com_barra: Sequence[bytes]) -> Iterator[bytes]:
        """Devolve as linhas em blocos, como `leitor.porta.Leitura.no_molde`."""
        blocos = self._blocos(do_leitor.COLUNAS)
        escapados = (formatos.com_barras(bloco, com_barra) for bloco in blocos)
        return formatos.das_colunas(escapados, molde)

    def linhas_do_csv(self, _limite: int) -> Iterator[bytes]:
        """Devolve as linhas do CSV, como `leitor.porta.Leitura.linhas_do_csv`."""
        return formatos.csv_das_colunas(self._blocos(do_leitor.COLUNAS_DO_CSV))

    def _blocos(self, sql: str) -> Iterator[bytes]:
        if self._termo is not None:
            sql += SO_AS_ACHADAS
        depois_de = 0
        while depois_de < self._ate:
            depois_de, bloco = self._pedaco(sql, depois_de)
            if bloco:
                yield bloco

    def _pedaco(self, sql: str, depois_de: int) -> tuple[int, bytes]:
        """Devolve o id em que o pedaço acaba, e o bloco; vazio se nada nele se procura."""
        with self._conexoes.emprestada() as con, instante(con):
            execucao, _, elo = self.ancora.partition(" ")
            if con.execute(consultas.ELO, (execucao,)).fetchone() != (elo,):
                raise Indisponivel("o banco foi trocado no meio da leitura; leia de novo")
            intervalo = next(do_leitor.intervalos(con, depois_de, self._ate))
            termo = () if self._termo is None else (self._termo,)
            quantas, bloco = con.execute(sql, (*intervalo, *termo)).fetchone()
            return intervalo[1], bloco if quantas else b""
