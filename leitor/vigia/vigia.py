"""O vigia: verifica de novo a cada intervalo e diz o que mudou desde a última vez."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TextIO

from leitor import ancoras, dizeres
from leitor.ancoras import Ancora
from leitor.erros import Erro
from leitor.prova import Ponto
from leitor.texto import escapar, milhar
from leitor.verificacao import verificar
from leitor.vigia import saude

TYPE_CHECKING = False
if TYPE_CHECKING:
    from leitor.porta import Leitura, Ordem

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

        Um motor pode engolir a exceção que nasce no meio de uma instrução (o sqlite3
        engole, e dá SQLITE_INTERRUPT), e `verificar` toma isso por uma falha.
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


class Vigia:
    """Lê de novo e de novo; guarda só o ponto da última leitura que passou."""

    def __init__(
        self,
        preparar: Callable[[], Leitura],
        ordem: Ordem,
        saida: TextIO,
        dizer: Callable[[str], None],
    ) -> None:
        self._preparar = preparar
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

    def vigiar(self, intervalo: float, vezes: int, estado: str) -> int:
        """Vigia até `vezes` leituras ou um sinal; devolve o código da última que terminou.

        O que a última deu fica no arquivo `estado`, se não é vazio; `vezes` 0 é sem limite.
        Um sinal é o fim normal de quem não tem fim: `docker stop` dá 0 se estava tudo
        em ordem. Só se nenhuma leitura terminou é que ele vale 130 ou 143.
        """
        feitas = 0
        banco = self._preparar()
        self._dizer(f"vigiando {banco.nome}, a cada {intervalo:g} s")
        try:
            while True:
                inicio = time.monotonic()
                self._ler()
                if estado:
                    demora = DEMORAS * (time.monotonic() - inicio)
                    saude.gravar(estado, self._falha, intervalo + banco.espera + demora + FOLGA)
                feitas += 1
                if feitas == vezes:
                    break
                self._sinais.dormir(intervalo)
        except Parada:
            self._dizer(f"parado por um sinal; leituras feitas: {milhar(feitas)}.")
            if not feitas:
                return 128 + self._sinais.recebido
        return self._falha.codigo if self._falha else 0

    def _ler(self) -> None:
        falha = None
        try:
            mudancas = self._mudancas()
        except Erro as erro:
            falha = erro
            mudancas = []
        self._dizer_falha(falha)
        if mudancas:
            quando = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self._saida.write("".join(f"{quando} {escapar(mudanca)}\n" for mudanca in mudancas))
            self._saida.flush()
        elif not falha and not self._calado:
            self._calado = True
            self._dizer("nada mudou; daqui em diante, só digo o que mudar")

    def _dizer_falha(self, falha: Erro | None) -> None:
        """Diz a falha quando ela aparece ou muda, e que não há mais."""
        if falha and str(falha) != str(self._falha):
            self._dizer(f"ERRO: {falha}")
        elif self._falha and not falha:
            self._dizer("agora em ordem: tudo verificado")
        self._falha = falha

    def _mudancas(self) -> list[str]:
        """Verifica e devolve o que mudou. Não fica com a conexão: quem grava não espera por nós."""
        with self._preparar() as leitura:
            if falha := self._sinais.verificar(leitura, self._ordem):
                raise falha
            try:
                novo = leitura.ponto()
                mudancas = list(_comparar(leitura, self._ponto, novo))
            except leitura.falhas as erro:
                raise leitura.traduzir(erro) from erro
        self._ponto = novo
        return mudancas


def _pontas(ponto: Ponto) -> list[Ancora]:
    """As duas pontas da corrente: a primeira diz que banco é, a última, em que estado."""
    return [Ancora(1, ponto.primeiro_elo), Ancora(ponto.execucao, ponto.elo)]


def _em_texto(ponto: Ponto) -> str:
    """Diz quanto há, e com que elo se reconhece."""
    return (
        f"usuários: {milhar(ponto.total)}, execuções: {milhar(ponto.execucao)}, "
        f"elo {ponto.elo[:16]}…"
    )


def _comparar(leitura: Leitura, velho: Ponto | None, novo: Ponto) -> Iterator[str]:
    """Diz o que há de novo desde `velho`, uma linha por mudança."""
    if velho is None:
        yield f"primeira leitura: verificado, tudo em ordem; {_em_texto(novo)}"
        return
    situacao = ancoras.situar(leitura, _pontas(velho))
    if not situacao.faltam:
        yield from _acrescimos(leitura, velho, novo)
    elif situacao.conferem:
        yield (
            f"trocado por outro estado do mesmo banco, como o de uma cópia: a execução "
            f"{velho.execucao} não é a que se viu ({_em_texto(velho)}); agora, {_em_texto(novo)}"
        )
    else:
        yield (
            f"trocado por outro banco: a corrente de elos é outra ({_em_texto(velho)}); "
            f"agora, {_em_texto(novo)}"
        )


def _acrescimos(leitura: Leitura, velho: Ponto, novo: Ponto) -> Iterator[str]:
    """As execuções e os usuários que se somaram aos que já havia."""
    for e in leitura.execucoes_depois(velho.execucao, EXECUCOES_DITAS):
        yield (
            f"execução {e.id} ({e.origem}), {dizeres.onde(e.container)}; "
            f"inseridos: {milhar(e.inseridos)}, já existiam: {milhar(e.repetidos)}, "
            f"total: {milhar(e.total)}; lacre sha256 {e.lacre[:16]}…"
        )
    if (demais := novo.execucao - velho.execucao - EXECUCOES_DITAS) > 0:
        yield f"… e mais execuções: {milhar(demais)}"
    if quantos := novo.total - velho.total:
        ditos = leitura.linhas(velho.ultimo_id, USUARIOS_DITOS)
        nomes = ", ".join(f"{id_} {nome} <{email}>" for id_, nome, email, _ in ditos)
        resto = f" … e mais {milhar(quantos - len(ditos))}" if quantos > len(ditos) else ""
        yield f"usuários novos: {milhar(quantos)}; {nomes}{resto}"
