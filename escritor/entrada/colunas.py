"""As colunas que um arquivo pode ter, e com que nomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

OBRIGATORIAS = ("nome", "email")
# O leitor as exporta; ao importar, são dadas de novo.
REFEITAS = ("id", "criado_em")
DITAS, LARGURA = 8, 40  # colunas numa mensagem, e letras de cada uma


def traduzir(nome: str, nomes: Mapping[str, str]) -> str:
    """Devolve o nosso nome para a coluna `nome` do arquivo; espaços e maiúsculas não contam.

    `nomes` vem de --colunas: nome no arquivo → nosso.
    """
    simples = nome.strip().casefold()
    return nomes.get(simples, simples)


def nossas(colunas: Iterable[str]) -> int:
    """Conta as colunas obrigatórias presentes."""
    return len({*OBRIGATORIAS} & {*colunas})


def problema(colunas: list[str]) -> str | None:
    """Devolve por que estas colunas não servem, ou None se servem."""
    if faltam := [coluna for coluna in OBRIGATORIAS if coluna not in colunas]:
        falta = "falta a coluna" if len(faltam) == 1 else "faltam as colunas"
        return f"{falta} {' e '.join(faltam)}; há {_em_texto(colunas)}"
    if sobram := [coluna for coluna in colunas if coluna not in OBRIGATORIAS + REFEITAS]:
        return f"coluna desconhecida: {_em_texto(sobram)}"
    if len(set(colunas)) < len(colunas):
        return f"coluna repetida: {_em_texto(colunas)}"
    return None


def _em_texto(colunas: list[str]) -> str:
    """Diz as primeiras, encurtadas: um arquivo que não é uma tabela pode ter milhares."""
    ditas = [coluna if len(coluna) <= LARGURA else f"{coluna[:LARGURA]}…" for coluna in colunas]
    return ", ".join(ditas[:DITAS]) + (", …" if len(ditas) > DITAS else "")
