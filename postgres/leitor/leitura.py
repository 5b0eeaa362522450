"""Um banco sendo lido num servidor: o que uma verificação deixa para as seguintes, e a leitura."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from leitor import console, erros
from leitor.erros import Erro
from leitor.indice import Pares
from leitor.porta import Linha
from leitor.prova import Execucao, Ponto, Prova, quem_le
from postgres.leitor import conexao, consultas, endereco, falhas, formas, relato
from postgres.leitor.consultas import Conexao, inteiro

ATRASADA = "Leia de novo; ou, para ler o que ela tiver, ponha target_session_attrs=any em BANCO."
DO_ESQUEMA = {"A1", "A2", "A3", "A4"}  # as regras que dão 78; as outras, 65


class Leitura:
    """Um banco que está sendo lido; `con` só existe depois da verificação `conexão`."""

    falhas: tuple[type[Exception], ...] = (psycopg.Error,)

    def __init__(self, texto: str, espera: float) -> None:
        self.partes = endereco.partes(texto)
        self.nome = endereco.mostrado(self.partes)
        self.espera = espera
        self.con: Conexao
        self.pares = Pares()  # os da tabela; quem os junta são os lacres
        self.amcheck = ""  # o esquema em que ele está; vazio se não se pode usá-lo
        self._prontos: dict[tuple[int, int], tuple[int, bytes]] = {}

    def __enter__(self) -> Leitura:
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "con"):
            conexao.fechar(self.con)

    def abrir(self) -> None:
        """Conecta e começa a transação em que tudo será lido. Levanta psycopg.Error."""
        dsn = endereco.dsn(self.partes)
        ao_esperar = self._dizer_que_espera if endereco.varios(self.partes) else None
        self.con = conexao.conectar(dsn, self.espera, ao_esperar)
        if self.partes.get("target_session_attrs") == "prefer-standby" and (
            motivo := conexao.atraso(self.con, dsn, self.espera, self._dizer_que_espera)
        ):
            raise self.recusa(erros.TENTE_DE_NOVO, f"{motivo}. {ATRASADA}")
        conexao.comecar(self.con, self.espera)

    def _dizer_que_espera(self) -> None:
        console.dizer(f"{self.nome}: esperando até {self.espera:g} s por um servidor que atenda")

    def recusa(self, codigo: int, motivo: str) -> Erro:
        """Devolve a falha com o nome do banco à frente do motivo."""
        return Erro(codigo, f"{self.nome}: {motivo}")

    def quebra(self, regra: str, motivo: str) -> Erro:
        """Devolve a falha de quem quebra esta regra de docs/contrato.md."""
        return self.recusa(
            erros.ESQUEMA if regra in DO_ESQUEMA else erros.DADOS,
            f"{motivo} (regra {regra} do contrato). {falhas.restaure(self.partes)}",
        )

    def traduzir(self, erro: Exception) -> Erro:
        """Devolve o que se diz de uma das `falhas`, e o código de saída."""
        if not isinstance(erro, psycopg.Error):
            raise erro
        entrou = hasattr(self, "con")
        return falhas.traduzir(erro, self.nome, self.partes, self.espera, entrou=entrou)

    def rode_o_escritor(self) -> str:
        """Devolve o remédio de um banco em que ninguém gravou, com o comando."""
        return falhas.rode_o_escritor(self.partes)

    # O que leitor.recalculo lê.
    def pontas(self) -> Iterator[int | None]:
        """Devolve o menor e o maior id de `usuarios`."""
        [pontas] = consultas.cruas(self.con, consultas.PONTAS)
        return map(inteiro, pontas)

    def seladas(self) -> Iterator[tuple[int, int | None, int | None, bytes | None]]:
        """Devolve as execuções e os lacres; de cada uma que gravou poucas linhas, guarda-as."""
        for crua in consultas.do_livro(self.con, consultas.SELADAS):
            id_, primeiro, ultimo = map(inteiro, crua[:3])
            *_, lacre, quantas, linhas = crua
            if primeiro and ultimo and consultas.sao_poucas(primeiro, ultimo):
                self._prontos = {(primeiro - 1, ultimo): (inteiro(quantas) or 0, linhas or b"")}
            yield id_ or 0, primeiro, ultimo, lacre

    def blocos_do_lacre(self, depois_de: int, ate: int) -> Iterator[tuple[int, int, bytes]]:
        """Devolve o id antes de cada bloco de linhas, quantas são, e elas como o lacre as junta."""
        if pronto := self._prontos.pop((depois_de, ate), None):
            if pronto[0]:
                yield depois_de, *pronto
            return
        paginas = consultas.paginas(self.con, consultas.LINHAS_DO_LACRE, (depois_de, ate))
        for anterior, quantas, [linhas] in paginas:
            yield anterior, quantas, linhas or b""

    def linhas_em_bytes(
        self, depois_de: int, quantas: int
    ) -> Iterator[tuple[int, bytes, bytes, bytes]]:
        """Devolve as `quantas` primeiras linhas com id > `depois_de`, os textos como estão."""
        for id_, *textos in consultas.cruas(self.con, consultas.LINHAS, depois_de, quantas):
            nome, email, criado_em = (texto or b"" for texto in textos)
            yield inteiro(id_) or 0, nome, email, criado_em

    def elos(self) -> Iterator[tuple[int, bytes | None, bytes | None]]:
        """Devolve, de cada execução, o id, o elo, e o que ele encadeia."""
        for id_, elo, encadeado in consultas.do_livro(self.con, consultas.ELOS):
            yield inteiro(id_) or 0, elo, encadeado

    def contas(self) -> Iterator[Sequence[Any]]:
        """Devolve, de cada execução, o que `leitor.livro.problema` confere."""
        for crua in consultas.do_livro(self.con, consultas.CONTAS):
            yield [*map(inteiro, crua[:9]), *crua[9:]]

    def quantos(self) -> int:
        """Conta as linhas de `usuarios`."""
        return int(consultas.valor(self.con, consultas.QUANTOS))

    def blocos_do_indice(self) -> Iterator[bytes]:
        """Devolve os pares `email US id US`, na ordem do índice."""
        return consultas.blocos_do_indice(self.con)

    # Daqui em diante, só depois de verificado.
    def prova(self) -> Prova:
        """Devolve quanto há, quem gravou por último e quem lê agora."""
        ponto = self.ponto()
        [ultima] = self._execucoes(consultas.ULTIMA_GRAVACAO)
        ancora = f"{ponto.execucao} {ponto.elo}"  # o id da última é quantas há (regra E1)
        return Prova(ponto.total, ponto.execucao, ultima, ancora, *quem_le())

    def ponto(self) -> Ponto:
        """Devolve até onde o banco vai."""
        [ponto] = self.con.execute(consultas.PONTO)
        return Ponto(*ponto)

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
        return [Execucao(*linha) for linha in consultas.linhas(self.con, sql, *parametros)]

    def linhas(self, depois_de: int, quantas: int) -> list[Linha]:
        """Devolve as `quantas` primeiras linhas com id > `depois_de`."""
        return consultas.linhas(self.con, consultas.LINHAS, depois_de, quantas)

    def no_molde(self, limite: int, molde: bytes, com_barra: Sequence[bytes]) -> Iterator[bytes]:
        """Devolve as linhas, em blocos, cada uma no molde; `com_barra`, o que a ganha à frente."""
        return formas.no_molde(self._blocos(consultas.LINHAS_SEPARADAS, limite), molde, com_barra)

    def linhas_do_csv(self, limite: int) -> Iterator[bytes]:
        """Devolve as linhas do CSV, em blocos."""
        return formas.em_csv(self._blocos(consultas.LINHAS_DO_CSV, limite))

    def o_que_alarga(
        self, larguras: Sequence[int], limite: int
    ) -> Iterator[tuple[int, int, str, str]]:
        """Devolve, de cada página, os campos que podem não caber nas larguras de agora."""
        molde = [larguras[1]] * 2 + [larguras[2]] * 2
        sql = consultas.O_QUE_ALARGA
        for *_, cru in consultas.paginas(self.con, sql, consultas.TUDO, limite, molde):
            id_, criado_em, nomes, emails = (campo or b"" for campo in cru)
            yield int(id_), int(criado_em), nomes.decode(), emails.decode()
            molde[:] = [larguras[1]] * 2 + [larguras[2]] * 2

    def linhas_da_tabela(self, larguras: Sequence[int], limite: int) -> Iterator[bytes]:
        """Devolve as linhas da tabela, preenchidas pelo servidor, que conta letras."""
        return self._blocos(consultas.LINHAS_DA_TABELA, limite, larguras)

    def _blocos(self, sql: str, limite: int, molde: Sequence[object] = ()) -> Iterator[bytes]:
        for *_, [bloco] in consultas.paginas(self.con, sql, consultas.TUDO, limite, molde):
            yield bloco or b""

    def fatos(self, prova: Prova | None = None) -> list[tuple[str, str]]:
        """Devolve o que a página diz do servidor; sem prova, só onde ele está e quem o leu."""
        return relato.fatos(self.nome, self.con if prova else None, prova)

    def receita(self, execucao: Execucao) -> str:
        """Devolve o comando que refaz o lacre da execução à mão, sem o nosso código."""
        return relato.receita(endereco.sem_segredos(self.partes), execucao)
