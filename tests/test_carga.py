"""Os três caminhos da carga dão o mesmo resultado, e ele é o que um laço simples daria."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import escritor.app
import leitor.app
from escritor import carga
from escritor.validacao import Lote
from tests.conftest import Programa
from tests.contrato import consultar, pessoas

# (POUCAS, BANCO_PEQUENO): o que obriga cada caminho, com poucas linhas.
CAMINHOS = {"direto": (10**9, 0), "sem índice": (-1, 10**9), "ordenadas": (-1, -1)}
GENTE = st.lists(
    st.tuples(st.sampled_from("ABCD"), st.sampled_from(["a", "B", "b", "ç", "Ç", "z"]))
)


@pytest.fixture(params=CAMINHOS)
def caminho(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Obriga a carga a tomar um dos caminhos."""
    nome = str(request.param)
    poucas, pequeno = CAMINHOS[nome]
    monkeypatch.setattr(carga, "POUCAS", poucas)
    monkeypatch.setattr(carga, "BANCO_PEQUENO", pequeno)
    return nome


def importar(escritor: Programa, pasta: Path, gente: list[tuple[str, str]]) -> str:
    """Importa estas pessoas e devolve o que se disse."""
    arquivo = pasta / "gente.csv"
    arquivo.write_text("nome,email\n" + "".join(f"{n},{e}@x.com\n" for n, e in gente))
    codigo, stdout, stderr = escritor("importar", str(arquivo))
    assert (codigo, stdout) == (0, ""), stderr
    return stderr


def simples(*vezes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """O que deve restar: de cada e-mail, sem a caixa ASCII, a primeira pessoa."""
    restam: dict[str, tuple[str, str]] = {}
    for nome, email in (par for gente in vezes for par in gente):
        chave = "".join(c.lower() if c.isascii() else c for c in email)
        restam.setdefault(chave, (nome, f"{email}@x.com"))
    return sorted(restam.values())


@pytest.mark.usefixtures("caminho")
@pytest.mark.parametrize(
    "vezes",
    [
        pytest.param([[("A", "a"), ("B", "b"), ("C", "c")]], id="tudo novo"),
        pytest.param([[("A", "a"), ("B", "A"), ("C", "a"), ("D", "d")]], id="repetidas no arquivo"),
        pytest.param([[("A", "a"), ("B", "b")]] * 2, id="o mesmo arquivo outra vez"),
        pytest.param([[("A", "a"), ("B", "b")], [("X", "B"), ("C", "c")]], id="uma parte nova"),
        pytest.param([[("A", "a")], [("A", "a"), ("B", "b"), ("B", "b")]], id="o mesmo, crescido"),
        pytest.param([[], [("A", "a")], []], id="vazios"),
    ],
)
def test_o_mesmo_por_qualquer_caminho(
    vezes: list[list[tuple[str, str]]],
    banco: Path,
    escritor: Programa,
    leitor: Programa,
    tmp_path: Path,
) -> None:
    """Fica a primeira de cada e-mail, o livro conta todas, e o leitor verifica."""
    for gente in vezes:
        importar(escritor, tmp_path, gente)
    assert sorted(pessoas(banco)) == simples(*vezes)
    assert consultar(banco, "SELECT sum(lidos) FROM execucoes") == [(sum(map(len, vezes)),)]
    codigo, _, stderr = leitor("verificar")
    assert codigo == 0, stderr


def test_muitas_de_verdade(
    banco: Path,
    escritor: Programa,
    leitor: Programa,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Doze mil num banco vazio, as mesmas de novo, e outras num banco que passou do limite."""
    gente = [("Ana", f"u{i * 7919 % 12_000}") for i in range(12_000)]
    importar(escritor, tmp_path, gente)
    assert pessoas(banco) == [(nome, f"{email}@x.com") for nome, email in gente], (
        "na ordem do arquivo"
    )
    assert "inseridos: 0, já existiam: 12.000" in importar(escritor, tmp_path, gente)
    monkeypatch.setattr(carga, "BANCO_PEQUENO", 1_000)
    misturadas = [*gente[:6_000], *(("Bia", f"v{i}") for i in range(9_000)), *gente[6_000:]]
    assert "inseridos: 9.000, já existiam: 12.000" in importar(escritor, tmp_path, misturadas)
    assert leitor("verificar").codigo == 0
    assert list(banco.parent.iterdir()) == [banco], "nenhum arquivo temporário ficou"


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(GENTE, max_size=3), st.sampled_from(list(CAMINHOS)))
def test_qualquer_historia(vezes: list[list[tuple[str, str]]], caminho: str) -> None:
    """Qualquer sequência de importações, por qualquer caminho: o mesmo que o laço simples."""
    with tempfile.TemporaryDirectory() as pasta, pytest.MonkeyPatch.context() as remendo:
        remendo.setattr(carga, "POUCAS", CAMINHOS[caminho][0])
        remendo.setattr(carga, "BANCO_PEQUENO", CAMINHOS[caminho][1])
        remendo.setenv("BANCO", f"{pasta}/b.db")
        for i, gente in enumerate(vezes):
            arquivo = Path(pasta, f"{i}.csv")
            arquivo.write_text("nome,email\n" + "".join(f"{n},{e}@x.com\n" for n, e in gente))
            assert escritor.app.main(["importar", str(arquivo)]) == 0
        if vezes:
            assert sorted(pessoas(Path(pasta, "b.db"))) == simples(*vezes)
            assert leitor.app.main(["verificar"]) == 0


@pytest.mark.usefixtures("caminho")
def test_a_falha_no_meio_desfaz(semeado: Path) -> None:
    """Uma exceção na fonte, por qualquer caminho, deixa tabela, índice e livro como estavam."""
    esquema = consultar(semeado, "SELECT name, sql FROM sqlite_schema ORDER BY name")
    antes = pessoas(semeado)

    def fonte() -> Iterator[Lote]:
        yield Lote(["A", "B"], ["a@x.com", "b@x.com"], [2, 3])
        raise InterruptedError

    with closing(sqlite3.connect(semeado, isolation_level=None)) as con:
        con.execute("BEGIN")
        with pytest.raises(InterruptedError):
            carga.gravar(con, fonte(), "2026-01-01T00:00:00Z", dict(esquema)["usuarios_email"])
        con.execute("ROLLBACK")
    assert consultar(semeado, "SELECT name, sql FROM sqlite_schema ORDER BY name") == esquema
    assert pessoas(semeado) == antes
