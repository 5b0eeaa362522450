"""Todo o SQL do leitor."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

TYPE_CHECKING = False  # sem carregar o módulo typing, que pesa na partida
if TYPE_CHECKING:
    from typing import Any

# O DDL do contrato, letra por letra. O escritor tem o dele; quem os compara são os testes.
USUARIOS_DDL = """\
CREATE TABLE usuarios (
    id        INTEGER PRIMARY KEY,
    nome      TEXT NOT NULL,
    email     TEXT NOT NULL,
    criado_em TEXT NOT NULL
) STRICT"""
EMAIL_UNICO_DDL = "CREATE UNIQUE INDEX usuarios_email ON usuarios (email COLLATE NOCASE)"
EXECUCOES_DDL = """\
CREATE TABLE execucoes (
    id           INTEGER PRIMARY KEY,
    origem       TEXT NOT NULL,
    container    TEXT NOT NULL,
    versao       TEXT NOT NULL,
    iniciada_em  TEXT NOT NULL,
    concluida_em TEXT NOT NULL,
    lidos        INTEGER NOT NULL,
    inseridos    INTEGER NOT NULL,
    repetidos    INTEGER NOT NULL,
    primeiro_id  INTEGER,
    ultimo_id    INTEGER,
    total        INTEGER NOT NULL,
    lacre        TEXT NOT NULL,
    elo          TEXT NOT NULL
) STRICT"""
ESQUEMA = {
    ("table", "usuarios", "usuarios", USUARIOS_DDL),
    ("index", "usuarios_email", "usuarios", EMAIL_UNICO_DDL),
    ("table", "execucoes", "execucoes", EXECUCOES_DDL),
}
# As que o SQLite cria (sqlite.org/fileformat2.html, seção 2.6): duas são do ANALYZE; a outra fica
# num volume adotado, cuja tabela antiga tinha AUTOINCREMENT.
DO_SQLITE = {
    ("table", nome, nome, f"CREATE TABLE {nome}({colunas})")
    for nome, colunas in (
        ("sqlite_stat1", "tbl,idx,stat"),
        ("sqlite_stat4", "tbl,idx,neq,nlt,ndlt,sample"),
        ("sqlite_sequence", "name,seq"),  # de um banco adotado, que nasceu com AUTOINCREMENT
    )
}
LE_ESQUEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
CODIFICACAO = "PRAGMA encoding"

APLICACAO = "PRAGMA application_id"
CACHE = "PRAGMA cache_size = -2000"  # KiB; é o padrão do SQLite
DIARIO = "PRAGMA journal_mode"
QUANTAS_PAGINAS = "PRAGMA page_count"
TAMANHO_DA_PAGINA = "PRAGMA page_size"
VERSAO = "PRAGMA user_version"
# A versão comum deste exercício só tem a tabela usuarios, com estas colunas.
VERSAO_COMUM = """\
SELECT (SELECT group_concat(name) FROM sqlite_schema
        WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\') = 'usuarios'
    AND (SELECT group_concat(name || iif(pk, ' ' || type, '')) FROM pragma_table_xinfo('usuarios'))
        = 'id INTEGER,nome,email,criado_em'
    AND (SELECT encoding FROM pragma_encoding) = 'UTF-8'"""
# Tudo o que o integrity_check confere, menos o índice contra a tabela, que é com indice.py.
INTEGRIDADE = "PRAGMA quick_check(3)"
# O lacre e o elo são sobre bytes: BLOB, para que um texto que já não é UTF-8
# chegue como está no disco em vez de falhar na conversão.
ELOS = """\
SELECT id, CAST(elo AS BLOB), CAST(x'1f' || id || x'1f' || origem || x'1f' || container
    || x'1f' || versao || x'1f' || iniciada_em || x'1f' || concluida_em || x'1f' || lidos
    || x'1f' || inseridos || x'1f' || repetidos || x'1f' || ifnull(primeiro_id, '')
    || x'1f' || ifnull(ultimo_id, '') || x'1f' || total || x'1f' || lacre || x'1e' AS BLOB)
FROM execucoes ORDER BY id"""
LACRES = "SELECT id, primeiro_id, ultimo_id, CAST(lacre AS BLOB) FROM execucoes ORDER BY id"
TOTAIS = """\
SELECT id, lidos, inseridos, repetidos, primeiro_id, ultimo_id, total,
    (SELECT count(*) FROM usuarios WHERE usuarios.id BETWEEN primeiro_id AND ultimo_id),
    (SELECT count(*) FROM usuarios WHERE usuarios.id IN (primeiro_id, ultimo_id)),
    CAST(origem AS BLOB), CAST(container AS BLOB), CAST(versao AS BLOB),
    CAST(iniciada_em AS BLOB), CAST(concluida_em AS BLOB)
FROM execucoes ORDER BY id"""
PONTAS = "SELECT min(id) FROM usuarios UNION ALL SELECT max(id) FROM usuarios"
LINHAS_EM_BYTES = """\
SELECT id, CAST(nome AS BLOB), CAST(email AS BLOB), CAST(criado_em AS BLOB)
FROM usuarios WHERE id > ? ORDER BY id LIMIT ?"""
# O que prova.Execucao guarda; o fim da instrução entra no lugar de {}, e vem só daqui.
EXECUCOES = """\
SELECT id, origem, container, versao, iniciada_em, concluida_em, inseridos, repetidos,
    primeiro_id, ultimo_id, total, lacre
FROM execucoes {}"""
ULTIMA_GRAVACAO = EXECUCOES.format("WHERE inseridos > 0 OR id = 1 ORDER BY id DESC LIMIT 1")
# Até onde a história vai: quem a guarda sabe, depois, se ainda é a mesma.
PONTO = """\
SELECT id, total, elo, (SELECT elo FROM execucoes WHERE id = 1),
    (SELECT ifnull(max(id), 0) FROM usuarios)
FROM execucoes ORDER BY id DESC LIMIT 1"""
# max: NULL, em vez de nenhuma linha, se a execução não existe.
ELO_DA_EXECUCAO = "SELECT max(elo) FROM execucoes WHERE id = ?"
EXECUCOES_DEPOIS = EXECUCOES.format("WHERE id > ? ORDER BY id LIMIT ?")
# Quase toda execução de um `up` é vazia: as que gravaram vêm antes, e ULTIMA_GRAVACAO, sempre.
EXECUCOES_A_MOSTRAR = EXECUCOES.format("""\
WHERE id IN (
    SELECT id FROM execucoes ORDER BY inseridos > 0 OR id = 1 DESC, id DESC LIMIT ?
) ORDER BY id""")
CONTA_EXECUCOES = "SELECT count(*) FROM execucoes"
QUANTOS = "SELECT count(*) FROM usuarios NOT INDEXED"
USUARIOS = """\
SELECT id, nome, email, criado_em FROM usuarios WHERE id > ? ORDER BY id LIMIT ?"""

TODOS = 2**63 - 1  # o maior id possível (sqlite.org/lang_createtable.html#rowid)
POR_PAGINA = 500  # linhas que o SQLite junta num bloco só
# Conta linhas, não ids: um buraco, por maior que seja, não deixa uma página menor.
FIM_DA_PAGINA = """\
SELECT id FROM usuarios NOT INDEXED WHERE id > ? AND id <= ? ORDER BY id LIMIT 1 OFFSET ?"""
# Uma página, já junta; {} é a expressão que a junta, e vem só daqui.
PAGINA = """\
SELECT count(*), CAST({} AS BLOB)
FROM usuarios NOT INDEXED WHERE id > ? AND id <= ?"""
LINHAS_DO_LACRE = PAGINA.format(
    "group_concat(id || x'1f' || nome || x'1f' || email || x'1f' || criado_em || x'1e', '')"
)
# Juntar cada coluna à parte custa metade de juntar linhas, e o Python as põe lado a lado.
# Daqui até BLOCO_DO_INDICE, só para dados já verificados, em que não há caracteres de controle.
LADO_A_LADO = PAGINA.format(" || '\x1e' || ".join(["group_concat({}, '\x1f')"] * 4))
COLUNAS = LADO_A_LADO.format("id", "nome", "email", "criado_em")
# O que faz uma planilha tratar o texto como fórmula (OWASP, "CSV Injection"), e as formas de
# largura inteira que algumas aceitam, ganha um apóstrofo à frente. É reversível: também o ganha
# quem já tem apóstrofos antes de um desses caracteres, e o importador tira exatamente um.
# Quase todo texto começa por uma letra, que está entre A e U+FEFF: os outros se olham melhor.
SEM_FORMULA = """\
iif({0} BETWEEN 'A' AND '\ufeff', {0},
    iif(ltrim({0}, '''') GLOB '[-=+@＝＋－＠]*', '''' || {0}, {0}))"""
COLUNAS_DO_CSV = LADO_A_LADO.format(
    "id", SEM_FORMULA.format("nome"), SEM_FORMULA.format("email"), "criado_em"
)
# Em %!-20s o SQLite conta letras, não bytes.
LINHAS_DA_TABELA = PAGINA.format("group_concat(printf(?, id, nome, email, criado_em), '')")
# Um texto ocupa no máximo uma coluna por byte, e duas por letra: só os que passam assim da
# largura de agora podem alargá-la. Todo criado_em tem o mesmo tamanho.
ALARGA = """\
group_concat({0}, '\x1f') FILTER (WHERE length(CAST({0} AS BLOB)) > ? AND 2 * length({0}) > ?)"""
O_QUE_ALARGA = """\
SELECT length(max(id)), length(criado_em), {}, {}
FROM usuarios NOT INDEXED WHERE id > ? AND id <= ?""".format(
    ALARGA.format("nome"), ALARGA.format("email")
)
# Só o índice é lido. Nele, um e-mail que já não é texto não sai: faltará na conta.
BLOCO_DO_INDICE = """\
SELECT CAST(group_concat(email || x'1f' || id || x'1f', '') AS BLOB) FROM (
    SELECT email, id FROM usuarios INDEXED BY usuarios_email
    WHERE email > CAST(? AS TEXT) COLLATE NOCASE ORDER BY email COLLATE NOCASE LIMIT ?
) WHERE typeof(email) = 'text'"""


def valor(con: sqlite3.Connection, sql: str, *parametros: int) -> Any:
    """Devolve o único valor que `sql` seleciona."""
    return con.execute(sql, parametros).fetchone()[0]


def intervalos(
    con: sqlite3.Connection, depois_de: int, ate: int, limite: int = -1
) -> Iterator[tuple[int, int]]:
    """Divide em páginas as linhas com `depois_de` < id ≤ `ate`.

    De cada página, o id anterior à primeira linha e o da última. `limite` é de
    linhas; -1 é sem limite.
    """
    restam = limite if limite >= 0 else TODOS
    while restam and depois_de < ate:
        tamanho = min(restam, POR_PAGINA)
        fim = None
        if ate - depois_de > tamanho:
            fim = con.execute(FIM_DA_PAGINA, (depois_de, ate, tamanho - 1)).fetchone()
        anterior, depois_de = depois_de, fim[0] if fim else ate
        restam -= tamanho
        yield anterior, depois_de


def paginas(
    con: sqlite3.Connection, sql: str, depois_de: int, ate: int, limite: int = -1, *molde: str
) -> Iterator[tuple[int, bytes]]:
    """Devolve as linhas com `depois_de` < id ≤ `ate` já juntas pelo SQLite, uma página por vez.

    Cada página: quantas linhas, e o texto em UTF-8. Na memória nunca há mais de uma.
    """
    for intervalo in intervalos(con, depois_de, ate, limite):
        quantas, texto = con.execute(sql, (*molde, *intervalo)).fetchone()
        if quantas:
            yield quantas, texto or b""


def blocos_do_indice(con: sqlite3.Connection) -> Iterator[bytes]:
    """Devolve todos os pares `email US id US`, na ordem do índice, um bloco por vez."""
    anterior = b""
    while bloco := con.execute(BLOCO_DO_INDICE, (anterior, POR_PAGINA)).fetchone()[0]:
        yield bloco
        anterior = bloco.rsplit(b"\x1f", 3)[-3].rpartition(b"\x1f")[2]
