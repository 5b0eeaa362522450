"""O SQL com que o serviço lê um servidor: cada resposta, e a âncora dela, numa instrução só."""

ANCORA = "SELECT id || ' ' || elo FROM desafio2.execucoes ORDER BY id DESC LIMIT 1"
ELO = "SELECT elo FROM desafio2.execucoes WHERE id = %s"
TOTAIS = "SELECT total, id FROM desafio2.execucoes ORDER BY id DESC LIMIT 1"
PONTA = f"SELECT ({ANCORA}), (SELECT coalesce(max(id), 0) FROM desafio2.usuarios)"

# {} são as linhas, na ordem do id, até uma além do limite: ela diz se há outra página.
PAGINA = f"""\
SELECT ({ANCORA}),
    '[' || coalesce(string_agg(
        '{{{{"id":' || id || ',"nome":' || to_json(nome) || ',"email":' || to_json(email)
            || ',"criado_em":"' || criado_em || '"}}}}', ','
    ) FILTER (WHERE ordem <= %(limite)s), '') || ']',
    CASE WHEN count(*) > %(limite)s THEN max(id) FILTER (WHERE ordem <= %(limite)s) END
FROM (SELECT row_number() OVER (ORDER BY id) AS ordem, * FROM ({{}}) AS linhas) AS numeradas"""
TODAS = PAGINA.format("""
    SELECT id, nome, email, criado_em FROM desafio2.usuarios
    WHERE id > %(depois_de)s ORDER BY id LIMIT %(limite)s + 1
""")
# O que o índice da busca guarda de uma linha. O separador não está em nenhum texto: nada se acha
# metade no nome e metade no e-mail.
TEXTO = r"""lower((nome || E'\x1f' || email) COLLATE pg_catalog.pg_c_utf8) COLLATE "C" """
PADRAO = """lower(%(padrao)s COLLATE pg_catalog.pg_c_utf8) COLLATE "C" """
# Até que id o índice vai; 0 se é o de outra história.
INDEXADO = """\
SELECT coalesce(max(ate), 0) FROM servico.indexado AS i
JOIN desafio2.execucoes AS e ON e.id = i.execucao AND e.elo = i.elo"""
# O que o índice já tem, e o que veio depois dele.
ACHADAS = PAGINA.format(f"""
    SELECT * FROM (
        SELECT u.* FROM servico.busca AS b JOIN desafio2.usuarios AS u ON u.id = b.id
        WHERE b.texto LIKE {PADRAO} AND b.id > %(depois_de)s AND b.id <= ({INDEXADO})
        ORDER BY b.id LIMIT %(limite)s + 1
    ) AS indexadas
    UNION ALL
    SELECT * FROM (
        SELECT * FROM desafio2.usuarios
        WHERE id > greatest(%(depois_de)s, ({INDEXADO})) AND {TEXTO} LIKE {PADRAO}
        ORDER BY id LIMIT %(limite)s + 1
    ) AS novas
    ORDER BY id LIMIT %(limite)s + 1
""")

# Os ids crescem de execução em execução: a que tem a linha `u` se acha de metade em metade.
ALCANCA = """\
coalesce((SELECT ultimo_id FROM desafio2.execucoes
    WHERE id <= (de + ate) / 2 AND ultimo_id IS NOT NULL ORDER BY id DESC LIMIT 1), 0) >= u.id"""
QUE_SELOU = f"""\
WITH RECURSIVE corte (de, ate) AS (
    SELECT 1::bigint, max(id) FROM desafio2.execucoes
    UNION ALL
    SELECT CASE WHEN {ALCANCA} THEN de ELSE (de + ate) / 2 + 1 END,
        CASE WHEN {ALCANCA} THEN (de + ate) / 2 ELSE ate END
    FROM corte WHERE de < ate
)
SELECT row_to_json(e) FROM corte JOIN desafio2.execucoes AS e ON e.id = de
WHERE de = ate AND u.id BETWEEN primeiro_id AND ultimo_id"""
ACHADO = f"""\
SELECT ({ANCORA}), row_to_json(u), ({QUE_SELOU})
FROM (VALUES (1)) AS uma LEFT JOIN desafio2.usuarios AS u ON {{}}"""
USUARIO = ACHADO.format("u.id = %s::bigint")
POR_EMAIL = ACHADO.format("""lower(u.email COLLATE "C") = lower(%s::text COLLATE "C")""")
EXECUCOES = f"""\
SELECT ({ANCORA}), coalesce(json_agg(e ORDER BY id DESC), '[]') FROM (
    SELECT * FROM desafio2.execucoes WHERE id < %s::bigint ORDER BY id DESC LIMIT %s
) AS e"""

ACESSO = "INSERT INTO servico.acessos DEFAULT VALUES RETURNING id"
ACESSOS = "SELECT count(*) FROM servico.acessos"
