"""As regras de docs/contrato.md sobre o que cada linha diz, sem SQL.

Um bloco, as linhas que o SQLite juntou, é perguntado de uma vez. A pergunta
rápida pode desconfiar de um bloco bom, nunca aprovar um ruim; do bloco de que
ela desconfia, quem decide é a pergunta linha por linha, que diz a regra.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from escritor.entrada.pessoa import LIMITE_DO_EMAIL, LIMITE_DO_NOME, Lote, todos_bons
from escritor.execucao import RS, TETO, US

DA_LINHA = 4  # campos: id, nome, email, criado_em
CONTROLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)*")
HEXADECIMAIS = b"0123456789abcdef"
ORIGENS = {"semear", "adocao", "api"}
IMPORTADA = "importar:"

Textos = Sequence[bytes]

DIZ = {
    "U1": "o id está fora da faixa",
    "U2": "o nome é vazio, ou comprido demais",
    "U3": "o e-mail não é um e-mail",
    "U5": "há um caractere de controle, ou bytes que não são UTF-8",
    "U6": "criado_em não é um momento",
    "E2": "a origem não é nenhuma das que há",
    "E3": "há um caractere de controle, ou bytes que não são UTF-8",
    "E4": "iniciada_em ou concluida_em não é um momento",
    "E10": "o lacre não é um SHA-256",
}


class Quebra(Exception):
    """O que quebra uma regra do contrato, e qual."""

    def __init__(self, motivo: str, regra: str) -> None:
        super().__init__(f"{motivo} (regra {regra} do contrato)")


def momento(texto: str) -> bool:
    """Diz se é `AAAA-MM-DDThh:mm:ssZ`, um momento que existe (regras U6 e E4)."""
    try:
        return f"{datetime.fromisoformat(texto[:-1]).isoformat()}Z" == texto
    except ValueError:
        return False


def linhas_em_ordem(bloco: bytes, quantas: int) -> bool:
    """Pergunta rápida: as `quantas` linhas do bloco cumprem de U2 a U6, menos U4?

    O que o escritor deixaria entrar hoje cumpre o contrato, que aceita um pouco mais.
    """
    campos = _campos(bloco, quantas)
    return (
        campos is not None
        and todos_bons(Lote(campos[1::DA_LINHA], campos[2::DA_LINHA], ()))
        and all(map(momento, {*campos[3::DA_LINHA]}))
    )


def da_linha(id_: int, *textos: bytes) -> str | None:
    """Devolve a primeira regra que a linha (id, nome, email, criado_em) quebra, ou None."""
    try:
        nome, email = (texto.decode() for texto in textos[:2])
        criado_em = textos[2].decode("ascii", "replace")
    except (UnicodeDecodeError, AttributeError):  # AttributeError: NULL, que só um dano põe ali
        return "U5"
    regras = {
        "U1": 1 <= id_ <= TETO,
        "U5": not CONTROLE.search(nome + email),
        "U2": len(nome) <= LIMITE_DO_NOME and nome != "" and not nome.isspace(),
        "U3": EMAIL.fullmatch(email) is not None and len(email.encode()) <= LIMITE_DO_EMAIL,
        "U6": momento(criado_em),
    }
    return next((regra for regra, cumprida in regras.items() if not cumprida), None)


def execucoes_em_ordem(*colunas: Textos) -> bool:
    """Pergunta rápida: os textos, em colunas, cumprem E2, E3 e E4, e E10 na forma?"""
    origens, containers, versoes, inicios, fins, lacres = colunas
    try:
        return (
            b" ".join({*origens, *containers, *versoes}).decode().isprintable()
            and all(map(_origem, map(bytes.decode, {*origens})))
            and all(map(momento, map(bytes.decode, {*inicios, *fins})))
            and _sha256(lacres)
        )
    except UnicodeDecodeError:
        return False


def da_execucao(*textos: bytes) -> str | None:
    """Devolve a primeira de E2, E3, E4 e E10 que os textos de uma execução quebram, ou None."""
    try:
        origem, container, versao = (texto.decode() for texto in textos[:3])
    except UnicodeDecodeError:
        return "E3"
    inicio, fim = (texto.decode("ascii", "replace") for texto in textos[3:5])
    regras = {
        "E3": not CONTROLE.search(origem + container + versao),
        "E2": _origem(origem),
        "E4": momento(inicio) and momento(fim),
        "E10": _sha256(textos[-1:]),
    }
    return next((regra for regra, cumprida in regras.items() if not cumprida), None)


def _campos(bloco: bytes, quantas: int) -> list[str] | None:
    """Separa os campos das linhas; None se não são UTF-8, ou se um deles tem um separador."""
    try:
        texto = bloco.decode()
    except UnicodeDecodeError:
        return None
    if texto.count(RS) != quantas or texto.count(US) != quantas * (DA_LINHA - 1):
        return None
    return texto.replace(RS, US).split(US)[:-1]


def _origem(origem: str) -> bool:
    return origem in ORIGENS or (origem.startswith(IMPORTADA) and len(origem) > len(IMPORTADA))


def _sha256(lacres: Textos) -> bool:
    return {*map(len, lacres)} == {64} and not b"".join(lacres).strip(HEXADECIMAIS)
