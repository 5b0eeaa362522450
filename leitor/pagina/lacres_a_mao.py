"""A seção dos lacres: o de cada execução, e o comando que confere um deles sem o nosso código."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence

from leitor.pagina.linha_do_tempo import Execucao
from leitor.pagina.pecas import codigo, dado, secao, tabela

# A receita do README. Os bytes 1F e 1E são os que separam, no lacre, colunas e linhas.
RECEITA = (
    "sqlite3 -separator $'\\x1f' -newline $'\\x1e' {} \\\n"
    '  "SELECT id,nome,email,criado_em FROM usuarios WHERE id BETWEEN {} AND {} ORDER BY id"'
    " | sha256sum"
)


def lacres(
    execucoes: Sequence[Execucao], gravacao: Mapping[str, int | str | None], caminho: str
) -> Iterator[str]:
    """Devolve a seção dos lacres; a receita é a da última execução que gravou linhas."""
    yield secao("lacres", "Os lacres")
    yield (
        "<p>O lacre de uma execução é o SHA-256 das linhas que ela gravou, e o leitor acaba de "
        "recalcular todos.</p>\n"
    )
    if gravacao["inseridos"]:
        receita = RECEITA.format(_no_shell(caminho), gravacao["primeiro_id"], gravacao["ultimo_id"])
        yield (
            f"<p>À mão, sem o nosso código, o da execução {gravacao['id']} se confere com este "
            "comando, no bash, onde o arquivo está (numa cópia, troque o caminho):</p>\n"
            f'<pre tabindex="0"><code>{dado(receita)}</code></pre>\n'
            f'<p>Deve dar <code class="lacre">{dado(gravacao["lacre"])}</code>. '
            "Para outra execução, troque os dois ids pelos dela.</p>\n"
        )
    yield from tabela(
        "tabela-lacres",
        "O lacre de cada execução mostrada",
        ("execução", "ids", "lacre (SHA-256)"),
        (
            (
                str(e.id),
                f"{e.primeiro_id} a {e.ultimo_id}" if e.inseridos else "nenhum",
                codigo(e.lacre),
            )
            for e in execucoes
        ),
    )
    yield "</section>\n"


def _no_shell(caminho: str) -> str:
    """Devolve o caminho inteiro como o bash o lê; o que não se imprime vai por bytes."""
    absoluto = os.path.abspath(caminho)
    if absoluto.isprintable():
        return shlex.quote(absoluto)
    return "$'" + "".join(rf"\x{byte:02x}" for byte in os.fsencode(absoluto)) + "'"
