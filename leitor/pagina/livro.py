"""As execuções na página: a linha do tempo e, em tabela, o que o livro diz de cada uma."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leitor.pagina.dobras import Trecho, ids, quantas
from leitor.pagina.linha_do_tempo import Marco, desenhar
from leitor.pagina.momentos import Relogio
from leitor.pagina.pecas import codigo, dado, tabela
from leitor.prova import Prova
from leitor.texto import milhar

COLUNAS = (
    "execução",
    "terminou",
    "container",
    "inseridas",
    "repetidas",
    "total",
    "origem",
    "começou",
    "escritor",
)


def livro(
    mostradas: str,
    trechos: Sequence[Trecho],
    prova: Prova,
    marcos: Sequence[Marco],
    relogio: Relogio,
) -> Iterator[str]:
    """Devolve o que se mostra das execuções; `mostradas` diz, numa frase, quantas são."""
    yield f"<p>{mostradas}. Cada barra é o total de linhas; a ponta, as inseridas.</p>\n"
    yield from desenhar(trechos, prova.ultima_gravacao.total, marcos, relogio)
    yield from tabela(
        "tabela-execucoes",
        f"Em tabela: {mostradas}",
        COLUNAS,
        (_em_celulas(trecho, relogio) for trecho in trechos),
    )


def _em_celulas(trecho: Trecho, relogio: Relogio) -> list[str]:
    if isinstance(trecho, range):
        return [ids(trecho), quantas(trecho)]
    return [
        str(trecho.id),
        relogio.momento(trecho.concluida_em),
        codigo(trecho.container),
        milhar(trecho.inseridos),
        milhar(trecho.repetidos),
        milhar(trecho.total),
        dado(trecho.origem),
        relogio.momento(trecho.iniciada_em),
        dado(trecho.versao),
    ]
