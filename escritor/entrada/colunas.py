"""As colunas que um arquivo pode ter, e com que nomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

OBRIGATORIAS = ("nome", "email")
# O leitor as exporta; ao importar, são dadas de novo.
REFEITAS = ("id", "criado_em")
TODAS = "*"  # em `ignoradas`: todas as que não são nossas
PISTAS = {"nome": ("nome", "name"), "email": ("mail",)}  # o que o nome de uma coluna costuma ter
DITAS, LARGURA = 8, 40  # colunas numa mensagem, e letras de cada uma


class Nomes(NamedTuple):
    """Como as colunas se chamam no arquivo → como se chamam aqui, e as que não se leem."""

    nossos: Mapping[str, str] = MappingProxyType({})
    ignoradas: frozenset[str] = frozenset()

    def traduzir(self, nome: str) -> str:
        """Devolve o nosso nome para a coluna; espaços e maiúsculas não contam."""
        simples = nome.strip().casefold()
        return self.nossos.get(simples, simples)

    def ignora(self, coluna: str) -> bool:
        """Diz se a coluna, já traduzida, se deixa de lado."""
        if coluna in OBRIGATORIAS + REFEITAS:
            return False
        return coluna in self.ignoradas or TODAS in self.ignoradas

    def problema(self, colunas: Sequence[str]) -> str | None:
        """Devolve por que estas colunas, traduzidas, não servem, ou None se servem."""
        lidas = [coluna for coluna in colunas if not self.ignora(coluna)]
        if faltam := [coluna for coluna in OBRIGATORIAS if coluna not in lidas]:
            falta = "falta a coluna" if len(faltam) == 1 else "faltam as colunas"
            return f"{falta} {' e '.join(faltam)}; há {_em_texto(colunas)}"
        if sobram := [coluna for coluna in lidas if coluna not in OBRIGATORIAS + REFEITAS]:
            sobra = "coluna desconhecida" if len(sobram) == 1 else "colunas desconhecidas"
            return f"{sobra}: {_em_texto(sobram)}"
        if len(set(lidas)) < len(lidas):
            return f"coluna repetida: {_em_texto(colunas)}"
        return None

    def sugestao(self, campos: Sequence[str]) -> dict[str, str] | None:
        """Devolve as opções com que este cabeçalho serviria, ou None se não dá para saber."""
        pares = {nosso: dele for dele, nosso in self.nossos.items()}
        livres = [campo.strip() for campo in campos if self.traduzir(campo) not in OBRIGATORIAS]
        for nosso in OBRIGATORIAS:
            if any(self.traduzir(campo) == nosso for campo in campos):
                continue
            achada = next((c for c in livres if any(p in c.casefold() for p in PISTAS[nosso])), "")
            if not achada or "," in achada:
                return None
            livres.remove(achada)
            pares[nosso] = achada
        mudar = {}
        if pares:
            mudar["--colunas"] = ",".join(f"{nosso}={dele}" for nosso, dele in pares.items())
        if any(campo.casefold() not in REFEITAS for campo in livres):
            mudar["--ignorar-colunas"] = ""
        serve = Nomes({dele.casefold(): nosso for nosso, dele in pares.items()}, frozenset(TODAS))
        return mudar if serve.problema([*map(serve.traduzir, campos)]) is None else None


def nossas(colunas: Iterable[str]) -> int:
    """Conta as colunas obrigatórias presentes."""
    return len({*OBRIGATORIAS} & {*colunas})


def _em_texto(colunas: Sequence[str]) -> str:
    """Diz as primeiras, encurtadas: um arquivo que não é uma tabela pode ter milhares."""
    ditas = [coluna if len(coluna) <= LARGURA else f"{coluna[:LARGURA]}…" for coluna in colunas]
    return ", ".join(ditas[:DITAS]) + (", …" if len(ditas) > DITAS else "")
