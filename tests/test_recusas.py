"""Linhas ruins: todas contadas, as primeiras mostradas, e o caminho de seguir sem elas."""

import csv
import os
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import AMOSTRA, fotografar, pessoas
from tests.processos import (
    comando,
    no_shell,
    rodar,
)

COLUNAS = ["linha", "campo", "motivo", "nome", "email", "registro"]


def test_todas_contadas_e_vinte_mostradas(
    misturado: Path, semeado: Path, escritor: Programa
) -> None:
    """Sem --rejeitados nada entra; cada linha mostrada é `arquivo:linha: campo: motivo`."""
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor("importar", str(misturado))
    assert (codigo, stdout) == (65, "")
    *mostradas, resumo = stderr.splitlines()
    assert mostradas == [
        f"[ESCRITOR] misturado.csv:{3 + 2 * i}: email: 'sem-arroba' não é um e-mail"
        for i in range(20)
    ]
    assert resumo.startswith("[ESCRITOR] ERRO: misturado.csv: linhas recusadas: 30 (acima, as 20")
    assert fotografar(semeado.parent) == antes


def test_rejeitados(misturado: Path, semeado: Path, escritor: Programa, leitor: Programa) -> None:
    """As boas entram, as ruins vão para o CSV com linha e motivo, e o resumo diz quantas são."""
    destino = misturado.parent / "ruins.csv"
    codigo, stdout, stderr = escritor("importar", str(misturado), "--rejeitados", str(destino))
    assert (codigo, stdout) == (0, ""), stderr
    assert "inseridos: 30, já existiam: 1, total: 33" in stderr
    assert f"linhas recusadas: 30, em {destino}" in stderr
    cabecalho, *linhas = csv.reader(destino.read_text(encoding="utf-8").splitlines())
    assert cabecalho == COLUNAS
    assert linhas == [
        [str(3 + 2 * i), "email", "'sem-arroba' não é um e-mail", f"Q{i}", "sem-arroba", ""]
        for i in range(30)
    ]
    assert sorted(pessoas(semeado)) == sorted(
        AMOSTRA + [(f"P{i}", f"p{i}@x.com") for i in range(30)]
    )
    assert not list(misturado.parent.glob("*.parcial"))
    assert leitor("verificar").codigo == 0


def test_rejeitados_na_saida_padrao(misturado: Path, semeado: Path, escritor: Programa) -> None:
    """`--rejeitados -` serve a um container sem onde escrever."""
    codigo, stdout, stderr = escritor("importar", str(misturado), "--rejeitados", "-")
    assert codigo == 0, stderr
    assert len(list(csv.DictReader(stdout.splitlines()))) == 30
    assert len(pessoas(semeado)) == 33


def test_rejeitados_sem_lugar(misturado: Path, semeado: Path, escritor: Programa) -> None:
    """Sem onde guardar as recusas, nada é gravado: 73."""
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor("importar", str(misturado), "--rejeitados", "/nao/ha/r.csv")
    assert (codigo, stdout, stderr.count("\n")) == (73, "", 1)
    assert "/nao/ha/r.csv: não dá para guardar as recusas" in stderr
    assert fotografar(semeado.parent) == antes


def test_rejeitados_de_um_arquivo_perdido(
    tmp_path: Path, semeado: Path, escritor: Programa
) -> None:
    """Do cabeçalho ruim não se aproveita nada, e o arquivo de recusas não nasce."""
    arquivo = tmp_path / "a.csv"
    arquivo.write_text("nome,fone\nA,1\n", encoding="utf-8")
    destino = tmp_path / "ruins.csv"
    antes = fotografar(semeado.parent)
    assert escritor("importar", str(arquivo), "--rejeitados", str(destino)).codigo == 65
    assert not destino.exists()
    assert fotografar(semeado.parent) == antes


def test_bytes_ruins_ficam_legiveis_nas_recusas(
    tmp_path: Path, semeado: Path, escritor: Programa
) -> None:
    """O CSV das recusas é UTF-8 mesmo que a linha recusada não seja."""
    arquivo = tmp_path / "a.csv"
    arquivo.write_bytes("nome,email\nJosé,jose@example.com\n".encode() + b"Jos\xe9,j@x.com\n")
    destino = tmp_path / "ruins.csv"
    assert escritor("importar", str(arquivo), "--rejeitados", str(destino)).codigo == 0
    assert r"Jos\xe9" in destino.read_text(encoding="utf-8")
    assert pessoas(semeado) == [*AMOSTRA, ("José", "jose@example.com")]


def test_linhas_fisicas(tmp_path: Path, semeado: Path, escritor: Programa) -> None:
    """Quebras entre aspas, CRLF e CR sozinho contam cada uma como uma linha física."""
    antes = fotografar(semeado.parent)
    arquivo = tmp_path / "a.csv"
    for quebra in ("\n", "\r\n", "\r"):
        linhas = ["nome,email", '"A', 'B",a@x.com', "", "Bia", '"C""D",c@x.com', "Davi"]
        arquivo.write_bytes(quebra.join([*linhas, ""]).encode())
        codigo, _, stderr = escritor("importar", str(arquivo))
        assert codigo == 65
        numeros = [linha.split(":")[1] for linha in stderr.splitlines()[:-1]]
        assert numeros == ["2", "5", "7"]
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize("alvo", ["entrada", "banco", "wal", "link para o banco", "pasta", ""])
def test_rejeitados_nao_apagam_nada(
    alvo: str, misturado: Path, semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """O destino das recusas não pode ser a entrada, o banco, nem uma pasta: 2, tudo como estava."""
    link = tmp_path / "link"
    link.symlink_to(semeado)
    destino = {
        "wal": Path(f"{semeado}-wal"),
        "entrada": misturado,
        "banco": semeado,
        "link para o banco": link,
        "pasta": tmp_path,
    }
    antes = fotografar(semeado.parent), fotografar(tmp_path)
    codigo, stdout, stderr = escritor(
        "importar", str(misturado), "--rejeitados", str(destino.get(alvo, ""))
    )
    assert (codigo, stdout, stderr.count("\n")) == (2, "", 1), stderr
    assert (fotografar(semeado.parent), fotografar(tmp_path)) == antes
    assert link.is_symlink()


def test_rejeitados_num_fifo(misturado: Path, semeado: Path, tmp_path: Path) -> None:
    """Um FIFO recebe as recusas e continua FIFO."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    linha = 'cat "$1" & exec "${@:2}"'
    cmd = comando("escritor", "importar", str(misturado), "--rejeitados", str(fifo))
    saida = rodar(no_shell(linha, str(fifo), *cmd))
    assert saida.codigo == 0, saida.stderr
    assert fifo.is_fifo()
    assert len(pessoas(semeado)) == 33


@pytest.mark.parametrize("para", ["| true", ">/dev/full", ">&-"])
def test_rejeitados_numa_saida_que_falha(para: str, misturado: Path, semeado: Path) -> None:
    """Se as recusas não chegam à saída, nada é gravado, e não se diz que foi."""
    antes = fotografar(semeado.parent)
    linha = f'set -o pipefail; PYTHONUNBUFFERED=1 "$@" {para}'
    cmd = comando("escritor", "importar", str(misturado), "--rejeitados", "-")
    if para == "| true":  # grande, para que a escrita encontre o pipe já fechado
        misturado.write_text("nome,email\n" + "Q,sem-arroba\n" * 50_000)
    saida = rodar(no_shell(linha, *cmd))
    assert (saida.codigo, saida.stdout) == (74, ""), saida.stderr
    assert "gravado, mas" not in saida.stderr
    assert "Traceback" not in saida.stderr
    assert fotografar(semeado.parent) == antes


def test_fatal_depois_de_recusas(tmp_path: Path, semeado: Path, escritor: Programa) -> None:
    """O que interrompe a leitura é a última linha; as recusas de antes aparecem à frente dela."""
    arquivo = tmp_path / "a.json"
    arquivo.write_bytes(b'[\r{"nome":"A","email":"zz"},\r' + b'{"nome":"B"},\r' * 1_000 + b"]")
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor("importar", str(arquivo))
    assert (codigo, stdout) == (65, "")
    *recusas, fatal = stderr.splitlines()
    assert "a.json:2: email: 'zz' não é um e-mail" in recusas[0]
    assert len(recusas) == 20
    assert "a.json:1003: esperava um objeto JSON. Nada foi gravado" in fatal
    assert fotografar(semeado.parent) == antes


def test_aspas_nunca_fechadas_encerram_a_leitura(
    tmp_path: Path, semeado: Path, escritor: Programa
) -> None:
    """Nem com --rejeitados: contar como uma só recusa esconderia as linhas que ela engoliu."""
    arquivo, destino = tmp_path / "a.csv", tmp_path / "ruins.csv"
    arquivo.write_text('nome,email\nA,a@x.com\n"B,b@x.com\nC,c@x.com\nD,d@x.com\n')
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor("importar", str(arquivo), "--rejeitados", str(destino))
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)
    assert "a.csv:3: aspas abertas e nunca fechadas. Nada foi gravado" in stderr
    assert not destino.exists()
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize(
    ("dados", "motivo"),
    [
        ("[" + '{"nome":"A","email":"a@x.com"},' * 3_000 + "]", " --formato json\n"),
        ("nome|email\nA|a@x.com\n", " --delimitador '|'\n"),
        (",".join(f"coluna{i}" for i in range(500)) + "\n", "coluna7, …"),
    ],
)
def test_um_cabecalho_estranho_nao_enche_a_tela(
    dados: str, motivo: str, semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """Uma linha curta, que não despeja o arquivo e diz o que tentar."""
    (tmp_path / "a.csv").write_text(dados)
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor("importar", str(tmp_path / "a.csv"))
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)
    assert motivo in stderr
    assert len(stderr) < 700
    assert fotografar(semeado.parent) == antes
