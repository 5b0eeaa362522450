"""Como as pessoas entram na tabela: três caminhos, conforme quantas são e quantas já há.

Poucas entram direto. Muitas, num banco quase vazio, entram sem o índice, que é
refeito no fim por ordenação. Muitas, num banco cheio, esperam numa tabela
temporária e entram em ordem de e-mail, para que o índice seja percorrido uma
vez só. As medidas que decidiram isto: bench/comparar.py.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import chain

from escritor import erros
from escritor.banco import repetidas
from escritor.entrada.pessoa import Lote, adiantar
from escritor.erros import Erro
from escritor.execucao import RS, TETO, US, Gravadas

POUCAS = 10_000  # até aqui, o índice é mantido a cada linha
BANCO_PEQUENO = 100_000  # até aqui, refazer o índice inteiro é barato
POR_INSERT = 500  # linhas num INSERT: 1 + 2 × 500 parâmetros
RESTAURE = "Ponha uma cópia boa no lugar: `escritor restaurar COPIA`."
LINHA_DO_LACRE = f"%d{US}%s{US}%s{US}%s{RS}"

APAGA_INDICE = "DROP INDEX usuarios_email"
PARES = ", ".join(["(?, ?)"] * POR_INSERT)
INSERE_MUITAS = f"""\
INSERT INTO usuarios (nome, email, criado_em)
SELECT column1, column2, ? FROM (VALUES {PARES})"""
INSERE_UMA = "INSERT INTO usuarios (nome, email, criado_em) VALUES (?, ?, ?)"
INSERE_NOVA = INSERE_UMA + " ON CONFLICT DO NOTHING"
CRIA_ESPERA = "CREATE TEMP TABLE novas (linha INTEGER PRIMARY KEY, nome TEXT, email TEXT)"
ESPERAM_MUITAS = "INSERT INTO novas (nome, email) VALUES " + PARES
ESPERA_UMA = "INSERT INTO novas (nome, email) VALUES (?, ?)"
INSERE_AS_QUE_ESPERAM = """\
INSERT INTO usuarios (nome, email, criado_em)
SELECT nome, email, ? FROM novas WHERE true ORDER BY email COLLATE NOCASE, linha
ON CONFLICT DO NOTHING"""
ID_DO_EMAIL = "SELECT id FROM usuarios WHERE email = ? COLLATE NOCASE"
EMAILS_DESDE = "SELECT email FROM usuarios WHERE id >= ? ORDER BY id LIMIT ?"
ULTIMO_ID = "SELECT ifnull(max(id), 0) FROM usuarios"
PRIMEIRO_DEPOIS = "SELECT min(id) FROM usuarios WHERE id > ?"
ARQUIVO = "SELECT file FROM pragma_database_list WHERE name = 'main'"
QUANTAS_DEPOIS = "SELECT count(*) FROM usuarios NOT INDEXED WHERE id > ?"
# Dos que têm o mesmo e-mail fica o primeiro, que é sempre o de menor id; e o que já estava
# gravado não se apaga nunca.
APAGA_REPETIDAS = """\
DELETE FROM usuarios WHERE id IN (
    SELECT id FROM (
        SELECT id, email, lag(email) OVER (ORDER BY email COLLATE NOCASE, id) AS anterior
        FROM usuarios
    ) WHERE email = anterior COLLATE NOCASE
) AND id > ?"""
# printf é mais rápido que ||, mas para num NUL: nenhum dado validado tem um.
LINHAS_DO_LACRE = """\
SELECT CAST(group_concat(printf(?, id, nome, email, criado_em), '') AS BLOB)
FROM usuarios NOT INDEXED WHERE id > ? AND id <= ?"""


def gravar(con: sqlite3.Connection, lotes: Iterable[Lote], criado_em: str, indice: str) -> Gravadas:
    """Insere as pessoas cujo e-mail falta, dentro da transação de quem chama.

    `indice` é o DDL do índice de e-mails. Levanta o que `lotes` levantar.
    """
    antes = valor(con, ULTIMO_ID)
    primeiros, fonte = adiantar(lotes, POUCAS)
    if sum(len(lote.nomes) for lote in primeiros) <= POUCAS:
        return _direto(con, primeiros, criado_em, antes)
    todos = chain(primeiros, fonte)
    if antes <= BANCO_PEQUENO:
        return _sem_indice(con, todos, criado_em, antes, indice)
    return _ordenadas(con, todos, criado_em, antes)


def _direto(con: sqlite3.Connection, lotes: Iterable[Lote], criado_em: str, antes: int) -> Gravadas:
    lidas = inseridas = 0
    for lote in lotes:
        lidas += len(lote.nomes)
        linhas = ((*par, criado_em) for par in zip(lote.nomes, lote.emails, strict=True))
        inseridas += con.executemany(INSERE_NOVA, linhas).rowcount
    return _conferida(con, lidas, inseridas, antes)


def _sem_indice(
    con: sqlite3.Connection, lotes: Iterable[Lote], criado_em: str, antes: int, indice: str
) -> Gravadas:
    """Acrescenta tudo, sela enquanto acrescenta e só então procura repetidas."""
    con.execute("SAVEPOINT carga")
    con.execute(APAGA_INDICE)
    resumo = hashlib.sha256()
    fim = f"{US}{criado_em}{RS}"
    lidas = postas = 0
    for inteiro in lotes:
        lidas += len(inteiro.nomes)
        lote = repetidas.tirar(inteiro)
        ids = map(str, range(antes + postas + 1, antes + postas + len(lote.nomes) + 1))
        linhas = map(US.join, zip(ids, lote.nomes, lote.emails, strict=True))
        resumo.update((fim.join(linhas) + fim).encode())
        postas += len(lote.nomes)
        for muitas in _blocos(con, INSERE_UMA, lote, criado_em):
            con.execute(INSERE_MUITAS, [criado_em, *muitas])
    try:
        con.execute(indice)
    except sqlite3.IntegrityError:
        inseridas = postas - con.execute(APAGA_REPETIDAS, (antes,)).rowcount
        if inseridas < postas // 2:
            with repetidas.guardadas(con, antes) as unicas:
                con.execute("ROLLBACK TO carga")
                return _sem_indice(con, unicas, criado_em, antes, indice)._replace(lidas=lidas)
        _refazer_indice(con, indice)
        return _conferida(con, lidas, inseridas, antes)
    return _conferida(con, lidas, postas, antes, resumo.hexdigest())


def _refazer_indice(con: sqlite3.Connection, indice: str) -> None:
    """Cria o índice, sem as repetidas que a carga trouxe. Levanta Erro 65 se ainda as há."""
    try:
        con.execute(indice)
    except sqlite3.IntegrityError as erro:
        motivo = "corrompido: há e-mails repetidos entre as linhas já gravadas (regra U4)"
        raise _recusa(con, motivo, RESTAURE) from erro


def _ordenadas(
    con: sqlite3.Connection, lotes: Iterable[Lote], criado_em: str, antes: int
) -> Gravadas:
    con.execute(CRIA_ESPERA)
    lidas = 0
    for lote in lotes:
        lidas += len(lote.nomes)
        if not _ja_estao(con, lote):
            for muitas in _blocos(con, ESPERA_UMA, repetidas.tirar(lote)):
                con.execute(ESPERAM_MUITAS, muitas)
    inseridas = con.execute(INSERE_AS_QUE_ESPERAM, (criado_em,)).rowcount
    con.execute("DROP TABLE novas")
    return _conferida(con, lidas, inseridas, antes)


def _ja_estao(con: sqlite3.Connection, lote: Lote) -> bool:
    """Diz se o lote inteiro já está na tabela, na mesma ordem.

    É o caso de um arquivo importado outra vez, com ou sem linhas novas no fim:
    uma leitura em sequência no lugar de uma busca por e-mail.
    """
    achado = con.execute(ID_DO_EMAIL, (lote.emails[0],)).fetchone()
    if not achado:
        return False
    gravados = con.execute(EMAILS_DESDE, (achado[0], len(lote.emails))).fetchall()
    return [email for (email,) in gravados] == lote.emails


def _blocos(con: sqlite3.Connection, uma: str, lote: Lote, *extra: str) -> Iterator[list[str]]:
    """Devolve nome e e-mail intercalados, POR_INSERT por vez; as que sobram, insere uma a uma."""
    sobra = len(lote.nomes) % POR_INSERT
    inteiras = len(lote.nomes) - sobra
    intercalados = [""] * (2 * inteiras)
    intercalados[::2] = lote.nomes[:inteiras]
    intercalados[1::2] = lote.emails[:inteiras]
    for inicio in range(0, 2 * inteiras, 2 * POR_INSERT):
        yield intercalados[inicio : inicio + 2 * POR_INSERT]
    sobras = zip(lote.nomes[inteiras:], lote.emails[inteiras:], strict=True)
    con.executemany(uma, ((*par, *extra) for par in sobras))


def _conferida(
    con: sqlite3.Connection, lidas: int, inseridas: int, antes: int, lacre: str | None = None
) -> Gravadas:
    """Confere que depois do id `antes` há as `inseridas`, e só elas; sela-as relendo, se falta.

    Levanta Erro 65 se não é assim: o que já estava gravado mentiu à carga.
    """
    ultimo = valor(con, ULTIMO_ID)
    if ultimo > TETO:
        motivo = f"não cabe: o id {ultimo} passaria do maior do contrato, {TETO} (regra U1)"
        raise _recusa(con, motivo, "Use outro BANCO.")
    if (novas := valor(con, QUANTAS_DEPOIS, antes)) != inseridas:
        motivo = f"corrompido: inseridas: {inseridas}, mas depois do id {antes} há {novas} linhas"
        raise _recusa(con, motivo, RESTAURE)
    lacre = lacre or lacrar(con, antes, ultimo)
    if not inseridas:
        return Gravadas(lidas, 0, None, None, lacre)
    return Gravadas(lidas, inseridas, valor(con, PRIMEIRO_DEPOIS, antes), ultimo, lacre)


def _recusa(con: sqlite3.Connection, motivo: str, remedio: str) -> Erro:
    (arquivo,) = con.execute(ARQUIVO).fetchone()
    return Erro(erros.DADOS, f"{arquivo}: {motivo}; nada foi gravado. {remedio}")


def lacrar(con: sqlite3.Connection, depois_de: int, ultimo: int) -> str:
    """Devolve o SHA-256 (hex) das linhas com `depois_de` < id ≤ `ultimo`, lidas do SQLite.

    Cada linha: id US nome US email US criado_em RS, em UTF-8 e na ordem do id.
    """
    resumo = hashlib.sha256()
    while depois_de < ultimo:
        fim = min(depois_de + POR_INSERT, ultimo)
        (linhas,) = con.execute(LINHAS_DO_LACRE, (LINHA_DO_LACRE, depois_de, fim)).fetchone()
        if linhas:
            resumo.update(linhas)
            depois_de = fim
        else:  # um buraco nos ids, talvez enorme: salta-o
            depois_de = (valor(con, PRIMEIRO_DEPOIS, depois_de) or ultimo + 1) - 1
    return resumo.hexdigest()


def valor(con: sqlite3.Connection, sql: str, *parametros: int) -> int:
    """Devolve o único valor que `sql` seleciona."""
    resultado: int = con.execute(sql, parametros).fetchone()[0]
    return resultado
