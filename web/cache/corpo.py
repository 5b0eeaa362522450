"""Um corpo guardado sob o que o determina: nunca se mistura, nunca se sobrescreve."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

RESUMO = hashlib.sha256().digest_size


class Pedido(NamedTuple):
    """O que, com o último elo, determina um corpo."""

    rota: str
    consulta: str  # na forma canônica
    tipo: str


class Corpo(NamedTuple):
    """Um corpo pronto, a âncora do retrato de que saiu, e de onde segue a página seguinte."""

    chave: str  # também a ETag
    ancora: str
    proximo: int | None
    conteudo: bytes


def chave(build: str, ancora: str, pedido: Pedido) -> str:
    """Devolve 32 algarismos hexadecimais: o endereço do corpo, e a ETag dele."""
    return hashlib.sha256("\x1f".join((build, ancora, *pedido)).encode()).hexdigest()[:32]


def selar(corpo: Corpo) -> bytes:
    """Devolve o corpo como o Redis o guarda: o SHA-256 da chave e do resto, e o resto."""
    cabeca = f"{corpo.ancora}\n{corpo.proximo or ''}\n".encode()
    resto = cabeca + corpo.conteudo
    return _resumo(corpo.chave, resto) + resto


def abrir(chave: str, valor: bytes) -> Corpo | None:
    """Confere e abre o que `selar` fez; None se não é dele, ou se é o de outra chave."""
    resto = valor[RESUMO:]
    if len(valor) < RESUMO or _resumo(chave, resto) != valor[:RESUMO]:
        return None
    ancora, proximo, conteudo = resto.split(b"\n", 2)
    return Corpo(chave, ancora.decode(), int(proximo) if proximo else None, conteudo)


def _resumo(chave: str, resto: bytes) -> bytes:
    return hashlib.sha256(chave.encode() + resto).digest()
