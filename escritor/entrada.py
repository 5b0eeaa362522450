"""Lê e valida os dados de fora: CSV com cabeçalho, linha por linha.

Nada é corrigido em silêncio: uma linha ruim recusa o arquivo, com o número da
linha física e o motivo.
"""

from __future__ import annotations

import csv
import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from escritor import erros
from escritor.erros import Erro

Pessoa = tuple[str, str]

COLUNAS = ("nome", "email")
SEPARADORES = ",;\t"
# Nenhuma linha física passa disto (caracteres): um arquivo sem quebras, como
# /dev/zero, não pode esgotar a memória. É também o limite de campo do csv.
LIMITE_DA_LINHA = csv.field_size_limit()
LIMITE_DO_EMAIL = 254  # octetos; RFC 5321, 4.5.3.1.3, menos os dois sinais < >

CONTROLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # categoria Cc do Unicode
BYTE_INVALIDO = re.compile(r"[\ud800-\udfff]")  # o que surrogateescape deixa
EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)*")


@contextmanager
def abrir(arquivo: str) -> Iterator[Iterator[Pessoa]]:
    """Abre `arquivo` (`-`: entrada padrão), lê o cabeçalho e entrega as pessoas.

    Levanta Erro 66 se não dá para ler, 65 se o cabeçalho ou uma linha é ruim.
    """
    with _fluxo(arquivo) as fluxo:
        yield ler_csv(fluxo, nome_da_origem(arquivo))


def nome_da_origem(arquivo: str) -> str:
    """Devolve o nome a registrar e a mostrar: sem pasta e sem caracteres de controle."""
    if arquivo == "-":
        return arquivo
    nome = os.fsencode(os.path.basename(arquivo)).decode("utf-8", "backslashreplace")
    return CONTROLE.sub("?", nome)


@contextmanager
def _fluxo(arquivo: str) -> Iterator[TextIO]:
    # Bytes que não são UTF-8 viram substitutos, que a validação acha com o
    # número da linha; o decodificador estrito só diria a posição no bloco.
    if arquivo == "-":
        yield io.TextIOWrapper(sys.stdin.buffer, "utf-8-sig", "surrogateescape", newline="")
        return
    try:
        fluxo = open(arquivo, encoding="utf-8-sig", errors="surrogateescape", newline="")  # noqa: SIM115
    except OSError as erro:
        raise Erro(
            erros.SEM_ENTRADA,
            f"{arquivo}: o uid {os.getuid()} não consegue ler ({erros.motivo(erro)}). "
            "Confira o caminho e a permissão, ou mande o arquivo pela entrada padrão: "
            "importar - < ARQUIVO",
        ) from erro
    with fluxo:
        yield fluxo


def ler_csv(fluxo: TextIO, nome: str) -> Iterator[Pessoa]:
    """Confere o cabeçalho agora e devolve o iterador das pessoas.

    Levanta Erro 65, já aqui ou ao iterar, como `nome:linha: campo: motivo`.
    """
    linhas = _linhas(fluxo, nome)
    cabecalho = next(linhas, "")
    separador, colunas = _cabecalho(cabecalho, nome)
    return _pessoas(csv.reader(linhas, delimiter=separador, strict=True), colunas, nome)


def _linhas(fluxo: TextIO, nome: str) -> Iterator[str]:
    """Itera as linhas físicas (LF, CRLF ou CR), nenhuma maior que o limite."""
    numero = 0
    try:
        while linha := fluxo.readline(LIMITE_DA_LINHA):
            numero += 1
            if len(linha) == LIMITE_DA_LINHA and linha[-1] not in "\r\n":
                raise _recusa(nome, numero, f"linha com mais de {LIMITE_DA_LINHA} caracteres")
            yield linha
    except OSError as erro:
        raise Erro(
            erros.ENTRADA_SAIDA, f"{nome}: falha ao ler a entrada ({erros.motivo(erro)})."
        ) from erro


def _cabecalho(linha: str, nome: str) -> tuple[str, list[str]]:
    """Devolve o separador e as colunas; o separador é o que reconhece as duas nossas."""
    if not linha.strip():
        raise _recusa(nome, 1, "falta o cabeçalho: a primeira linha diz as colunas, nome,email")
    if BYTE_INVALIDO.search(linha) or "\x00" in linha:
        raise _recusa(nome, 1, "cabeçalho ilegível: o arquivo não está em UTF-8")
    candidatos = [(s, _dividir(linha, s)) for s in SEPARADORES]
    separador, colunas = max(candidatos, key=lambda c: (len({*COLUNAS} & {*c[1]}), len(c[1])))
    if faltam := [coluna for coluna in COLUNAS if coluna not in colunas]:
        raise _recusa(nome, 1, f"falta a coluna {' e '.join(faltam)}; há {', '.join(colunas)}")
    if sobram := [coluna for coluna in colunas if coluna not in COLUNAS]:
        raise _recusa(nome, 1, f"coluna desconhecida: {', '.join(sobram)}; use só nome e email")
    if len(colunas) > len(COLUNAS):
        raise _recusa(nome, 1, f"coluna repetida: {', '.join(colunas)}")
    return separador, colunas


def _dividir(linha: str, separador: str) -> list[str]:
    colunas = next(csv.reader([linha], delimiter=separador))
    return [coluna.strip().casefold() for coluna in colunas]


def _pessoas(leitor: Iterator[list[str]], colunas: list[str], nome: str) -> Iterator[Pessoa]:
    do_nome, do_email = (colunas.index(coluna) for coluna in COLUNAS)
    linha = 2  # onde o próximo registro começa: um campo entre aspas pode ter várias linhas
    while True:
        try:
            campos = next(leitor)
        except StopIteration:
            return
        except csv.Error as erro:
            raise _recusa(nome, linha, _motivo_do_csv(erro)) from erro
        if campos:
            if len(campos) != len(colunas):
                raise _recusa(nome, linha, f"esperava {len(colunas)} colunas, há {len(campos)}")
            pessoa = campos[do_nome].strip(), campos[do_email].strip()
            if motivo := problema(*pessoa):
                raise _recusa(nome, linha, motivo)
            yield pessoa
        linha = leitor.line_num + 2  # type: ignore[attr-defined] # o cabeçalho não passou por ele


def problema(nome: str, email: str) -> str | None:
    """Devolve `campo: motivo` se a pessoa não serve, ou None se serve."""
    for campo, valor in (("nome", nome), ("email", email)):
        if not valor:
            return f"{campo}: vazio"
        if BYTE_INVALIDO.search(valor):
            return f"{campo}: bytes que não são UTF-8"
        if achado := CONTROLE.search(valor):
            return f"{campo}: caractere de controle U+{ord(achado[0]):04X}"
    if not EMAIL.fullmatch(email):
        return f"email: {email[:80]!r} não é um e-mail"
    if len(email.encode()) > LIMITE_DO_EMAIL:
        return f"email: mais de {LIMITE_DO_EMAIL} bytes"
    return None


def _motivo_do_csv(erro: csv.Error) -> str:
    texto = str(erro)
    if "unexpected end of data" in texto:
        return "aspas abertas e nunca fechadas"
    if "field larger" in texto:
        return f"campo com mais de {LIMITE_DA_LINHA} caracteres (aspas sem fechar?)"
    return "aspas fora do lugar (dentro de um campo entre aspas, dobre-as)"


def _recusa(nome: str, linha: int, motivo: str) -> Erro:
    return Erro(erros.DADOS, f"{nome}:{linha}: {motivo}. Nada foi gravado; corrija e rode de novo.")
