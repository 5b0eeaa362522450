"""O esquema que há no servidor, comparado com o de postgres/setup.sql, peça por peça.

O corpo das funções fica de fora: elas e os gatilhos são um trilho para quem grava; o que prova os
dados são os lacres e os elos.
"""

from __future__ import annotations

from postgres.leitor.consultas import Conexao, valor

CODIFICACAO = "SELECT current_setting('server_encoding')"
MARCA = """\
SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'desafio2'"""
# Cada peça, numa linha. Os textos são os que o próprio servidor dá ao descrevê-la.
PECAS = """\
SELECT format('tabela %s %s%s', relname, relkind, relpersistence)
    || CASE WHEN relrowsecurity OR relforcerowsecurity THEN ', que esconde linhas' ELSE '' END
    || CASE WHEN relhasrules THEN ', com regras' ELSE '' END
    || CASE WHEN EXISTS (SELECT FROM pg_inherits WHERE c.oid IN (inhrelid, inhparent))
        THEN ', com herança' ELSE '' END
    || CASE WHEN relkind = 'r' AND pg_get_userbyid(relowner) <> 'dono'
        THEN ', que não é do dono' ELSE '' END
FROM pg_class AS c WHERE relnamespace = 'desafio2'::regnamespace AND relkind NOT IN ('i', 'I', 't')
UNION ALL
SELECT format('coluna %s.%s %s', relname, attname, format_type(atttypid, atttypmod))
    || CASE WHEN attcollation = 0 THEN ''
        ELSE (SELECT ' COLLATE ' || collname FROM pg_collation AS o WHERE o.oid = attcollation) END
    || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
    || CASE WHEN atthasdef OR attidentity <> '' THEN ', que se calcula' ELSE '' END
FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
WHERE relnamespace = 'desafio2'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
UNION ALL
SELECT format('índice %s', replace(pg_get_indexdef(indexrelid), ' USING btree', ''))
    || CASE WHEN indisvalid AND indisready AND indislive THEN '' ELSE ', que não está pronto' END
FROM pg_index JOIN pg_class AS c ON c.oid = indrelid
WHERE relnamespace = 'desafio2'::regnamespace AND relkind = 'r'
UNION ALL
SELECT format('restrição %s %s', conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE connamespace = 'desafio2'::regnamespace AND contype NOT IN ('n', 't')
UNION ALL
SELECT format('gatilho %s', pg_get_triggerdef(t.oid))
    || CASE tgenabled WHEN 'A' THEN '' ELSE ', que não vale sempre' END
FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = tgrelid
WHERE relnamespace = 'desafio2'::regnamespace AND NOT tgisinternal
UNION ALL
SELECT format('função %s', oid::regprocedure)
    || CASE WHEN prosecdef THEN ', com os direitos dela' ELSE '' END
FROM pg_proc WHERE pronamespace = 'desafio2'::regnamespace"""
# Quem pode o quê, além do dono. Ler, outros podem: é mudar que não.
DIREITOS = """\
WITH dados (onde, dono, lista) AS (
    SELECT 'esquema', nspowner, coalesce(nspacl, acldefault('n', nspowner))
    FROM pg_namespace WHERE nspname = 'desafio2'
    UNION ALL
    SELECT relname, relowner, coalesce(relacl, acldefault('r', relowner))
    FROM pg_class WHERE relnamespace = 'desafio2'::regnamespace AND relkind = 'r'
    UNION ALL
    SELECT format('%s.%s', relname, attname), relowner, attacl
    FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
    WHERE relnamespace = 'desafio2'::regnamespace AND attacl IS NOT NULL
    UNION ALL
    SELECT proname || '()', proowner, coalesce(proacl, acldefault('f', proowner))
    FROM pg_proc WHERE pronamespace = 'desafio2'::regnamespace
)
SELECT format('direito %s: %s em %s', privilege_type,
    CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END, onde)
FROM dados, aclexplode(lista)
WHERE grantee <> dono AND (privilege_type NOT IN ('SELECT', 'USAGE')
    OR pg_get_userbyid(grantee) IN ('escritor', 'leitor'))"""

TEXTO = "text COLLATE C NOT NULL"
NUMERO = "bigint NOT NULL"
COLUNAS = {
    "usuarios": {"id": NUMERO, "nome": TEXTO, "email": TEXTO, "criado_em": TEXTO},
    "execucoes": {
        "id": NUMERO,
        **dict.fromkeys(("origem", "container", "versao", "iniciada_em", "concluida_em"), TEXTO),
        **dict.fromkeys(("lidos", "inseridos", "repetidos", "total"), NUMERO),
        **dict.fromkeys(("primeiro_id", "ultimo_id"), "bigint"),
        **dict.fromkeys(("lacre", "elo"), TEXTO),
    },
}
RESTRICOES = {
    "usuarios_pkey": "PRIMARY KEY (id)",
    "usuarios_id": "CHECK (((id >= 1) AND (id <= '4611686018427387904'::bigint)))",
    "usuarios_nome": "CHECK (((octet_length(nome) >= 1) AND (octet_length(nome) <= 4000)))",
    "usuarios_email": "CHECK (((octet_length(email) >= 3) AND (octet_length(email) <= 254)))",
    "usuarios_criado_em": "CHECK ((criado_em ~~ '____-__-__T__:__:__Z'::text))",
    "execucoes_pkey": "PRIMARY KEY (id)",
    "execucoes_id": "CHECK ((id >= 1))",
    "execucoes_origem": "CHECK (((origem = ANY (ARRAY['semear'::text, 'adocao'::text, "
    "'api'::text])) OR (origem ~~ 'importar:_%'::text)))",
    **{
        f"execucoes_{coluna}": rf"CHECK (({coluna} ~ '^\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ$'::text))"
        for coluna in ("iniciada_em", "concluida_em")
    },
    "execucoes_contas": "CHECK (((inseridos >= 0) AND (repetidos >= 0) AND (lidos = (inseridos + "
    "repetidos)) AND (total >= inseridos)))",
    "execucoes_intervalo": "CHECK ( CASE WHEN (inseridos = 0) THEN ((primeiro_id IS NULL) AND "
    "(ultimo_id IS NULL)) ELSE ((primeiro_id IS NOT NULL) AND (ultimo_id IS NOT NULL) AND "
    "((ultimo_id - primeiro_id) >= (inseridos - 1))) END)",
    **{
        f"execucoes_{coluna}": f"CHECK (({coluna} ~ '^[0-9a-f]{{64}}$'::text))"
        for coluna in ("lacre", "elo")
    },
}
ESPERADAS = {
    *(f"tabela {tabela} rp" for tabela in COLUNAS),
    *(
        f"coluna {tabela}.{coluna} {tipo}"
        for tabela, colunas in COLUNAS.items()
        for coluna, tipo in colunas.items()
    ),
    "índice CREATE UNIQUE INDEX usuarios_pkey ON desafio2.usuarios (id)",
    'índice CREATE UNIQUE INDEX usuarios_email ON desafio2.usuarios (lower((email COLLATE "C")))',
    "índice CREATE UNIQUE INDEX execucoes_pkey ON desafio2.execucoes (id)",
    *(f"restrição {nome} {texto}" for nome, texto in RESTRICOES.items()),
    *(
        f"gatilho CREATE TRIGGER so_insercoes BEFORE DELETE OR UPDATE OR TRUNCATE ON "
        f"desafio2.{tabela} FOR EACH STATEMENT EXECUTE FUNCTION desafio2.recusar()"
        for tabela in COLUNAS
    ),
    "função desafio2.recusar()",
    "função desafio2.exigir_indices()",
    "função desafio2.soltar_indices(), com os direitos dela",
    "função desafio2.refazer_indices(), com os direitos dela",
    "direito USAGE: escritor em esquema",
    "direito USAGE: leitor em esquema",
    *(
        f"direito {direito} em {tabela}"
        for tabela in COLUNAS
        for direito in ("SELECT: leitor", "SELECT: escritor", "INSERT: escritor")
    ),
    "direito EXECUTE: escritor em soltar_indices()",
    "direito EXECUTE: escritor em refazer_indices()",
}
MOSTRADAS = 3


def marca(con: Conexao) -> tuple[bool, str]:
    """Diz se há o esquema, e com que marca."""
    linhas = con.execute(MARCA).fetchall()
    return bool(linhas), (linhas[0][0] or "") if linhas else ""


def codificacao(con: Conexao) -> str:
    """Devolve a codificação do banco."""
    return str(valor(con, CODIFICACAO))


def diferencas(con: Conexao) -> str:
    """Diz em que o esquema não é o do contrato; vazio se é."""
    achadas = {
        " ".join(linha.split()) for sql in (PECAS, DIREITOS) for (linha,) in con.execute(sql)
    }
    ditas = [f"falta {peca}" for peca in sorted(ESPERADAS - achadas)]
    ditas += [f"sobra {peca}" for peca in sorted(achadas - ESPERADAS)]
    return f"{'; '.join(ditas[:MOSTRADAS])}{' …' if len(ditas) > MOSTRADAS else ''}"
