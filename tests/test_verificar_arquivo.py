"""O leitor verifica o arquivo e o esquema antes de acreditar em uma linha."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import alterar, consultar, fotografar
from tests.processos import comando, rodar
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
            "falta coluna",
            id="coluna a menos",
        ),
        pytest.param(
            esquema("ALTER TABLE usuarios ADD COLUMN x TEXT"), "sobra coluna", id="coluna a mais"
        ),
        pytest.param(
            esquema("ALTER TABLE usuarios ADD COLUMN x TEXT AS (nome)"),
            "GERADA",
            id="coluna gerada",
        ),
        pytest.param(
            esquema("ALTER TABLE usuarios RENAME nome TO n"), "sobra coluna usuarios 1 n", id="nome"
        ),
        pytest.param(esquema("CREATE TABLE x (y)"), "sobra coluna x", id="tabela a mais"),
        pytest.param(esquema("DROP TABLE execucoes"), "falta coluna", id="tabela a menos"),
        pytest.param(
            esquema("DROP INDEX usuarios_email"), "falta índice usuarios (email", id="sem índice"
        ),
        pytest.param(
            esquema("CREATE INDEX x ON usuarios (nome)"), "sobra índice", id="índice a mais"
        ),
        pytest.param(
            esquema(UNICO.format("copia", "email COLLATE NOCASE")), "", id="cópia do índice"
        ),
        pytest.param(
            esquema("DROP INDEX usuarios_email", UNICO.format("usuarios_email", "email")),
            "sobra índice usuarios (email BINARY) único",
            id="índice que distingue maiúsculas",
        ),
        pytest.param(
            esquema(
                "DROP INDEX usuarios_email",
                UNICO.format("usuarios_email", "email COLLATE NOCASE") + " WHERE id > 1",
            ),
            "parcial",
            id="índice parcial",
        ),
        pytest.param(esquema("CREATE VIEW v AS SELECT 1"), "sobra view v", id="visão"),
        pytest.param(
            esquema("CREATE TRIGGER g AFTER INSERT ON usuarios BEGIN SELECT 1; END"),
            "sobra trigger g",
            id="gatilho",
        ),
        pytest.param(
            com_outro_ddl("usuarios", ") STRICT", ")"),
            "falta tabela usuarios STRICT",
            id="sem STRICT",
        ),
        pytest.param(
            com_outro_ddl("usuarios", "nome      TEXT NOT NULL", "nome TEXT"),
            "falta coluna usuarios 1 nome TEXT NOT NULL",
            id="sem NOT NULL",
        ),
        pytest.param(
            com_outro_ddl("execucoes", "total        INTEGER", "total TEXT"),
            "falta coluna execucoes 11 total INTEGER",
            id="outro tipo",
        ),
    ],
)
def test_esquema_que_nao_e_o_do_contrato(
    adulterar: Adulterar, detalhe: str, gravado: Path, leitor: Programa
) -> None:
    """78 e o nome do que falta ou sobra; um esquema só parecido não passa."""
    adulterar(gravado)
    assert detalhe in conferir(leitor, gravado, 78, "esquema")


@pytest.mark.parametrize("criar", [Path.mkdir, os.mkfifo], ids=["pasta", "fifo"])
def test_o_que_nao_e_arquivo(criar: Callable[[Path], None], banco: Path) -> None:
    """Uma pasta ou um FIFO no lugar do banco: 65 na hora, sem ficar à espera."""
    banco.parent.mkdir()
    criar(banco)
    antes = fotografar(banco.parent)
    saida = rodar(comando("leitor"))
    assert (saida.codigo, saida.stdout) == (65, "")
    assert saida.stderr == f"[LEITOR] ERRO: {banco}: não é um arquivo comum. Corrija BANCO.\n"
    assert fotografar(banco.parent) == antes
