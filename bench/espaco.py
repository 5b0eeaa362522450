"""Quanto disco uma importação ocupa no pico e depois, por byte do arquivo importado.

    python3 bench/espaco.py PASTA [LINHAS]

Olha o espaço livre do volume de PASTA enquanto o escritor importa: nada mais
deve estar gravando nele. De lá vêm as constantes de escritor/espaco.py.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

RAIZ = Path(__file__).parent.parent


def livre(pasta: Path) -> int:
    """Devolve os bytes livres no volume."""
    volume = os.statvfs(pasta)
    return volume.f_bavail * volume.f_frsize


def importar(banco: Path, arquivo: Path) -> None:
    """Importa olhando o disco, e mostra o pico e o que ficou."""
    os.sync()
    antes = menor = livre(banco.parent)
    comando = [sys.executable, "-m", "escritor", "--banco", str(banco), "importar", str(arquivo)]
    with subprocess.Popen([*comando, "--silencioso"], cwd=RAIZ, stderr=subprocess.DEVNULL) as filho:
        while filho.poll() is None:
            menor = min(menor, livre(banco.parent))
    tamanho = arquivo.stat().st_size
    print(
        f"{arquivo.name:<12} pico {(antes - menor) / tamanho:5.1f}   "
        f"ficou {(antes - livre(banco.parent)) / tamanho:5.1f}"
    )


def main() -> int:
    """Mede um arquivo comum, um de linhas mínimas e um acréscimo; devolve 0."""
    linhas = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    pasta = Path(tempfile.mkdtemp(prefix="desafio2-espaco-", dir=sys.argv[1]))
    try:
        gerar = [sys.executable, str(RAIZ / "bench/gerar.py")]
        for nome, argumentos in (
            ("comum.csv", [str(linhas)]),
            ("mais.csv", [str(linhas // 10), "--desde", str(linhas)]),
        ):
            with (pasta / nome).open("w") as saida:
                subprocess.run([*gerar, *argumentos], stdout=saida, check=True)
        curtas = (f"A,{i:x}@b\n" for i in range(linhas))
        (pasta / "minimas.csv").write_text("nome,email\n" + "".join(curtas))
        importar(pasta / "a.db", pasta / "comum.csv")
        importar(pasta / "a.db", pasta / "mais.csv")
        importar(pasta / "b.db", pasta / "minimas.csv")
    finally:
        shutil.rmtree(pasta)
    return 0


if __name__ == "__main__":
    sys.exit(main())
