"""O que `--help` diz, em peças que se comparam com os documentos; e os códigos de saída deles."""

import re
from collections.abc import Callable

from tests.processos import RAIZ

COMANDOS = (RAIZ / "docs/comandos.md").read_text(encoding="utf-8")
PECA = re.compile(
    r"\[(?:[^][]|\[[^]]*\])*\]|\S+"
)  # de uma linha de uso: o que está entre colchetes é uma só
Ajuda = Callable[..., str]


def corrido(texto: str) -> str:
    """Desfaz a quebra de linhas da ajuda."""
    return " ".join(texto.split())


def pecas_da_ajuda(texto: str) -> set[str]:
    """Devolve argumentos e opções da linha de uso, com `|-` nos que a ajuda diz que aceitam."""
    uso, _, resto = texto.partition("\n\n")
    com_traco = [item for item in re.split(r"\n  (?=\S)", resto) if "; - é a" in corrido(item)]
    pecas = set()
    for peca in PECA.findall(corrido(uso).partition("[-h] ")[2]):
        nome = peca.strip("[]")
        traco = "|-" if any(item.startswith(f"{nome} ") for item in com_traco) else ""
        escolhas = re.sub(r"\{(.*)\}", lambda achado: achado[1].replace(",", "|"), nome)
        pecas.add(peca.replace(nome, escolhas + traco))
    return pecas


def comandos_da_ajuda(ajuda: Ajuda) -> dict[str, set[str]]:
    """Devolve as peças de cada comando dos dois programas; o padrão vem entre colchetes."""
    comandos = {}
    for programa in ("escritor", "leitor"):
        lista = ajuda(programa).partition("\n  COMANDO\n")[2].partition("\n\n")[0]
        for item in re.split(r"\n    (?=\S)", f"\n{lista}")[1:]:
            nome = item.split()[0]
            chave = f"[{nome}]" if item.endswith("(padrão)") else nome
            comandos[f"{programa} {chave}"] = pecas_da_ajuda(ajuda(programa, nome))
    return comandos


def codigos_da_tabela() -> set[str]:
    """Devolve os códigos de saída de docs/comandos.md."""
    linhas = re.findall(r"^\| (`\d+`.*?) \|", COMANDOS, re.MULTILINE)
    return {codigo for linha in linhas for codigo in re.findall(r"`(\d+)`", linha)}
