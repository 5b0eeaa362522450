"""O contrato entre os dois: o escritor de verdade e o leitor de verdade num arquivo só.

E uma terceira testemunha, sem o código de nenhum: `sqlite3 | sha256sum` e tests/contrato.py.
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from unicodedata import category

import pytest

from escritor.entrada.pessoa import problema
from tests.conftest import Programa
from tests.contrato import (
    AMOSTRA,
    LINHAS_DE,
    alterar,
    consultar,
    ddl_do_contrato,
    elo,
    fotografar,
    lacre,
    pessoas,
)
from tests.processos import RAIZ, Saida, no_shell, rodar

CHINOOK = RAIZ / "tests" / "dados" / "clientes-chinook.csv"
# A receita do contrato, letra por letra.
RECEITA = (
    "set -o pipefail; sqlite3 -separator $'\\x1f' -newline $'\\x1e' desafio2.db "
    '"SELECT id,nome,email,criado_em FROM usuarios WHERE id BETWEEN $1 AND $2 ORDER BY id" '
    "| sha256sum"
)
CONTRATO = (RAIZ / "docs" / "contrato.md").read_text(encoding="utf-8")
[ESQUEMA] = re.findall(r"```sql\n(.*?)```", CONTRATO, re.DOTALL)
DDL = [
    "PRAGMA application_id = 0x44534632",
    "PRAGMA user_version = 1",
    *ddl_do_contrato(),
]
VETOR = [
    "INSERT INTO usuarios VALUES (1, 'João', 'joao@x.com', '2026-01-02T03:04:05Z')",
    "INSERT INTO execucoes VALUES (1, 'semear', 'c1', '1.0.0', '2026-01-02T03:04:05Z', "
    "'2026-01-02T03:04:06Z', 1, 1, 0, 1, 1, 1, "
    "'f466174e5cf5e26eb2e8d0bad3a96ab4143262710f9fa8481685a9636943557a', "
    "'5e8fd784e591a9e0091731874aca9d3a07254e6c71f811040f94c315f0366fec')",
]
PAR = '"$1" -m escritor && "$1" -m leitor listar --formato json'


@pytest.fixture(name="historia")
def _historia(
    semeado: Path,
    escritor: Programa,
    repetir: Programa,
    importar: Callable[[str], Saida],
    leitor: Programa,
) -> Path:
    """Um banco com vida: semear, importar, repetir, importar de novo; o leitor o verifica."""
    assert escritor("importar", str(CHINOOK)).codigo == 0
    assert repetir().codigo == 0
    assert importar("nome,email\nZoé 😀,zoe@x.com\nMaria,maria@example.com\n").codigo == 0
    assert importar("nome,email\n").codigo == 0
    codigo, stdout, stderr = leitor("verificar")
    assert (codigo, stderr, stdout.count("ok ")) == (0, "", 10)
    return semeado


def test_o_leitor_le_o_que_o_escritor_gravou(historia: Path, leitor: Programa) -> None:
    """Linha por linha, e o mesmo que uma terceira conexão lê."""
    codigo, stdout, _ = leitor("listar", "--formato", "jsonl")
    lidas = [tuple(json.loads(linha).values()) for linha in stdout.splitlines()]
    assert codigo == 0
    assert lidas == consultar(historia, "SELECT * FROM usuarios ORDER BY id")
    assert [linha[1:3] for linha in lidas[:3]] == AMOSTRA
    assert len(lidas) == 3 + 59 + 1


def test_o_livro_conta_a_historia(historia: Path) -> None:
    """Cada execução tem origem, contagens e intervalo; os intervalos se seguem."""
    colunas = "origem, lidos, inseridos, repetidos, primeiro_id, ultimo_id, total"
    assert consultar(historia, f"SELECT {colunas} FROM execucoes ORDER BY id") == [
        ("semear", 3, 3, 0, 1, 3, 3),
        ("importar:clientes-chinook.csv", 59, 59, 0, 4, 62, 62),
        ("importar:amostra.csv", 3, 0, 3, None, None, 62),
        ("importar:entrada.csv", 2, 1, 1, 63, 63, 63),
        ("importar:entrada.csv", 0, 0, 0, None, None, 63),
    ]


def test_lacres_pela_receita_do_shell(historia: Path, ferramenta: Callable[[str], str]) -> None:
    """Sem uma linha do nosso código: o sqlite3 e o sha256sum dão os lacres do livro."""
    ferramenta("sqlite3")
    livro = consultar(historia, "SELECT primeiro_id, ultimo_id, lacre FROM execucoes")
    for primeiro, ultimo, selo in livro:
        intervalo = [str(primeiro or 1), str(ultimo or 0)]
        saida = rodar(no_shell(RECEITA, *intervalo), pasta=historia.parent)
        assert saida == (0, f"{selo}  -\n", "")
    assert len({selo for _, _, selo in livro}) == 4, "as duas execuções vazias têm o mesmo"


def test_lacres_e_elos_pela_definicao(historia: Path) -> None:
    """Recalculados da definição do contrato, lacres e elos são os do livro, na ordem."""
    anterior = "0" * 64
    for *colunas, selo, elo_gravado in consultar(historia, "SELECT * FROM execucoes ORDER BY id"):
        assert selo == lacre(consultar(historia, LINHAS_DE, colunas[9], colunas[10]))
        anterior = elo(anterior, [*colunas, selo])
        assert elo_gravado == anterior


def test_um_banco_que_o_escritor_nao_fez(banco: Path, leitor: Programa) -> None:
    """Um vetor fixo, com selos calculados no shell: o contrato não muda sem que isto falhe.

    lacre: printf '1\\037João\\037joao@x.com\\0372026-01-02T03:04:05Z\\036' | sha256sum
    elo:   a mesma conta, com 64 zeros e as 13 colunas antes do elo, cada uma após \\037.
    """
    banco.parent.mkdir()
    alterar(banco, *DDL, *VETOR)
    codigo, stdout, stderr = leitor("listar", "--formato", "jsonl")
    assert (codigo, json.loads(stdout)["nome"]) == (0, "João"), stderr
    alterar(banco, "UPDATE usuarios SET criado_em = '2026-01-02T03:04:06Z'")
    assert leitor()[:2] == (65, "")


def test_o_esquema_e_o_do_documento(semeado: Path) -> None:
    """O DDL que o escritor grava é o de docs/contrato.md, letra por letra, e nada mais."""
    gravado = consultar(semeado, "SELECT type, name, tbl_name, sql FROM sqlite_schema")
    assert [ddl for *_, ddl in gravado] == DDL[2:]
    assert [objeto[:3] for objeto in gravado] == [
        ("table", "usuarios", "usuarios"),
        ("index", "usuarios_email", "usuarios"),
        ("table", "execucoes", "execucoes"),
    ]


def intruso(nome: str, ddl: str) -> list[str]:
    """Devolve os comandos que põem no esquema um nome que só o SQLite poderia ter posto."""
    return [
        "CREATE TABLE intrusa (x)",
        "PRAGMA writable_schema = ON",
        f"UPDATE sqlite_schema SET name = '{nome}', tbl_name = '{nome}', sql = '{ddl}' "
        "WHERE name = 'intrusa'",
    ]


@pytest.mark.parametrize(
    ("comandos", "codigo", "motivo"),
    [
        (["ANALYZE"], 0, "execução 2"),
        (["CREATE TABLE t (i INTEGER PRIMARY KEY AUTOINCREMENT)", "DROP TABLE t"], 0, "execução 2"),
        (intruso("sqlite_x", "CREATE TABLE sqlite_x(x)"), 78, "(sqlite_x; regra A4)"),
        (intruso("SQLite_x", "CREATE TABLE SQLite_x(x)"), 78, "(SQLite_x; regra A4)"),
        (intruso("sqlite_stat1", "CREATE TABLE sqlite_stat1(x)"), 78, "(sqlite_stat1; regra A4)"),
        (["DROP INDEX usuarios_email",
          "CREATE UNIQUE INDEX usuarios_email ON usuarios(email COLLATE NOCASE)"],
         78, "(usuarios_email; regra A4)"),
    ],
)  # fmt: skip
def test_nada_mais_no_esquema(
    comandos: list[str], codigo: int, motivo: str, semeado: Path, copia: Path, escritor: Programa
) -> None:
    """Só o que o SQLite escreve por si se aceita além do contrato; o resto é 78, e fica intacto."""
    alterar(copia, *comandos)
    assert escritor("restaurar", str(copia)).codigo == codigo
    alterar(semeado, *([] if codigo == 0 else comandos))
    antes = fotografar(semeado.parent)
    obtido, _, stderr = escritor()
    assert (obtido, motivo in stderr or codigo == 0) == (codigo, True), stderr
    assert codigo == 0 or fotografar(semeado.parent) == antes


def test_o_texto_em_utf_16_e_outro_esquema(banco: Path, escritor: Programa) -> None:
    """O esquema certo num banco em UTF-16 é 78, e ele fica intacto."""
    banco.parent.mkdir()
    alterar(banco, "PRAGMA encoding = 'UTF-16le'", *DDL, *VETOR)
    antes = fotografar(banco.parent)
    codigo, stdout, stderr = escritor()
    assert (codigo, stdout, stderr.count("\n")) == (78, "", 1)
    assert "o texto está em UTF-16le" in stderr
    assert fotografar(banco.parent) == antes


def test_python3_m_escritor_e_python3_m_leitor(banco: Path) -> None:
    """O par sem Docker, por um shell, como o README manda: dois processos e um arquivo."""
    saida = rodar(no_shell(PAR, sys.executable))
    assert saida.codigo == 0, saida.stderr
    lista, _, objetos = saida.stdout.partition("[\n")
    assert lista.count("\n") == 3
    assert [(pessoa["nome"], pessoa["email"]) for pessoa in json.loads(f"[{objetos}")] == AMOSTRA
    rotulos = [linha.split()[0] for linha in saida.stderr.splitlines()]
    assert rotulos == ["[ESCRITOR]"] * 4 + ["[LEITOR]"] * 5
    assert pessoas(banco) == AMOSTRA


def test_o_leitor_nao_comeca_se_o_escritor_falha(banco: Path, tmp_path: Path) -> None:
    """O `&&` do par sem Docker é a mesma porta do Compose: sem 0 do escritor, não há leitura."""
    banco.parent.mkdir()
    banco.write_text("não é um banco")
    saida = rodar(no_shell(PAR, sys.executable))
    assert (saida.codigo, saida.stdout) == (65, "")
    assert "[LEITOR]" not in saida.stderr
    assert banco.read_text() == "não é um banco"
    assert list(tmp_path.iterdir()) == [banco.parent]


def test_os_invisiveis_recusados_sao_os_que_o_contrato_diz() -> None:
    """A lista da prosa, uma letra por vez no nome: quem grava recusa esses, e nenhum outro."""
    prosa = CONTRATO.partition("onze caracteres que não se")[2].partition(". Com eles")[0]
    ditos = set()
    for primeiro, ultimo in re.findall(r"U\+([0-9A-F]{4})(?:\s+a\s+U\+([0-9A-F]{4}))?", prosa):
        ditos |= {*range(int(primeiro, 16), int(ultimo or primeiro, 16) + 1)}
    assert len(ditos) == 11
    formatos = {ponto for ponto in range(sys.maxunicode) if category(chr(ponto)) == "Cf"}
    assert ditos < formatos
    assert {ponto for ponto in formatos if problema(f"a{chr(ponto)}b", "a@b.c")} == ditos
