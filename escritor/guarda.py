"""As cópias que ficam ao lado do banco quando ele é trocado ou adotado."""

from __future__ import annotations

import os
import time


def nome_datado(caminho: str) -> str:
    """Devolve um nome livre para guardar o que `caminho` é agora, com o instante em UTC."""
    base = time.strftime(f"{caminho}.antes-de-%Y-%m-%dT%H%M%SZ", time.gmtime())
    nome, numero = base, 1
    while os.path.lexists(nome):
        numero += 1
        nome = f"{base}-{numero}"
    return nome


def firmar(caminho: str) -> None:
    """Leva ao disco um arquivo, ou os nomes que há numa pasta."""
    descritor = os.open(caminho, os.O_RDONLY)
    try:
        os.fsync(descritor)
    finally:
        os.close(descritor)
