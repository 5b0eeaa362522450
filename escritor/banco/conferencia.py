"""O banco cumpre o contrato? As perguntas que se fazem antes de gravar nele, e a uma cópia.

Gravar por cima do que já está quebrado esconderia a prova. O livro se percorre
sempre inteiro, ou desde um ponto já conferido; as linhas, todas as que cabem
num limite, senão as da última execução que inseriu, e destas, se nem elas cabem,
só o lacre. De uma cópia, tudo.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from escritor import erros, percurso
from escritor.banco import carga, esquema, falhas
from escritor.banco.linhas import em_blocos, intactas
from escritor.erros import Erro
from escritor.execucao import ELO_ZERO, TETO
from escritor.percurso import Linhas, Ponto, Registro, Seladas
from escritor.regras import Quebra
from escritor.texto import milhar

CONFERIDAS = 100_000  # linhas que se conferem antes de gravar
NO_INDICE = 10_000  # num banco maior, as últimas linhas que se procuram no índice
POR_BLOCO = 500
MENOR_ID = -(2**63)

INTEGRIDADE = "PRAGMA quick_check(1)"
INTEGRIDADE_DO_LIVRO = "PRAGMA quick_check(execucoes)"
# Os textos em BLOB: um que não é UTF-8, ou tem um NUL, chega inteiro.
EXECUCOES = """\
SELECT id, CAST(origem AS BLOB), CAST(container AS BLOB), CAST(versao AS BLOB),
    CAST(iniciada_em AS BLOB), CAST(concluida_em AS BLOB), lidos, inseridos, repetidos,
    CAST(ifnull(primeiro_id, '') AS BLOB), CAST(ifnull(ultimo_id, '') AS BLOB), total,
    CAST(lacre AS BLOB), CAST(elo AS BLOB)
FROM execucoes WHERE id >= ? ORDER BY id LIMIT ?"""
ELO_DA_EXECUCAO = "SELECT CAST(elo AS BLOB) FROM execucoes WHERE id = ?"
QUE_INSERIRAM = """\
SELECT id, inseridos, primeiro_id, ultimo_id, lacre
FROM execucoes WHERE id > ? AND primeiro_id > ? ORDER BY id LIMIT ?"""
ULTIMA_QUE_INSERIU = """\
SELECT primeiro_id, ultimo_id, lacre, inseridos FROM execucoes
WHERE id <= ? AND ultimo_id IS NOT NULL ORDER BY id DESC LIMIT 1"""
PONTAS = "SELECT (SELECT min(id) FROM usuarios), (SELECT max(id) FROM usuarios)"
QUANTAS_ATE = "SELECT count(*) FROM (SELECT 1 FROM usuarios NOT INDEXED WHERE id > ? LIMIT ?)"
QUANTAS_ENTRE = "SELECT count(*) FROM usuarios NOT INDEXED WHERE id BETWEEN ? AND ?"
QUANTAS = "SELECT count(*) FROM usuarios NOT INDEXED"
# Na ordem do índice, o que se repete está lado a lado.
REPETIDA = """\
SELECT id FROM (
    SELECT id, email, lag(email) OVER (ORDER BY email COLLATE NOCASE) AS anterior
    FROM usuarios INDEXED BY usuarios_email
) WHERE email = anterior COLLATE NOCASE LIMIT 1"""
QUANTAS_NO_INDICE = "SELECT count(*) FROM usuarios INDEXED BY usuarios_email WHERE email >= ''"
FORA_DO_INDICE = """\
SELECT id FROM usuarios AS t NOT INDEXED WHERE id > ? AND NOT EXISTS (
    SELECT 1 FROM usuarios INDEXED BY usuarios_email
    WHERE email = t.email COLLATE NOCASE AND id = t.id AND email = t.email COLLATE BINARY
) LIMIT 1"""


def antes_de_gravar(
    con: sqlite3.Connection, caminho: str, desde: tuple[int, str] | None = None
) -> Ponto:
    """Confere o livro e as linhas, na transação de quem vai gravar; devolve onde o livro acaba.

    Quem grava muitas vezes num processo só passa em `desde` a execução e o elo
    até onde já conferiu: ela tem de ter ainda esse elo, e só o que veio depois é
    lido. Um banco que tem só o esquema, sem execuções nem linhas, serve: a regra
    E1 passa a valer com a que se vai gravar. Levanta Erro 65.
    """
    try:
        return _conferir(con, desde, CONFERIDAS)
    except Quebra as quebra:
        raise Erro(
            erros.DADOS,
            f"{caminho}: {quebra}; nada foi gravado. {carga.RESTAURE}",
        ) from None


def conferir_copia(con: sqlite3.Connection, nome: str) -> str:
    """Confere uma cópia inteira, até o esquema; devolve o resumo do que há.

    Levanta Erro 65 (ou 78, se o esquema é outro) com `nome` à frente, e
    sqlite3.Error ou UnicodeError se nem dá para ler.
    """
    esquema.conferir(con, nome)
    try:
        ponto = _conferir(con, None, None)
        if not ponto.execucao:
            raise Quebra("nenhuma execução registrada", "E1")
    except Quebra as quebra:
        raise Erro(
            erros.DADOS,
            f"{nome}: {quebra}; não foi restaurado, o banco está como estava. Use outra.",
        ) from None
    return f"usuários: {milhar(ponto.total)}, execuções: {milhar(ponto.execucao)}"


def _conferir(con: sqlite3.Connection, desde: tuple[int, str] | None, limite: int | None) -> Ponto:
    """Confere o livro desde o ponto e até `limite` linhas depois dele; None é sem limite."""
    ponto = _confirmar(con, *desde) if desde else Ponto()
    poucas = limite is None or carga.valor(con, QUANTAS_ATE, ponto.fim, limite + 1) <= limite
    if not desde:
        _conferir_paginas(con, INTEGRIDADE if poucas else INTEGRIDADE_DO_LIVRO)
    menor, maior = con.execute(PONTAS).fetchone()
    if menor is not None and (menor < 1 or maior > TETO):
        raise Quebra(f"usuarios, linha {menor if menor < 1 else maior}: id fora da faixa", "U1")
    ultimo = percurso.percorrer(_livro(con, ponto.execucao), ponto)
    if not (desde or poucas) and (quantas := carga.valor(con, QUANTAS)) != ultimo.total:
        raise Quebra(f"há {quantas} usuários, e o livro soma {ultimo.total}", "E9")
    depois_de = ponto.fim
    da_ultima = None if poucas else con.execute(ULTIMA_QUE_INSERIU, (ultimo.execucao,)).fetchone()
    if da_ultima:
        depois_de = max(ponto.fim, da_ultima[0] - 1)
    _conferir_indice(con, depois_de if desde or poucas else max(depois_de, maior - NO_INDICE))
    # Muitas, só se selam; é quando o lacre não confere que se procura qual linha, e por quê.
    if not (
        da_ultima
        and da_ultima[3] > CONFERIDAS
        and intactas(con, depois_de, da_ultima[3], Seladas(*da_ultima[:3]))
    ):
        percurso.conferir_linhas(
            Linhas(em_blocos(con, depois_de)),
            _que_inseriram(con, ponto.execucao, depois_de),
            lambda primeiro, ultimo: carga.valor(con, QUANTAS_ENTRE, primeiro, ultimo),
        )
    return ultimo


def _confirmar(con: sqlite3.Connection, execucao: int, elo: str) -> Ponto:
    """Devolve o ponto já conferido, se a execução, pelas colunas dela, ainda tem esse elo."""
    (anterior,) = con.execute(ELO_DA_EXECUCAO, (execucao - 1,)).fetchone() or (ELO_ZERO.encode(),)
    for registro in con.execute(EXECUCOES, (execucao, 1)).fetchall():
        if registro[0] == execucao and registro[-1] == elo.encode() == percurso.encadear(
            anterior, registro
        ):
            da_ultima = con.execute(ULTIMA_QUE_INSERIU, (execucao,)).fetchone()
            return Ponto(execucao, elo, registro[-3], da_ultima[1] if da_ultima else 0)
    raise Quebra(f"execução {execucao}: o elo já não é {elo[:16]}…, o que se conferiu", "E11")


def _conferir_paginas(con: sqlite3.Connection, integridade: str) -> None:
    (achado,) = con.execute(integridade).fetchone()
    if achado != "ok":
        falhas.da_integridade(str(achado))
        raise Quebra(f"quick_check: {' '.join(str(achado).split())}", "A5")


def _livro(con: sqlite3.Connection, depois_da: int) -> Iterator[list[Registro]]:
    """Devolve, em blocos, as execuções depois desta, que é 0 se é o livro inteiro."""
    proxima = depois_da + 1 if depois_da else MENOR_ID
    while bloco := con.execute(EXECUCOES, (proxima, POR_BLOCO)).fetchall():
        yield bloco
        proxima = bloco[-1][0] + 1


def _conferir_indice(con: sqlite3.Connection, depois_de: int) -> None:
    """Procura no índice cada linha, letra por letra; se ele as tem todas, vê se tem outras."""
    if fora := con.execute(FORA_DO_INDICE, (depois_de,)).fetchone():
        raise Quebra(f"usuarios, linha {fora[0]}: o índice de e-mails não a tem", "A5")
    if depois_de:
        return
    if carga.valor(con, QUANTAS) != carga.valor(con, QUANTAS_NO_INDICE):
        raise Quebra("o índice de e-mails tem linhas que a tabela não tem", "A5")
    if repetida := con.execute(REPETIDA).fetchone():
        raise Quebra(f"usuarios, linha {repetida[0]}: e-mail repetido", "U4")


def _que_inseriram(con: sqlite3.Connection, execucao: int, depois_de: int) -> Iterator[Registro]:
    """Devolve as execuções depois desta que gravaram linhas com id maior que `depois_de`."""
    while bloco := con.execute(QUE_INSERIRAM, (execucao, depois_de, POR_BLOCO)).fetchall():
        yield from bloco
        execucao = bloco[-1][0]
