"""Como as pessoas entram na tabela: três caminhos, conforme quantas são e quantas já há.

Poucas entram num INSERT só. Muitas, num banco que não é muito maior que elas, entram
por COPY sem os índices, refeitos no fim. As outras esperam numa tabela temporária
(espera.py), de onde só as que faltam passam. As medidas que decidiram isto:
bench/comparar_postgres.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import chain

import psycopg

from escritor import erros
from escritor.entrada.pessoa import Lote, adiantar
from escritor.erros import Erro
from escritor.execucao import RS, TETO, US, Gravadas
from postgres.escritor import falhas
from postgres.escritor.conexao import Conexao
from postgres.escritor.espera import Espera
from postgres.escritor.linhas import (
    COPIA_USUARIOS,
    DE_USUARIOS,
    ULTIMO,
    blocos,
    copiar,
    em_bytes,
)

POUCAS = 10_000  # até aqui, um INSERT
PROCURADAS = 1_000  # das primeiras, as que se procuram no banco antes de decidir
ADIANTADAS = 20_000  # as que se leem antes de decidir, num banco que não é pequeno
# Os índices se refazem se o que há não é mais que tantas vezes o que entra; do que só se sabe o
# começo, o resto deve ser mais.
REFAZ = 4
REFAZ_SEM_SABER = 10

SOLTA = "SELECT desafio2.soltar_indices()"
REFAZ_INDICES = "SELECT desafio2.refazer_indices()"

# As do parâmetro que faltam na tabela; das que têm o mesmo e-mail entra a primeira do arquivo.
DOS_PARAMETROS = """\
(SELECT linha, nome, email COLLATE "C" AS email
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS a (nome, email, linha)) AS novas
WHERE NOT EXISTS (
    SELECT FROM desafio2.usuarios AS u
    WHERE lower(u.email COLLATE "C") = lower(novas.email COLLATE "C")
)"""
QUANTAS_FALTAM = f"SELECT count(*) FROM {DOS_PARAMETROS}"
INSERE_POUCAS = f"""\
INSERT INTO desafio2.usuarios (id, nome, email, criado_em)
SELECT row_number() OVER (ORDER BY linha) + %s, nome, email, %s FROM (
    SELECT DISTINCT ON (lower(email COLLATE "C")) linha, nome, email
    FROM {DOS_PARAMETROS} ORDER BY lower(email COLLATE "C"), linha
) AS faltam ORDER BY linha"""
# As linhas seguintes à que tem este e-mail.
EMAILS_DESDE = r"""
SELECT string_agg(email, E'\x1f') FROM (
    SELECT email FROM desafio2.usuarios WHERE id >= (
        SELECT id FROM desafio2.usuarios
        WHERE lower(email COLLATE "C") = lower(%s::text COLLATE "C")
    ) ORDER BY id LIMIT %s
) AS seguintes"""


def gravar(con: Conexao, lotes: Iterable[Lote], criado_em: str) -> Gravadas:
    """Insere as pessoas cujo e-mail falta, dentro da transação de quem chama.

    Os ids são os seguintes ao maior que há. Levanta o que `lotes` levantar.
    """
    antes = con.valor(ULTIMO)
    primeiros, fonte = adiantar(lotes, POUCAS)
    if sum(len(lote.nomes) for lote in primeiros) <= POUCAS:
        return _poucas(con, primeiros, criado_em, antes)
    mais: list[Lote] = []
    if antes > REFAZ_SEM_SABER * POUCAS:
        mais, fonte = adiantar(fonte, ADIANTADAS)
    sabidas = sum(len(lote.nomes) for lote in chain(primeiros, mais))
    todos = chain(primeiros, mais, fonte)
    if antes <= REFAZ_SEM_SABER * sabidas and not _ha_repetidas(con, primeiros):
        return _sem_indices(con, todos, criado_em, antes)
    return _por_espera(con, todos, criado_em, antes)


def _poucas(con: Conexao, lotes: list[Lote], criado_em: str, antes: int) -> Gravadas:
    nomes = [nome for lote in lotes for nome in lote.nomes]
    emails = [email for lote in lotes for email in lote.emails]
    inseridas = con.executar(INSERE_POUCAS, antes, criado_em, nomes, emails).rowcount
    return _relidas(con, len(nomes), inseridas, antes)


def _ha_repetidas(con: Conexao, lotes: list[Lote]) -> bool:
    """Diz se o começo do arquivo repete um e-mail, seu ou do banco: o resto deve repetir também."""
    emails = [email.lower() for lote in lotes for email in lote.emails]
    if len({*emails}) < len(emails):
        return True
    procuradas = emails[:PROCURADAS]
    return con.valor(QUANTAS_FALTAM, procuradas, procuradas) < len(procuradas)


def _sem_indices(con: Conexao, lotes: Iterable[Lote], criado_em: str, antes: int) -> Gravadas:
    """Acrescenta tudo, sela enquanto acrescenta e só então procura repetidas."""
    con.executar("SAVEPOINT carga")
    con.executar(SOLTA)
    lidas, lacre = copiar(con.pg, COPIA_USUARIOS, _em_blocos(lotes, criado_em, antes))
    con.executar("SAVEPOINT indices")
    try:
        con.executar(REFAZ_INDICES)
    except psycopg.errors.UniqueViolation:
        con.executar("ROLLBACK TO indices")
        return _sem_as_repetidas(con, lidas, criado_em, antes)
    return _gravadas(con, lidas, lidas, antes, lacre)


def _em_blocos(lotes: Iterable[Lote], criado_em: str, antes: int) -> Iterator[tuple[bytes, int]]:
    """Devolve os bytes que o lacre sela, e quantas linhas são."""
    fim = f"{US}{criado_em}{RS}"
    for lote in lotes:
        quantas = len(lote.nomes)
        ids = map(str, range(antes + 1, antes + quantas + 1))
        linhas = map(US.join, zip(ids, lote.nomes, lote.emails, strict=True))
        yield (fim.join(linhas) + fim).encode(), quantas
        antes += quantas


def _sem_as_repetidas(con: Conexao, lidas: int, criado_em: str, antes: int) -> Gravadas:
    """Recomeça a carga que trouxe repetidas, sem elas.

    O que entrou numa transação só sai se ela o desfaz, e o arquivo já se leu: as
    linhas passam para onde esperariam se disto se soubesse no começo.
    """
    espera = Espera(con)
    espera.receber_gravadas(antes, lidas)
    con.executar("ROLLBACK TO carga")
    return _das_que_esperam(con, espera, criado_em, antes)


def refazer(con: Conexao) -> None:
    """Refaz os índices do que já não se repete. Levanta Erro 65 se ainda há repetidas."""
    try:
        con.executar(REFAZ_INDICES)
    except psycopg.errors.UniqueViolation as erro:
        motivo = "corrompido: há e-mails repetidos entre as linhas já gravadas (regra U4)"
        raise _recusa(con, motivo, falhas.RESTAURE) from erro


def _por_espera(con: Conexao, lotes: Iterable[Lote], criado_em: str, antes: int) -> Gravadas:
    espera = Espera(con)
    for lote in lotes:
        if antes and _ja_estao(con, lote):
            espera.pular(lote)
        else:
            espera.receber(lote)
    return _das_que_esperam(con, espera, criado_em, antes)


def _das_que_esperam(con: Conexao, espera: Espera, criado_em: str, antes: int) -> Gravadas:
    """Acrescenta as que faltam, seladas enquanto passam."""
    lidas = espera.ultima
    faltam = espera.ficar_com_as_que_faltam(antes)
    refaz = faltam > POUCAS and antes <= REFAZ * faltam
    if refaz:
        con.executar(SOLTA)
    elif faltam > POUCAS:
        espera.na_ordem_do_indice()
    inseridas, lacre = copiar(con.pg, COPIA_USUARIOS, espera.blocos(criado_em, antes))
    if refaz:
        refazer(con)
    return _gravadas(con, lidas, inseridas, antes, lacre)


def _ja_estao(con: Conexao, lote: Lote) -> bool:
    """Diz se o lote inteiro já está na tabela, na mesma ordem.

    É o caso de um arquivo importado outra vez, com ou sem linhas novas no fim:
    uma leitura em sequência no lugar de uma busca por e-mail.
    """
    (gravados,) = em_bytes(con.pg, EMAILS_DESDE, lote.emails[0], len(lote.emails))
    return gravados == US.join(lote.emails).encode()


def _relidas(con: Conexao, lidas: int, inseridas: int, antes: int) -> Gravadas:
    """Sela as `inseridas` relendo-as; levanta Erro 65 se não são as que há depois de `antes`."""
    resumo = hashlib.sha256()
    achadas = 0
    if inseridas:
        for bloco, quantas in blocos(con.pg, DE_USUARIOS, antes, antes + inseridas):
            resumo.update(bloco)
            achadas += quantas
    if achadas != inseridas:
        motivo = f"corrompido: inseridas: {inseridas}, mas depois do id {antes} há {achadas} linhas"
        raise _recusa(con, motivo, falhas.RESTAURE)
    return _gravadas(con, lidas, inseridas, antes, resumo.hexdigest())


def _gravadas(con: Conexao, lidas: int, inseridas: int, antes: int, lacre: str) -> Gravadas:
    ultimo = antes + inseridas
    if ultimo > TETO:
        motivo = f"não cabe: o id {ultimo} passaria do maior do contrato, {TETO} (regra U1)"
        raise _recusa(con, motivo, "Use outro BANCO.")
    if not inseridas:
        return Gravadas(lidas, 0, None, None, lacre)
    return Gravadas(lidas, inseridas, antes + 1, ultimo, lacre)


def _recusa(con: Conexao, motivo: str, remedio: str) -> Erro:
    return Erro(erros.DADOS, f"{con.endereco}: {motivo}; nada foi gravado. {remedio}")
