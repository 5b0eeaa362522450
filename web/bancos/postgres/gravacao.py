"""Muitos pedidos, uma execução: o que a thread de quem grava faz com os que juntou, num servidor.

Daqui é a conexão, e até onde se conferiu o livro; a execução em si é de transacao.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import psycopg

from escritor import erros
from escritor.erros import Erro
from escritor.percurso import Ponto
from escritor.regras import Quebra
from escritor.sinais import Sinais
from postgres.escritor import conexao, conferencia, esquema, falhas
from postgres.escritor.conexao import Conexao
from postgres.escritor.endereco import Endereco
from web.bancos import Indisponivel, Pedido, Resposta, TalvezGravado
from web.bancos.postgres import corrente
from web.bancos.postgres.conexoes import falta_a_sala
from web.bancos.postgres.transacao import Atrasado, de_uma_vez, em_duas

VIVE = "SELECT 1"
CONFIANCA = 1.0  # segundos em que não se pergunta de novo se uma conexão vive
PREPARA = 2  # vezes que uma instrução roda até que o servidor guarde o plano dela


class Gravacao:
    """Uma conexão de escritor, e até onde já se conferiu o livro."""

    def __init__(self, endereco: Endereco, espera: float) -> None:
        self._endereco = endereco
        self._espera = espera
        self._pilha = ExitStack()
        self._con: Conexao | None = None
        self._ponto: Ponto | None = None
        self._so_eu = True  # ninguém mais gravou da última vez
        self._respondeu = 0.0

    def conferir(self) -> None:
        """Confere o banco inteiro, uma vez. Levanta Indisponivel."""
        with self._conectada() as con:
            self._conferido(con)

    def gravar(self, pedidos: Sequence[Pedido]) -> list[Resposta]:
        """Grava os pedidos numa execução só, ou nenhuma se nada entra; as respostas na ordem.

        Levanta Indisponivel se nada ficou gravado, e TalvezGravado se não se sabe.
        """
        with self._conectada() as con:
            while True:
                ponto = self._conferido(con)
                if self._so_eu and (feito := de_uma_vez(con, pedidos, ponto)):
                    respostas, self._ponto = feito
                    return respostas
                try:
                    respostas, antes, self._ponto = em_duas(con, pedidos, ponto)
                except Atrasado:
                    with corrente.instante(con.pg):
                        self._ponto = corrente.seguir(con.pg, ponto)
                else:
                    self._so_eu = antes == ponto
                    return respostas

    def _conferido(self, con: Conexao) -> Ponto:
        """Devolve até onde se conferiu; da primeira vez, confere tudo, sem a trava."""
        if self._ponto is None:
            with con.transacao():
                esquema.garantir(con)
            with corrente.instante(con.pg):
                self._ponto = conferencia.antes_de_gravar(con)
        return self._ponto

    @contextmanager
    def _conectada(self) -> Iterator[Conexao]:
        """Dá a conexão, aberta de novo se é preciso; a que falhou não se usa mais."""
        try:
            if self._con and time.monotonic() - self._respondeu > CONFIANCA:
                self._perguntar_se_vive(self._con)
            if self._con is None:
                sinais = Sinais()  # ninguém os instala: numa thread não chegam
                self._con = self._pilha.enter_context(
                    conexao.abrir(self._endereco, self._espera, sinais)
                )
                self._con.pg.prepare_threshold = PREPARA
            yield self._con
            self._respondeu = time.monotonic()
        except (Erro, Quebra, psycopg.Error) as erro:
            talvez = self._con is not None and self._con.desfecho == "talvez"
            self.fechar()
            if isinstance(erro, Quebra):  # já não é a história que se conferiu: na próxima, tudo
                self._ponto = None
            raise self._traduzir(erro, talvez=talvez) from erro

    def _perguntar_se_vive(self, con: Conexao) -> None:
        """Fecha a conexão que morreu parada: mandar-lhe um COMMIT só deixaria a dúvida."""
        try:
            con.executar(VIVE)
        except psycopg.Error:
            self.fechar()

    def _traduzir(self, erro: Exception, *, talvez: bool) -> Exception:
        if isinstance(erro, psycopg.Error):
            if not talvez and (falta := falta_a_sala(erro, self._endereco)):
                return falta
            desfecho = "talvez" if talvez else ""
            erro = falhas.traduzir(erro, self._endereco, self._espera, desfecho)
        elif isinstance(erro, Quebra):
            erro = Erro(erros.DADOS, f"{self._endereco}: {erro}; nada foi gravado")
        return TalvezGravado(str(erro)) if talvez else Indisponivel(str(erro))

    def fechar(self) -> None:
        """Fecha a conexão."""
        self._con = None
        self._pilha.close()
