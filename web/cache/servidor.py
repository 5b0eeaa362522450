"""O Redis, que pode faltar a qualquer momento: prazos curtos, e um disjuntor.

Uma falha o põe fora; daí em diante ninguém espera por ele, e uma thread tenta até que volte.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

import redis
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider
from redis.retry import Retry

from web.configuracao import ler_senha

PRAZO = 0.1  # segundos, para conectar e para cada resposta
RETENTA = 0.5  # segundos entre duas tentativas de voltar
SONDA = "desafio2:sonda"
T = TypeVar("T")
FALHAS = (redis.RedisError, OSError)

registro = logging.getLogger("web")


class Fora(Exception):
    """O cache não responde, ou responde o que não serve."""


class _Senha(CredentialProvider):
    """Lê a senha a cada conexão: trocar o arquivo basta."""

    def __init__(self, arquivo: str) -> None:
        self._arquivo = arquivo

    def get_credentials(self) -> tuple[str]:
        return (ler_senha(self._arquivo) or "",)


class Servidor:
    """Um Redis, e se ele está dentro ou fora."""

    def __init__(self, endereco: str, arquivo_da_senha: str | None) -> None:
        self._cliente = redis.Redis.from_url(
            endereco,
            socket_timeout=PRAZO,
            socket_connect_timeout=PRAZO,
            retry=Retry(NoBackoff(), 0),
            credential_provider=_Senha(arquivo_da_senha) if arquivo_da_senha else None,
        )
        self.host = str(self._cliente.get_connection_kwargs().get("host", ""))
        self.porta = int(self._cliente.get_connection_kwargs().get("port", 6379))
        self._parar = threading.Event()
        self._fora = threading.Event()
        self._tranca = threading.Lock()

    @property
    def fora(self) -> bool:
        """Diz se a última palavra dele foi uma falha."""
        return self._fora.is_set()

    def pedir(self, fazer: Callable[[redis.Redis], T]) -> T:
        """Devolve o que `fazer` devolve. Levanta Fora, e na falha o põe fora."""
        if self._fora.is_set():
            raise Fora("o cache está fora")
        try:
            return fazer(self._cliente)
        except FALHAS as erro:
            self._por_fora(erro)
            raise Fora("o cache está fora") from erro

    def sondar(self) -> bool:
        """Diz se ele aceita uma escrita agora: um Redis cheio ainda responde PING."""
        try:
            self.pedir(lambda cliente: cliente.set(SONDA, 1, px=1000))
        except Fora:
            return False
        return True

    def fechar(self) -> None:
        """Deixa de tentar e fecha as conexões."""
        self._parar.set()
        self._cliente.close()

    def _por_fora(self, erro: Exception) -> None:
        with self._tranca:
            if self._fora.is_set():
                return
            self._fora.set()
        registro.warning("cache fora: %s", type(erro).__name__)
        threading.Thread(target=self._voltar, name="cache-voltar", daemon=True).start()

    def _voltar(self) -> None:
        while not self._parar.wait(RETENTA):
            try:
                self._cliente.set(SONDA, 1, px=1000)
            except FALHAS:
                continue
            self._fora.clear()
            registro.warning("cache no ar de novo")
            return
