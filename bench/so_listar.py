"""Lista sem verificar: só para medir a listagem separada (`so_listar.py BANCO FORMATO`)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from leitor.app import ler_dados
from leitor.banco import consultas

if __name__ == "__main__":
    caminho, formato = sys.argv[1:]
    conexao = consultas.abrir(caminho, espera=30)
    for bloco in ler_dados(conexao, formato):
        sys.stdout.buffer.write(bloco)
    conexao.close()
