"""As peças da página HTML: o escape dos dados, as marcas, as tabelas e a moldura."""

from __future__ import annotations

import os
import time
from base64 import b64encode
from calendar import timegm
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


def segundos(quando: str) -> int | None:
    """Devolve o momento em segundos desde 1970; None se não está escrito como no contrato."""
    try:
        return timegm(time.strptime(quando, "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        return None


def legivel(quando: str) -> str:
    """Escreve o momento como se lê em português; o que não é um momento fica como está."""
    desde_1970 = segundos(quando)
    if desde_1970 is None:
        return quando
    return time.strftime("%d/%m/%Y, %H:%M:%S UTC", time.gmtime(desde_1970))


def momento(quando: str) -> str:
    """Devolve o momento, escapado, com a forma exata para as máquinas."""
    if segundos(quando) is None:
        return dado(quando)
    return f'<time datetime="{quando}">{legivel(quando)}</time>'


def marca(resultado: str) -> str:
    """Desenha o resultado; quem não vê o desenho tem ao lado a palavra."""
    return (
        f'<svg class="marca {CLASSES[resultado]}" viewBox="0 0 24 24" aria-hidden="true">'
        f'<circle cx="12" cy="12" r="11"/><path d="{TRACOS[resultado]}"/></svg>'
    )


def tabela(
    id_: str, legenda: str, colunas: Sequence[str], linhas: Iterable[Sequence[str]]
) -> Iterator[str]:
    """Devolve, linha por linha, uma tabela que rola sozinha numa tela estreita.

    As células já vêm escapadas, e a primeira de cada linha é o cabeçalho dela.
    """
    yield (
        f'<div class="rolagem" role="region" aria-labelledby="{id_}" tabindex="0">\n'
        f'<table>\n<caption id="{id_}">{legenda}</caption>\n<thead><tr>'
    )
    yield "".join(f'<th scope="col">{coluna}</th>' for coluna in colunas)
    yield "</tr></thead>\n<tbody>\n"
    for primeira, *outras in linhas:
        celulas = "".join(f"<td>{celula}</td>" for celula in outras)
        yield f'<tr><th scope="row">{primeira}</th>{celulas}</tr>\n'
    yield "</tbody>\n</table>\n</div>\n"


def definicoes(itens: Iterable[tuple[str, str]]) -> str:
    """Devolve uma lista de nomes e valores, já escapados."""
    pares = "".join(f"<div><dt>{nome}</dt><dd>{valor}</dd></div>\n" for nome, valor in itens)
    return f"<dl>\n{pares}</dl>\n"


def secao(id_: str, titulo: str) -> str:
    """Abre uma seção com o título dela; quem a abriu a fecha."""
    return f'<section aria-labelledby="{id_}">\n<h2 id="{id_}">{titulo}</h2>\n'
