"""Dos bytes ao texto; e em que codificação um arquivo parece estar, se não é na que se disse."""

from __future__ import annotations

import codecs
import gzip
import io
import re
from collections.abc import Iterable
from typing import Any

MAGIA_DO_GZIP = b"\x1f\x8b"  # RFC 1952, 2.3.1
UTF8 = "utf-8-sig"  # com ou sem BOM
BYTE = re.compile(r"[\udc80-\udcff]")  # o que surrogateescape deixa no lugar de cada um
MARCAS = (  # a de UTF-32 começa pela de UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8"),
)
COMECO = 64  # bytes
AMOSTRA = 4_096  # bytes das primeiras linhas que não se leem
DE_PLANILHA = ("utf-8", "cp1252")  # latin-1 é cp1252 em todas as letras
MINUSCULAS = "àáâãäåçèéêëìíîïñòóôõöùúûüýœšž"
PLAUSIVEIS = {*MINUSCULAS, *MINUSCULAS.upper(), *"ºª°’‘“”–—€"}


def pelo_comeco(comeco: bytes, dita: str) -> str | None:
    """Devolve a codificação que os primeiros bytes mostram, se não é a dita."""
    nome = codecs.lookup(dita).name
    if nome.startswith(("utf-16", "utf-32")):
        return None
    for marca, certa in MARCAS:
        if comeco.startswith(marca):
            return certa if not nome.startswith(certa) else None
    pares, impares = comeco[::2], comeco[1::2]
    if len(comeco) > 1 and 0 not in pares and not any(impares):
        return "utf-16-le"
    if len(comeco) > 1 and 0 not in impares and not any(pares):
        return "utf-16-be"
    return None


def pelos_bytes(amostra: bytes) -> str | None:
    """Devolve a primeira codificação em que tudo o que não é ASCII é letra de gente."""
    for nome in DE_PLANILHA:
        try:
            texto = amostra.decode(nome)
        except UnicodeDecodeError:
            continue
        if all(letra in PLAUSIVEIS for letra in texto if not letra.isascii()):
            return nome
    return None


def _bytes(texto: str, dita: str) -> bytes:
    """Devolve os bytes de que o texto veio; nenhum, se nem tudo nele veio de bytes."""
    try:
        return texto.encode(dita, "surrogateescape")
    except UnicodeEncodeError:  # um "\\ud800" solto num JSON
        return b""


class Indicios:
    """O que as linhas lidas até agora dizem da codificação."""

    def __init__(self, dita: str) -> None:
        self._dita = "utf-8" if dita == UTF8 else dita
        self._lidas = 0  # linhas com letras fora do ASCII que se leram bem
        self.ilegiveis = 0
        self._amostra = b""

    def ver_lidas(self, nomes: list[str]) -> None:
        """Conta as linhas que mostram que a codificação é mesmo a dita."""
        self._lidas += len(nomes) - sum(map(str.isascii, nomes))

    def ver_recusada(self, textos: Iterable[str]) -> None:
        """Conta a linha, e guarda os bytes dela, se não se leram."""
        texto = " ".join(textos)
        if not BYTE.search(texto):
            return
        self.ilegiveis += 1
        if len(self._amostra) < AMOSTRA:
            self._amostra += _bytes(texto, self._dita)

    @property
    def outra(self) -> str | None:
        """A codificação em que o arquivo inteiro parece estar: "" se é outra, e não se sabe qual.

        None se é a dita: um byte perdido num arquivo que no mais se lê bem é só uma linha ruim.
        """
        if self.ilegiveis <= self._lidas:
            return None
        return pelos_bytes(self._amostra) or ("" if self.ilegiveis > 1 else None)


def em_texto(binario: io.BufferedReader, codificacao: str) -> io.TextIOWrapper:
    """Decodifica, descomprimindo antes se os dois primeiros bytes são os do gzip.

    Num pipe o primeiro pode chegar sozinho, e `peek` não espera pelo outro.
    Bytes que não são da codificação viram substitutos, que a validação acha com o
    número da linha; o decodificador estrito só diria a posição no bloco.
    """
    inicio = binario.peek(2)[:2]
    if len(inicio) == 1:
        inicio = binario.read(2)
        binario = io.BufferedReader(_Devolvidos(inicio, binario), 1 << 20)
    fonte = gzip.GzipFile(fileobj=binario) if inicio == MAGIA_DO_GZIP else binario
    return io.TextIOWrapper(fonte, codificacao, "surrogateescape", newline="")


class _Devolvidos(io.RawIOBase):
    """Um binário com os primeiros bytes, que já se leram, de novo à frente."""

    def __init__(self, inicio: bytes, resto: io.BufferedReader) -> None:
        self._inicio = io.BytesIO(inicio)
        self._resto = resto

    def readable(self) -> bool:
        return True

    def readinto(self, destino: Any) -> int:
        return self._inicio.readinto(destino) or self._resto.readinto1(destino)
