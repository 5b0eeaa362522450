"""`escritor restaurar`: uma cópia conferida toma o lugar do banco, de uma vez, ou nada muda."""

from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import alterar, ancora, fotografar, pessoas
from tests.processos import (
    comando,
    rodar,
)


def datadas(banco: Path) -> list[Path]:
    """As cópias datadas que há ao lado do banco."""
    return sorted(banco.parent.glob(f"{banco.name}.antes-de-*"))


def test_a_copia_toma_o_lugar_e_o_velho_fica_datado(
    semeado: Path, copia: Path, escritor: Programa, leitor: Programa
) -> None:
    """Os bytes da cópia, o livro como era, e o banco que saiu ao lado, inteiro."""
    velho = semeado.read_bytes()
    codigo, stdout, stderr = escritor("restaurar", str(copia))
    [datada] = datadas(semeado)
    assert (codigo, stdout) == (0, "")
    restaurado, guardado, selo = stderr.splitlines()
    inicio = f"[ESCRITOR] restaurado: {semeado} é agora copia.db; usuários: 5, execuções: 3; "
    assert restaurado.startswith(inicio)
    assert guardado == f"[ESCRITOR] o banco que havia ficou em {datada}"
    assert selo == f"[ESCRITOR] âncora: {ancora(copia)}"
    assert semeado.read_bytes() == copia.read_bytes()
    assert datada.read_bytes() == velho
    assert datada.stat().st_nlink == 1, "o que se gravar no banco não pode mudar a cópia"
    assert set(fotografar(semeado.parent)) == {semeado.name, datada.name}
    assert leitor("verificar").codigo == 0
    assert escritor().codigo == 0, "e o banco segue em uso"


def test_sem_copia(semeado: Path, copia: Path, escritor: Programa) -> None:
    """--sem-copia não guarda o que havia."""
    codigo, _, stderr = escritor("restaurar", str(copia), "--sem-copia")
    assert (codigo, stderr.count("\n")) == (0, 2)
    assert list(fotografar(semeado.parent)) == [semeado.name]
    assert len(pessoas(semeado)) == 5


def test_onde_nao_havia_banco(banco: Path, copia: Path, escritor: Programa) -> None:
    """Num volume vazio, a restauração cria pasta e banco, e não há o que guardar."""
    assert escritor("restaurar", str(copia)).codigo == 0
    assert list(fotografar(banco.parent)) == [banco.name]
    assert len(pessoas(banco)) == 5


def test_da_entrada_padrao(semeado: Path, copia: Path, leitor: Programa) -> None:
    """`restaurar - < copia.db`, como num container sem montagem nenhuma."""
    saida = rodar(comando("escritor", "restaurar", "-"), copia.read_bytes())
    assert (saida.codigo, saida.stdout) == (0, ""), saida.stderr
    assert semeado.read_bytes() == copia.read_bytes()
    assert leitor("verificar").codigo == 0


def test_o_proprio_banco_e_um_arquivo_que_falta(semeado: Path, escritor: Programa) -> None:
    """2 e 66, com o banco intacto."""
    antes = fotografar(semeado.parent)
    assert escritor("restaurar", str(semeado)).codigo == 2
    codigo, stdout, stderr = escritor("restaurar", str(semeado.parent / "nao-ha.db"))
    assert (codigo, stdout, stderr.count("\n")) == (66, "", 1)
    assert fotografar(semeado.parent) == antes


def test_copia_em_wal_volta_ao_diario(semeado: Path, copia: Path, escritor: Programa) -> None:
    """Uma cópia que alguém pôs em WAL chega ao volume legível de uma montagem só de leitura."""
    alterar(copia, "PRAGMA journal_mode = WAL")
    assert copia.read_bytes()[18:20] == b"\x02\x02"
    assert escritor("restaurar", str(copia)).codigo == 0
    assert semeado.read_bytes()[18:20] == b"\x01\x01"
    assert len(datadas(semeado)) == 1
    assert len(list(semeado.parent.iterdir())) == 2


@pytest.mark.parametrize("estrago", [b"\xff" * 100, b"SQLite format 3\x00" + b"\x00" * 84])
def test_no_lugar_de_um_banco_destruido(
    estrago: bytes, semeado: Path, copia: Path, escritor: Programa, leitor: Programa
) -> None:
    """É para isto que serve: o que já não se abre é guardado e trocado, com os diários velhos."""
    dados = estrago + semeado.read_bytes()[100:]
    semeado.write_bytes(dados)
    Path(f"{semeado}-journal").write_bytes(b"diario velho")
    assert leitor().codigo in {65, 75}
    assert escritor("restaurar", str(copia)).codigo == 0
    assert leitor("verificar").codigo == 0
    datada, diario = datadas(semeado)
    assert (datada.read_bytes(), diario.read_bytes()) == (dados, b"diario velho")
    assert diario.name == f"{datada.name}-journal"


def test_sem_copia_nao_apaga_o_que_nao_e_nosso(
    banco: Path, copia: Path, escritor: Programa
) -> None:
    """Um arquivo alheio nunca some: --sem-copia é recusado; sem ele, fica guardado."""
    banco.parent.mkdir()
    banco.write_text("precioso")
    antes = fotografar(banco.parent)
    codigo, _, stderr = escritor("restaurar", str(copia), "--sem-copia")
    assert (codigo, "não é um banco do escritor" in stderr) == (65, True)
    assert fotografar(banco.parent) == antes
    assert escritor("restaurar", str(copia)).codigo == 0
    assert datadas(banco)[0].read_text() == "precioso"


@pytest.mark.parametrize("pasta", ["a%Yb", "100%", "com espaço e 'aspas'"])
def test_caminhos_estranhos(
    pasta: str, tmp_path: Path, copia: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nada no nome da pasta é formato de data, nem de SQL."""
    banco = tmp_path / pasta / "x.db"
    monkeypatch.setenv("BANCO", str(banco))
    assert escritor().codigo == 0
    assert escritor("restaurar", str(copia)).codigo == 0
    assert len(datadas(banco)) == 1
    assert len(fotografar(banco.parent)) == 2


def test_nome_que_nao_comporta_a_data(
    tmp_path: Path, copia: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Se o nome com a data não cabe, recusa antes de trocar: 73, e nada mudou."""
    banco = tmp_path / "dados" / ("x" * 230)
    monkeypatch.setenv("BANCO", str(banco))
    assert escritor().codigo == 0
    antes = fotografar(banco.parent)
    codigo, _, stderr = escritor("restaurar", str(copia))
    assert (codigo, "nome comprido demais" in stderr) == (73, True)
    assert fotografar(banco.parent) == antes


@pytest.mark.parametrize("dono", ["PRAGMA application_id = 7", "PRAGMA application_id = 0"])
def test_um_banco_alheio_nao_e_trocado(
    dono: str, banco: Path, copia: Path, escritor: Programa
) -> None:
    """Um banco de outro programa, ou da versão comum, fica intacto: 65 e o que fazer."""
    banco.parent.mkdir()
    alterar(banco, "CREATE TABLE usuarios (x)", dono)
    antes = fotografar(banco.parent)
    codigo, _, stderr = escritor("restaurar", str(copia))
    assert (codigo, "não é do escritor; nada mudou" in stderr) == (65, True)
    assert fotografar(banco.parent) == antes


def test_fica_com_o_modo_do_que_saiu(semeado: Path, copia: Path, escritor: Programa) -> None:
    """Um banco que só o dono lia continua assim."""
    semeado.chmod(0o600)
    assert escritor("restaurar", str(copia)).codigo == 0
    assert semeado.stat().st_mode & 0o777 == 0o600
