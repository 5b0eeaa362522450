"""Os contadores de /cache/test: sem prazo e no AOF, ficam depois que o Redis reinicia."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import redis

from web.cache.servidor import Servidor

CONTADOR = "desafio2:contador"
ULTIMO = "desafio2:ultimo_acesso"


class Acesso(NamedTuple):
    """Quantas vezes se acessou, e quando foi esta."""

    contador: int
    ultimo_acesso: str


def acessar(servidor: Servidor) -> Acesso:
    """Conta mais um acesso. Levanta Fora."""
    agora = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def contar(cliente: redis.Redis) -> int:
        with cliente.pipeline(transaction=True) as juntos:
            juntos.incr(CONTADOR)
            juntos.set(ULTIMO, agora)
            return int(juntos.execute()[0])

    return Acesso(servidor.pedir(contar), agora)
