"""Como se escreve o que uma pessoa lê: números com o ponto de milhar, e uma linha só."""

from __future__ import annotations

CONTROLES = {*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029}  # e as quebras de linha
# Eles, o que muda a direção de uma linha e o que não se vê não se mostram como são.
ESCAPES = {
    codigo: repr(chr(codigo))[1:-1]
    for codigo in (*CONTROLES, 0x200B, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


def milhar(numero: int) -> str:
    """Escreve um inteiro com o ponto de milhar do português."""
    return f"{numero:,}".replace(",", ".")


def onde(arquivo: str, linha: int = 0) -> str:
    """Diz um arquivo de entrada, e a linha: `-` é a entrada padrão."""
    if arquivo == "-":
        return f"entrada padrão, linha {linha}" if linha else "entrada padrão"
    return f"{arquivo}:{linha}" if linha else arquivo


def escapar(texto: str) -> str:
    r"""Devolve o texto como se mostra numa linha só: uma quebra num nome de arquivo é `\n`."""
    return texto.translate(ESCAPES)


def numa_linha(erro: Exception) -> str:
    """Devolve a mensagem sem as quebras de linha, que vêm do esquema quando ela o cita."""
    return " ".join(str(erro).split())
