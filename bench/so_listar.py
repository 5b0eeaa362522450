"""Lista sem verificar: só para medir a listagem separada (`so_listar.py BANCO FORMATO`)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from leitor.app import ler_dados
from leitor.banco.leitura import Leitura, abrir_sqlite

if __name__ == "__main__":
    caminho, formato = sys.argv[1:]
    with Leitura(caminho, espera=30) as leitura:
        leitura.con = abrir_sqlite(caminho, leitura.espera)
        for bloco in ler_dados(leitura, formato):
            sys.stdout.buffer.write(bloco)
