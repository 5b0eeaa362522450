"""As duas formas de gravar os pedidos numa execução: de uma vez, ou numa transação comprida.

De uma vez, se ninguém mais gravou: uma instrução. Senão, duas idas e voltas: numa vão a trava, o
que outros gravaram desde a última vez e os INSERT; na outra, conferido tudo isso, o livro e o
COMMIT.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from escritor.execucao import Execucao, agora, seguinte
from escritor.percurso import Ponto
from postgres.escritor import conexao, livro
from postgres.escritor.conexao import Conexao
from web.bancos import ChaveDeOutroPedido, Existe, Pedido, Recibo, Resposta
from web.bancos.juntos import ORIGEM, VALE, VENCEM, Linha, recibo, selar
from web.bancos.postgres import corrente
from web.bancos.postgres.conexoes import Cursor

CHAVES = """\
SELECT c.chave, c.impressao, u.id, u.nome, u.email, u.criado_em, e.id, e.elo, e.inseridos
FROM servico.chaves AS c
JOIN desafio2.usuarios AS u ON u.id = c.usuario
JOIN desafio2.execucoes AS e ON e.id = c.execucao AND e.elo = c.elo
WHERE c.chave = ANY(%s)"""
# Sob a trava, o que não está não aparece no meio; {} é mais uma condição.
INSERE = """\
INSERT INTO desafio2.usuarios (id, nome, email, criado_em)
SELECT row_number() OVER (ORDER BY ordem) + (SELECT coalesce(max(id), 0) FROM desafio2.usuarios),
    nome, email, %s
FROM unnest(%s::text[], %s::text[], %s::text[]) WITH ORDINALITY AS a (nome, email, chave, ordem)
WHERE NOT EXISTS (
    SELECT FROM desafio2.usuarios AS u
    WHERE lower(u.email COLLATE "C") = lower(a.email COLLATE "C")
){}
ORDER BY ordem RETURNING id, email"""
INSERE_SEM_CHAVES = INSERE.format("")
INSERE_COM_CHAVES = INSERE.format(
    """\
AND NOT EXISTS (
    SELECT FROM servico.chaves AS c
    JOIN desafio2.execucoes AS e ON e.id = c.execucao AND e.elo = c.elo WHERE c.chave = a.chave
)"""
)
DONOS = """\
SELECT e, u.id, u.nome, u.email, u.criado_em FROM unnest(%s::text[]) AS e
JOIN desafio2.usuarios AS u ON lower(u.email COLLATE "C") = lower(e COLLATE "C")"""
GUARDA = """\
INSERT INTO servico.chaves (chave, impressao, usuario, execucao, elo)
SELECT chave, impressao, usuario, %s, %s
FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS novas (chave, impressao, usuario)
ON CONFLICT (chave) DO UPDATE SET impressao = excluded.impressao, usuario = excluded.usuario,
    execucao = excluded.execucao, elo = excluded.elo, criada_em = excluded.criada_em"""
VENCE = """\
DELETE FROM servico.chaves WHERE chave IN (
    SELECT chave FROM servico.chaves WHERE criada_em < now() - make_interval(secs => %s)
    ORDER BY criada_em LIMIT %s
)"""
# Uma transação inteira numa ida e volta, se ninguém mais gravou: os ids, o lacre e o elo já vão
# prontos. O instantâneo dela é de antes da trava: se outro gravou enquanto se esperava, as chaves
# das tabelas recusam (23505); se já se via, ou se há linhas sem execução, nada entra.
DE_UMA_VEZ = f"""\
WITH trava AS MATERIALIZED ({conexao.TRANCA}),
cabeca AS MATERIALIZED (
    SELECT FROM desafio2.execucoes, trava WHERE id = %s AND elo = %s
        AND (SELECT max(id) FROM desafio2.usuarios) = %s
),
linhas AS (
    INSERT INTO desafio2.usuarios
    SELECT a.* FROM cabeca,
        unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS a (id, nome, email, criado_em)
),
nova AS (
    INSERT INTO desafio2.execucoes SELECT {", ".join(["%s"] * 14)} FROM cabeca RETURNING 1
)
SELECT pg_notify('{livro.CANAL}', %s) FROM nova"""

COLUNAS = ("id", "nome", "email", "criado_em")


class Atrasado(Exception):
    """Outros gravaram muito desde a última vez: confere-se sem a trava, e recomeça-se."""


def de_uma_vez(
    con: Conexao, pedidos: Sequence[Pedido], ponto: Ponto
) -> tuple[list[Resposta], Ponto] | None:
    """Grava tudo numa instrução; None se assim não dá, e nada ficou gravado."""
    if not ponto.execucao or any(pedido.chave for pedido in pedidos):
        return None
    quando = agora()
    linhas = [
        (id_, pedido.nome, pedido.email, quando)
        for id_, pedido in enumerate(pedidos, ponto.fim + 1)
    ]
    execucao = seguinte(_cabeca(ponto), selar(linhas), ORIGEM, quando)
    colunas = map(list, zip(*linhas, strict=True))
    da_cabeca = (ponto.execucao, ponto.elo, ponto.fim)
    try:
        feito = con.confirmar(DE_UMA_VEZ, *da_cabeca, *colunas, *execucao, execucao.ancora)
    except psycopg.errors.UniqueViolation:  # um e-mail já é de alguém, ou outro gravou
        return None
    if not feito.fetchall():
        return None
    return [recibo(linha, execucao) for linha in linhas], _ponto(execucao)


def em_duas(
    con: Conexao, pedidos: Sequence[Pedido], ponto: Ponto
) -> tuple[list[Resposta], Ponto, Ponto]:
    """Grava numa transação; devolve as respostas, e onde o livro acabava e onde acaba.

    Levanta Atrasado, e Quebra se o que outros gravaram não está certo.
    """
    quando = agora()
    nomes, emails, chaves, _ = map(list, zip(*pedidos, strict=True))
    com_chaves = any(chaves)
    insere = INSERE_COM_CHAVES if com_chaves else INSERE_SEM_CHAVES
    with con.em_fila(), con.transacao():
        perguntas = corrente.perguntar(con.pg, ponto)
        guardadas = con.executar(CHAVES, chaves) if com_chaves else None
        inseridas = con.executar(insere, quando, nomes, emails, chaves)
        antes = corrente.entender(perguntas, ponto)
        if antes is None:
            raise Atrasado
        respostas = _ja_gravadas(pedidos, guardadas) if guardadas else {}
        novas = _novas(pedidos, inseridas, quando)
        if len(respostas) + len(novas) < len(pedidos):
            respostas |= _dos_outros(con, pedidos, {*respostas, *novas})
        depois = antes
        if novas:
            execucao = seguinte(_cabeca(antes), selar([*novas.values()]), ORIGEM, quando)
            livro.registrar(con, execucao)
            _guardar(con, [(pedidos[onde], linha[0]) for onde, linha in novas.items()], execucao)
            respostas |= {onde: recibo(linha, execucao) for onde, linha in novas.items()}
            depois = _ponto(execucao)
    return [respostas[onde] for onde in range(len(pedidos))], antes, depois


def _novas(pedidos: Sequence[Pedido], inseridas: Cursor, quando: str) -> dict[int, Linha]:
    """Devolve as linhas que entraram, pela posição do pedido de cada uma."""
    ids = {email: id_ for id_, email in inseridas.fetchall()}
    return {
        onde: (ids[pedido.email], pedido.nome, pedido.email, quando)
        for onde, pedido in enumerate(pedidos)
        if pedido.email in ids
    }


def _ponto(execucao: Execucao) -> Ponto:
    """Devolve onde o livro acaba com esta execução, que inseriu."""
    return Ponto(execucao.id, execucao.elo, execucao.total, execucao.ultimo_id or 0)


def _cabeca(ponto: Ponto) -> Execucao | None:
    """Devolve, da última execução do livro, o que a seguinte continua."""
    if not ponto.execucao:
        return None
    nada = [""] * 5 + [0] * 5
    return Execucao._make((ponto.execucao, *nada, ponto.total, "", ponto.elo))


def _ja_gravadas(pedidos: Sequence[Pedido], guardadas: Cursor) -> dict[int, Resposta]:
    """Devolve as respostas que as chaves dos pedidos já tiveram."""
    por_chave = {chave: campos for chave, *campos in guardadas.fetchall()}
    respostas: dict[int, Resposta] = {}
    for onde, pedido in enumerate(pedidos):
        if pedido.chave in por_chave:
            impressao, *campos = por_chave[pedido.chave]
            mesma = impressao == (pedido.impressao or "")
            respostas[onde] = Recibo(*campos) if mesma else ChaveDeOutroPedido()
    return respostas


def _dos_outros(
    con: Conexao, pedidos: Sequence[Pedido], respondidos: set[int]
) -> dict[int, Resposta]:
    """Devolve, dos que não entraram, a linha que já tem o e-mail de cada um."""
    restam = {p.email: onde for onde, p in enumerate(pedidos) if onde not in respondidos}
    return {
        restam[email]: Existe(dict(zip(COLUNAS, linha, strict=True)))
        for email, *linha in con.executar(DONOS, [*restam])
    }


def _guardar(con: Conexao, gravados: Sequence[tuple[Pedido, int]], execucao: Execucao) -> None:
    """Guarda as chaves dos pedidos, cada uma com a linha dele, e apaga umas tantas vencidas."""
    chaves = [(p.chave, p.impressao or "", linha) for p, linha in gravados if p.chave]
    if chaves:
        con.executar(GUARDA, execucao.id, execucao.elo, *map(list, zip(*chaves, strict=True)))
        con.executar(VENCE, VALE, VENCEM * len(chaves))
