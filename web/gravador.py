"""Muitos cadastros, um lacre: os que chegam durante um COMMIT entram juntos na execução seguinte.

Uma thread por processo grava. Quem pede espera, e só recebe a resposta depois do COMMIT dele.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

from escritor.entrada import pessoa
from web import registro
from web.bancos import (
    Banco,
    ChaveDeOutroPedido,
    Existe,
    Indisponivel,
    Pedido,
    Recibo,
    Resposta,
    TalvezGravado,
)
from web.bancos.juntos import separar

__all__ = [
    "ChaveDeOutroPedido",
    "Existe",
    "Gravador",
    "Indisponivel",
    "Invalido",
    "Recibo",
    "TalvezGravado",
]

MAIS = 500  # pedidos numa execução
# Espera-se pela trava duas vezes, a da execução que já ia e a dele; e pelo que se confere.
TRAVAS, FOLGA = 2, 30.0
PARADO = "o serviço está parando; nada foi gravado"
DEMORA = "o banco não respondeu em {:.0f} s, e talvez ainda grave; repita: um 409 diz que gravou"


class Invalido(Exception):
    """A pessoa não serve: que campo, e por quê."""

    def __init__(self, campo: str, motivo: str) -> None:
        super().__init__(f"{campo}: {motivo}")
        self.campo = campo
        self.motivo = motivo


class _Espera:
    """Um pedido e quem o espera; `feito` é o que ele recebe, ou a falha dele."""

    __slots__ = ("_pronto", "feito", "pedido")
    feito: Resposta | Exception

    def __init__(self, pedido: Pedido) -> None:
        self.pedido = pedido
        self._pronto = threading.Lock()
        self._pronto.acquire()

    def responder(self, feito: Resposta | Exception) -> None:
        """Solta quem espera."""
        self.feito = feito
        self._pronto.release()

    def receber(self, segundos: float) -> Recibo:
        """Espera pela resposta; uma falha é levantada. Levanta TalvezGravado se ela não vem."""
        if not self._pronto.acquire(timeout=segundos):
            raise TalvezGravado(DEMORA.format(segundos))
        if isinstance(self.feito, Exception):
            raise self.feito
        return self.feito


class Gravador:
    """A fila dos pedidos de um processo, e a thread que os grava."""

    def __init__(self, banco: Banco, espera: float) -> None:
        self._gravacao = banco.gravacao(espera)
        self._paciencia = TRAVAS * espera + FOLGA
        self._fila: SimpleQueue[_Espera | None] = SimpleQueue()
        self._aberta = False
        self._tranca = threading.Lock()
        self._thread = threading.Thread(target=self._rodar, name="gravador", daemon=True)

    def iniciar(self) -> None:
        """Põe a thread no ar."""
        self._aberta = True
        self._thread.start()

    @property
    def vivo(self) -> bool:
        """Diz se a thread está no ar."""
        return self._thread.is_alive()

    def parar(self) -> None:
        """Grava o que já está na fila, recusa o que vier, e fecha."""
        with self._tranca:
            self._aberta = False
            self._fila.put(None)
        self._thread.join()

    def gravar(self, nome: str, email: str, chave: str | None, impressao: str | None) -> Recibo:
        """Grava a pessoa e devolve o recibo, depois do COMMIT.

        `chave`: a de idempotência; já usada, devolve o recibo de então. `impressao`: o resumo do
        corpo dela. Levanta Invalido, Existe, ChaveDeOutroPedido, Indisponivel e TalvezGravado.
        """
        if ruim := pessoa.problema(nome, email):
            raise Invalido(*ruim)
        espera = _Espera(Pedido(nome.strip(), email.strip(), chave, impressao))
        with self._tranca:
            if not self._aberta:
                raise Indisponivel(PARADO)
            self._fila.put(espera)
        return espera.receber(self._paciencia)

    def _rodar(self) -> None:
        # O que houver, dirá o primeiro pedido.
        with registro.sem_morrer("gravador"), suppress(Indisponivel, TalvezGravado):
            self._gravacao.conferir()
        restam: list[_Espera] = []
        fim = False
        while not fim or restam:
            juntos, fim = self._juntar(restam, fim=fim)
            ja, depois = separar(espera.pedido for espera in juntos)
            restam = [juntos[onde] for onde in depois]
            self._gravar([juntos[onde] for onde in ja])
        self._gravacao.fechar()

    def _juntar(self, juntos: list[_Espera], *, fim: bool) -> tuple[list[_Espera], bool]:
        """Acrescenta os que estão na fila, e espera por um se não há nenhum; diz se ela acabou."""
        while not fim and len(juntos) < MAIS:
            try:
                espera = self._fila.get(block=not juntos)
            except Empty:
                break
            if espera is None:
                fim = True
            else:
                juntos.append(espera)
        return juntos, fim

    def _gravar(self, esperas: list[_Espera]) -> None:
        if not esperas:
            return
        feitos: Sequence[Resposta | Exception]
        try:
            feitos = self._gravacao.gravar([espera.pedido for espera in esperas])
        except Exception as falha:  # noqa: BLE001 - quem espera a recebe; sem isso, esperaria sempre
            feitos = [falha] * len(esperas)
        for espera, feito in zip(esperas, feitos, strict=True):
            espera.responder(feito)
