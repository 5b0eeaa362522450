"""Lê sem verificar, só para medir: `so_ler_postgres.py BANCO {lacres|json|jsonl|csv}`.

`lacres` é só recalculá-los, sem as regras das linhas: o trabalho de `psql COPY … | sha256sum`.
"""

import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from leitor.app import ler_dados
from postgres.leitor import consultas
from postgres.leitor.leitura import Leitura

if __name__ == "__main__":
    banco, o_que = sys.argv[1:]
    with Leitura(banco, espera=30) as leitura:
        leitura.abrir()
        if o_que == "lacres":
            resumo = hashlib.sha256()
            for *_, [bloco] in consultas.paginas(leitura.con, consultas.LINHAS_DO_LACRE):
                resumo.update(bloco or b"")
            print(resumo.hexdigest())
        else:
            sys.stdout.buffer.writelines(ler_dados(leitura, o_que))
