"""Um arquivo em que quase tudo se repete: o banco não fica maior que o que guarda."""

import gzip
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from escritor.banco import carga, repetidas
from escritor.entrada.pessoa import Lote
from tests.conftest import Programa
from tests.contrato import consultar
from tests.processos import RAIZ, rodar

PAR_1_0_0 = RAIZ / "tests" / "dados" / "par-1.0.0.zip"
VEZES = 40
# Mais que um lote, para que as repetidas não estejam todas lado a lado.
GENTE = [f"P{i},p{i}@exemplo.com.br\n" for i in range(8_000)]


def comprimir(caminho: Path, linhas: Iterable[str]) -> str:
    """Escreve um CSV em gzip, e devolve o caminho."""
    with gzip.open(caminho, "wt") as arquivo:
        arquivo.writelines(["nome,email\n", *linhas])
    return str(caminho)


@pytest.mark.parametrize("mistura", ["iguais", "em ciclo", "na outra caixa"])
def test_o_arquivo_e_do_tamanho_do_que_guarda(
    mistura: str, banco: Path, escritor: Programa, leitor: Programa, tmp_path: Path
) -> None:
    """Com cada pessoa quarenta vezes, o banco tem o mesmo tamanho, e as mesmas pessoas."""
    outras = [linha.upper() if mistura == "na outra caixa" else linha for linha in GENTE]
    muitas = [*GENTE, *outras * (VEZES - 1)]
    if mistura == "iguais":
        muitas = [linha for linha in GENTE for _ in range(VEZES)]
    uma_vez = tmp_path / "uma.db"
    so_elas = comprimir(tmp_path / "uma.csv.gz", GENTE)
    assert escritor("importar", so_elas, "--banco", str(uma_vez)).codigo == 0
    codigo, _, stderr = escritor("importar", comprimir(tmp_path / "muitas.csv.gz", muitas))
    assert codigo == 0, stderr
    assert "inseridos: 8.000, já existiam: 312.000, total: 8.000" in stderr
    assert banco.stat().st_size <= uma_vez.stat().st_size
    ordem = "SELECT nome, email FROM usuarios ORDER BY id"
    assert consultar(banco, ordem) == consultar(uma_vez, ordem)
    assert consultar(banco, "SELECT max(id) < 9000 FROM usuarios") == [(1,)], "e quase sem buracos"
    assert list(banco.parent.iterdir()) == [banco], "nenhum arquivo temporário ficou"
    assert leitor("verificar").codigo == 0


def test_no_1_0_0_ficava_tudo(banco: Path, tmp_path: Path) -> None:
    """Controle: a 1.0.0 deixava no arquivo as páginas do que apagou."""
    with zipfile.ZipFile(PAR_1_0_0) as par:
        par.extractall(tmp_path / "par")
    arquivo = comprimir(tmp_path / "m.csv.gz", (GENTE[0] for _ in range(100_000)))
    comando = [sys.executable, "-m", "escritor", "importar", arquivo]
    assert rodar(comando, pasta=tmp_path / "par").codigo == 0
    assert consultar(banco, "SELECT count(*) FROM usuarios") == [(1,)]
    assert banco.stat().st_size > 100 * 8192


def test_num_banco_que_ja_tinha_linhas(
    semeado: Path, escritor: Programa, leitor: Programa, tmp_path: Path
) -> None:
    """O que já estava gravado fica como estava, e o que entra vem logo depois."""
    antes = consultar(semeado, "SELECT * FROM usuarios ORDER BY id")
    velha = "João,JOAO@example.com\n"
    arquivo = comprimir(tmp_path / "m.csv.gz", [velha, *GENTE, velha] * 5)
    codigo, _, stderr = escritor("importar", arquivo)
    assert (codigo, "inseridos: 8.000, já existiam: 32.010, total: 8.003" in stderr) == (0, True)
    assert consultar(semeado, "SELECT * FROM usuarios WHERE id <= 3 ORDER BY id") == antes
    assert consultar(semeado, "SELECT max(id) FROM usuarios WHERE nome = 'P0'") == [(4,)]
    assert leitor("verificar").codigo == 0


def test_tirar_fica_com_a_primeira() -> None:
    """Dentro de um lote fica a primeira de cada e-mail, na ordem; a outra caixa é do índice."""
    lote = Lote([*"ABCD"], ["b@x", "a@x", "b@x", "B@x"], range(4))
    assert repetidas.tirar(lote)[:2] == ([*"ABD"], ["b@x", "a@x", "B@x"])
    sem = Lote([*"AB"], ["a@x", "b@x"], range(2))
    assert repetidas.tirar(sem) is sem


def test_iguais_nem_chegam_a_entrar(
    banco: Path, escritor: Programa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """De cem mil linhas iguais, entra uma por lote: o tempo e o disco são os da leitura."""
    entraram = []
    original = carga._blocos

    def contar(con: object, uma: str, lote: Lote, *extra: str) -> object:
        entraram.append(len(lote.nomes))
        return original(con, uma, lote, *extra)  # type: ignore[arg-type]

    monkeypatch.setattr(carga, "_blocos", contar)
    arquivo = comprimir(tmp_path / "m.csv.gz", (GENTE[0] for _ in range(100_000)))
    assert escritor("importar", arquivo).codigo == 0
    assert consultar(banco, "SELECT count(*) FROM usuarios") == [(1,)]
    assert sum(entraram) < 100
