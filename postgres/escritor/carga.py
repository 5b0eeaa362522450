"""Como as pessoas entram na tabela: três caminhos, conforme quantas são e quantas já há.

Poucas entram num INSERT só. Muitas, num banco que não é muito maior que elas, entram
por COPY sem os índices, refeitos no fim. As outras esperam numa tabela temporária, de
onde só as que faltam passam. As medidas que decidiram isto: bench/comparar_postgres.py.
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
from postgres.escritor.conexao import PG, Conexao
from postgres.escritor.linhas import (
    BLOCO,
    COPIA,
    COPIA_USUARIOS,
    DE_USUARIOS,
    ULTIMO,
    blocos,
    copiando,
    copiar,
    em_bytes,
)

POUCAS = 10_000  # até aqui, um INSERT
ADIANTADAS = 50_000  # as que se leem antes de decidir, num banco que não é pequeno
# Os índices se refazem se o que há não é mais que tantas vezes o que entra; do que só se sabe o
# começo, o resto deve ser mais.
REFAZ = 4
REFAZ_SEM_SABER = 10

SOLTA = "SELECT desafio2.soltar_indices()"
REFAZ_INDICES = "SELECT desafio2.refazer_indices()"

# De onde vêm as novas: dos parâmetros, ou da tabela em que esperam.
CRIA_ESPERA = """\
CREATE TEMP TABLE novas (linha bigint, nome text COLLATE "C", email text COLLATE "C")
ON COMMIT DROP"""
COPIA_NOVAS = COPIA.format("novas")
ANALISA = "ANALYZE novas"
DOS_PARAMETROS = """\
(SELECT linha, nome, email COLLATE "C" AS email
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS a (nome, email, linha)) AS novas"""
FALTA = """\
NOT EXISTS (
    SELECT FROM desafio2.usuarios AS u
    WHERE lower(u.email COLLATE "C") = lower(novas.email COLLATE "C")
)"""
QUANTAS_FALTAM = f"SELECT count(*) FROM novas WHERE {FALTA}"
FALTAM_DOS_PARAMETROS = f"SELECT count(*) FROM {DOS_PARAMETROS} WHERE {FALTA}"
# Das que têm o mesmo e-mail entra a primeira do arquivo. {ordem}: a dos ids.
INSERE = """\
INSERT INTO desafio2.usuarios (id, nome, email, criado_em)
SELECT row_number() OVER (ORDER BY {ordem}) + %s, nome, email, %s FROM (
    SELECT DISTINCT ON (lower(email COLLATE "C")) linha, nome, email
    FROM {novas} WHERE {falta} ORDER BY lower(email COLLATE "C"), linha
) AS faltam ORDER BY {ordem}"""
INSERE_POUCAS = INSERE.format(ordem="linha", novas=DOS_PARAMETROS, falta=FALTA)
INSERE_NA_ORDEM = INSERE.format(ordem="linha", novas="novas", falta=FALTA)
# Muitas, com os índices no lugar: na ordem do de e-mails, percorrido uma vez só.
INSERE_POR_EMAIL = INSERE.format(ordem='lower(email COLLATE "C")', novas="novas", falta=FALTA)
# As linhas seguintes à que tem este e-mail.
EMAILS_DESDE = r"""
SELECT string_agg(email, E'\x1f') FROM (
    SELECT email FROM desafio2.usuarios WHERE id >= (
        SELECT id FROM desafio2.usuarios
        WHERE lower(email COLLATE "C") = lower(%s::text COLLATE "C")
    ) ORDER BY id LIMIT %s
) AS seguintes"""
# Para recomeçar sem as repetidas: de cada e-mail fica o menor id, que é o primeiro do arquivo.
CRIA_UNICAS = """\
CREATE TEMP TABLE unicas (
    id bigint, nome text COLLATE "C", email text COLLATE "C", criado_em text COLLATE "C"
)"""
TIRA_UNICAS = r"""
COPY (
    SELECT row_number() OVER (ORDER BY id) + {0}, nome, email, criado_em FROM (
        SELECT DISTINCT ON (lower(email COLLATE "C")) * FROM desafio2.usuarios
        ORDER BY lower(email COLLATE "C"), id
    ) AS unicas WHERE id > {0}
) TO STDOUT (DELIMITER E'\x1f')"""
COPIA_UNICAS = COPIA.format("unicas")
NUMERA_UNICAS = "ALTER TABLE unicas ADD PRIMARY KEY (id)"
DE_UNICAS = BLOCO.format("unicas")


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
    return con.valor(FALTAM_DOS_PARAMETROS, emails, emails) < len(emails)


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
        return _sem_as_repetidas(con, lidas, antes)
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


def _sem_as_repetidas(con: Conexao, lidas: int, antes: int) -> Gravadas:
    """Recomeça a carga que trouxe repetidas, sem elas.

    O que entrou numa transação só sai se ela o desfaz, e o arquivo já se leu: as
    linhas passam o intervalo numa tabela temporária de outra sessão.
    """
    a_parte = con.a_parte
    a_parte.execute(CRIA_UNICAS)
    with (
        con.pg.cursor().copy(TIRA_UNICAS.format(antes)) as saem,
        a_parte.cursor() as cursor,
    ):
        with cursor.copy(COPIA_UNICAS) as guardam:
            for linha in saem:
                guardam.write(linha)
        guardadas = cursor.rowcount
    a_parte.execute(NUMERA_UNICAS)
    con.executar("ROLLBACK TO carga")
    con.executar(SOLTA)
    unicas = blocos(a_parte, DE_UNICAS, antes, antes + guardadas)
    inseridas, lacre = copiar(con.pg, COPIA_USUARIOS, unicas)
    a_parte.execute("DROP TABLE unicas")
    refazer(con)
    return _gravadas(con, lidas, inseridas, antes, lacre)


def refazer(con: Conexao) -> None:
    """Refaz os índices do que já não se repete. Levanta Erro 65 se ainda há repetidas."""
    try:
        con.executar(REFAZ_INDICES)
    except psycopg.errors.UniqueViolation as erro:
        motivo = "corrompido: há e-mails repetidos entre as linhas já gravadas (regra U4)"
        raise _recusa(con, motivo, falhas.RESTAURE) from erro


def _por_espera(con: Conexao, lotes: Iterable[Lote], criado_em: str, antes: int) -> Gravadas:
    con.executar(CRIA_ESPERA)
    lidas = esperam = 0
    for lote in lotes:
        if not (antes and _ja_estao(con, lote)):
            _esperar(con.pg, lote, lidas)
            esperam += len(lote.nomes)
        lidas += len(lote.nomes)
    con.executar(ANALISA)
    faltam = con.valor(QUANTAS_FALTAM) if antes and esperam else esperam
    refaz = faltam > POUCAS and antes <= REFAZ * faltam
    if refaz:
        con.executar(SOLTA)
    insere = INSERE_NA_ORDEM if refaz or faltam <= POUCAS else INSERE_POR_EMAIL
    inseridas = con.executar(insere, antes, criado_em).rowcount if faltam else 0
    if refaz:
        refazer(con)
    con.executar("DROP TABLE novas")
    return _relidas(con, lidas, inseridas, antes)


def _ja_estao(con: Conexao, lote: Lote) -> bool:
    """Diz se o lote inteiro já está na tabela, na mesma ordem.

    É o caso de um arquivo importado outra vez, com ou sem linhas novas no fim:
    uma leitura em sequência no lugar de uma busca por e-mail.
    """
    (gravados,) = em_bytes(con.pg, EMAILS_DESDE, lote.emails[0], len(lote.emails))
    return gravados == US.join(lote.emails).encode()


def _esperar(pg: PG, lote: Lote, antes: int) -> None:
    numeros = map(str, range(antes + 1, antes + len(lote.nomes) + 1))
    linhas = map(US.join, zip(numeros, lote.nomes, lote.emails, strict=True))
    with copiando(pg, COPIA_NOVAS) as mandar:
        mandar((RS.join(linhas) + RS).encode())


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
