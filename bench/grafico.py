"""Faz, das medidas de comparar.py, a tabela de razões e o gráfico que o README mostra.

    /tmp/medir/bin/python bench/grafico.py    # lê bench/resultado-*.json

Refaz a tabela de docs/medicoes.md e bench/resultado.svg.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PASTA = Path(__file__).parent
DOCUMENTO = PASTA.parent / "docs/medicoes.md"
COMECO, FIM = "<!-- bench/grafico.py -->\n", "<!-- fim -->\n"
Medidas = dict[str, dict[str, float]]

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
    ("importar ÷ B", ["importar"], [B], "≤ 1,3"),
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
    ("verificar ÷ V", ["verificar"], [V], "≤ 1"),
    *((f"listar {f} ÷ (V + L)", [f"listar {f}"], [V, L[f]], "≤ 1") for f in L),
    *(
        (f"listar {f}, sem verificar ÷ L", [f"listar {f}, sem verificar"], [L[f]], "≤ 1,5")
        for f in L
    ),
    *((f"rows ÷ listar {f}", [ROWS], [f"listar {f}"], "≥ 3") for f in ("json", "jsonl", "csv")),
]


def razao(medidas: Medidas, cima: list[str], baixo: list[str]) -> float | None:
    """Devolve a razão das somas, ou None se algum caso não foi medido."""
    if not {*cima, *baixo} <= medidas.keys():
        return None
    somas = [sum(medidas[caso]["segundos"] for caso in casos) for casos in (cima, baixo)]
    return somas[0] / somas[1]


def tabela(todas: dict[int, Medidas]) -> str:
    """Devolve a tabela de razões e a de memória, em Markdown."""
    tamanhos = sorted(todas)
    titulos = [f"{n:,} linhas".replace(",", ".") for n in tamanhos]
    linhas = [
        f"| razão | meta | {' | '.join(titulos)} |",
        f"| --- | --- |{' ---: |' * len(titulos)}",
    ]
    for nome, cima, baixo, meta in RAZOES:
        valores = [razao(todas[n], cima, baixo) for n in tamanhos]
        celulas = ["—" if v is None else f"{v:.2f}".replace(".", ",") for v in valores]
        linhas.append(f"| {nome} | {meta} | {' | '.join(celulas)} |")
    linhas += ["", f"| pico de memória (MiB) | {' | '.join(titulos)} |"]
    linhas += [f"| --- |{' ---: |' * len(titulos)}"]
    nossos = [c for c in todas[tamanhos[0]] if c.startswith(("importar", "verificar", "listar"))]
    for caso in nossos:
        picos = (f"{todas[n][caso]['memoria_mib']:.0f}" for n in tamanhos)
        linhas.append(f"| {caso} | {' | '.join(picos)} |")
    return "\n".join(linhas) + "\n"


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
        razoes = [(nome, razao(medidas, casos, nosso)) for nome, casos in barras.items()]
        desenhar_grupo(eixo, titulo, razoes)
    figura.tight_layout()
    figura.savefig(destino, metadata={"Date": None})


def desenhar_grupo(eixo: Any, titulo: str, barras: list[tuple[str, float | None]]) -> None:
    """Desenha um grupo; a primeira barra é a nossa."""
    nomes = [nome for nome, _ in barras]
    valores = [valor or 0.0 for _, valor in barras]
    desenhadas = eixo.barh(nomes, valores, color=["#2a7f62"] + ["#b8b8b8"] * (len(barras) - 1))
    eixo.bar_label(desenhadas, [f" {v:.1f}×".replace(".", ",") for v in valores])
    eixo.invert_yaxis()
    eixo.set_title(f"{titulo} (tempo, em vezes o do par)", loc="left", fontsize=10)
    eixo.set_xlim(0, max(valores) * 1.12)
    eixo.spines[["top", "right", "bottom"]].set_visible(False)
    eixo.set_xticks([])


def main() -> int:
    """Lê os resultados, escreve a tabela e o gráfico e devolve 0."""
    todas = {
        int(arquivo.stem.partition("-")[2]): json.loads(arquivo.read_text())
        for arquivo in PASTA.glob("resultado-*.json")
    }
    antes, _, resto = DOCUMENTO.read_text(encoding="utf-8").partition(COMECO)
    depois = resto.partition(FIM)[2]
    texto = f"{antes}{COMECO}\n{tabela(todas)}\n{FIM}{depois}"
    DOCUMENTO.write_text(texto, encoding="utf-8")
    desenhar(todas[min(todas)], PASTA / "resultado.svg")
    print(tabela(todas))
    return 0


if __name__ == "__main__":
    sys.exit(main())
