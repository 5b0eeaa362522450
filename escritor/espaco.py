"""Quanto disco uma importação pede, conferido antes da primeira linha."""

from __future__ import annotations

import os

from escritor import erros
from escritor.erros import Erro

PEQUENO = 1 << 23  # bytes; abaixo disto, conferir não poupa ninguém
# Em bytes por byte do arquivo, no pico: as linhas e o índice (2,6) e os
# temporários da ordenação (0,9), com linhas de 40 bytes; bench/espaco.py mede.
POR_BYTE = 4
# Num banco que já existe, o diário guarda o índice como estava: menos da metade do arquivo.
DO_BANCO = 0.5
# Com --conflito falhar, o arquivo inteiro espera numa tabela temporária.
DA_FILA = 1.5


def conferir(caminho: str, entrada: int, *, com_fila: bool = False) -> None:
    """Levanta Erro 74 se o volume de `caminho` não deve ter lugar para `entrada` bytes.

    É uma estimativa: quem passa por ela e enche o disco ainda recebe o 74 do
    SQLite, com tudo desfeito. De um pipe não se sabe o tamanho (0): nada se diz.
    """
    if entrada < PEQUENO:
        return
    atual = os.path.getsize(caminho) if os.path.exists(caminho) else 0
    preciso = int(entrada * (POR_BYTE + DA_FILA * com_fila) + atual * DO_BANCO)
    sobra = livre(os.path.dirname(os.path.abspath(caminho)))
    if sobra < preciso:
        raise falta(caminho, "a importação, com os temporários,", preciso, sobra)


def falta(caminho: str, o_que: str, preciso: int, sobra: int) -> Erro:
    """Devolve o Erro 74 de quem pede `preciso` bytes e tem `sobra`."""
    return Erro(
        erros.ENTRADA_SAIDA,
        f"{caminho}: {o_que} pede uns {_mib(preciso)} de disco, e há {_mib(sobra)}; "
        "nada foi gravado. Libere espaço e rode de novo.",
    )


def livre(pasta: str) -> int:
    """Devolve quantos bytes este processo ainda pode gravar no volume da pasta."""
    volume = os.statvfs(pasta)
    return volume.f_bavail * volume.f_frsize


def _mib(quantos: int) -> str:
    return f"{quantos / (1 << 20):,.0f} MiB".replace(",", ".")
