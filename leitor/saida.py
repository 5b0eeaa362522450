"""Os formatos da lista e do relatório. Cada um devolve blocos de texto, em fluxo."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator

from leitor.verificacao import Verificacao

Linha = tuple[int, str, str, str]
Lotes = Iterable[list[Linha]]

COLUNAS = ("id", "nome", "email", "criado_em")
# O que faz uma planilha tratar o texto como fórmula (OWASP, "CSV Injection"),
# e as formas de largura inteira que algumas aceitam.
FORMULA = tuple("=+-@\t\r＝＋－＠")


def largura(texto: str) -> int:
    """Devolve as colunas que o texto ocupa num terminal (Unicode, UAX #11).

    Letras do leste asiático e emojis ocupam duas; acentos combinados, nenhuma.
    """
    if texto.isascii():
        return len(texto)
    return sum(
        0
        if unicodedata.category(letra) in {"Mn", "Me", "Cf"}
        else 1 + (unicodedata.east_asian_width(letra) in "WF")
        for letra in texto
    )


def tabela(lotes: Callable[[], Lotes]) -> Iterator[str]:
    """Desenha a tabela em duas passadas: a primeira só mede as colunas."""
    larguras = [len(coluna) for coluna in COLUNAS]
    for lote in lotes():
        for i, coluna in enumerate(zip(*lote, strict=True)):
            larguras[i] = max(larguras[i], *(largura(str(valor)) for valor in coluna))
    barras = ["─" * (largura_ + 2) for largura_ in larguras]
    titulos = [nome.ljust(largura_) for nome, largura_ in zip(COLUNAS, larguras, strict=True)]
    yield f"┌{'┬'.join(barras)}┐\n│ {' │ '.join(titulos)} │\n├{'┼'.join(barras)}┤\n"
    for lote in lotes():
        yield "".join([_linha_da_tabela(linha, larguras) for linha in lote])
    yield f"└{'┴'.join(barras)}┘\n"


def _linha_da_tabela(linha: Linha, larguras: list[int]) -> str:
    id_, *textos = linha
    celulas = [str(id_).rjust(larguras[0])]
    celulas += [
        texto + " " * (largura_ - largura(texto))
        for texto, largura_ in zip(textos, larguras[1:], strict=True)
    ]
    return f"│ {' │ '.join(celulas)} │\n"


def json(lotes: Callable[[], Lotes]) -> Iterator[str]:
    """Escreve um array de objetos, um por linha."""
    separador = "[\n"
    for bloco in jsonl(lotes):
        yield separador + bloco[:-1].replace("\n", ",\n")
        separador = ",\n"
    yield "[]\n" if separador == "[\n" else "\n]\n"


def jsonl(lotes: Callable[[], Lotes]) -> Iterator[str]:
    """Escreve um objeto JSON por linha (JSON Lines)."""
    from json import JSONEncoder

    codificar = JSONEncoder(ensure_ascii=False).encode
    for lote in lotes():
        yield "".join([codificar(dict(zip(COLUNAS, linha, strict=True))) + "\n" for linha in lote])


def csv(lotes: Callable[[], Lotes]) -> Iterator[str]:
    """Escreve CSV (RFC 4180, linhas com LF) que uma planilha não executa."""
    from csv import writer
    from io import StringIO

    bloco = StringIO()
    escritor = writer(bloco, lineterminator="\n")
    escritor.writerow(COLUNAS)
    for lote in lotes():
        escritor.writerows(
            (id_, sem_formula(nome), sem_formula(email), criado_em)
            for id_, nome, email, criado_em in lote
        )
        yield bloco.getvalue()
        bloco.seek(0)
        bloco.truncate()
    yield bloco.getvalue()


def sem_formula(texto: str) -> str:
    """Põe um apóstrofo à frente do que uma planilha leria como fórmula.

    Reversível: quem já começa com apóstrofos antes de um desses caracteres
    ganha mais um, e o importador tira exatamente um.
    """
    return f"'{texto}" if texto.lstrip("'").startswith(FORMULA) else texto


def markdown(lotes: Callable[[], Lotes]) -> Iterator[str]:
    """Escreve uma tabela Markdown (GitHub), com a pontuação dos dados escapada."""
    escapes = str.maketrans({marca: f"\\{marca}" for marca in "\\`*_[]<>|~&"})
    yield f"| {' | '.join(COLUNAS)} |\n| ---: | --- | --- | --- |\n"
    for lote in lotes():
        yield "".join(
            [
                f"| {' | '.join(str(valor).translate(escapes) for valor in linha)} |\n"
                for linha in lote
            ]
        )


FORMATOS = {"tabela": tabela, "json": json, "jsonl": jsonl, "csv": csv, "markdown": markdown}


def relatorio_em_texto(verificacoes: list[Verificacao]) -> str:
    """Escreve uma linha por verificação: resultado, nome e detalhe."""
    return "".join(
        f"{v.resultado:<9}  {v.nome:<11}  {v.detalhe}".rstrip() + "\n" for v in verificacoes
    )


def relatorio_em_json(relatorio: dict[str, object]) -> str:
    """Escreve o relatório como um objeto JSON."""
    from json import dumps

    return dumps(relatorio, ensure_ascii=False, indent=2) + "\n"
