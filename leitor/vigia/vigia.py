"""O vigia: verifica de novo a cada intervalo e diz o que mudou desde a última vez."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NamedTuple, TextIO

from leitor import ancoras, erros
from leitor.ancoras import Ancora
from leitor.banco import consultas
from leitor.banco.leitura import Leitura
from leitor.banco.verificacao import Ordem, verificar
from leitor.configuracao import Opcoes
from leitor.erros import Erro
from leitor.texto import milhar
from leitor.vigia import saude

SINAIS = (signal.SIGTERM, signal.SIGINT)
EXECUCOES_DITAS = 10  # de cada vez; as demais são contadas
USUARIOS_DITOS = 3  # idem
# Um estado vale até a próxima leitura ficar pronta, com folga para um banco que
# cresceu e uma máquina lenta; depois disso, o vigia travou.
FOLGA = 30.0  # segundos
DEMORAS = 10


class Parada(BaseException):
    """Pediram para parar. Como KeyboardInterrupt, não é Exception: nada no caminho a engole."""


class Sinais:
    """SIGTERM e SIGINT: interrompem uma verificação ou o sono, e nada mais."""

    def __init__(self) -> None:
        self.recebido = 0
        self._interrompe = False
        self._anteriores = {sinal: signal.signal(sinal, self._tratar) for sinal in SINAIS}

    def devolver(self) -> None:
        """Põe de volta os tratadores que havia."""
        for sinal, tratador in self._anteriores.items():
            signal.signal(sinal, tratador)

    def _tratar(self, numero: int, _quadro: FrameType | None) -> None:
        primeiro = not self.recebido
        self.recebido = self.recebido or numero
        if primeiro and self._interrompe:  # um segundo sinal não atropela o fecho da conexão
            raise Parada

    def conferir(self) -> None:
        """Levanta Parada se um sinal já chegou.

        O sqlite3 engole a exceção que nasce no meio de uma instrução SQL e devolve
        SQLITE_INTERRUPT, que `verificar` toma por uma falha.
        """
        if self.recebido:
            raise Parada

    def verificar(self, leitura: Leitura, ordem: Ordem) -> Erro | None:
        """Verifica tudo, a não ser que um sinal chegue antes ou no meio: aí, levanta Parada."""
        self._interrompe = True
        try:
            self.conferir()
            _, falha = verificar(leitura, ordem)
            self.conferir()
            return falha
        finally:
            self._interrompe = False

    def dormir(self, segundos: float) -> None:
        """Espera, ou até um sinal; levanta Parada se um chegou.

        Com os sinais bloqueados e buscados à mão, não há um instante entre
        conferir e dormir em que um deles se perca.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, SINAIS)
        try:
            if not self.recebido and (chegou := signal.sigtimedwait(SINAIS, segundos)):
                self.recebido = chegou.si_signo
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SINAIS)
        self.conferir()


class Ponto(NamedTuple):
    """Até onde se leu: a última execução, o total, as pontas da corrente de elos, o maior id."""

    execucao: int
    total: int
    elo: str
    primeiro_elo: str
    ultimo_id: int

    @property
    def ancoras(self) -> list[Ancora]:
        """As duas pontas da corrente: a primeira diz que banco é, a última, em que estado."""
        return [Ancora(1, self.primeiro_elo), Ancora(self.execucao, self.elo)]

    def em_texto(self) -> str:
        """Diz quanto há, e com que elo se reconhece."""
        return (
            f"usuários: {milhar(self.total)}, execuções: {milhar(self.execucao)}, "
            f"elo {self.elo[:16]}…"
        )


class Vigia:
    """Lê de novo e de novo; guarda só o ponto da última leitura que passou."""

    def __init__(
        self, opcoes: Opcoes, ordem: Ordem, saida: TextIO, dizer: Callable[[str], None]
    ) -> None:
        self._opcoes = opcoes
        self._ordem = ordem
        self._saida = saida
        self._dizer = dizer
        self._ponto: Ponto | None = None
        self._falha: Erro | None = None
        self._calado = False
        self._sinais = Sinais()

    def __enter__(self) -> Vigia:
        return self

    def __exit__(self, *_: object) -> None:
        self._sinais.devolver()

    def vigiar(self) -> int:
        """Vigia até `vezes` leituras ou um sinal; devolve o código da última que terminou.

        Um sinal é o fim normal de quem não tem fim: `docker stop` dá 0 se estava tudo
        em ordem. Só se nenhuma leitura terminou é que ele vale 130 ou 143.
        """
        feitas = 0
        opcoes = self._opcoes
        self._dizer(f"vigiando {opcoes.banco}, a cada {opcoes.intervalo:g} s")
        try:
            while True:
                self._ler()
                feitas += 1
                if feitas == opcoes.vezes:
                    break
                self._sinais.dormir(opcoes.intervalo)
        except Parada:
            self._dizer(f"parado por um sinal; leituras feitas: {milhar(feitas)}.")
            if not feitas:
                return 128 + self._sinais.recebido
        return self._falha.codigo if self._falha else 0

    def _ler(self) -> None:
        inicio = time.monotonic()
        falha = None
        try:
            mudancas = self._mudancas()
        except Erro as erro:
            falha = erro
            mudancas = []
        self._dizer_falha(falha)
        if mudancas:
            quando = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self._saida.write("".join(f"{quando} {mudanca}\n" for mudanca in mudancas))
            self._saida.flush()
        elif not falha and not self._calado:
            self._calado = True
            self._dizer("nada mudou; daqui em diante, só digo o que mudar")
        if self._opcoes.estado:
            demora = time.monotonic() - inicio
            vale = self._opcoes.intervalo + self._opcoes.segundos + DEMORAS * demora + FOLGA
            saude.gravar(self._opcoes.estado, falha, vale)

    def _dizer_falha(self, falha: Erro | None) -> None:
        """Diz a falha quando ela aparece ou muda, e que não há mais."""
        if falha and str(falha) != str(self._falha):
            self._dizer(f"ERRO: {falha}")
        elif self._falha and not falha:
            self._dizer("agora em ordem: tudo verificado")
        self._falha = falha

    def _mudancas(self) -> list[str]:
        """Verifica e devolve o que mudou. Não fica com a conexão: quem grava não espera por nós."""
        caminho, espera = self._opcoes.banco, self._opcoes.segundos
        with Leitura(caminho, espera) as leitura:
            if falha := self._sinais.verificar(leitura, self._ordem):
                raise falha
            try:
                novo = Ponto(*leitura.con.execute(consultas.PONTO).fetchone())
                mudancas = list(_comparar(leitura.con, self._ponto, novo))
            except sqlite3.Error as erro:
                raise erros.do_sqlite(erro, caminho, espera) from erro
        self._ponto = novo
        return mudancas


def _comparar(con: sqlite3.Connection, velho: Ponto | None, novo: Ponto) -> Iterator[str]:
    """Diz o que há de novo desde `velho`, uma linha por mudança."""
    if velho is None:
        yield f"primeira leitura: verificado, tudo em ordem; {novo.em_texto()}"
        return
    situacao = ancoras.situar(con, velho.ancoras)
    if not situacao.faltam:
        yield from _acrescimos(con, velho, novo)
    elif situacao.conferem:
        yield (
            f"trocado por outro estado do mesmo banco, como o de uma cópia: a execução "
            f"{velho.execucao} não é a que se viu ({velho.em_texto()}); agora, {novo.em_texto()}"
        )
    else:
        yield (
            f"trocado por outro banco: a corrente de elos é outra ({velho.em_texto()}); "
            f"agora, {novo.em_texto()}"
        )


def _acrescimos(con: sqlite3.Connection, velho: Ponto, novo: Ponto) -> Iterator[str]:
    """As execuções e os usuários que se somaram aos que já havia."""
    for id_, origem, container, inseridos, repetidos, total, lacre in con.execute(
        consultas.EXECUCOES_DEPOIS, (velho.execucao, EXECUCOES_DITAS)
    ):
        yield (
            f"execução {id_} ({origem}), container {container}; inseridos: {milhar(inseridos)}, "
            f"já existiam: {milhar(repetidos)}, total: {milhar(total)}; lacre sha256 {lacre[:16]}…"
        )
    if (demais := novo.execucao - velho.execucao - EXECUCOES_DITAS) > 0:
        yield f"… e mais execuções: {milhar(demais)}"
    if quantos := novo.total - velho.total:
        ditos = consultas.linhas(con, velho.ultimo_id, USUARIOS_DITOS)
        nomes = ", ".join(f"{id_} {nome} <{email}>" for id_, nome, email, _ in ditos)
        resto = f" … e mais {milhar(quantos - len(ditos))}" if quantos > len(ditos) else ""
        yield f"usuários novos: {milhar(quantos)}; {nomes}{resto}"
