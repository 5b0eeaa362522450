"""A seção dos lacres: o de cada execução, o comando que confere um deles, e a âncora."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leitor.pagina.pecas import codigo, dado, definicoes, secao, tabela
from leitor.prova import Execucao, Prova


def lacres(execucoes: Sequence[Execucao], prova: Prova, receita: str) -> Iterator[str]:
    """Devolve a seção dos lacres; a receita é a da última execução que gravou linhas."""
    gravacao = prova.ultima_gravacao
    yield secao("lacres", "Os lacres e a âncora")
    yield (
        "<p>O lacre de uma execução é o SHA-256 das linhas que ela gravou, e o leitor acaba de "
        "recalcular todos.</p>\n"
    )
    yield from tabela(
        "tabela-lacres",
        "O lacre de cada execução que gravou linhas",
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
    if gravacao.inseridos:
        yield (
            f"<p>À mão, sem o nosso código, o da execução {gravacao.id} se confere com este "
            "comando, no bash, onde o arquivo está (numa cópia, troque o caminho):</p>\n"
            f'<pre tabindex="0"><code>{dado(receita)}</code></pre>\n'
            f'<p>Deve dar <code class="lacre">{dado(gravacao.lacre)}</code>. '
            "Para outra execução, troque os dois ids pelos dela.</p>\n"
        )
    yield definicoes(
        [
            (
                "Âncora",
                f"{codigo(prova.ancora)} Guarde-a fora deste volume: com ela, "
                "<code>leitor verificar --ancora 'ÂNCORA'</code> diz, quando for preciso, se o "
                "banco ainda é este, e se o fim dele não foi cortado.",
            )
        ]
    )
    yield "</section>\n"
