"""Copia um banco com os ids espalhados, e o sela de novo como o contrato manda.

python3 bench/espalhar.py BANCO DESTINO PASSO    # o id 1 vira PASSO; o 2, 2 × PASSO; …

Só para medir: o escritor dá ids seguidos, mas o contrato deixa que haja buracos,
e o leitor não pode demorar por causa deles. BANCO tem uma execução só.
"""

import hashlib
import shutil
import sqlite3
import sys

ESPALHA = """\
CREATE TEMP TABLE seguidos AS SELECT * FROM usuarios ORDER BY id;
DELETE FROM usuarios;
INSERT INTO usuarios SELECT id * {0}, nome, email, criado_em FROM seguidos ORDER BY id;
UPDATE execucoes SET primeiro_id = primeiro_id * {0}, ultimo_id = ultimo_id * {0};
"""


def selar(con: sqlite3.Connection) -> None:
    """Refaz o lacre e o elo da execução 1."""
    lacre = hashlib.sha256()
    for linha in con.execute("SELECT id, nome, email, criado_em FROM usuarios ORDER BY id"):
        lacre.update(("\x1f".join(map(str, linha)) + "\x1e").encode())
    con.execute("UPDATE execucoes SET lacre = ?", (lacre.hexdigest(),))
    *colunas, _ = con.execute("SELECT * FROM execucoes").fetchone()
    elo = "0" * 64 + "".join(f"\x1f{coluna}" for coluna in colunas) + "\x1e"
    con.execute("UPDATE execucoes SET elo = ?", (hashlib.sha256(elo.encode()).hexdigest(),))


if __name__ == "__main__":
    banco, destino, passo = sys.argv[1:]
    shutil.copyfile(banco, destino)
    conexao = sqlite3.connect(destino)
    ((indice,),) = conexao.execute("SELECT sql FROM sqlite_schema WHERE type = 'index'").fetchall()
    conexao.execute("DROP INDEX usuarios_email")
    conexao.executescript(ESPALHA.format(int(passo)))
    conexao.execute(indice)
    selar(conexao)
    conexao.commit()
    conexao.close()
