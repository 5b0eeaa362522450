"""`--conflito falhar` no servidor: o arquivo inteiro é comparado com o banco antes de entrar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from escritor.entrada.pessoa import Lote
from escritor.entrada.recusas import MOSTRADAS, conflitos
from postgres.escritor.conexao import Conexao

CRIA = """\
CREATE TEMP TABLE fila (
    ordem bigint GENERATED ALWAYS AS IDENTITY,
    linha bigint, nome text COLLATE "C", email text COLLATE "C"
)"""
GUARDA = "COPY fila (linha, nome, email) FROM STDIN"
PREPARA = "ALTER TABLE fila ADD PRIMARY KEY (ordem)"
DEVOLVE = "SELECT ordem, nome, email, linha FROM fila WHERE ordem > %s ORDER BY ordem LIMIT %s"
REPETIDOS = """\
SELECT linha, email, no_banco, count(*) OVER () FROM (
    SELECT ordem, linha, email,
        row_number() OVER (PARTITION BY lower(email COLLATE "C") ORDER BY ordem) > 1 AS na_fila,
        EXISTS (
            SELECT FROM desafio2.usuarios AS u
            WHERE lower(u.email COLLATE "C") = lower(fila.email COLLATE "C")
        ) AS no_banco
    FROM fila
) AS todas WHERE na_fila OR no_banco ORDER BY ordem LIMIT %s"""
POR_LOTE = 5_000  # linhas


def sem_conflitos(con: Conexao, lotes: Iterable[Lote], arquivo: str) -> Iterator[Lote]:
    """Devolve as mesmas pessoas, depois de saber que nenhuma já existe no banco nem se repete.

    Elas esperam numa tabela temporária do servidor, noutra sessão: a principal está
    ocupada com a carga enquanto se lê daqui. Levanta Erro 65 com os primeiros conflitos.
    """
    a_parte = con.a_parte
    a_parte.execute(CRIA)
    with a_parte.cursor().copy(GUARDA) as fila:
        for lote in lotes:
            for linha in zip(lote.linhas, lote.nomes, lote.emails, strict=True):
                fila.write_row(linha)
    a_parte.execute(PREPARA)
    if achados := a_parte.execute(REPETIDOS, (MOSTRADAS,)).fetchall():
        raise conflitos(arquivo, achados)
    ultima = 0
    while linhas := a_parte.execute(DEVOLVE, (ultima, POR_LOTE)).fetchall():
        ordens, nomes, emails, numeros = map(list, zip(*linhas, strict=True))
        ultima = ordens[-1]
        yield Lote(nomes, emails, numeros)
    a_parte.execute("DROP TABLE fila")
