"""As linhas na página: os usuários, numa tabela."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from leitor.pagina.momentos import Relogio
from leitor.pagina.pecas import dado, tabela

Linha = Sequence[int | str]  # id, nome, email, criado_em


def tabela_das_linhas(legenda: str, linhas: Iterable[Linha], relogio: Relogio) -> Iterator[str]:
    """Devolve a tabela; `legenda` já vem escapada."""
    yield from tabela(
        "tabela-linhas",
        legenda,
        ("id", "nome", "email", "criado_em"),
        ([*map(dado, campos), relogio.momento(str(criado_em))] for *campos, criado_em in linhas),
    )
