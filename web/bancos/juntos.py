"""Pedidos que se gravam juntos: quais cabem na mesma execução, e como ela se sela. Sem SQL."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from escritor.execucao import RS, TETO, US, Execucao, Gravadas
from web.bancos import Indisponivel, Pedido, Recibo

ORIGEM = "api"
VALE = 86_400  # segundos em que uma chave de idempotência vale, ao menos
VENCEM = 2  # chaves velhas que se apagam por chave nova: a tabela não cresce além das de um dia
MAIUSCULAS = {codigo: codigo + 32 for codigo in range(ord("A"), ord("Z") + 1)}

Linha = tuple[int, str, str, str]  # id, nome, email, criado_em


def dobrado(email: str) -> str:
    """Devolve o e-mail como o contrato o compara: só as maiúsculas ASCII não contam (regra U4)."""
    return email.translate(MAIUSCULAS)


def separar(pedidos: Iterable[Pedido]) -> tuple[list[int], list[int]]:
    """Devolve, pela posição, os que se gravam já e os que esperam pela execução seguinte.

    Esperam os que repetem um e-mail ou uma chave de outro: a resposta deles depende da dele.
    """
    ja: list[int] = []
    esperam: list[int] = []
    emails: set[str] = set()
    chaves: set[str] = set()
    for onde, pedido in enumerate(pedidos):
        email = dobrado(pedido.email)
        if email in emails or pedido.chave in chaves:
            esperam.append(onde)
            continue
        ja.append(onde)
        emails.add(email)
        if pedido.chave:
            chaves.add(pedido.chave)
    return ja, esperam


def selar(linhas: Sequence[Linha]) -> Gravadas:
    """Devolve o que a execução destas linhas registra. Levanta Indisponivel se um id não cabe."""
    resumo = hashlib.sha256("".join(US.join(map(str, li)) + RS for li in linhas).encode())
    primeiro, ultimo = linhas[0][0], linhas[-1][0]
    if ultimo > TETO:
        raise Indisponivel(f"o id {ultimo} passaria do maior do contrato, {TETO} (regra U1)", 3600)
    return Gravadas(len(linhas), len(linhas), primeiro, ultimo, resumo.hexdigest())


def recibo(linha: Linha, execucao: Execucao) -> Recibo:
    """Devolve o recibo da linha, que esta execução selou."""
    return Recibo(*linha, execucao.id, execucao.elo, execucao.inseridos)
