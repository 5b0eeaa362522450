"""Faz, das medidas de comparar.py, as tabelas de razões e o gráfico de docs/medicoes.md.

    /tmp/medir/bin/python bench/grafico.py    # lê bench/resultado-*.json

Refaz as tabelas de docs/medicoes.md e bench/resultado.svg. Uma razão é a mediana
das razões de cada rodada; entre parênteses, a menor e a maior.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

PASTA = Path(__file__).parent
DOCUMENTO = PASTA.parent / "docs/medicoes.md"
COMECO, FIM = "<!-- bench/grafico.py -->\n", "<!-- fim -->\n"
Medidas = dict[str, dict[str, Any]]

A = "A: sqlite3 .import com o índice"
B = "B: sqlite3 .import, índice depois"
C = "C: sqlite-utils insert --csv"
D = "D: laço com execute e print"
V = "V: sqlite3 integrity_check + receita do lacre"
ROWS = "sqlite-utils rows"
L = {"json": "L: sqlite3 -json", "jsonl": "L: sqlite3 -json", "csv": "L: sqlite3 -csv"}
L["tabela"] = "L: sqlite3 -box"
# (o que se mede, casos somados em cima, casos somados embaixo, meta)
RAZOES = [
    ("importar ÷ A", ["importar"], [A], "≤ 0,5"),
    ("importar ÷ B", ["importar"], [B], "≤ 1,2"),
    ("C ÷ importar", [C], ["importar"], "≥ 15"),
    ("importar ÷ D", ["importar"], [D], "< 1"),
    ("de novo ÷ importar", ["importar de novo (tudo repetido)"], ["importar"], "≤ 1"),
    (
        "mais 10 %: cheio ÷ vazio",
        ["importar mais 10 % num banco cheio"],
        ["importar os mesmos 10 % num banco vazio"],
        "≤ 2",
    ),
    (
        "importar ÷ importar um décimo das linhas",
        ["importar"],
        ["importar os mesmos 10 % num banco vazio"],
        "≤ 12",
    ),
    *(
        (f"{caso} ÷ importar", [caso], ["importar"], meta)
        for caso, meta in (
            ("importar JSON Lines", "≤ 1,3"),
            ("importar um array de JSON", "≤ 1,3"),
            ("recusar aspas que se reabrem", "≤ 1,3"),
            ("importar linhas todas iguais", "≤ 1"),
            ("semear num banco cheio", "≤ 0,5"),
        )
    ),
    ("verificar ÷ V", ["verificar"], [V], "≤ 1"),
    *((f"listar {f} ÷ (V + L)", [f"listar {f}"], [V, L[f]], "≤ 1") for f in L),
    *(
        (f"listar {f}, sem verificar ÷ L", [f"listar {f}, sem verificar"], [L[f]], "≤ 1,5")
        for f in L
    ),
    *((f"rows ÷ listar {f}", [ROWS], [f"listar {f}"], "≥ 3") for f in ("json", "jsonl", "csv")),
]
# O que se compara com o mesmo caso do arquivo de nomes comuns.
COMPARADOS = ["importar", "verificar", *(f"listar {f}, sem verificar" for f in L)]


def razoes(cima: list[list[float]], baixo: list[list[float]]) -> list[float]:
    """Devolve, de cada rodada, a soma dos casos de cima dividida pela dos de baixo."""
    somas = [map(sum, zip(*casos, strict=True)) for casos in (cima, baixo)]
    return [a / b for a, b in zip(*somas, strict=False)]


def segundos(medidas: Medidas, casos: list[str]) -> list[list[float]]:
    """Devolve os segundos de cada caso, por rodada; vazio se algum não foi medido."""
    return [medidas[c]["segundos"] for c in casos] if {*casos} <= medidas.keys() else []


def celula(valores: list[float]) -> str:
    """Escreve a mediana e, se houve mais de uma rodada, a menor e a maior."""
    if not valores:
        return "—"
    menor, meio, maior = min(valores), statistics.median(valores), max(valores)
    texto = f"{meio:.2f} ({menor:.2f}–{maior:.2f})" if len(valores) > 1 else f"{meio:.2f}"
    return texto.replace(".", ",")


def em_markdown(titulos: list[str], linhas: list[list[str]]) -> str:
    """Devolve uma tabela em Markdown."""
    todas = [titulos, ["---", *["---:"] * (len(titulos) - 1)], *linhas]
    return "".join(f"| {' | '.join(linha)} |\n" for linha in todas)


def tabelas(todas: dict[int, dict[str, Medidas]]) -> str:
    """Devolve as tabelas de razões, dos casos difíceis e de memória."""
    colunas = {
        f"{f'{n:,}'.replace(',', '.')} de nomes {nomes}": arquivos[nomes]
        for n, arquivos in sorted(todas.items())
        for nomes in arquivos
        if nomes in {"comuns", "mistos"}
    }
    linhas = [
        [nome, meta]
        + [celula(razoes(segundos(m, cima), segundos(m, baixo))) for m in colunas.values()]
        for nome, cima, baixo, meta in RAZOES
    ]
    arquivos = todas[min(todas)]
    dificeis = [nome for nome in arquivos if nome != "comuns"]
    comparadas = [
        [caso, "≤ 1,15" if caso == "importar" else "≤ 1,3"]
        + [
            celula(razoes(segundos(arquivos[nome], [caso]), segundos(arquivos["comuns"], [caso])))
            for nome in dificeis
        ]
        for caso in COMPARADOS
    ]
    nossos = ("importar", "verificar", "listar")
    picos = [
        [caso, *(f"{m[caso]['memoria_mib']:.0f}" for m in colunas.values())]
        for caso in arquivos["comuns"]
        if caso.startswith(nossos)
        and all("memoria_mib" in m.get(caso, ()) for m in colunas.values())
    ]
    return "\n".join(
        [
            em_markdown(["razão", "meta", *colunas], linhas),
            em_markdown(["em vezes os nomes comuns", "meta", *dificeis], comparadas),
            em_markdown(["pico de memória (MiB)", *colunas], picos),
        ]
    )


def desenhar(medidas: Medidas, destino: Path) -> None:
    """Desenha as barras: quanto cada par leva, em vezes o nosso tempo no mesmo trabalho."""
    from matplotlib import pyplot  # noqa: PLC0415 - só as medições o instalam

    grupos = [
        ("Importar 1.000.000 de linhas", ["importar"], {"escritor importar": ["importar"]}),
        ("Verificar e listar em JSON", ["listar json"], {"leitor listar": ["listar json"]}),
    ]
    grupos[0][2].update({caso[3:]: [caso] for caso in (B, A, D, C)})
    grupos[1][2].update({"sqlite3: integrity_check, lacre e -json": [V, L["json"]]})
    grupos[1][2].update({"sqlite-utils rows (não verifica)": [ROWS]})
    figura, eixos = pyplot.subplots(2, 1, figsize=(8, 4.6), height_ratios=[5, 3])
    for eixo, (titulo, nosso, barras) in zip(eixos, grupos, strict=True):
        meios = [
            (nome, statistics.median(razoes(segundos(medidas, casos), segundos(medidas, nosso))))
            for nome, casos in barras.items()
        ]
        desenhar_grupo(eixo, titulo, meios)
    figura.tight_layout()
    figura.savefig(destino, metadata={"Date": None})


def desenhar_grupo(eixo: Any, titulo: str, barras: list[tuple[str, float]]) -> None:
    """Desenha um grupo; a primeira barra é a nossa."""
    nomes = [nome for nome, _ in barras]
    valores = [valor for _, valor in barras]
    desenhadas = eixo.barh(nomes, valores, color=["#2a7f62"] + ["#b8b8b8"] * (len(barras) - 1))
    eixo.bar_label(desenhadas, [f" {v:.1f}×".replace(".", ",") for v in valores])
    eixo.invert_yaxis()
    eixo.set_title(f"{titulo} (tempo, em vezes o do par)", loc="left", fontsize=10)
    eixo.set_xlim(0, max(valores) * 1.12)
    eixo.spines[["top", "right", "bottom"]].set_visible(False)
    eixo.set_xticks([])


def main() -> int:
    """Lê os resultados, escreve as tabelas e o gráfico e devolve 0."""
    todas = {
        int(arquivo.stem.partition("-")[2]): json.loads(arquivo.read_text())
        for arquivo in PASTA.glob("resultado-*.json")
    }
    antes, _, resto = DOCUMENTO.read_text(encoding="utf-8").partition(COMECO)
    depois = resto.partition(FIM)[2]
    texto = f"{antes}{COMECO}\n{tabelas(todas)}\n{FIM}{depois}"
    DOCUMENTO.write_text(texto, encoding="utf-8")
    desenhar(todas[min(todas)]["comuns"], PASTA / "resultado.svg")
    print(tabelas(todas))
    return 0


if __name__ == "__main__":
    sys.exit(main())
