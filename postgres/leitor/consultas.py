"""O SQL com que se leem as linhas e o livro: em páginas, e os textos em bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from leitor.regras import MAIOR_ID

TODOS = 2**63 - 1  # o maior id possível
TUDO = (0, TODOS)
# Linhas que o servidor junta numa resposta só: com menos, a ida e a volta pesam; com mais, a
# memória. Um bloco que passa do tamanho encolhe o seguinte.
POR_PAGINA, PRIMEIRA = 5_000, 500
BLOCO = 1 << 20  # bytes
EXECUCOES_POR_PAGINA, LINHAS_POUCAS = 100, 50

EM_LINHAS = """\
string_agg(id || E'\\x1f' || nome || E'\\x1f' || email || E'\\x1f' || criado_em || E'\\x1e', '')"""
# Uma página, já junta; {} é a expressão que a junta, e vem só daqui. O LIMIT conta linhas, e não
# ids: um buraco, por maior que seja, não deixa uma página menor.
PAGINA = """\
SELECT max(id), count(*), {} FROM (
    SELECT id, nome, email, criado_em FROM desafio2.usuarios
    WHERE id > %s AND id <= %s ORDER BY id LIMIT %s
) AS pagina"""
LINHAS_DO_LACRE = PAGINA.format(EM_LINHAS)
# Daqui até O_QUE_ALARGA, só para dados já verificados, em que não há caracteres de controle.
# Um separador diferente em cada lugar: o Python troca cada um, no bloco inteiro, pelo que o formato
# põe ali. Juntar as colunas à parte, ou escapar com to_json, custa ao servidor o dobro e o triplo.
LINHAS_SEPARADAS = PAGINA.format("""\
string_agg(id || E'\\x1c' || nome || E'\\x1d' || email || E'\\x1f' || criado_em, E'\\x1e')""")
# Como no leitor do SQLite: o que uma planilha tomaria por fórmula ganha um apóstrofo à frente,
# e quase todo texto começa por uma letra, que está entre A e U+FEFF.
SEM_FORMULA = """\
CASE WHEN {0} BETWEEN 'A' AND '\ufeff' THEN {0}
    WHEN left(ltrim({0}, ''''), 1) IN ('-', '=', '+', '@', '＝', '＋', '－', '＠') THEN '''' || {0}
    ELSE {0} END"""
LINHAS_DO_CSV = PAGINA.format(
    f"string_agg(id || E'\\x1f' || {SEM_FORMULA.format('nome')} || E'\\x1f' || "
    f"{SEM_FORMULA.format('email')} || E'\\x1f' || criado_em || E'\\n', '')"
)
# rpad conta letras, e cortaria o que não coubesse: as larguras já são as que cabem.
LINHAS_DA_TABELA = PAGINA.format("""\
string_agg(E'\\x1e' || lpad(id::text, %s) || E'\\x1f' || rpad(nome, %s) || E'\\x1f'
    || rpad(email, %s) || E'\\x1f' || rpad(criado_em, %s) || E'\\n', '')""")
# Um texto ocupa no máximo uma coluna por byte, e duas por letra.
ALARGA = """\
string_agg({0}, E'\\x1f') FILTER (WHERE octet_length({0}) > %s AND 2 * length({0}) > %s)"""
O_QUE_ALARGA = PAGINA.format(
    "max(length(id::text)), max(length(criado_em)), "
    f"{ALARGA.format('nome')}, {ALARGA.format('email')}"
)

# As duas pontas numa linha só.
PONTAS = "SELECT min(id), max(id) FROM desafio2.usuarios"
# nome não está em índice nenhum: quem se conta é a tabela.
QUANTOS = "SELECT count(nome) FROM desafio2.usuarios"
LINHAS = """\
SELECT id, nome, email, criado_em FROM desafio2.usuarios WHERE id > %s ORDER BY id LIMIT %s"""
# Na ordem do índice; o servidor vai ao índice e, de lá, à linha.
BLOCO_DO_INDICE = """\
SELECT string_agg(email || E'\\x1f' || id || E'\\x1f', '') FROM (
    SELECT email, id FROM desafio2.usuarios
    WHERE lower(email COLLATE "C") > lower(%s::text COLLATE "C")
    ORDER BY lower(email COLLATE "C") LIMIT %s
) AS pagina"""
# Um e-mail que se repete tem o mesmo resumo. Ordenar números é bem mais barato do que textos, e um
# quarto de agrupá-los; quais se repetem, só se pergunta se algum se repete.
RESUMO = 'hashtextextended(lower(email COLLATE "C"), 0)'
QUANTOS_RESUMOS = f"SELECT count(*), count(DISTINCT {RESUMO}) FROM desafio2.usuarios"
RESUMOS_REPETIDOS = f"""\
SELECT {RESUMO} FROM desafio2.usuarios GROUP BY {RESUMO} HAVING count(*) > 1"""
COM_O_RESUMO = f"SELECT email FROM desafio2.usuarios WHERE {RESUMO} = %s ORDER BY id"
LIVRO = "FROM desafio2.execucoes WHERE id > %s ORDER BY id LIMIT %s"
# As linhas das execuções que gravaram poucas vêm junto com elas, e não numa consulta para cada uma.
SELADAS = f"""\
SELECT e.id, primeiro_id, ultimo_id, lacre, quantas, linhas
FROM (SELECT * {LIVRO}) AS e CROSS JOIN LATERAL (
    SELECT count(*) AS quantas, {EM_LINHAS} AS linhas FROM (
        SELECT u.id, nome, email, criado_em FROM desafio2.usuarios AS u
        WHERE u.id BETWEEN primeiro_id AND ultimo_id
            AND CASE WHEN primeiro_id BETWEEN 1 AND {MAIOR_ID}
                THEN ultimo_id < primeiro_id + {LINHAS_POUCAS} END
        ORDER BY u.id
    ) AS poucas
) AS junto ORDER BY e.id"""
ELOS = f"""\
SELECT id, elo, E'\\x1f' || id || E'\\x1f' || origem || E'\\x1f' || container
    || E'\\x1f' || versao || E'\\x1f' || iniciada_em || E'\\x1f' || concluida_em
    || E'\\x1f' || lidos || E'\\x1f' || inseridos || E'\\x1f' || repetidos
    || E'\\x1f' || coalesce(primeiro_id::text, '') || E'\\x1f' || coalesce(ultimo_id::text, '')
    || E'\\x1f' || total || E'\\x1f' || lacre || E'\\x1e'
{LIVRO}"""
CONTAS = f"""\
SELECT id, lidos, inseridos, repetidos, primeiro_id, ultimo_id, total,
    (SELECT count(*) FROM desafio2.usuarios AS u WHERE u.id BETWEEN primeiro_id AND ultimo_id),
    (SELECT count(*) FROM desafio2.usuarios AS u WHERE u.id IN (primeiro_id, ultimo_id)),
    origem, container, versao, iniciada_em, concluida_em
{LIVRO}"""
INTEIRAS = f"SELECT * {LIVRO}"

# O que prova.Execucao guarda; o fim da instrução entra no lugar de {}, e vem só daqui.
EXECUCOES = """\
SELECT id, origem, container, versao, iniciada_em, concluida_em, inseridos, repetidos,
    primeiro_id, ultimo_id, total, lacre
FROM desafio2.execucoes {}"""
ULTIMA_GRAVACAO = EXECUCOES.format("WHERE inseridos > 0 OR id = 1 ORDER BY id DESC LIMIT 1")
EXECUCOES_DEPOIS = EXECUCOES.format("WHERE id > %s ORDER BY id LIMIT %s")
EXECUCOES_A_MOSTRAR = EXECUCOES.format("""\
WHERE id IN (
    SELECT id FROM desafio2.execucoes ORDER BY (inseridos > 0 OR id = 1) DESC, id DESC LIMIT %s
) ORDER BY id""")
PONTO = """\
SELECT id, total, elo, (SELECT elo FROM desafio2.execucoes WHERE id = 1),
    (SELECT coalesce(max(id), 0) FROM desafio2.usuarios)
FROM desafio2.execucoes ORDER BY id DESC LIMIT 1"""
ELO_DA_EXECUCAO = "SELECT max(elo) FROM desafio2.execucoes WHERE id = %s"

Conexao = psycopg.Connection[tuple[Any, ...]]
Crua = list[bytes | None]


def cruas(con: Conexao, sql: str, *parametros: object) -> Iterator[Crua]:
    """Devolve as linhas como vieram do servidor, um texto que já não é UTF-8 inclusive."""
    with con.pipeline() as fila:  # se já há uma, a de `paginas`, vai atrás do que ela pediu
        pedida = con.execute(sql, parametros)
        fila.sync()
    yield from _crua(pedida)


def _crua(respondida: psycopg.Cursor[tuple[Any, ...]]) -> Iterator[Crua]:
    resultado = respondida.pgresult
    if resultado is None:
        return
    for linha in range(resultado.ntuples):
        yield [resultado.get_value(linha, coluna) for coluna in range(resultado.nfields)]


def valor(con: Conexao, sql: str, *parametros: object) -> Any:
    """Devolve o único valor que `sql` seleciona."""
    linha = con.execute(sql, parametros).fetchone()
    return linha[0] if linha else None


def linhas(con: Conexao, sql: str, *parametros: object) -> list[Any]:
    """Devolve as linhas que `sql` seleciona, de dados já verificados."""
    return con.execute(sql, parametros).fetchall()


def sao_poucas(primeiro: int, ultimo: int) -> bool:
    """Diz se as linhas deste intervalo vêm com SELADAS."""
    return 1 <= primeiro <= MAIOR_ID and ultimo < primeiro + LINHAS_POUCAS


def inteiro(cru: bytes | None) -> int | None:
    """Lê um inteiro, que pode ser NULL."""
    return None if cru is None else int(cru)


def paginas(
    con: Conexao,
    sql: str,
    intervalo: tuple[int, int] = TUDO,
    limite: int = -1,
    molde: Sequence[object] = (),
) -> Iterator[tuple[int, int, Crua]]:
    """Devolve as linhas depois de um id e até outro, já juntas pelo servidor, em páginas.

    De cada uma: o id antes dela, quantas linhas são, e o que se pediu. O servidor faz a
    seguinte enquanto quem chama trata esta; na memória nunca há mais de uma, por mais
    compridos que sejam os nomes. `molde`, o que mais a consulta pede, é lido a cada página.
    """

    def pedir() -> psycopg.Cursor[tuple[Any, ...]]:
        return con.execute(sql, (*molde, depois_de, ate, pedidas))

    depois_de, ate = intervalo
    restam = limite if limite >= 0 else TODOS
    tamanho = PRIMEIRA
    pedidas = min(restam, tamanho)
    with con.pipeline() as fila:
        pedida = pedir()
        while pedidas:
            fila.sync()
            [[fim, contadas, *juntas]] = _crua(pedida)
            quantas = int(contadas or 0)
            restam = restam - quantas if quantas == pedidas else 0
            bytes_ = sum(len(junta or b"") for junta in juntas)
            tamanho = min(POR_PAGINA, 2 * tamanho, max(1, quantas * BLOCO // max(bytes_, 1)))
            anterior, depois_de, pedidas = depois_de, int(fim or ate), min(restam, tamanho)
            if pedidas:
                pedida = pedir()
            if quantas:
                yield anterior, quantas, juntas


def do_livro(con: Conexao, sql: str) -> Iterator[Crua]:
    """Devolve as execuções todas, na ordem do id, lidas de página em página."""
    depois_de = -(2**63)
    while linhas := [*cruas(con, sql, depois_de, EXECUCOES_POR_PAGINA)]:
        yield from linhas
        depois_de = int(linhas[-1][0] or 0)


def blocos_do_indice(con: Conexao) -> Iterator[bytes]:
    """Devolve todos os pares `email US id US`, na ordem do índice, um bloco por vez."""
    anterior = b""
    while True:
        [[bloco]] = cruas(con, BLOCO_DO_INDICE, anterior.decode("utf-8", "replace"), POR_PAGINA)
        if not bloco:
            return
        yield bloco
        anterior = bloco.rsplit(b"\x1f", 3)[-3].rpartition(b"\x1f")[2]


def email_repetido(con: Conexao) -> str:
    """Devolve um e-mail que se repete, sem distinguir maiúsculas ASCII; vazio se nenhum."""
    [(emails_, resumos)] = con.execute(QUANTOS_RESUMOS)
    if emails_ == resumos:
        return ""
    for (resumo,) in con.execute(RESUMOS_REPETIDOS).fetchall():
        emails = [email for (email,) in con.execute(COM_O_RESUMO, (resumo,))]
        if len({email.encode().lower() for email in emails}) < len(emails):
            return str(emails[-1])
    return ""
