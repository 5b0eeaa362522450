"""`--conflito falhar`: o arquivo inteiro é comparado com o banco antes de entrar."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from escritor import erros
from escritor.entrada.pessoa import Lote
from escritor.entrada.recusas import MOSTRADAS
from escritor.erros import Erro
from escritor.texto import milhar, onde

CRIA = "CREATE TEMP TABLE fila (linha INTEGER, nome TEXT, email TEXT)"
GUARDA = "INSERT INTO fila VALUES (?, ?, ?)"
DEVOLVE = "SELECT rowid, nome, email, linha FROM fila WHERE rowid > ? ORDER BY rowid LIMIT ?"
REPETIDOS = """\
SELECT linha, email, no_banco, count(*) OVER () FROM (
    SELECT rowid AS ordem, linha, email,
        lag(email) OVER (ORDER BY email COLLATE NOCASE, rowid) = email COLLATE NOCASE AS na_fila,
        EXISTS (SELECT 1 FROM usuarios WHERE email = fila.email COLLATE NOCASE) AS no_banco
    FROM fila
) WHERE na_fila OR no_banco ORDER BY ordem LIMIT ?"""
POR_LOTE = 5_000  # linhas


def sem_conflitos(con: sqlite3.Connection, lotes: Iterable[Lote], arquivo: str) -> Iterator[Lote]:
    """Devolve as mesmas pessoas, depois de saber que nenhuma já existe no banco nem se repete.

    Elas esperam numa tabela temporária, no disco: a memória não cresce com o
    arquivo. Levanta Erro 65 com os primeiros conflitos, cada um com a sua linha.
    """
    con.execute(CRIA)
    for lote in lotes:
        con.executemany(GUARDA, zip(lote.linhas, lote.nomes, lote.emails, strict=True))
    achados = con.execute(REPETIDOS, (MOSTRADAS,)).fetchall()
    if achados:
        raise _erro(arquivo, achados)
    ultima = 0
    # Cada consulta acaba antes do yield: com uma aberta, a carga não poderia apagar o índice.
    while linhas := con.execute(DEVOLVE, (ultima, POR_LOTE)).fetchall():
        ordens, nomes, emails, numeros = map(list, zip(*linhas, strict=True))
        ultima = ordens[-1]
        yield Lote(nomes, emails, numeros)
    con.execute("DROP TABLE fila")


def _erro(arquivo: str, achados: list[tuple[int, str, int, int]]) -> Erro:
    total = achados[0][3]
    *antes, ultimo = [
        f"{onde(arquivo, linha)}: email: {email} {'já existe' if no_banco else 'se repete'}"
        for linha, email, no_banco, _ in achados
    ]
    remedio = "nada foi gravado. Com --conflito ignorar, só os novos entram."
    if total == 1:
        return Erro(erros.DADOS, f"{ultimo}; {remedio}")
    mostrados = "" if total <= MOSTRADAS else f" (acima, os {MOSTRADAS} primeiros)"
    quantos = f"e-mails em conflito: {milhar(total)}{mostrados}"
    return Erro(erros.DADOS, f"{onde(arquivo)}: {quantos}; {remedio}", [*antes, ultimo])
