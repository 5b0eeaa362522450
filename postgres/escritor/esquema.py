"""O esquema do contrato no servidor: criado por setup.sql se falta, conferido nos outros."""

from __future__ import annotations

import os

import psycopg

from escritor import erros
from escritor.erros import Erro
from postgres.escritor import falhas
from postgres.escritor.conexao import Conexao

SETUP = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "setup.sql")
MARCA = "desafio2: contrato "
VERSAO = "1"

LE_MARCA = """\
SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'desafio2'"""
PODE_CRIAR = "SELECT has_database_privilege(current_database(), 'CREATE')"
# O que mudaria o que se grava ou se lê: tabelas, colunas, índices, gatilhos, filtros de linhas.
LE_ESQUEMA = """\
SELECT format('tabela %s %s%s%s%s%s', relname, relkind, relpersistence,
    CASE WHEN relrowsecurity THEN ' filtra linhas' END, CASE WHEN relhasrules THEN ' regras' END,
    CASE WHEN relhassubclass THEN ' herdeiras' END)
FROM pg_class WHERE relnamespace = 'desafio2'::regnamespace AND relkind NOT IN ('i', 'I')
UNION ALL
SELECT format('coluna %s.%s %s%s%s%s', relname, attname, format_type(atttypid, atttypmod),
    CASE WHEN collname <> 'default' THEN ' ' || collname END,
    CASE WHEN attnotnull THEN ' NOT NULL' END, CASE WHEN atthasdef THEN ' calculada' END)
FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
LEFT JOIN pg_collation AS o ON o.oid = attcollation
WHERE relnamespace = 'desafio2'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
UNION ALL
SELECT pg_get_indexdef(indexrelid)
    || CASE WHEN indisvalid AND indisready THEN '' ELSE ' (inválido)' END
FROM pg_index JOIN pg_class AS c ON c.oid = indrelid WHERE relnamespace = 'desafio2'::regnamespace
UNION ALL
SELECT format('%s %s', pg_get_triggerdef(t.oid), tgenabled)
FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = tgrelid
WHERE relnamespace = 'desafio2'::regnamespace AND NOT tgisinternal"""
TEXTO = "text C NOT NULL"
COLUNAS = {
    "usuarios": {"id": "bigint NOT NULL", "nome": TEXTO, "email": TEXTO, "criado_em": TEXTO},
    "execucoes": {
        "id": "bigint NOT NULL",
        **dict.fromkeys(("origem", "container", "versao", "iniciada_em", "concluida_em"), TEXTO),
        **dict.fromkeys(("lidos", "inseridos", "repetidos"), "bigint NOT NULL"),
        **dict.fromkeys(("primeiro_id", "ultimo_id"), "bigint"),
        "total": "bigint NOT NULL",
        **dict.fromkeys(("lacre", "elo"), TEXTO),
    },
}
UNICO = "CREATE UNIQUE INDEX {} ON desafio2.{} USING btree ({})"
GATILHO = (
    "CREATE TRIGGER so_insercoes BEFORE DELETE OR UPDATE OR TRUNCATE ON desafio2.{} "
    "FOR EACH STATEMENT EXECUTE FUNCTION desafio2.recusar() A"  # A: sempre, mesmo numa réplica
)
ESQUEMA = {
    *(f"tabela {tabela} rp" for tabela in COLUNAS),
    *(
        f"coluna {tabela}.{coluna} {tipo}"
        for tabela, colunas in COLUNAS.items()
        for coluna, tipo in colunas.items()
    ),
    UNICO.format("usuarios_pkey", "usuarios", "id"),
    UNICO.format("usuarios_email", "usuarios", 'lower((email COLLATE "C"))'),
    UNICO.format("execucoes_pkey", "execucoes", "id"),
    *(GATILHO.format(tabela) for tabela in COLUNAS),
}


def garantir(con: Conexao) -> bool:
    """Cria o esquema se falta, ou confere que é o do contrato; diz se criou.

    Levanta Erro 78 se há outro esquema, ou se falta e este papel não o pode criar.
    """
    marcas = con.executar(LE_MARCA).fetchall()
    if not marcas:
        _criar(con)
    elif marcas != [(MARCA + VERSAO,)]:
        raise _outra_marca(con, marcas[0][0] or "")
    existentes = {linha for (linha,) in con.executar(LE_ESQUEMA)}
    if existentes != ESQUEMA:
        raise Erro(
            erros.ESQUEMA,
            f"{con.endereco}: o esquema não é o do contrato "
            f"({'; '.join(sorted(existentes ^ ESQUEMA))}; regra A4); nada foi gravado. "
            "Rode o leitor com `verificar`.",
        )
    return not marcas


def _criar(con: Conexao) -> None:
    """Roda setup.sql, que é uma transação inteira, noutra sessão: a trava fica com esta."""
    if not con.uma(PODE_CRIAR)[0]:
        raise _falta(con, "e este papel não o pode criar")
    with open(SETUP, encoding="utf-8") as arquivo:
        setup = arquivo.read()
    try:
        con.a_parte.execute("RESET search_path")
        con.a_parte.execute(setup)
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.RaiseException) as erro:
        raise _falta(con, f"e criá-lo foi recusado: {erro.diag.message_primary}") from erro


def _falta(con: Conexao, porque: str) -> Erro:
    return Erro(
        erros.ESQUEMA,
        f"{con.endereco}: falta o esquema desafio2, {porque}; nada foi gravado. Como o dono do "
        f"banco, que pode criar papéis: {falhas.SETUP.format(con.endereco.do_dono)}",
    )


def _outra_marca(con: Conexao, marca: str) -> Erro:
    if marca.startswith(MARCA):
        return Erro(
            erros.ESQUEMA,
            f"{con.endereco}: contrato na versão {marca.removeprefix(MARCA)}, este escritor grava "
            f"a {VERSAO} (regra A2); ficou intacto. Use a imagem da versão que o criou.",
        )
    return Erro(
        erros.ESQUEMA,
        f"{con.endereco}: há um esquema desafio2 sem a marca '{MARCA}{VERSAO}' (regra A1); ficou "
        f"intacto. Use outro banco ou, se este é o nosso, refaça-a, como o dono dele: "
        f"{falhas.SETUP.format(con.endereco.do_dono)}",
    )
