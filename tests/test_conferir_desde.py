"""Quanto se confere antes de gravar: num banco grande, e desde um ponto que já se conferiu."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from escritor import regras
from escritor.banco import carga, conferencia, livro
from escritor.banco.esquema import CRIA_EMAIL_UNICO
from escritor.entrada.pessoa import Lote
from escritor.erros import Erro
from escritor.execucao import seguinte
from tests.conftest import Programa
from tests.contrato import alterar, consultar, fotografar, reselar
from tests.quebras import Estragar, disfarcado, mudar_no_indice, sql


@pytest.fixture(name="poucas")
def _poucas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Duas linhas já são muitas: só as da última execução que inseriu se conferem."""
    monkeypatch.setattr(conferencia, "CONFERIDAS", 2)


@pytest.mark.usefixtures("poucas")
@pytest.mark.parametrize(
    ("estragar", "regra"),
    [
        (sql("UPDATE usuarios SET nome = 'Outra' WHERE id = 4"), "E10"),
        (sql("DELETE FROM execucoes WHERE id = 2"), "E1"),
        pytest.param(sql("DELETE FROM usuarios WHERE id = 5"), "E9", id="falta a última"),
        pytest.param(sql("DELETE FROM usuarios WHERE id = 2"), "E9", id="falta uma antiga"),
        (lambda banco: mudar_no_indice(banco, b"zoe@x.com", b"zoa@x.com"), "A5"),
        (sql("UPDATE execucoes SET versao = 'x' WHERE id = 1"), "E11"),
        (sql("INSERT INTO usuarios VALUES (9, 'A', 'a@x.com', '2026-01-01T00:00:00Z')"), "E9"),
    ],
)
def test_num_banco_grande(
    estragar: Estragar, regra: str, gravado: Path, escritor: Programa
) -> None:
    """O livro inteiro e as linhas da última que inseriu: o que as quebra é 65."""
    estragar(gravado)
    antes = fotografar(gravado.parent)
    codigo, _, stderr = escritor()
    assert (codigo, f"(regra {regra} do contrato)" in stderr) == (65, True), stderr
    assert fotografar(gravado.parent) == antes


@pytest.mark.usefixtures("poucas")
def test_num_banco_grande_as_linhas_antigas_sao_do_leitor(
    gravado: Path, escritor: Programa, leitor: Programa
) -> None:
    """Controle do limite: uma linha de antes da última execução não se relê; o leitor a acusa."""
    alterar(gravado, "UPDATE usuarios SET nome = 'Outra' WHERE id = 2")
    assert escritor().codigo == 0
    assert leitor("verificar").codigo == 65


def aumentar(banco: Path, ate: int) -> tuple[int, str]:
    """Acrescenta execuções de uma linha até a de número `ate`; devolve a última e o elo dela."""
    with closing(sqlite3.connect(banco, isolation_level=None)) as con:
        con.execute("BEGIN")
        while (ultima := livro.ultima_execucao(con)) and ultima.id < ate:
            lote = Lote(["A"], [f"a{ultima.id}@x.com"], [1])
            gravadas = carga.gravar(con, [lote], "2026-01-01T00:00:00Z", CRIA_EMAIL_UNICO)
            livro.registrar(con, seguinte(ultima, gravadas, "importar:api", "2026-01-01T00:00:00Z"))
        con.execute("COMMIT")
    assert ultima
    return ultima.id, ultima.elo


def passos(banco: Path, desde: tuple[int, str] | None) -> int:
    """Conta as instruções da máquina do SQLite que a conferência gasta."""
    contados: list[None] = []
    with closing(sqlite3.connect(banco, isolation_level=None)) as con:
        con.set_progress_handler(lambda: contados.append(None), 1)
        conferencia.antes_de_gravar(con, str(banco), desde)
    return len(contados)


def test_desde_um_ponto_o_custo_nao_cresce(semeado: Path) -> None:
    """Quem já conferiu até um ponto paga pelo que veio depois, e não pelo tamanho do livro."""
    ponto = aumentar(semeado, 20)
    inteiro, curto = passos(semeado, None), passos(semeado, ponto)
    aumentar(semeado, 25)
    cinco = passos(semeado, ponto)
    longe = aumentar(semeado, 1_500)
    assert passos(semeado, longe) <= curto * 1.2, "setenta e cinco vezes o livro"
    assert passos(semeado, None) > inteiro * 30, "controle: sem o ponto, cresce"
    aumentar(semeado, 1_505)
    assert passos(semeado, longe) <= cinco * 1.2
    with closing(sqlite3.connect(semeado)) as con:
        fim = conferencia.antes_de_gravar(con, "b", ponto)
        assert fim == conferencia.antes_de_gravar(con, "b")
        assert fim[::3] == (1_505, 1_507)


def recusado(banco: Path, desde: tuple[int, str]) -> str:
    """Confere desde o ponto, espera 65 e devolve o que se disse."""
    with closing(sqlite3.connect(banco)) as con, pytest.raises(Erro) as pego:
        conferencia.antes_de_gravar(con, "b", desde)
    assert pego.value.codigo == 65
    return str(pego.value)


@pytest.mark.parametrize(
    ("comando", "motivo"),
    [
        ("UPDATE execucoes SET elo = lacre WHERE id = 3", "execução 3: o elo já não é"),
        ("UPDATE execucoes SET origem = 'semear' WHERE id = 3", "execução 3: o elo já não é"),
        ("DELETE FROM execucoes WHERE id >= 3", "execução 3: o elo já não é"),
        ("UPDATE execucoes SET versao = 'x' WHERE id = 4", "execução 4: elo quebrado"),
        ("DELETE FROM execucoes WHERE id = 4", "execução 5: fora da sequência"),
        ("DELETE FROM execucoes WHERE id = 5", "linha 7: não está em nenhuma"),
        ("UPDATE usuarios SET nome = 'x' WHERE id = 6", "execução 4: lacre quebrado"),
        ("UPDATE usuarios SET nome = '' WHERE id = 7", "regra U2"),
        ("DELETE FROM usuarios WHERE id = 6", "execução 4: gravou 1 linhas"),
        ("DELETE FROM usuarios WHERE id > 6", "execução 5: gravou 1 linhas"),
        ("UPDATE usuarios SET id = id + 9 WHERE id = 5", "linha 14: não está em nenhuma"),
    ],
)
def test_desde_um_ponto_o_que_veio_depois_se_confere(
    comando: str, motivo: str, gravado: Path
) -> None:
    """O ponto tem de ter o elo que tinha, e o que veio depois dele cumpre o contrato."""
    [ponto] = consultar(gravado, "SELECT id, elo FROM execucoes WHERE id = 3")
    aumentar(gravado, 5)
    alterar(gravado, comando)
    assert motivo in recusado(gravado, ponto)


def test_desde_um_ponto_um_valor_de_outro_tipo(gravado: Path) -> None:
    """Sem o integrity_check, que lê tudo, um tipo errado no livro ainda é 65, e não um defeito."""
    [ponto] = consultar(gravado, "SELECT id, elo FROM execucoes WHERE id = 3")
    aumentar(gravado, 5)
    disfarcado("UPDATE execucoes SET lidos = 'três' WHERE id = 4")(gravado)
    assert "execução 4: um valor de outro tipo, ou NULL (regra A5" in recusado(gravado, ponto)


def test_desde_um_ponto_o_de_antes_nao_se_rele(gravado: Path) -> None:
    """O que mudou antes do ponto é com quem conferir tudo: nem o livro, nem as linhas."""
    [ponto] = consultar(gravado, "SELECT id, elo FROM execucoes WHERE id = 3")
    aumentar(gravado, 5)
    alterar(
        gravado,
        "UPDATE execucoes SET origem = 'x' WHERE id = 1",
        "UPDATE usuarios SET nome = '' WHERE id = 5",
    )
    with closing(sqlite3.connect(gravado)) as con:
        assert conferencia.antes_de_gravar(con, "b", ponto).execucao == 5
        with pytest.raises(Erro, match="regra"):
            conferencia.antes_de_gravar(con, "b")


@pytest.mark.parametrize(
    ("estragar", "regra"),
    [
        (sql("UPDATE usuarios SET nome = 'Outra' WHERE id = 4"), "E10"),
        (sql("UPDATE usuarios SET nome = nome || char(0) || 'x' WHERE id = 4"), "U5"),
        pytest.param(sql("DELETE FROM usuarios WHERE id = 5"), "E9", id="falta a última"),
        pytest.param(sql("DELETE FROM usuarios WHERE id = 2"), "E9", id="falta uma antiga"),
        (sql("INSERT INTO usuarios VALUES (9, 'A', 'a@x.com', '2026-01-01T00:00:00Z')"), "E9"),
    ],
)
def test_da_ultima_que_nao_cabe_confere_se_o_lacre(
    estragar: Estragar,
    regra: str,
    gravado: Path,
    escritor: Programa,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Se nem as da última execução cabem, só se selam; e se o lacre não confere, diz-se por quê."""
    monkeypatch.setattr(conferencia, "CONFERIDAS", 1)
    estragar(gravado)
    antes = fotografar(gravado.parent)
    codigo, _, stderr = escritor()
    assert (codigo, f"(regra {regra} do contrato)" in stderr) == (65, True), stderr
    assert fotografar(gravado.parent) == antes


def test_o_que_nao_cabe_nao_se_olha_linha_por_linha(
    banco: Path, escritor: Programa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uma execução grande, com buracos e tudo, e inteira: nenhum texto dela é julgado de novo."""
    arquivo = tmp_path / "m.csv"
    linhas = [f"P{i},p{i % 1_500}@x.com\n" for i in range(2_000)]
    arquivo.write_text("nome,email\n" + "".join(linhas))
    assert escritor("importar", str(arquivo)).codigo == 0
    alterar(banco, "UPDATE usuarios SET id = id + 1000000 WHERE id > 700")
    alterar(banco, "UPDATE execucoes SET ultimo_id = ultimo_id + 1000000")
    reselar(banco)
    julgados: list[int] = []

    def julgar(_bloco: bytes, quantas: int) -> bool:
        julgados.append(quantas)
        return True

    monkeypatch.setattr(regras, "linhas_em_ordem", julgar)
    assert escritor().codigo == 0
    assert julgados, "controle: até o limite, julgam-se todas"
    julgados.clear()
    monkeypatch.setattr(conferencia, "CONFERIDAS", 1_000)
    with closing(sqlite3.connect(banco)) as con:
        con.execute("DELETE FROM usuarios WHERE id > 1001500")
        con.execute("DELETE FROM execucoes WHERE id > 1")
        con.commit()
    assert escritor().codigo == 0
    assert julgados == []
