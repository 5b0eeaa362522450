"""Os corpos prontos: na memória do processo, depois no Redis, e só então feitos de novo."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import redis

from web import metricas
from web.cache import corpo
from web.cache.corpo import Corpo, Pedido
from web.cache.memoria import Memoria
from web.cache.servidor import Fora, Servidor

PACIENCIA = 0.3  # segundos por quem já está fazendo o mesmo corpo
PASSO = 0.01  # segundos entre duas olhadas
CORPO = "desafio2:corpo:"
VEZ = "desafio2:vez:"

# De um retrato só: a âncora, de onde segue a página seguinte, e o conteúdo.
Fazer = Callable[[], tuple[str, int | None, bytes]]


class Cache:
    """Corpos por último elo, rota, consulta, tipo e build."""

    def __init__(self, build: str, servidor: Servidor | None, dura: int) -> None:
        self._build = build
        self._dura = dura  # segundos
        self.servidor = servidor
        self._memoria = Memoria()
        self._vezes: dict[str, tuple[threading.Lock, int]] = {}
        self._tranca = threading.Lock()

    def chave(self, ancora: str, pedido: Pedido) -> str:
        """Devolve a chave do corpo, que é a ETag."""
        return corpo.chave(self._build, ancora, pedido)

    def obter(self, ancora: str, pedido: Pedido, fazer: Fazer) -> Corpo:
        """Devolve o corpo pedido, deste elo ou de um mais novo, se `fazer` o viu."""
        chave = self.chave(ancora, pedido)
        if pronto := self._memoria.pegar(chave):
            metricas.CACHE.labels("memoria").inc()
            return pronto
        with self._um_por_vez(chave):
            if pronto := self._memoria.pegar(chave):
                metricas.CACHE.labels("memoria").inc()
                return pronto
            return self._do_servidor(chave) or self._feito(ancora, pedido, fazer)

    def _feito(self, pedida: str, pedido: Pedido, fazer: Fazer) -> Corpo:
        chave = self.chave(pedida, pedido)
        if not self._pedir_a_vez(chave) and (pronto := self._de_outro(chave)):
            return pronto
        ancora, proximo, conteudo = fazer()
        metricas.CACHE.labels("feito").inc()
        novo = Corpo(self.chave(ancora, pedido), ancora, proximo, conteudo)
        self._memoria.guardar(novo.chave, novo)
        if _execucao(ancora) > _execucao(pedida):  # um corpo mais velho não serve a quem pediu este
            self._memoria.guardar(chave, novo)
        self._guardar(chave, novo)
        return novo

    def _do_servidor(self, chave: str) -> Corpo | None:
        """Procura no Redis; o que lá não é o que se guardou, joga fora e conta."""
        if self.servidor is None or self.servidor.fora:
            return None
        try:
            valor = self.servidor.pedir(lambda cliente: _ler(cliente, CORPO + chave))
            if valor is None:
                return None
            if achado := corpo.abrir(chave, valor):
                metricas.CACHE.labels("redis").inc()
                self._memoria.guardar(chave, achado)
                return achado
            metricas.ENVENENADOS.inc()
            self.servidor.pedir(lambda cliente: cliente.delete(CORPO + chave))
        except Fora:
            pass
        return None

    def _pedir_a_vez(self, chave: str) -> bool:
        """Diz se é nossa a vez de fazer o corpo, entre todos os processos; sem Redis, é."""
        if self.servidor is None or self.servidor.fora:
            return True
        try:
            prazo = round(PACIENCIA * 1000)
            return bool(self.servidor.pedir(lambda c: c.set(VEZ + chave, 1, nx=True, px=prazo)))
        except Fora:
            return True

    def _de_outro(self, chave: str) -> Corpo | None:
        """Espera que outro processo o faça; None se não o fez, ou se fez o de outro elo."""
        fim = time.monotonic() + PACIENCIA
        while time.monotonic() < fim and self._alguem_o_faz(chave):
            time.sleep(PASSO)
        return self._do_servidor(chave)

    def _alguem_o_faz(self, chave: str) -> bool:
        """Diz se outro processo ainda está com a vez."""
        try:
            return self.servidor is not None and bool(
                self.servidor.pedir(lambda cliente: cliente.exists(VEZ + chave))
            )
        except Fora:
            return False

    def _guardar(self, chave: str, novo: Corpo) -> None:
        if self.servidor is None or self.servidor.fora:
            return

        def guardar(cliente: redis.Redis) -> None:
            with cliente.pipeline(transaction=False) as juntos:
                juntos.set(CORPO + novo.chave, corpo.selar(novo), ex=self._dura)
                juntos.delete(VEZ + chave)
                juntos.execute()

        with suppress(Fora):
            self.servidor.pedir(guardar)

    @contextmanager
    def _um_por_vez(self, chave: str) -> Iterator[None]:
        """Dentro do processo, um só faz o corpo; os outros o esperam, mas não para sempre."""
        with self._tranca:
            tranca, quantos = self._vezes.get(chave, (threading.Lock(), 0))
            self._vezes[chave] = (tranca, quantos + 1)
        minha = tranca.acquire(timeout=PACIENCIA)
        try:
            yield
        finally:
            if minha:
                tranca.release()
            with self._tranca:
                tranca, quantos = self._vezes[chave]
                if quantos == 1:
                    del self._vezes[chave]
                else:
                    self._vezes[chave] = (tranca, quantos - 1)


def _execucao(ancora: str) -> int:
    return int(ancora.partition(" ")[0])


def _ler(cliente: redis.Redis, chave: str) -> bytes | None:
    """Lê o valor; uma chave de outro tipo é lixo, e não uma falha do servidor."""
    try:
        valor = cliente.get(chave)
    except redis.ResponseError as erro:
        if not str(erro).startswith("WRONGTYPE"):
            raise
        return b""
    return valor if isinstance(valor, bytes) else None
