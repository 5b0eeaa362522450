"""Faz, das medidas de comparar_postgres.py, as tabelas do PostgreSQL em docs/medicoes.md.

    python3 bench/tabela_postgres.py    # lê bench/postgres-*.json

As razões são como as de bench/grafico.py: a mediana das de cada rodada; entre parênteses, a menor
e a maior.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from grafico import DOCUMENTO, PASTA, Medidas, celula, em_markdown, razoes, segundos

COMECO, FIM = "<!-- bench/tabela_postgres.py -->\n", "<!-- fim do PostgreSQL -->\n"
A, B = "A: psql copy, com os índices", "B: psql copy, índices depois"
COPY, R, C = "COPY: psql COPY | sha256sum", "R: psql row_to_json", "C: psql --csv"
VAZIO = "importar os mesmos 10 % num banco vazio"
# (o que se mede, casos somados em cima, casos somados embaixo, meta)
RAZOES = [
    ("importar ÷ A", ["importar"], [A], "≤ 0,45"),
    ("importar ÷ B", ["importar"], [B], "≤ 1,15; mistos, ≤ 1,5"),
    ("com 2 % de repetidas ÷ B", ["importar com 2 % de repetidas"], [B], "≤ 1,5"),
    ("de novo (tudo repetido) ÷ A", ["importar de novo (tudo repetido)"], [A], "≤ 0,8"),
    (
        "mais 10 %: cheio ÷ vazio",
        ["importar mais 10 % num banco cheio"],
        [VAZIO],
        "≤ 2",
    ),
    *(
        (f"{par} ÷ importar as mesmas (um décimo)", [f"{par}, um décimo das linhas"], [VAZIO], meta)
        for par, meta in (
            ("pgloader", "≥ 5"),
            ("pandas.to_sql", "≥ 5"),
            ("um INSERT por linha", ""),
        )
    ),
    ("verificar ÷ COPY", ["verificar"], [COPY], "≤ 2,3"),
    ("só os lacres ÷ COPY", ["só os lacres"], [COPY], "≤ 1,1"),
    ("listar json, sem verificar ÷ R", ["listar json, sem verificar"], [R], "≤ 0,75"),
    ("listar jsonl, sem verificar ÷ R", ["listar jsonl, sem verificar"], [R], "≤ 0,75"),
    ("listar csv, sem verificar ÷ C", ["listar csv, sem verificar"], [C], "≤ 1,1; mistos, ≤ 1,7"),
    ("copiar ÷ importar", ["copiar"], ["importar"], "≤ 1,5"),
    ("restaurar ÷ importar", ["restaurar"], ["importar"], "≤ 1,5"),
]
NOSSOS = ("importar", "restaurar", "verificar", "listar", "copiar")


def tabelas(todas: dict[int, dict[str, Medidas]]) -> str:
    """Devolve as tabelas de razões e de memória."""
    colunas = {
        f"{f'{n:,}'.replace(',', '.')} de nomes {nomes}": medidas
        for n, arquivos in sorted(todas.items())
        for nomes, medidas in arquivos.items()
    }
    linhas = [
        [nome, meta]
        + [celula(razoes(segundos(m, cima), segundos(m, baixo))) for m in colunas.values()]
        for nome, cima, baixo, meta in RAZOES
    ]
    primeira = next(iter(colunas.values()))
    picos = [
        [caso, *(f"{m[caso]['memoria_mib']:.0f}" for m in colunas.values())]
        for caso in primeira
        if caso.startswith(NOSSOS)
    ]
    return "\n".join(
        [
            em_markdown(["razão", "meta", *colunas], linhas),
            em_markdown(["pico de memória (MiB; meta: 50)", *colunas], picos),
        ]
    )


def ler() -> dict[int, dict[str, Medidas]]:
    """Lê os resultados guardados."""
    return {
        int(arquivo.stem.partition("-")[2]): json.loads(arquivo.read_text())
        for arquivo in PASTA.glob("postgres-*.json")
    }


def main() -> int:
    """Lê os resultados, escreve as tabelas e devolve 0."""
    antes, _, resto = DOCUMENTO.read_text(encoding="utf-8").partition(COMECO)
    depois = resto.partition(FIM)[2]
    texto = f"{antes}{COMECO}\n{tabelas(ler())}\n{FIM}{depois}"
    DOCUMENTO.write_text(texto, encoding="utf-8")
    print(tabelas(ler()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
