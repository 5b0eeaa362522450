"""As peças da página HTML: o escape dos dados, as marcas, as tabelas e a moldura."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from html import escape

from leitor import versao

with open(os.path.join(os.path.dirname(__file__), "estilo.css"), encoding="utf-8") as _arquivo:
    ESTILO = f"\n{_arquivo.read()}"
# Nada vem de fora e nada executa: nem um dado que escapasse do escape teria o que fazer.
POLITICA = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-"
    f"{b64encode(sha256(ESTILO.encode()).digest()).decode()}'"
)
# A forma diz o mesmo que a cor, para quem não a distingue.
TRACOS = {"ok": "M5 12.5l4.5 4.5L19 7.5", "falha": "M7 7l10 10M17 7L7 17", "não feita": "M6 12h12"}
CLASSES = {"ok": "ok", "falha": "falha", "não feita": "nao-feita"}


def inicio(titulo: str, classe: str) -> str:
    """Abre a página; `titulo` é nosso, e não um dado. Quem a abriu a fecha com `fim`."""
    return f"""\
<!DOCTYPE html>
<html lang="pt-BR" class="{classe}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLITICA}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{titulo} · Desafio 2</title>
<style>{ESTILO}</style>
</head>
<body>
<main>
"""


def fim() -> str:
    """Fecha a página."""
    return f"""\
</main>
<footer>
<p>Feita pelo leitor {versao.ler()}. Esta página não tem scripts e não pede nada a lugar nenhum:
o que se vê é o que estava no banco quando foi lido.</p>
</footer>
</body>
</html>
"""


def dado(valor: object) -> str:
    """Escapa um dado e o isola: nem marcas nem letras de outra direção alcançam o resto."""
    return f"<bdi>{escape(str(valor))}</bdi>"


def codigo(valor: object) -> str:
    """Escapa um dado que se lê letra por letra: um nome de container, um lacre, um caminho."""
    return f"<code>{dado(valor)}</code>"


def marca(resultado: str) -> str:
    """Desenha o resultado; quem não vê o desenho tem ao lado a palavra."""
    return (
        f'<svg class="marca {CLASSES[resultado]}" viewBox="0 0 24 24" aria-hidden="true">'
        f'<circle cx="12" cy="12" r="11"/><path d="{TRACOS[resultado]}"/></svg>'
    )


def tabela(
    id_: str, legenda: str, colunas: Sequence[str], linhas: Iterable[Sequence[str]]
) -> Iterator[str]:
    """Devolve, linha por linha, uma tabela que rola sozinha e, num telefone, empilha as células.

    As células já vêm escapadas, e a primeira de cada linha é o cabeçalho dela. Uma linha de só
    duas é a dobra de várias. Os papéis são ditos: empilhada, o Safari já não veria uma tabela.
    """
    yield (
        f'<div class="rolagem" role="region" aria-labelledby="{id_}" tabindex="0">\n'
        f'<table role="table">\n<caption id="{id_}">{legenda}</caption>\n'
        '<thead role="rowgroup"><tr role="row">'
    )
    yield "".join(f'<th scope="col" role="columnheader">{coluna}</th>' for coluna in colunas)
    yield '</tr></thead>\n<tbody role="rowgroup">\n'
    for linha in linhas:
        yield _linha(colunas, linha)
    yield "</tbody>\n</table>\n</div>\n"


def _linha(colunas: Sequence[str], celulas: Sequence[str]) -> str:
    primeira, *outras = celulas
    if len(celulas) < len(colunas):
        [dobra] = outras
        resto = f'<td role="cell" colspan="{len(colunas) - 1}">{dobra}</td>'
    else:
        resto = "".join(
            f'<td role="cell" data-coluna="{coluna}">{celula}</td>'
            for coluna, celula in zip(colunas[1:], outras, strict=True)
        )
    return (
        f'<tr role="row"><th scope="row" role="rowheader" data-coluna="{colunas[0]}">'
        f"{primeira}</th>{resto}</tr>\n"
    )


def definicoes(itens: Iterable[tuple[str, str]]) -> str:
    """Devolve uma lista de nomes e valores, já escapados."""
    pares = "".join(f"<div><dt>{nome}</dt><dd>{valor}</dd></div>\n" for nome, valor in itens)
    return f"<dl>\n{pares}</dl>\n"


def secao(id_: str, titulo: str) -> str:
    """Abre uma seção com o título dela; quem a abriu a fecha."""
    return f'<section aria-labelledby="{id_}">\n<h2 id="{id_}">{titulo}</h2>\n'
