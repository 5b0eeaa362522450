"""Os contadores de /cache/test: sem prazo e no AOF, ficam depois que o Redis reinicia."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

import redis

from web.cache.servidor import Fora, Servidor

CONTADOR = "desafio2:contador"
ULTIMO = "desafio2:ultimo_acesso"
LIXO = re.compile("not an integer|would overflow|WRONGTYPE")


class Acesso(NamedTuple):
    """Quantas vezes se acessou, e quando foi esta."""

    contador: int
    ultimo_acesso: str


def acessar(servidor: Servidor) -> Acesso:
    """Conta mais um acesso. Levanta Fora, também se o que lá está não é um contador."""
    agora = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def contar(cliente: redis.Redis) -> int | None:
        with cliente.pipeline(transaction=True) as juntos:
            juntos.incr(CONTADOR)
            juntos.set(ULTIMO, agora)
            try:
                return int(juntos.execute()[0])
            except redis.ResponseError as erro:
                if not LIXO.search(str(erro)):
                    raise
                return None  # um valor alheio não é uma falha do servidor

    contador = servidor.pedir(contar)
    if contador is None:
        raise Fora(f"{CONTADOR} não tem um número; apague-o: redis-cli DEL {CONTADOR}")
    return Acesso(contador, agora)
