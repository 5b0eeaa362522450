"""O SQL com que o serviço lê um arquivo: cada resposta, e a âncora dela, num instante só."""

ANCORA = "SELECT id || ' ' || elo FROM main.execucoes ORDER BY id DESC LIMIT 1"
ELO = "SELECT elo FROM execucoes WHERE id = ?"
TOTAIS = """\
SELECT ifnull(max(total), 0), ifnull(max(id), 0)
FROM (SELECT id, total FROM execucoes ORDER BY id DESC LIMIT 1)"""

# {} são as linhas, na ordem do id, até uma além do limite: ela diz se há outra página.
PAGINA = f"""\
SELECT ({ANCORA}),
    json_group_array(
        json_object('id', id, 'nome', nome, 'email', email, 'criado_em', criado_em)
    ) FILTER (WHERE ordem <= :limite),
    iif(count(*) > :limite, max(id) FILTER (WHERE ordem <= :limite), NULL)
FROM (SELECT row_number() OVER (ORDER BY id) AS ordem, * FROM ({{}}))"""
TODAS = PAGINA.format("""\
    SELECT id, nome, email, criado_em FROM usuarios
    WHERE id > :depois_de ORDER BY id LIMIT :limite + 1
""")
TEM = "(instr(dobrar({0}nome), :termo) OR instr(dobrar({0}email), :termo))"
# O que o índice da busca já tem, e o que veio depois dele. O índice aponta; quem decide é a linha.
ACHADAS = PAGINA.format(f"""\
    SELECT * FROM (
        SELECT u.id, u.nome, u.email, u.criado_em
        FROM servico.busca AS b CROSS JOIN usuarios AS u ON u.id = b.rowid
        WHERE b.busca MATCH :frase AND b.rowid > :depois_de AND b.rowid <= :indexado
            AND {TEM.format("u.")}
        ORDER BY b.rowid LIMIT :limite + 1
    )
    UNION ALL
    SELECT * FROM (
        SELECT id, nome, email, criado_em FROM usuarios
        WHERE id > max(:depois_de, :indexado) AND {TEM.format("")} ORDER BY id LIMIT :limite + 1
    )
    ORDER BY id LIMIT :limite + 1
""")
INDEXADO = """\
SELECT ifnull(max(ate), 0) FROM servico.indexado AS i
JOIN main.execucoes AS e ON e.id = i.execucao AND e.elo = i.elo"""

USUARIO = "SELECT id, nome, email, criado_em FROM usuarios WHERE id = ?"
POR_EMAIL = "SELECT id, nome, email, criado_em FROM usuarios WHERE email = ? COLLATE NOCASE"
# Os ids crescem de execução em execução: a que tem esta linha se acha de metade em metade.
ALCANCA = """\
ifnull((SELECT ultimo_id FROM execucoes WHERE id <= (de + ate) / 2 AND ultimo_id IS NOT NULL
    ORDER BY id DESC LIMIT 1), 0) >= :id"""
QUE_SELOU = f"""\
WITH RECURSIVE corte (de, ate) AS (
    SELECT 1, max(id) FROM execucoes
    UNION ALL
    SELECT iif({ALCANCA}, de, (de + ate) / 2 + 1), iif({ALCANCA}, (de + ate) / 2, ate)
    FROM corte WHERE de < ate
)
SELECT e.* FROM corte JOIN execucoes AS e ON e.id = de
WHERE de = ate AND :id BETWEEN primeiro_id AND ultimo_id"""
EXECUCOES = "SELECT * FROM execucoes WHERE id < ? ORDER BY id DESC LIMIT ?"

MAIOR_ID = "SELECT ifnull(max(id), 0) FROM usuarios"
