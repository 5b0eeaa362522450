"""O que é uma execução, em qualquer banco: o que ela registra, como se sela e se encadeia.

As regras são as de docs/contrato.md; o SQL que a escreve é de cada banco.
"""

from __future__ import annotations

import hashlib
import os
import time
from typing import NamedTuple

from escritor import versao
from escritor.texto import registravel

US, RS = "\x1f", "\x1e"  # no lacre, entre colunas e no fim de cada linha; no elo, também
TETO = 2**62  # o maior id do contrato: longe de onde o SQLite passa a sorteá-los
ELO_ZERO = "0" * 64


class Gravadas(NamedTuple):
    """O que uma carga fez; `primeiro` e `ultimo` são None se nada entrou."""

    lidas: int
    inseridas: int
    primeiro: int | None
    ultimo: int | None
    lacre: str


class Execucao(NamedTuple):
    """Uma linha do livro `execucoes`, na ordem da tabela."""

    id: int
    origem: str
    container: str
    versao: str
    iniciada_em: str
    concluida_em: str
    lidos: int
    inseridos: int
    repetidos: int
    primeiro_id: int | None
    ultimo_id: int | None
    total: int
    lacre: str
    elo: str

    @property
    def ancora(self) -> str:
        """O que se guarda fora do banco para saber, depois, se a história ainda é esta."""
        return f"{self.id} {self.elo}"


def agora() -> str:
    """Devolve o instante atual em UTC, ISO 8601 com segundos e Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def seguinte(
    anterior: Execucao | None, gravadas: Gravadas, origem: str, iniciada_em: str
) -> Execucao:
    """Devolve a execução que gravou `gravadas`, selada e encadeada à anterior."""
    execucao = Execucao(
        id=anterior.id + 1 if anterior else 1,
        origem=origem,
        container=registravel(os.uname().nodename),
        versao=versao.ler(),
        iniciada_em=iniciada_em,
        concluida_em=agora(),
        lidos=gravadas.lidas,
        inseridos=gravadas.inseridas,
        repetidos=gravadas.lidas - gravadas.inseridas,
        primeiro_id=gravadas.primeiro,
        ultimo_id=gravadas.ultimo,
        total=(anterior.total if anterior else 0) + gravadas.inseridas,
        lacre=gravadas.lacre,
        elo="",
    )
    return execucao._replace(elo=encadear(anterior.elo if anterior else ELO_ZERO, execucao))


def encadear(anterior: str, execucao: Execucao) -> str:
    """Devolve o elo: SHA-256 do elo anterior e das colunas da execução, menos o elo."""
    colunas = ["" if valor is None else str(valor) for valor in execucao[:-1]]
    return hashlib.sha256((US.join([anterior, *colunas]) + RS).encode()).hexdigest()
