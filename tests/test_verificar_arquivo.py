"""O leitor verifica o arquivo e o esquema antes de acreditar em uma linha."""

from pathlib import Path

import pytest

from leitor.banco.consultas import ESQUEMA
from tests.conftest import Programa
from tests.contrato import alterar, consultar, ddl_do_contrato
from tests.verificacao import PAGINA, Adulterar, conferir

MAGIA_DO_DIARIO = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
UNICO = "CREATE UNIQUE INDEX {} ON usuarios ({})"


def test_tudo_em_ordem(gravado: Path, leitor: Programa) -> None:
    """Sem adulteração, todas passam: é o que dá valor a cada falha abaixo."""
    assert conferir(leitor, gravado, 0, None) == ""


def truncado(banco: Path) -> None:
    """Deixa só metade do cabeçalho."""
    banco.write_bytes(banco.read_bytes()[:50])


def diario_quente(banco: Path) -> None:
    """Põe ao lado um diário com uma página, como o de uma gravação morta no meio."""
    campos = [1, 0, len(banco.read_bytes()) // PAGINA, 512, PAGINA]
    cabecalho = MAGIA_DO_DIARIO + b"".join(campo.to_bytes(4, "big") for campo in campos)
    banco.with_name(f"{banco.name}-journal").write_bytes(cabecalho.ljust(512, b"\0"))


def esquema(*comandos: str) -> Adulterar:
    """Devolve quem altera o banco com estes comandos SQL."""
    return lambda banco: alterar(banco, *comandos)


def com_outro_ddl(tabela: str, de: str, para: str) -> Adulterar:
    """Devolve quem recria a tabela com o DDL mudado e as mesmas linhas."""

    def recriar(banco: Path) -> None:
        [(ddl,)] = consultar(banco, "SELECT sql FROM sqlite_schema WHERE name = ?", tabela)
        assert de in ddl
        alterar(
            banco,
            f"ALTER TABLE {tabela} RENAME TO velha",
            ddl.replace(de, para, 1),
            f"INSERT INTO {tabela} SELECT * FROM velha",
            "DROP TABLE velha",
            "CREATE UNIQUE INDEX IF NOT EXISTS usuarios_email ON usuarios (email COLLATE NOCASE)",
        )

    return recriar


@pytest.mark.parametrize(
    ("adulterar", "codigo", "verificacao", "detalhe"),
    [
        pytest.param(Path.unlink, 66, "arquivo", "não há banco", id="sem arquivo"),
        pytest.param(lambda b: b.write_bytes(b""), 66, "arquivo", "vazio", id="arquivo vazio"),
        pytest.param(truncado, 65, "cabeçalho", "não é um banco SQLite", id="cabeçalho truncado"),
        pytest.param(
            lambda b: b.write_text("texto\n" * 100), 65, "cabeçalho", "não é um banco", id="texto"
        ),
        pytest.param(diario_quente, 75, "abertura", "diário quente", id="diário quente"),
        pytest.param(
            esquema("PRAGMA journal_mode = WAL"), 75, "abertura", "modo WAL", id="modo WAL"
        ),
        pytest.param(
            esquema("PRAGMA application_id = 1"), 65, "dono", "0x00000001", id="outro programa"
        ),
        pytest.param(
            esquema("PRAGMA application_id = -1"), 65, "dono", "0xffffffff", id="id negativo"
        ),
        pytest.param(esquema("PRAGMA user_version = 2"), 78, "dono", "na versão 2", id="versão"),
    ],
)
def test_arquivo_que_nao_serve(
    adulterar: Adulterar,
    codigo: int,
    verificacao: str,
    detalhe: str,
    request: pytest.FixtureRequest,
) -> None:
    """Antes de ler uma linha: o arquivo existe, é SQLite, abre e é nosso."""
    banco: Path = request.getfixturevalue("gravado")
    adulterar(banco)
    assert detalhe in conferir(request.getfixturevalue("leitor"), banco, codigo, verificacao)


@pytest.mark.parametrize(
    ("adulterar", "detalhe"),
    [
        pytest.param(
            esquema("ALTER TABLE usuarios DROP COLUMN criado_em"),
            "difere usuarios",
            id="coluna a menos",
        ),
        pytest.param(
            esquema("ALTER TABLE usuarios ADD COLUMN x TEXT"), "difere usuarios", id="coluna a mais"
        ),
        pytest.param(
            esquema("ALTER TABLE usuarios ADD COLUMN x TEXT AS (nome)"),
            "difere usuarios",
            id="coluna gerada",
        ),
        pytest.param(
            esquema("ALTER TABLE usuarios RENAME nome TO n"), "difere usuarios", id="nome"
        ),
        pytest.param(esquema("CREATE TABLE x (y)"), "sobra x", id="tabela a mais"),
        pytest.param(esquema("DROP TABLE execucoes"), "falta execucoes", id="tabela a menos"),
        pytest.param(esquema("DROP INDEX usuarios_email"), "falta usuarios_email", id="sem índice"),
        pytest.param(esquema("CREATE INDEX x ON usuarios (nome)"), "sobra x", id="índice a mais"),
        pytest.param(
            esquema(UNICO.format("copia", "email COLLATE NOCASE")),
            "sobra copia",
            id="cópia do índice",
        ),
        pytest.param(
            esquema("DROP INDEX usuarios_email", UNICO.format("usuarios_email", "email")),
            "difere usuarios_email",
            id="índice que distingue maiúsculas",
        ),
        pytest.param(
            esquema(
                "DROP INDEX usuarios_email",
                UNICO.format("usuarios_email", "email COLLATE NOCASE") + " WHERE id > 1",
            ),
            "difere usuarios_email",
            id="índice parcial",
        ),
        pytest.param(esquema("CREATE VIEW v AS SELECT 1"), "sobra v", id="visão"),
        pytest.param(
            esquema("CREATE TRIGGER g AFTER INSERT ON usuarios BEGIN SELECT 1; END"),
            "sobra g",
            id="gatilho",
        ),
        pytest.param(
            com_outro_ddl("usuarios", ") STRICT", ")"),
            "difere usuarios",
            id="sem STRICT",
        ),
        pytest.param(
            com_outro_ddl("usuarios", "nome      TEXT NOT NULL", "nome TEXT"),
            "difere usuarios",
            id="sem NOT NULL",
        ),
        pytest.param(
            com_outro_ddl("execucoes", "total        INTEGER", "total TEXT"),
            "difere execucoes",
            id="outro tipo",
        ),
        pytest.param(
            com_outro_ddl("usuarios", "nome      TEXT NOT NULL", "nome TEXT NOT NULL"),
            "difere usuarios",
            id="outros espaços",
        ),
        pytest.param(
            com_outro_ddl("usuarios", "criado_em TEXT", "criado_em text"),
            "difere usuarios",
            id="minúsculas",
        ),
        pytest.param(
            com_outro_ddl("usuarios", "nome      TEXT", "nome      TEXT COLLATE NOCASE"),
            "difere usuarios",
            id="COLLATE",
        ),
        pytest.param(
            com_outro_ddl("execucoes", "INTEGER NOT NULL", "INTEGER NOT NULL CHECK (lidos < 9)"),
            "difere execucoes",
            id="CHECK",
        ),
        pytest.param(
            com_outro_ddl("usuarios", "PRIMARY KEY", "PRIMARY KEY AUTOINCREMENT"),
            "difere usuarios",
            id="AUTOINCREMENT",
        ),
        pytest.param(
            esquema("DROP INDEX usuarios_email", UNICO.format("emails", "email COLLATE NOCASE")),
            "falta usuarios_email, sobra emails",
            id="índice com outro nome",
        ),
        pytest.param(
            esquema(
                "CREATE TABLE x (y)",
                "PRAGMA writable_schema = ON",
                "UPDATE sqlite_schema SET name = 'sqlite_x', tbl_name = 'sqlite_x', "
                "sql = 'CREATE TABLE sqlite_x (y)' WHERE name = 'x'",
            ),
            "sobra sqlite_x",
            id="nome reservado ao SQLite",
        ),
        pytest.param(
            esquema(
                "ANALYZE",
                "PRAGMA writable_schema = ON",
                "UPDATE sqlite_schema SET sql = 'CREATE TABLE sqlite_stat1(tbl,idx,stat,x)' "
                "WHERE name = 'sqlite_stat1'",
            ),
            "sobra sqlite_stat1",
            id="estatísticas de outra forma",
        ),
        pytest.param(
            esquema('CREATE TABLE "\x1b[31m\u202e\n" (y)'),
            "sobra \\x1b[31m\\u202e\\n (regra A4",
            id="nome que um terminal obedeceria",
        ),
    ],
)
def test_esquema_que_nao_e_o_do_contrato(
    adulterar: Adulterar, detalhe: str, gravado: Path, leitor: Programa
) -> None:
    """78 e o nome do que falta ou sobra; um esquema só parecido não passa."""
    adulterar(gravado)
    assert detalhe in conferir(leitor, gravado, 78, "esquema")


def test_analyze_nao_muda_o_esquema(gravado: Path, leitor: Programa) -> None:
    """As estatísticas que o próprio SQLite guarda são as únicas tabelas a mais que se aceitam."""
    alterar(gravado, "ANALYZE")
    assert consultar(gravado, "SELECT count(*) FROM sqlite_stat1") == [(2,)]
    conferir(leitor, gravado, 0, None)


def test_o_ddl_e_um_so(gravado: Path) -> None:
    """O do contrato, o que o leitor exige e o que o escritor cria: letra por letra o mesmo."""
    criado = consultar(gravado, "SELECT type, name, tbl_name, sql FROM sqlite_schema")
    assert {*criado} == ESQUEMA
    assert [sql for *_, sql in criado] == ddl_do_contrato()
