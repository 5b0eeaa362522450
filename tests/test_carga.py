"""Os três caminhos da carga dão o mesmo resultado, e ele é o que um laço simples daria."""

import sqlite3
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escritor.banco import carga
from escritor.banco.esquema import CRIA_EMAIL_UNICO
from escritor.entrada.pessoa import Lote
from escritor.erros import Erro
from tests.conftest import Programa
from tests.contrato import AMOSTRA, alterar, consultar, fotografar, pessoas, reselar
from tests.motores import ESCRITOR, LEITOR
from tests.processos import RAIZ, Saida, rodar
from tests.quebras import mudar_no_indice

# (POUCAS, BANCO_PEQUENO): o que obriga cada caminho, com poucas linhas.
CAMINHOS = {"direto": (10**9, 0), "sem índice": (-1, 10**9), "ordenadas": (-1, -1)}
PAR_1_0_0 = RAIZ / "tests" / "dados" / "par-1.0.0.zip"
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
            assert ESCRITOR(["importar", str(arquivo)]) == 0
        if vezes:
            assert sorted(pessoas(Path(pasta, "b.db"))) == simples(*vezes)
            assert LEITOR(["verificar"]) == 0


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


DEZ_MIL_E_UMA = "nome,email\n" + "".join(f"P{i},p{i}@x.com\n" for i in range(10_001))


def test_um_indice_que_mente_nao_custa_uma_linha_selada(
    semeado: Path, escritor: Programa, importar: Callable[[str], Saida]
) -> None:
    """Com um bit trocado no índice, nada se grava: nem um segundo João, nem o arquivo."""
    mudar_no_indice(semeado)
    antes = fotografar(semeado.parent)
    for saida in (escritor(), importar(DEZ_MIL_E_UMA)):
        assert (saida.codigo, saida.stdout) == (65, "")
        assert "o índice de e-mails não a tem (regra A5 do contrato)" in saida.stderr
    assert fotografar(semeado.parent) == antes


def test_no_1_0_0_custava(semeado: Path, tmp_path: Path) -> None:
    """Controle: a 1.0.0 gravava o segundo João e, ao importar, apagava uma linha já selada."""
    with zipfile.ZipFile(PAR_1_0_0) as par:
        par.extractall(tmp_path / "par")
    arquivo = tmp_path / "muitas.csv"
    arquivo.write_text(DEZ_MIL_E_UMA)
    mudar_no_indice(semeado)
    for argumentos in ([], ["importar", str(arquivo)]):
        assert (
            rodar([sys.executable, "-m", "escritor", *argumentos], pasta=tmp_path / "par").codigo
            == 0
        )
    assert consultar(semeado, "SELECT ultimo_id FROM execucoes WHERE id = 2") == [(4,)]
    assert consultar(semeado, "SELECT id FROM usuarios NOT INDEXED WHERE id = 4") == []


def test_o_que_ja_estava_nunca_se_apaga(semeado: Path, caminho: str) -> None:
    """Sem a conferência de antes, a carga ainda não apaga nem conta o que não inseriu."""
    mudar_no_indice(semeado)
    alterar(semeado, "INSERT INTO usuarios VALUES (4, 'J', 'joao@example.com', '')")
    antigas = consultar(semeado, "SELECT * FROM usuarios NOT INDEXED ORDER BY id")
    with closing(sqlite3.connect(semeado, isolation_level=None)) as con:
        con.execute("BEGIN")
        lotes = [Lote(["A", "A", "B"], ["a@x.com", "A@x.com", "b@x.com"], range(3))]
        if caminho == "sem índice":  # é o único que vê a tabela inteira
            with pytest.raises(Erro, match="corrompido: há e-mails repetidos entre") as pego:
                carga.gravar(con, lotes, "2026-01-01T00:00:00Z", CRIA_EMAIL_UNICO)
            assert pego.value.codigo == 65
        else:
            gravadas = carga.gravar(con, lotes, "2026-01-01T00:00:00Z", CRIA_EMAIL_UNICO)
            assert gravadas[:4] == (3, 2, 5, 6)
        lidas = con.execute("SELECT * FROM usuarios NOT INDEXED WHERE id < 5 ORDER BY id")
        assert lidas.fetchall() == antigas
        con.execute("ROLLBACK")


@pytest.mark.usefixtures("caminho")
def test_as_inseridas_sao_as_que_ha_depois(semeado: Path) -> None:
    """Se o que entrou não é o que se contou, 65 nos três caminhos."""
    alterar(
        semeado,
        "CREATE TRIGGER some AFTER INSERT ON usuarios WHEN new.nome = 'B' "
        "BEGIN DELETE FROM usuarios WHERE id = new.id; END",
    )
    lotes = [Lote(["A", "B", "C"], ["a@x.com", "b@x.com", "c@x.com"], range(3))]
    with closing(sqlite3.connect(semeado, isolation_level=None)) as con:
        con.execute("BEGIN")
        with pytest.raises(Erro, match="inseridas: 3, mas depois do id 3 há 2 linhas") as pego:
            carga.gravar(con, lotes, "2026-01-01T00:00:00Z", CRIA_EMAIL_UNICO)
        assert pego.value.codigo == 65
        con.execute("ROLLBACK")
    assert pessoas(semeado) == AMOSTRA


@pytest.mark.usefixtures("caminho")
def test_o_ultimo_id_do_contrato(
    semeado: Path, importar: Callable[[str], Saida], leitor: Programa
) -> None:
    """O id 2⁶² ainda se dá; o seguinte, nunca: 65, e nada confirmado."""
    alterar(
        semeado,
        f"UPDATE usuarios SET id = {2**62 - 1} WHERE id = 3",
        f"UPDATE execucoes SET ultimo_id = {2**62 - 1} WHERE id = 1",
    )
    reselar(semeado)
    antes = fotografar(semeado.parent)
    saida = importar("nome,email\nA,a@x.com\nB,b@x.com\n")
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (65, "", 1), saida.stderr
    assert f"o id {2**62 + 1} passaria do maior do contrato, {2**62} (regra U1)" in saida.stderr
    assert fotografar(semeado.parent) == antes
    assert importar("nome,email\nA,a@x.com\n").codigo == 0
    assert consultar(semeado, "SELECT max(id) FROM usuarios") == [(2**62,)]
    assert leitor("verificar").codigo == 0
    assert importar("nome,email\nA,a@x.com\n").codigo == 0, "nada de novo ainda cabe"
    antes = fotografar(semeado.parent)
    assert importar("nome,email\nB,b@x.com\n").codigo == 65
    assert fotografar(semeado.parent) == antes
