"""O que é uma pessoa válida: regra por regra, e uma conferência rápida por lote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from operator import eq, not_
from typing import NamedTuple

LIMITE_DO_NOME = 1_000  # caracteres
LIMITE_DO_EMAIL = 254  # octetos; RFC 5321, 4.5.3.1.3, menos os dois sinais < >

# O que faz uma planilha tratar o texto como fórmula; o leitor põe um apóstrofo
# à frente ao exportar, e o importador o tira.
FORMULA = tuple("=+-@\t\r＝＋－＠")
CONTROLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # categoria Cc do Unicode
# O que não se vê, ou muda a direção do texto: duas linhas que parecem iguais não o seriam.
# O U+200D fica: sem ele, um emoji de família se desmonta.
INVISIVEL = re.compile(r"[\u200b\u202a-\u202e\u2066-\u2069\ufeff]")
PROIBIDO = re.compile(f"{CONTROLE.pattern}|{INVISIVEL.pattern}")
BYTE_INVALIDO = re.compile(r"[\ud800-\udfff]")  # o que surrogateescape deixa
EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)*")
JUNTA_EMOJIS = "\u200d"
# Com os campos de um lote juntos por JUNTA, o que nenhum campo, ou nenhum
# e-mail, pode ter. Um "|" nos dados só faz desconfiar do lote.
JUNTA = "|"
NEM_JUNTA_NEM_ARROBA = bytes(b for b in range(256) if b not in b"|@")
POUCAS = 16  # pessoas: até aqui, olhar uma por uma é mais barato que dividir
SUSPEITO = ("||", "| ", " |")
SUSPEITO_NO_EMAIL = (" ", "||", "|@", "@|", "..", "@.", ".|")


class Problema(NamedTuple):
    """Por que uma linha não serve.

    `campo` é vazio quando é a linha toda; aí o `registro` é o que se leu dela.
    """

    linha: int
    campo: str
    motivo: str
    nome: str = ""
    email: str = ""
    registro: str = ""


class Lote(NamedTuple):
    """Pessoas em colunas; `linhas[i]` é a linha física em que a i-ésima começa.

    `problemas` são os das linhas que nem chegaram a ter nome e e-mail.
    """

    nomes: list[str]
    emails: list[str]
    linhas: Sequence[int]
    problemas: Sequence[Problema] = ()


def problema(nome: str, email: str) -> tuple[str, str] | None:  # noqa: PLR0911 - uma por regra
    """Devolve (campo, motivo) se a pessoa não serve, ou None se serve.

    Os espaços nas pontas não contam; um caractere de controle conta até ali.
    """
    for campo, valor in (("nome", nome), ("email", email)):
        if BYTE_INVALIDO.search(valor):
            return campo, "há letras que não se leem nesta codificação"
        if achado := CONTROLE.search(valor):
            return campo, f"caractere de controle U+{ord(achado[0]):04X}"
        if achado := INVISIVEL.search(valor):
            return campo, f"caractere que não se vê U+{ord(achado[0]):04X}"
        if not valor.strip():
            return campo, "vazio"
    nome, email = nome.strip(), email.strip()
    if len(nome) > LIMITE_DO_NOME:
        return "nome", f"mais de {LIMITE_DO_NOME} caracteres"
    if not EMAIL.fullmatch(email):
        return "email", f"{email[:80]!r} não é um e-mail"
    if len(email.encode()) > LIMITE_DO_EMAIL:
        return "email", f"mais de {LIMITE_DO_EMAIL} bytes"
    return None


def quebras(texto: str) -> int:
    """Conta as quebras de linha físicas: LF, CRLF ou CR."""
    return texto.count("\n") + texto.count("\r") - texto.count("\r\n")


def todos_bons(lote: Lote) -> bool:
    """Diz se o lote inteiro serve, sem uma volta de Python por linha.

    Pode desconfiar de um lote bom (quem decide então é `problema`), nunca
    aprovar um ruim: fora o espaço, todo controle, quebra de linha, substituto, branco
    do Unicode e caractere que não se vê faz `isprintable` dizer não.
    """
    quantos = len(lote.nomes)
    nomes, emails = (JUNTA.join(["", *coluna, ""]) for coluna in (lote.nomes, lote.emails))
    return (
        nomes.replace(JUNTA_EMOJIS, "").isprintable()
        and emails.isprintable()
        and nomes.count(JUNTA) == quantos + 1
        and emails.encode().translate(None, NEM_JUNTA_NEM_ARROBA) == b"|" + b"@|" * quantos
        and not any(trecho in nomes for trecho in SUSPEITO)
        and not any(trecho in emails for trecho in SUSPEITO_NO_EMAIL)
        and max(map(len, lote.nomes)) <= LIMITE_DO_NOME
        and max(map(len, lote.emails)) * 4 <= LIMITE_DO_EMAIL
    )


def triar(lote: Lote) -> tuple[Lote, list[Problema]]:
    """Separa as pessoas que servem, sem espaços nas pontas, dos problemas, na ordem das linhas."""
    if not lote.nomes or todos_bons(lote):
        return lote, [*lote.problemas]
    nomes, emails, linhas = [*lote.nomes], [*lote.emails], lote.linhas
    problemas = [*lote.problemas]
    servem = bytearray(b"\1" * len(nomes))
    for i in _duvidosas(lote):
        if achado := problema(nomes[i], emails[i]):
            problemas.append(Problema(linhas[i], *achado, nomes[i], emails[i]))
            servem[i] = 0
        nomes[i], emails[i] = nomes[i].strip(), emails[i].strip()
    if not all(servem):
        nomes, emails = ([*compress(coluna, servem)] for coluna in (nomes, emails))
        linhas = [*compress(linhas, servem)]
    return Lote(nomes, emails, linhas), sorted(problemas)


def _duvidosas(lote: Lote) -> list[int]:
    """Devolve, em ordem, onde estão as pessoas que só `problema` sabe julgar.

    São as que têm espaços nas pontas ou o que não se imprime, e as que, das
    outras, a conferência rápida reprova, procuradas de metade em metade.
    """
    provas = [
        prova
        for coluna in (lote.nomes, lote.emails)
        for prova in (map(str.isprintable, coluna), map(eq, coluna, map(str.strip, coluna)))
    ]
    passam = [*map(all, zip(*provas, strict=True))]
    onde = range(len(passam))
    reprovadas = _reprovadas(lote, [*compress(onde, passam)])
    return sorted({*compress(onde, map(not_, passam)), *reprovadas})


def _reprovadas(lote: Lote, onde: list[int]) -> Iterator[int]:
    """Devolve, dentre as posições dadas, as dos pedaços que a conferência rápida reprova."""
    nomes, emails = ([coluna[i] for i in onde] for coluna in (lote.nomes, lote.emails))
    if not onde or todos_bons(Lote(nomes, emails, ())):
        return
    if len(onde) <= POUCAS:
        yield from onde
        return
    meio = len(onde) // 2
    yield from _reprovadas(lote, onde[:meio])
    yield from _reprovadas(lote, onde[meio:])


def adiantar(lotes: Iterable[Lote], quantas: int) -> tuple[list[Lote], Iterator[Lote]]:
    """Adianta lotes até passar de `quantas` pessoas; devolve-os e o iterador do resto."""
    fonte = iter(lotes)
    adiantados: list[Lote] = []
    while quantas >= 0 and (lote := next(fonte, None)):
        adiantados.append(lote)
        quantas -= len(lote.nomes)
    return adiantados, fonte
