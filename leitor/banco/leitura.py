"""Um banco sendo lido: o que uma verificação deixa para as seguintes, e o que se lê depois."""

from __future__ import annotations

import os
import sqlite3
import time

from leitor import erros, formatos
from leitor.banco import consultas
from leitor.erros import Erro
from leitor.indice import Pares
from leitor.prova import Execucao, Ponto, Prova, quem_le

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from leitor.porta import Linha

FATIA = 0.1  # segundos; entre uma fatia de espera e outra, o Python atende o Ctrl-C
INSTRUCOES = 100_000  # da máquina virtual do SQLite, entre duas chances ao Ctrl-C
DO_ESQUEMA = {"A2", "A3", "A4"}  # as regras que dão 78; as outras, 65


class Leitura:
    """Um banco que está sendo lido; `con` só existe depois da verificação `abertura`."""

    # A segunda, quando o SQLite cita um esquema estragado numa mensagem que não é UTF-8.
    # A terceira é como o sqlite3 diz SQLITE_NOMEM.
    falhas: tuple[type[Exception], ...] = (sqlite3.Error, UnicodeDecodeError, MemoryError)

    def __init__(self, caminho: str, espera: float, nome: str = "", alvo: str = "") -> None:
        self.caminho = caminho
        self.alvo = alvo or caminho  # o banco que os comandos a colar nomeiam
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
            f"{motivo} (regra {regra} do contrato). {erros.restaure(self.alvo)}",
        )

    def rode_o_escritor(self) -> str:
        """Devolve o remédio de um banco em que ninguém gravou, com o comando."""
        return erros.rode_o_escritor(self.alvo)

    def traduzir(self, erro: Exception) -> Erro:
        """Devolve o que se diz de uma das `falhas`, e o código de saída."""
        from leitor.banco import falhas  # só quem falha paga por elas

        return falhas.traduzir(erro, self.nome, self.espera, self.alvo)

    # O que leitor.recalculo lê.
    def pontas(self) -> Iterator[int | None]:
        """Devolve o menor e o maior id de `usuarios`."""
        return (id_ for (id_,) in self.con.execute(consultas.PONTAS))

    def seladas(self) -> Iterable[tuple[int, int | None, int | None, bytes | None]]:
        """Devolve, de cada execução, o id, a primeira linha, a última, e o lacre."""
        return self.con.execute(consultas.LACRES)

    def blocos_do_lacre(self, depois_de: int, ate: int) -> Iterator[tuple[int, int, bytes]]:
        """Devolve o id antes de cada bloco de linhas, quantas são, e elas como o lacre as junta."""
        for intervalo in consultas.intervalos(self.con, depois_de, ate):
            quantas, linhas = self.con.execute(consultas.LINHAS_DO_LACRE, intervalo).fetchone()
            if quantas:
                yield intervalo[0], quantas, linhas or b""

    def linhas_em_bytes(
        self, depois_de: int, quantas: int
    ) -> Iterable[tuple[int, bytes, bytes, bytes]]:
        """Devolve as `quantas` primeiras linhas com id > `depois_de`, os textos como estão."""
        return self.con.execute(consultas.LINHAS_EM_BYTES, (depois_de, quantas))

    def elos(self) -> Iterable[tuple[int, bytes | None, bytes | None]]:
        """Devolve, de cada execução, o id, o elo, e o que ele encadeia."""
        return self.con.execute(consultas.ELOS)

    def contas(self) -> Iterable[Sequence[Any]]:
        """Devolve, de cada execução, o que `leitor.livro.problema` confere."""
        return self.con.execute(consultas.TOTAIS)

    def quantos(self) -> int:
        """Conta as linhas de `usuarios`."""
        quantos: int = consultas.valor(self.con, consultas.QUANTOS)
        return quantos

    def blocos_do_indice(self) -> Iterator[bytes]:
        """Devolve os pares `email US id US`, na ordem do índice."""
        return consultas.blocos_do_indice(self.con)

    def prova(self) -> Prova:
        """Devolve quanto há, quem gravou por último e quem lê agora."""
        ponto = self.ponto()
        [ultima] = self._execucoes(consultas.ULTIMA_GRAVACAO)
        quantas = consultas.valor(self.con, consultas.CONTA_EXECUCOES)
        return Prova(self.quantos(), quantas, ultima, f"{ponto.execucao} {ponto.elo}", *quem_le())

    def ponto(self) -> Ponto:
        """Devolve até onde o banco vai."""
        return Ponto(*self.con.execute(consultas.PONTO).fetchone())

    def elo(self, execucao: int) -> str | None:
        """Devolve o elo da execução; None se ela não existe."""
        elo: str | None = consultas.valor(self.con, consultas.ELO_DA_EXECUCAO, execucao)
        return elo

    def execucoes(self, limite: int) -> list[Execucao]:
        """Devolve até `limite` execuções, de preferência as que inseriram, na ordem do id."""
        return self._execucoes(consultas.EXECUCOES_A_MOSTRAR, limite)

    def execucoes_depois(self, execucao: int, quantas: int) -> list[Execucao]:
        """Devolve as `quantas` primeiras depois de `execucao`."""
        return self._execucoes(consultas.EXECUCOES_DEPOIS, execucao, quantas)

    def _execucoes(self, sql: str, *parametros: int) -> list[Execucao]:
        return [Execucao(*linha) for linha in self.con.execute(sql, parametros)]

    def linhas(self, depois_de: int, quantas: int) -> list[Linha]:
        """Devolve as `quantas` primeiras linhas com id > `depois_de`."""
        return self.con.execute(consultas.USUARIOS, (depois_de, quantas)).fetchall()

    def no_molde(self, limite: int, molde: bytes, com_barra: Sequence[bytes]) -> Iterator[bytes]:
        """Devolve as linhas, em blocos, cada uma no molde; `com_barra`, o que a ganha à frente."""
        colunas = self._blocos(consultas.COLUNAS, limite)
        escapadas = (formatos.com_barras(bloco, com_barra) for bloco in colunas)
        return formatos.das_colunas(escapadas, molde)

    def linhas_do_csv(self, limite: int) -> Iterator[bytes]:
        """Devolve as linhas do CSV, em blocos."""
        return formatos.csv_das_colunas(self._blocos(consultas.COLUNAS_DO_CSV, limite))

    def o_que_alarga(
        self, larguras: Sequence[int], limite: int
    ) -> Iterator[tuple[int, int, str, str]]:
        """Devolve, de cada página, os campos que podem não caber nas larguras de agora."""
        for intervalo in consultas.intervalos(self.con, 0, consultas.TODOS, limite):
            _, nome, email, _ = larguras
            id_, criado_em, nomes, emails = self.con.execute(
                consultas.O_QUE_ALARGA, (nome, nome, email, email, *intervalo)
            ).fetchone()
            yield id_ or 0, criado_em or 0, nomes or "", emails or ""

    def linhas_da_tabela(self, larguras: Sequence[int], limite: int) -> Iterator[bytes]:
        """Devolve as linhas da tabela, preenchidas pelo SQLite, que conta letras."""
        molde = "\x1e%{}d\x1f%!-{}s\x1f%!-{}s\x1f%!-{}s\n".format(*larguras)
        return self._blocos(consultas.LINHAS_DA_TABELA, limite, molde)

    def _blocos(self, sql: str, limite: int, *molde: str) -> Iterator[bytes]:
        for _, bloco in consultas.paginas(self.con, sql, 0, consultas.TODOS, limite, *molde):
            yield bloco

    def fatos(self, prova: Prova | None = None) -> list[tuple[str, str]]:
        """Devolve o que a página diz do arquivo; sem prova, só onde ele está e quem o leu."""
        from leitor.banco import relato  # só a página paga por ele

        onde, quem_leu = relato.de_fora(self.caminho)
        dentro = relato.de_dentro(self.con, self.cabecalho, prova) if prova else []
        return [onde, *dentro, quem_leu]

    def receita(self, execucao: Execucao) -> str:
        """Devolve o comando que refaz o lacre da execução à mão, sem o nosso código."""
        from leitor.banco import relato

        return relato.receita(self.caminho, execucao)


def abrir_sqlite(caminho: str, espera: float) -> sqlite3.Connection:
    """Abre só para leitura e começa a transação em que tudo será lido.

    mode=ro nunca cria arquivo; immutable, nunca: com um diário quente ele
    devolveria linhas não confirmadas com integrity_check=ok (fato medido).
    Levanta sqlite3.Error; espera por uma trava até `espera` segundos.
    """
    # sqlite.org/uri.html, seção 3.1: só estes três caracteres precisam de escape.
    uri = os.path.abspath(caminho).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    con = sqlite3.connect(
        f"file://{uri}?mode=ro",
        uri=True,
        timeout=min(FATIA, espera),
        isolation_level=None,
    )
    try:
        con.set_progress_handler(lambda: 0, INSTRUCOES)
        con.execute("PRAGMA trusted_schema = OFF")
        con.execute("BEGIN")
        _primeira_leitura(con, espera)
        # Senão vale o que o arquivo pede (default_cache_size), que pode não caber na memória.
        con.execute(consultas.CACHE)
    except BaseException:
        con.close()
        raise
    return con


def _primeira_leitura(con: sqlite3.Connection, espera: float) -> None:
    """Obtém a trava de leitura, que vale até fechar: o que se verifica é o que se lista."""
    prazo = time.monotonic() + espera
    while True:
        try:
            con.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            return
        except sqlite3.OperationalError as erro:
            if erro.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= prazo:
                raise
