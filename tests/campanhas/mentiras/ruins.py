"""O que o contrato proíbe, valor por valor: textos, momentos, esquemas."""

from tests.campanhas.mentiras.contrato import ESPACO, ESQUEMA

CONTROLES = [chr(n) for n in (*range(0x20), *range(0x7F, 0xA0))]
# Bytes que não são UTF-8: soltos, compridos demais, substitutos, cortados, além do Unicode.
INVALIDOS = [
    cru.decode("utf-8", "surrogateescape")
    for cru in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x82", b"\xf4\x90\x80\x80", b"\x80",
                b"\xe3o")
]  # fmt: skip
SUJOS = [*CONTROLES, *INVALIDOS]
NOMES_RUINS = ["", *ESPACO - {*CONTROLES}, "\u3000 \u2003", " " * 40, "x" * 1001, "é" * 1001]
EMAILS_RUINS = [
    "", "@", "ana", "@x.com", "ana@", "a@b@c", "ana@@x.com", "ana@.com", "ana@com.", "ana@x..com",
    "ana@.", "x" * 249 + "@x.com", "é" * 125 + "@x.com", "ana@x.com, bia@x.com", "ana\uff20x.com",
    *(f"a{espaco}na@x.com" for espaco in sorted(ESPACO - {*CONTROLES})), "ana@x.com ", " ana@x.com",
]  # fmt: skip
MOMENTOS_RUINS = [
    "", "ontem", "2026-11-24T12:00:00+03:00", "2026-11-24T12:00:00+00:00", "2026-11-24T12:00:60Z",
    "2026-02-30T12:00:00Z", "2025-02-29T12:00:00Z", "1900-02-29T12:00:00Z", "2026-11-24T12:00:00z",
    "2026-11-24t12:00:00Z", "2026-11-24T12:00:00.5Z", "2026-11-24 12:00:00Z", "2026-11-24T12:00Z",
    "2026-11-24T24:00:00Z", "2026-13-01T12:00:00Z", "2026-00-01T12:00:00Z", "2026-04-31T12:00:00Z",
    "2026-11-00T12:00:00Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z",
    "2026-11-24T12:60:00Z", "2026-11-24T12:00:00", "2026-11-24", "20261124T120000Z", "1764000000",
    "2026-11-24T12:00:00Z\n", " 2026-11-24T12:00:00Z", "2026-11-24T12:00:00Z\0",
    "2026-11-24T12:00: 1Z", "２０２６-11-24T12:00:00Z", "2026-11-24T12:00:0\u0661Z",
    "2026-11-24T+2:00:00Z", "2026-W48-2T12:00:00Z",
    "2026-11-24T1_:00:00Z", "2026-11-24T12:00:00Z\udcff",
]  # fmt: skip
ORIGENS_RUINS = ["", "importar", "importar:", "Semear", "semear ", " semear", "adoção", "restaurar",
                 "IMPORTAR:x", "importar x", "semear:x", "adocao:", "ｓemear", "api:",
                 "API"]  # fmt: skip
DDL_RUINS = [
    ("usuarios", "nome      TEXT NOT NULL", "nome      TEXT NOT NULL CHECK (true)"),
    ("usuarios", "email     TEXT NOT NULL", "email     TEXT NOT NULL COLLATE NOCASE"),
    ("usuarios", "email     TEXT NOT NULL", "email     TEXT NOT NULL UNIQUE"),
    ("usuarios", "PRIMARY KEY", "PRIMARY KEY AUTOINCREMENT"),
    ("usuarios", "INTEGER PRIMARY KEY", "integer primary key"),
    ("usuarios", "INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY DESC"),
    ("usuarios", "TEXT NOT NULL", "TEXT NOT NULL ON CONFLICT REPLACE"),
    ("usuarios", "criado_em TEXT NOT NULL", "criado_em TEXT NOT NULL DEFAULT 'ontem'"),
    ("usuarios", "criado_em TEXT NOT NULL", "criado_em TEXT NOT NULL,\n    extra     TEXT"),
    ("usuarios", "criado_em TEXT NOT NULL", "criado_em TEXT NOT NULL,\n    g TEXT AS (nome)"),
    ("usuarios", "criado_em TEXT NOT NULL", "criado_em TEXT"),
    ("usuarios", ") STRICT", ")"),
    ("usuarios", ") STRICT", ") strict"),
    ("usuarios", ") STRICT", ") STRICT, WITHOUT ROWID"),
    ("usuarios", "    ", " "),
    ("usuarios", "(\n", "( -- quem é\n"),
    ("usuarios", "nome ", '"nome" '),
    ("usuarios", "TABLE usuarios", 'TABLE "usuarios"'),
    ("usuarios", "TABLE usuarios", "TABLE USUARIOS"),
    ("execucoes", "origem       TEXT", "origem       TEXT CHECK (true)"),
    ("execucoes", "primeiro_id  INTEGER", "primeiro_id  INTEGER REFERENCES usuarios"),
    ("execucoes", "ultimo_id    INTEGER", "ultimo_id    INT"),
    ("execucoes", ") STRICT", ")"),
    ("execucoes", "PRIMARY KEY", "PRIMARY KEY AUTOINCREMENT"),
    ("usuarios_email", "UNIQUE ", ""),
    ("usuarios_email", "INDEX usuarios_email", "INDEX email_unico"),
    ("usuarios_email", " COLLATE NOCASE", ""),
    ("usuarios_email", "COLLATE NOCASE", "COLLATE NOCASE DESC"),
    ("usuarios_email", "COLLATE NOCASE", "collate nocase"),
    ("usuarios_email", "NOCASE)", "NOCASE) WHERE id > 0"),
    ("usuarios_email", "NOCASE)", "NOCASE, id)"),
    ("usuarios_email", "usuarios (", "usuarios("),
    ("usuarios_email", ESQUEMA["usuarios_email"], "SELECT 1"),  # sem índice
]  # fmt: skip
SOBRAS = [
    "CREATE TABLE notas (texto)",
    "CREATE VIEW gente AS SELECT * FROM usuarios",
    "CREATE TRIGGER some AFTER INSERT ON usuarios BEGIN DELETE FROM usuarios; END",
    "CREATE INDEX por_nome ON usuarios (nome)",
    "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)",
    "CREATE VIRTUAL TABLE busca USING fts5 (nome)",
]
# Com nome do SQLite, escritos em sqlite_schema à mão: (o que se cria, o que ele passa a ser).
DISFARCES = [
    ("CREATE TABLE x (a)", "sqlite_x", "CREATE TABLE sqlite_x (a)"),
    ("CREATE TABLE x (a)", "sqlite_stat3",
     "CREATE TABLE sqlite_stat3(tbl,idx,neq,nlt,ndlt,sample)"),
    ("CREATE TABLE x (a)", "sqlite_stat1", "CREATE TABLE sqlite_stat1(tbl,idx,stat,mais)"),
    ("CREATE VIEW x AS SELECT 1", "sqlite_stat4", "CREATE VIEW sqlite_stat4 AS SELECT 1"),
    ("CREATE TRIGGER x AFTER INSERT ON usuarios BEGIN SELECT 1; END", "sqlite_stat1",
     "CREATE TRIGGER sqlite_stat1 AFTER INSERT ON usuarios BEGIN DELETE FROM usuarios; END"),
    ("CREATE INDEX x ON usuarios (nome)", "sqlite_i", "CREATE INDEX sqlite_i ON usuarios (nome)"),
]  # fmt: skip


def sujo(molde: str) -> list[str]:
    """O texto, com cada coisa que U5 proíbe no lugar das chaves."""
    return [molde.format(ruim) for ruim in SUJOS]
