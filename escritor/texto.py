"""Como se escreve o que uma pessoa lê: números com o ponto de milhar, e uma linha só."""

from __future__ import annotations

import os
import re

CONTROLES = {*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029}  # e as quebras de linha
# Eles, o que muda a direção de uma linha e o que não se vê não se mostram como são.
ESCAPES = {
    codigo: repr(chr(codigo))[1:-1]
    for codigo in (*CONTROLES, 0x200B, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
# Entre o `://` e a última arroba pode estar uma senha, com espaços e tudo; sem arroba,
# o que vem depois dos dois pontos pode ser o começo de uma.
COM_SENHA = re.compile(r"://.*@|://[^\s/@]*:\S*", re.DOTALL)
# Entre aspas, até a última: o texto mostrado pode estar dentro de outras.
SENHA = re.compile(
    r"""((?:password|passwd|pwd|senha)\s*=\s*)(?:\\*'.*(?:'|$)|\\*".*(?:"|$)|(?:\\+.|\S)+)""",
    re.DOTALL | re.IGNORECASE,
)


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


def sem_senhas(texto: str) -> str:
    """Devolve o texto sem o que pode ser uma senha: `://usuário:senha@` ou `password=senha`."""
    sem_enderecos = COM_SENHA.sub(lambda achado: "://…@" if "@" in achado[0] else "://…", texto)
    return SENHA.sub(r"\1…", sem_enderecos)


def tem_senha(texto: str) -> bool:
    """Diz se o texto parece trazer uma senha, como `host=h password=s`."""
    return SENHA.search(texto) is not None


def registravel(texto: str) -> str:
    """Devolve o texto como o contrato o aceita no livro (regra E3), venha de onde vier.

    O que o sistema deu e não é UTF-8 aparece escapado, e um controle ou o que não se
    vê vira `?`.
    """
    utf8 = os.fsencode(texto).decode("utf-8", "backslashreplace")
    return utf8.translate(dict.fromkeys(ESCAPES, "?"))


def numa_linha(erro: Exception) -> str:
    """Devolve a mensagem sem as quebras de linha, que vêm do esquema quando ela o cita."""
    return " ".join(str(erro).split())
