"""Gera um CSV `nome,email` com e-mails distintos em ordem embaralhada, sempre o mesmo.

python3 bench/gerar.py 1000000 > um-milhao.csv
python3 bench/gerar.py 1000000 --desde 10000000 > outros.csv    # nenhum em comum
python3 bench/gerar.py 1000000 --colunas 4 > tabela-inteira.csv # id,nome,email,criado_em
"""

import argparse
import random
import sys

NOMES = "Ana João Maria Pedro Luísa José Antônia Bruno Célia Davi Érica Fábio".split()
SOBRENOMES = "Silva Santos Oliveira Gonçalves Araújo Lima Souza Nóbrega Côrtes Pereira".split()
ESPALHA = 2_654_435_761  # ímpar: módulo 2³², cada número vira outro, sem repetir
POR_ESCRITA = 10_000


def main() -> int:
    """Escreve o CSV na saída padrão e devolve 0."""
    analisador = argparse.ArgumentParser(description=__doc__)
    analisador.add_argument("linhas", type=int)
    analisador.add_argument("--desde", type=int, default=0)
    analisador.add_argument("--colunas", type=int, choices=(2, 4), default=2)
    opcoes = analisador.parse_args()
    numeros = list(range(opcoes.desde, opcoes.desde + opcoes.linhas))
    random.Random(20251201 + opcoes.desde).shuffle(numeros)
    inteira = opcoes.colunas == 4
    sys.stdout.write("id,nome,email,criado_em\n" if inteira else "nome,email\n")
    for inicio in range(0, opcoes.linhas, POR_ESCRITA):
        linhas = []
        for posicao, n in enumerate(numeros[inicio : inicio + POR_ESCRITA], inicio + 1):
            linha = (
                f"{NOMES[n % len(NOMES)]} {SOBRENOMES[n // len(NOMES) % len(SOBRENOMES)]},"
                f"u{n * ESPALHA % 2**32:08x}@exemplo{n % 7}.com.br"
            )
            linhas.append(f"{posicao},{linha},2025-12-01T00:00:00Z" if inteira else linha)
        sys.stdout.write("\n".join(linhas) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
