"""A versão, dita num lugar só: o `.env` ao lado do pacote, que o Compose também lê."""

from __future__ import annotations

import os

from escritor.texto import registravel

NOME = "DESAFIO2_VERSAO="


def ler() -> str:
    """Devolve a versão; `desconhecida` se o `.env` não veio junto com o pacote."""
    pasta = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    try:
        with open(os.path.join(pasta, ".env"), "rb") as arquivo:
            linhas = os.fsdecode(arquivo.read()).splitlines()
        ditas = [linha[len(NOME) :].strip() for linha in linhas if linha.startswith(NOME)]
    except OSError:
        ditas = []
    return registravel(ditas[0]) if ditas else "desconhecida"
