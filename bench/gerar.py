"""Gera pessoas com e-mails distintos em ordem embaralhada, sempre as mesmas: um CSV, ou JSON.

python3 bench/gerar.py 1000000 > um-milhao.csv
python3 bench/gerar.py 1000000 --nomes mistos > mistos.csv      # um em dez pede cuidado
python3 bench/gerar.py 1000000 --nomes raros > raros.csv        # um em cem mil, e chinês
python3 bench/gerar.py 1000000 --desde 10000000 > outros.csv    # nenhum em comum
python3 bench/gerar.py 1000000 --colunas 4 > tabela-inteira.csv # id,nome,email,criado_em
python3 bench/gerar.py 1000000 --formato json > array.json      # ou jsonl
"""

import argparse
import csv
import json
import random
import sys

NOMES = "Ana João Maria Pedro Luísa José Antônia Bruno Célia Davi Érica Fábio".split()
SOBRENOMES = "Silva Santos Oliveira Gonçalves Araújo Lima Souza Nóbrega Côrtes Pereira".split()
# Aspas, vírgulas e barras, o que uma planilha leria como fórmula, acentos combinados,
# letras de duas colunas, emojis de uma letra e de várias, e a outra direção.
MISTOS = [
    "Conan O'Neill",
    "Inês d'Ávila",
    'Ana "Nina" Souza',
    "Silva, João da",
    "@maria",
    "Rui C:\\Lima",
    "Jose\u0301 A\u0301lvares",
    "李雷",
    "김민수",
    "Ana 🌻",
    "Bia 👩\u200d💻",
    "سعيد الحداد",
]
ESPALHA = 2_654_435_761  # ímpar: módulo 2³², cada número vira outro, sem repetir
POR_ESCRITA = 10_000


def nome(n: int, nomes: str) -> str:
    """Devolve o nome da pessoa `n`, com as aspas de que o CSV precisa."""
    if nomes == "raros" and n % 100_000 == 0:
        return "李雷"
    if nomes == "mistos" and n % 10 == 0:
        misto = MISTOS[n // 10 % len(MISTOS)].replace('"', '""')
        return f'"{misto}"' if "," in misto or '"' in misto else misto
    return f"{NOMES[n % len(NOMES)]} {SOBRENOMES[n // len(NOMES) % len(SOBRENOMES)]}"


def em_json(linhas: list[str], separador: str) -> str:
    """Devolve as mesmas pessoas de umas linhas de CSV, um objeto por linha."""
    pares = csv.DictReader(linhas, ("nome", "email"))
    return separador.join(json.dumps(par, ensure_ascii=False) for par in pares)


def main() -> int:
    """Escreve as pessoas na saída padrão e devolve 0."""
    analisador = argparse.ArgumentParser(description=__doc__)
    analisador.add_argument("linhas", type=int)
    analisador.add_argument("--desde", type=int, default=0)
    analisador.add_argument("--colunas", type=int, choices=(2, 4), default=2)
    analisador.add_argument("--nomes", choices=("comuns", "mistos", "raros"), default="comuns")
    analisador.add_argument("--formato", choices=("csv", "jsonl", "json"), default="csv")
    opcoes = analisador.parse_args()
    numeros = list(range(opcoes.desde, opcoes.desde + opcoes.linhas))
    random.Random(20251201 + opcoes.desde).shuffle(numeros)
    inteira = opcoes.colunas == 4
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    if opcoes.formato == "csv":
        sys.stdout.write("id,nome,email,criado_em\n" if inteira else "nome,email\n")
    separador = ",\n" if opcoes.formato == "json" else "\n"
    for inicio in range(0, opcoes.linhas, POR_ESCRITA):
        linhas = []
        for posicao, n in enumerate(numeros[inicio : inicio + POR_ESCRITA], inicio + 1):
            linha = f"{nome(n, opcoes.nomes)},u{n * ESPALHA % 2**32:08x}@exemplo{n % 7}.com.br"
            linhas.append(f"{posicao},{linha},2025-12-01T00:00:00Z" if inteira else linha)
        texto = "\n".join(linhas) if opcoes.formato == "csv" else em_json(linhas, separador)
        antes = "[" if opcoes.formato == "json" and not inicio else separador if inicio else ""
        sys.stdout.write(antes + texto)
    sys.stdout.write("]\n" if opcoes.formato == "json" else "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
