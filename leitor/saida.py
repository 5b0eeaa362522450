"""Os formatos da lista e do relatório. Cada um devolve blocos de texto, em fluxo."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from leitor import banco
from leitor.banco import Linha
from leitor.verificacao import Verificacao

TYPE_CHECKING = False  # sem carregar o módulo typing, que pesa na partida
if TYPE_CHECKING:
    from typing import Any

COLUNAS = ("id", "nome", "email", "criado_em")
# O que faz uma planilha tratar o texto como fórmula (OWASP, "CSV Injection"),
# e as formas de largura inteira que algumas aceitam.
FORMULA = tuple("=+-@\t\r＝＋－＠")
# O que, num bloco de CSV sem aspas, pede que ele seja escrito com cuidado: aspas,
# ou o que, no começo de um campo, é fórmula, apóstrofo ou largura inteira (EF em
# UTF-8). De um byte só, sempre que dá: a busca é a mais rápida que há.
SUSPEITO_NO_CSV = (b'"', b"=", b"+", b"'", b"\xef")
# Estes custam dez vezes mais a procurar: só se algum campo começa por algo antes de A.
SUSPEITO_DE_DOIS_BYTES = (b",-", b",@")
MOLDE_CSV = "%d,%s,%s,%s\n"
MOLDE_JSON = '{"id": %d, "nome": "%s", "email": "%s", "criado_em": "%s"}'
ASPAS_POR_OBJETO = 14  # quatro chaves e três textos
# Depois de U+02FF há letras que ocupam duas colunas, ou nenhuma; em UTF-8, elas
# têm sempre um byte que não está entre estes.
ATE_U02FF = bytes(range(0xCC))


def largura(texto: str) -> int:
    """Devolve as colunas que o texto ocupa num terminal (Unicode, UAX #11).

    Letras do leste asiático e emojis ocupam duas; acentos combinados, nenhuma.
    """
    if texto.isascii():
        return len(texto)
    import unicodedata  # só quem tem letras largas paga por ela

    return sum(
        0
        if unicodedata.category(letra) in {"Mn", "Me", "Cf"}
        else 1 + (unicodedata.east_asian_width(letra) in "WF")
        for letra in texto
    )


def tabela(con: sqlite3.Connection, limite: int) -> Iterator[bytes]:
    """Desenha a tabela em duas passadas: a primeira só mede as colunas."""
    larguras = [len(coluna) for coluna in COLUNAS]
    largas = False
    for _, _, texto, *medidas in banco.paginas(con, banco.LINHAS_MEDIDAS, 0, banco.TODOS, limite):
        larguras = [*map(max, larguras, medidas)]
        largas = largas or bool(texto.translate(None, ATE_U02FF))
    if largas:
        for linha in _linhas(con, limite):
            larguras[1:3] = map(max, larguras[1:3], map(largura, linha[1:3]))
    barras = ["─" * (largura_ + 2) for largura_ in larguras]
    titulos = [nome.ljust(largura_) for nome, largura_ in zip(COLUNAS, larguras, strict=True)]
    yield f"┌{'┬'.join(barras)}┐\n│ {' │ '.join(titulos)} │\n├{'┼'.join(barras)}┤\n".encode()
    if largas:
        yield from (_linha_da_tabela(linha, larguras) for linha in _linhas(con, limite))
    else:
        # Em %!-20s o SQLite conta letras, não bytes: aqui, o mesmo que colunas.
        molde = "│ %{}d │ %!-{}s │ %!-{}s │ %!-{}s │\n".format(*larguras)
        for *_, bloco in _paginas(con, molde, limite):
            yield bloco
    yield f"└{'┴'.join(barras)}┘\n".encode()


def _linha_da_tabela(linha: Linha, larguras: list[int]) -> bytes:
    id_, *textos = linha
    celulas = [str(id_).rjust(larguras[0])]
    celulas += [
        texto + " " * (largura_ - largura(texto))
        for texto, largura_ in zip(textos, larguras[1:], strict=True)
    ]
    return f"│ {' │ '.join(celulas)} │\n".encode()


def _paginas(con: sqlite3.Connection, molde: str, limite: int) -> Iterator[Any]:
    return banco.paginas(con, banco.LINHAS_IMPRESSAS, 0, banco.TODOS, limite, molde)


def _linhas(con: sqlite3.Connection, limite: int) -> Iterator[Linha]:
    return con.execute(banco.USUARIOS, (0, limite))


def json(con: sqlite3.Connection, limite: int) -> Iterator[bytes]:
    """Escreve um array de objetos, um por linha."""
    objetos = _objetos(con, limite, antes=",\n", depois="")
    primeiro = next(objetos, None)
    if primeiro is None:
        yield b"[]\n"
        return
    yield b"[" + primeiro[1:]
    yield from objetos
    yield b"\n]\n"


def jsonl(con: sqlite3.Connection, limite: int) -> Iterator[bytes]:
    """Escreve um objeto JSON por linha (JSON Lines)."""
    return _objetos(con, limite, antes="", depois="\n")


def _objetos(con: sqlite3.Connection, limite: int, antes: str, depois: str) -> Iterator[bytes]:
    """Devolve blocos de objetos, cada um entre `antes` e `depois`.

    O SQLite escreve o bloco sem escapes; se houver aspas ou barras nos dados,
    o módulo json o escreve de novo.
    """
    from json import JSONEncoder

    codificar = JSONEncoder(ensure_ascii=False).encode
    for quantas, depois_de, bloco in _paginas(con, antes + MOLDE_JSON + depois, limite):
        if bloco.count(b'"') == ASPAS_POR_OBJETO * quantas and b"\\" not in bloco:
            yield bloco
        else:
            objetos = (
                dict(zip(COLUNAS, linha, strict=True))
                for linha in banco.linhas(con, depois_de, quantas)
            )
            yield "".join([f"{antes}{codificar(objeto)}{depois}" for objeto in objetos]).encode()


def csv(con: sqlite3.Connection, limite: int) -> Iterator[bytes]:
    """Escreve CSV (RFC 4180, linhas com LF) que uma planilha não executa.

    O SQLite escreve o bloco sem aspas; se algum campo precisa delas, ou parece
    fórmula, o módulo csv o escreve de novo.
    """
    from csv import writer
    from io import StringIO

    yield f"{','.join(COLUNAS)}\n".encode()
    paginas = banco.paginas(con, banco.LINHAS_DO_CSV, 0, banco.TODOS, limite, MOLDE_CSV)
    for quantas, depois_de, bloco, *menores in paginas:
        suspeitos = SUSPEITO_NO_CSV + (SUSPEITO_DE_DOIS_BYTES if min(menores) < "A" else ())
        virgulas = (len(COLUNAS) - 1) * quantas
        if bloco.count(b",") == virgulas and not any(trecho in bloco for trecho in suspeitos):
            yield bloco
        else:
            texto = StringIO()
            writer(texto, lineterminator="\n").writerows(
                (id_, sem_formula(nome), sem_formula(email), criado_em)
                for id_, nome, email, criado_em in banco.linhas(con, depois_de, quantas)
            )
            yield texto.getvalue().encode()


def sem_formula(texto: str) -> str:
    """Põe um apóstrofo à frente do que uma planilha leria como fórmula.

    Reversível: quem já começa com apóstrofos antes de um desses caracteres
    ganha mais um, e o importador tira exatamente um.
    """
    return f"'{texto}" if texto.lstrip("'").startswith(FORMULA) else texto


def markdown(con: sqlite3.Connection, limite: int) -> Iterator[bytes]:
    """Escreve uma tabela Markdown (GitHub), com a pontuação dos dados escapada."""
    escapes = str.maketrans({marca: f"\\{marca}" for marca in "\\`*_[]<>|~&"})
    yield f"| {' | '.join(COLUNAS)} |\n| ---: | --- | --- | --- |\n".encode()
    for linha in _linhas(con, limite):
        celulas = (str(valor).translate(escapes) for valor in linha)
        yield f"| {' | '.join(celulas)} |\n".encode()


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
