"""A seção dos lacres: o de cada execução, e o comando que confere um deles sem o nosso código."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leitor.pagina.pecas import codigo, dado, secao, tabela
from leitor.prova import Execucao


def lacres(execucoes: Sequence[Execucao], gravacao: Execucao, receita: str) -> Iterator[str]:
    """Devolve a seção dos lacres; a receita é a da última execução que gravou linhas."""
    yield secao("lacres", "Os lacres")
    yield (
        "<p>O lacre de uma execução é o SHA-256 das linhas que ela gravou, e o leitor acaba de "
        "recalcular todos.</p>\n"
    )
    if gravacao.inseridos:
        yield (
            f"<p>À mão, sem o nosso código, o da execução {gravacao.id} se confere com este "
            "comando, no bash, onde o arquivo está (numa cópia, troque o caminho):</p>\n"
            f'<pre tabindex="0"><code>{dado(receita)}</code></pre>\n'
            f'<p>Deve dar <code class="lacre">{dado(gravacao.lacre)}</code>. '
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
