"""As verificações de um banco PostgreSQL, na ordem em que uma depende da outra."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import sql

from leitor import erros, recalculo
from leitor.indice import Pares
from leitor.porta import Ordem
from leitor.texto import milhar
from leitor.verificacao import verificar
from postgres.leitor import consultas, endereco, esquema, falhas, relato
from postgres.leitor.leitura import Leitura

MARCA = "desafio2: contrato "
VERSAO_DO_CONTRATO = "1"
ABERTO = 3  # verificações até se saber que o banco é o nosso
SOMAS = "SELECT current_setting('data_checksums') = 'on'"
SOMAS_ERRADAS = """\
SELECT coalesce(max(checksum_failures), 0) FROM pg_stat_database
WHERE datname = current_database()"""
# O esquema do amcheck, se este papel pode usá-lo.
AMCHECK = """\
SELECT n.nspname FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
WHERE e.extname = 'amcheck' AND has_schema_privilege(n.oid, 'USAGE')
    AND has_function_privilege(p.oid, 'EXECUTE')
    AND oid_e_argumentos IN ('bt_index_check 2', 'verify_heapam 6')
GROUP BY 1 HAVING count(*) = 2""".replace("oid_e_argumentos", "proname || ' ' || pronargs")
PAGINAS_DA_TABELA = "SELECT * FROM {}.verify_heapam(%s::regclass) LIMIT 3"
PAGINAS_DO_INDICE = "SELECT {}.bt_index_check(%s::regclass, %s)"
TABELAS = ("desafio2.usuarios", "desafio2.execucoes")
CHAVES = ("desafio2.usuarios_pkey", "desafio2.execucoes_pkey")
EMAILS = "desafio2.usuarios_email"


class SemPares(Pares):
    """Os de quem não vai compará-los: com o amcheck, juntá-los seria trabalho à toa."""

    def acrescentar(self, emails: Sequence[bytes], ids: Sequence[bytes]) -> None:
        """Não junta nada."""


def abrir(leitura: Leitura) -> None:
    """Abre o banco e confere que é o nosso. Levanta o Erro da verificação que falhar."""
    _, falha = verificar(leitura, ORDEM[:ABERTO])
    if falha:
        raise falha


def _conexao(leitura: Leitura) -> str:
    leitura.abrir()
    versao = consultas.valor(leitura.con, relato.VERSAO)
    replica = ", réplica" if consultas.valor(leitura.con, relato.REPLICA) else ""
    return f"só de leitura, num instantâneo, PostgreSQL {versao}{replica}"


def _dono(leitura: Leitura) -> str:
    existe, marca = esquema.marca(leitura.con)
    setup = f"{falhas.SETUP} {endereco.do_dono(leitura.partes)}"
    if not existe:
        raise leitura.recusa(
            erros.ESQUEMA,
            "falta o esquema desafio2 (regra A1 do contrato). Crie-o, como quem pode criar "
            f"papéis: {setup}",
        )
    if not marca.startswith(MARCA):
        raise leitura.recusa(
            erros.ESQUEMA,
            f"há um esquema desafio2 sem a marca '{MARCA}{VERSAO_DO_CONTRATO}' (regra A1 do "
            f"contrato). Se é o nosso, refaça-a, sem mexer nas tabelas: {setup}",
        )
    if marca != MARCA + VERSAO_DO_CONTRATO:
        raise leitura.recusa(
            erros.ESQUEMA,
            f"contrato na versão {marca.removeprefix(MARCA)}, este leitor conhece a "
            f"{VERSAO_DO_CONTRATO} (regra A2 do contrato). Use a imagem do leitor da mesma versão "
            "do escritor.",
        )
    return marca


def _esquema(leitura: Leitura) -> str:
    codificacao = esquema.codificacao(leitura.con)
    if codificacao != "UTF8":
        raise leitura.quebra("A3", f"o texto está em {codificacao}, e não em UTF-8")
    if diferencas := esquema.diferencas(leitura.con):
        raise leitura.quebra("A4", f"o esquema não é o do contrato: {diferencas}")
    return "tabelas, índices, restrições, gatilhos e direitos, como no contrato"


def _paginas(leitura: Leitura) -> str:
    com_somas = consultas.valor(leitura.con, SOMAS)
    somas = (
        "com somas" if com_somas else "sem somas (data_checksums; pg_checksums --enable as liga)"
    )
    if com_somas and (erradas := consultas.valor(leitura.con, SOMAS_ERRADAS)):
        raise leitura.quebra(
            "A5",
            f"o servidor contou {milhar(erradas)} falhas de soma em páginas deste banco; refeito "
            "ele, pg_stat_reset() zera a conta",
        )
    leitura.amcheck = consultas.valor(leitura.con, AMCHECK) or ""
    if not leitura.amcheck:
        return f"{somas}; amcheck não feito: não há, ou este papel não pode usá-lo"
    leitura.pares = SemPares()
    funcao = sql.SQL(PAGINAS_DA_TABELA).format(sql.Identifier(leitura.amcheck))
    with _a_parte(leitura):
        for tabela in TABELAS:
            achados = leitura.con.execute(funcao, (tabela,)).fetchall()
            if achados:
                ditos = "; ".join(f"página {bloco}: {dito}" for bloco, *_, dito in achados)
                raise leitura.quebra("A5", f"verify_heapam, em {tabela}: {ditos}")
        for chave in CHAVES:
            # Cada linha chega aos lacres por esta árvore, e os totais contam as da tabela.
            _conferir_indice(leitura, chave, com_as_linhas=False)
        return f"{somas}; amcheck sem achados"
    return f"{somas}; amcheck não feito: um índice é mais novo do que o instantâneo"


@contextmanager
def _a_parte(leitura: Leitura) -> Iterator[None]:
    """Deixa o amcheck desistir sem desfazer a transação: ele não confere um índice que nasceu
    depois do instantâneo, e então se diz que não o fez."""
    leitura.con.execute("SAVEPOINT a_parte")
    try:
        yield
    except psycopg.errors.SerializationFailure:
        leitura.con.execute("ROLLBACK TO a_parte")
        leitura.amcheck = ""
    leitura.con.execute("RELEASE a_parte")


def _conferir_indice(leitura: Leitura, indice: str, *, com_as_linhas: bool) -> None:
    """Confere a árvore e, se pedido, que cada linha da tabela está nela."""
    funcao = sql.SQL(PAGINAS_DO_INDICE).format(sql.Identifier(leitura.amcheck))
    try:
        leitura.con.execute(funcao, (indice, com_as_linhas))
    except (psycopg.errors.IndexCorrupted, psycopg.errors.DataCorrupted) as erro:
        dito = str(erro.diag.message_primary)
        raise leitura.quebra("A5", f"bt_index_check, em {indice}: {dito}") from erro


def _indice(leitura: Leitura) -> str:
    """Com o amcheck, é ele que compara; sem ele, o índice é percorrido, que custa mais."""
    if leitura.amcheck:
        with _a_parte(leitura):
            _conferir_indice(leitura, EMAILS, com_as_linhas=True)
            if repetido := consultas.email_repetido(leitura.con):
                raise leitura.quebra("U4", f"usuarios: um email se repete, {repetido}")
            return "tem os mesmos e-mails que a tabela, pelo amcheck"
        leitura.pares = Pares()  # não o conferiu: os lacres passam outra vez pelas linhas
        recalculo.lacres(leitura)
    return recalculo.do_indice(leitura)


ORDEM: Ordem = (
    ("conexão", _conexao),
    ("dono", _dono),
    ("esquema", _esquema),
    ("páginas", _paginas),
    ("lacres", recalculo.lacres),
    ("elos", recalculo.elos),
    ("totais", recalculo.totais),
    ("índice", _indice),
)
