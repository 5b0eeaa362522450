"""As pessoas que esperam numa tabela temporária, de onde só as que faltam passam.

A tabela é de outra sessão: o que a transação principal desfaz não a desfaz, e as duas
trabalham ao mesmo tempo, uma a tirar blocos e a outra a recebê-los. Quem tem a trava é a
principal, e por isso ninguém mais grava enquanto aqui se lê o banco.
"""

from __future__ import annotations

from collections.abc import Iterator

from escritor.entrada.pessoa import Lote
from escritor.execucao import RS, US
from postgres.escritor.conexao import Conexao
from postgres.escritor.linhas import COPIA, POR_BLOCO, copiando, em_bytes

CRIA = """\
DROP TABLE IF EXISTS pg_temp.novas;
CREATE TEMP TABLE novas (linha bigint, nome text COLLATE "C", email text COLLATE "C")"""
COPIA_NOVAS = COPIA.format("novas")
# Das que têm o mesmo e-mail fica a primeira do arquivo.
TIRA_REPETIDAS = """\
DELETE FROM novas WHERE linha IN (
    SELECT linha FROM (
        SELECT linha, row_number() OVER (
            PARTITION BY lower(email COLLATE "C") ORDER BY linha
        ) AS vez FROM novas
    ) AS todas WHERE vez > 1
)"""
TIRA_AS_QUE_HA = """\
DELETE FROM novas WHERE EXISTS (
    SELECT FROM desafio2.usuarios AS u
    WHERE lower(u.email COLLATE "C") = lower(novas.email COLLATE "C")
)"""
# O índice de e-mails, se fica no lugar, é percorrido uma vez só.
POE_NA_ORDEM_DO_INDICE = """\
CREATE TEMP TABLE na_ordem AS
    SELECT row_number() OVER (ORDER BY lower(email COLLATE "C")) AS linha, nome, email FROM novas;
DROP TABLE novas;
ALTER TABLE na_ordem RENAME TO novas"""
NUMERA = "ALTER TABLE novas ADD PRIMARY KEY (linha)"
BLOCO = r"""
SELECT string_agg(
    (vez + %s) || E'\x1f' || nome || E'\x1f' || email || E'\x1f' || %s || E'\x1e', ''
), count(*)
FROM (
    SELECT row_number() OVER (ORDER BY linha) AS vez, nome, email
    FROM novas WHERE linha > %s AND linha <= %s ORDER BY linha
) AS bloco"""
# O que já entrou na tabela, e vai sair dela.
DAS_GRAVADAS = r"""
COPY (SELECT id - {0}, nome, email FROM desafio2.usuarios WHERE id > {0})
TO STDOUT (DELIMITER E'\x1f')"""


class Espera:
    """A tabela, e quantas linhas do arquivo já passaram por ela."""

    def __init__(self, con: Conexao) -> None:
        self.con = con
        self.pg = con.a_parte
        self.pg.execute(CRIA)
        self.ultima = 0  # a linha do arquivo até onde se leu
        self.quantas = 0

    def receber(self, lote: Lote) -> None:
        """Guarda o lote, que vem logo depois da última linha."""
        numeros = map(str, range(self.ultima + 1, self.ultima + len(lote.nomes) + 1))
        linhas = map(US.join, zip(numeros, lote.nomes, lote.emails, strict=True))
        with copiando(self.pg, COPIA_NOVAS) as mandar:
            mandar((RS.join(linhas) + RS).encode())
        self.quantas += len(lote.nomes)
        self.pular(lote)

    def pular(self, lote: Lote) -> None:
        """Passa adiante de um lote que não precisa esperar."""
        self.ultima += len(lote.nomes)

    def receber_gravadas(self, depois_de: int, quantas: int) -> None:
        """Guarda as linhas com id maior, que a transação principal gravou e vai desfazer."""
        with (
            self.con.pg.cursor().copy(DAS_GRAVADAS.format(depois_de)) as saem,
            self.pg.cursor().copy(COPIA_NOVAS) as entram,
        ):
            for linha in saem:
                entram.write(linha)
        self.ultima = self.quantas = quantas

    def ficar_com_as_que_faltam(self, antes: int) -> int:
        """Tira as repetidas, no arquivo e no banco, que já tem `antes`; devolve quantas ficam."""
        if self.quantas:
            self.quantas -= self.pg.execute(TIRA_REPETIDAS).rowcount
        if self.quantas and antes:
            self.pg.execute("ANALYZE novas")
            self.quantas -= self.pg.execute(TIRA_AS_QUE_HA).rowcount
        return self.quantas

    def na_ordem_do_indice(self) -> None:
        """Passa da ordem do arquivo para a do índice de e-mails."""
        self.pg.execute(POE_NA_ORDEM_DO_INDICE)
        self.ultima = self.quantas

    def blocos(self, criado_em: str, antes: int) -> Iterator[tuple[bytes, int]]:
        """Devolve os bytes que o lacre sela, com os ids seguintes a `antes`."""
        if not self.quantas:
            return
        self.pg.execute(NUMERA)
        for depois_de in range(0, self.ultima, POR_BLOCO):
            intervalo = (depois_de, depois_de + POR_BLOCO)
            bloco, contadas = em_bytes(self.pg, BLOCO, antes, criado_em, *intervalo)
            if quantas := int(contadas):
                yield bloco, quantas
                antes += quantas
