"""Os nomes que o escritor cria e apaga: um link, ou o arquivo de alguém, não se perde neles."""

import fcntl
import os
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import AMOSTRA, consultar, fotografar, pessoas
from tests.processos import comando, no_shell, rodar

RUINS = b"nome,email\nAna,ana@x.com\nB,sem-arroba\n"


def vizinho(caminho: Path, sufixo: str) -> Path:
    """O caminho com o sufixo depois do nome."""
    return caminho.with_name(f"{caminho.name}{sufixo}")


def ligar(como: str, alvo: Path, nome: Path) -> None:
    """Põe em `nome` um link para o alvo."""
    if como == "simbólico":
        nome.symlink_to(alvo.name)
    else:
        nome.hardlink_to(alvo)


COMO = pytest.mark.parametrize("como", ["simbólico", "físico"])


@COMO
@pytest.mark.parametrize("sufixo", [".desafio2-restaurando", ".desafio2-tranca"])
@pytest.mark.parametrize("pedido", ["semear", "restaurar"])
def test_link_para_o_banco(
    pedido: str, sufixo: str, como: str, gravado: Path, copia: Path, escritor: Programa
) -> None:
    """65, uma linha que diz qual, e a história inteira."""
    ligar(como, gravado, vizinho(gravado, sufixo))
    antes = fotografar(gravado.parent)
    saida = escritor(pedido, *([str(copia)] if pedido == "restaurar" else []))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (65, "", 1)
    assert f"{gravado}{sufixo}: é um " in saida.stderr
    assert "nada foi gravado. Mude-o de lugar." in saida.stderr
    assert fotografar(gravado.parent) == antes


@COMO
def test_link_com_o_nome_da_copia_da_adocao(como: str, comum: Path, escritor: Programa) -> None:
    """A adoção também não esvazia o banco que ia guardar."""
    ligar(como, comum, vizinho(comum, ".desafio2-guardando"))
    antes = fotografar(comum.parent)
    codigo, _, stderr = escritor()
    assert (codigo, "Mude-o de lugar." in stderr) == (65, True)
    assert fotografar(comum.parent) == antes


@COMO
def test_link_com_o_nome_do_parcial_das_recusas(
    como: str, semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """O que está do outro lado do link fica como estava."""
    (tmp_path / "a.csv").write_bytes(RUINS)
    (tmp_path / "v").write_text("de alguém")
    ligar(como, tmp_path / "v", tmp_path / "r.csv.desafio2-parcial")
    codigo, _, stderr = escritor(
        "importar", f"{tmp_path}/a.csv", "--rejeitados", f"{tmp_path}/r.csv"
    )
    assert (codigo, "Mude-o de lugar." in stderr) == (65, True)
    assert (tmp_path / "v").read_text() == "de alguém"
    assert pessoas(semeado) == AMOSTRA


@pytest.mark.parametrize("por", ["nome", "link", "entrada padrão"])
@pytest.mark.parametrize("sufixo", ["", ".desafio2-restaurando", ".desafio2-tranca", "-journal"])
def test_copia_com_um_nome_que_se_apaga(
    sufixo: str, por: str, semeado: Path, copia: Path, tmp_path: Path
) -> None:
    """`restaurar` não esvazia a cópia que lhe deram, nem toma o banco por uma."""
    dada = vizinho(semeado, sufixo)
    if sufixo:
        copia.rename(dada)
    (tmp_path / "link.db").symlink_to(dada)
    antes = fotografar(semeado.parent)
    argumento = {"nome": str(dada), "link": f"{tmp_path}/link.db", "entrada padrão": "-"}[por]
    linha = f'"$@" < "{dada}"'
    saida = rodar(no_shell(linha, *comando("escritor", "restaurar", argumento)))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (2, "", 1), saida.stderr
    assert f"{argumento}: {'tem o nome' if sufixo else 'é o próprio banco'}" in saida.stderr
    assert fotografar(semeado.parent) == antes


def test_importar_um_arquivo_que_se_apaga(semeado: Path, escritor: Programa) -> None:
    """Um CSV com o nome de uma sobra de restauração seria apagado ao abrir o banco."""
    dado = vizinho(semeado, ".desafio2-restaurando")
    dado.write_bytes(RUINS)
    codigo, stdout, stderr = escritor("importar", str(dado))
    assert (codigo, stdout, stderr.count("\n")) == (2, "", 1)
    assert dado.read_bytes() == RUINS


@pytest.mark.parametrize("destino", ["a.csv", "link.csv", "fisico.csv", "r.csv"])
@pytest.mark.parametrize("por", ["nome", "entrada padrão"])
def test_as_recusas_nao_apagam_a_entrada(
    por: str, destino: str, semeado: Path, tmp_path: Path
) -> None:
    """2, também se a entrada vem por `<`, ou tem o nome que as recusas têm antes de prontas."""
    entrada = tmp_path / ("r.csv.desafio2-parcial" if destino == "r.csv" else "a.csv")
    entrada.write_bytes(RUINS)
    (tmp_path / "link.csv").symlink_to(entrada)
    (tmp_path / "fisico.csv").hardlink_to(entrada)
    cmd = comando("escritor", "importar", str(entrada) if por == "nome" else "-")
    saida = rodar(no_shell(f'"$@" < {entrada}', *cmd, "--rejeitados", f"{tmp_path}/{destino}"))
    assert (saida.codigo, saida.stdout, saida.stderr.count("] ERRO: ")) == (2, "", 1)
    assert "--rejeitados apagaria a entrada ou o banco" in saida.stderr
    assert entrada.read_bytes() == RUINS
    assert pessoas(semeado) == AMOSTRA


def test_as_recusas_na_saida_padrao_que_e_a_entrada(semeado: Path, tmp_path: Path) -> None:
    """`>>` no arquivo que se lê acrescentaria a ele as recusas, sem fim."""
    entrada = tmp_path / "a.csv"
    entrada.write_bytes(RUINS)
    cmd = comando("escritor", "importar", str(entrada), "--rejeitados", "-")
    assert rodar(no_shell(f'"$@" >> {entrada}', *cmd)).codigo == 2
    assert entrada.read_bytes() == RUINS
    assert pessoas(semeado) == AMOSTRA


@pytest.mark.parametrize("nome", ["link.db", "link.db-journal", "r/z.db", "r/z.db-journal"])
def test_as_recusas_nao_sao_um_arquivo_do_banco(
    nome: str, tmp_path: Path, escritor: Programa, modelos: Path
) -> None:
    """Com BANCO um link, os diários são os do arquivo."""
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "z.db").write_bytes((modelos / "semeado").read_bytes())
    (tmp_path / "link.db").symlink_to("r/z.db")
    (tmp_path / "a.csv").write_bytes(RUINS)
    saida = escritor(
        "importar", f"{tmp_path}/a.csv", "--banco", f"{tmp_path}/link.db",
        "--rejeitados", f"{tmp_path}/{nome}",
    )  # fmt: skip
    assert (saida.codigo, "apagaria a entrada ou o banco" in saida.stderr) == (2, True)
    assert pessoas(tmp_path / "r" / "z.db") == AMOSTRA


@pytest.mark.parametrize("sufixo", ["-journal", "-wal"])
def test_copia_por_um_link_com_diario_ao_lado_do_arquivo(
    sufixo: str, semeado: Path, copia: Path, escritor: Programa, tmp_path: Path
) -> None:
    """O diário está ao lado do arquivo, e não do link: sem ele não é o banco inteiro."""
    vizinho(copia, sufixo).write_bytes(b"x")
    (tmp_path / "outra").mkdir()
    link = tmp_path / "outra" / "link.db"
    link.symlink_to(copia)
    codigo, _, stderr = escritor("restaurar", str(link))
    assert (codigo, f"há {copia}{sufixo} ao lado" in stderr) == (65, True)
    assert pessoas(semeado) == AMOSTRA


def test_a_pasta_trancada_por_outro_programa(
    semeado: Path, copia: Path, escritor: Programa
) -> None:
    """Quem tranca a pasta não é outra restauração: só o nome da tranca diz isso."""
    pasta = os.open(semeado.parent, os.O_RDONLY)
    try:
        fcntl.flock(pasta, fcntl.LOCK_EX)
        saida = escritor("restaurar", str(copia))
    finally:
        os.close(pasta)
    assert saida.codigo == 0, saida.stderr
    assert len(pessoas(semeado)) == 5


@pytest.mark.parametrize("pedido", ["semear", "restaurar"])
def test_o_banco_de_uma_restauracao_interrompida(
    pedido: str, gravado: Path, copia: Path, escritor: Programa
) -> None:
    """O que ela tirava do lugar ganha a data no nome, e o nome novo é dito."""
    anterior = vizinho(gravado, ".desafio2-anterior")
    copia.rename(anterior)
    saida = escritor(pedido, *([str(anterior)] if pedido == "restaurar" else []))
    assert saida.codigo == (66 if pedido == "restaurar" else 0)
    [datado] = gravado.parent.glob("*.antes-de-*")
    assert str(datado) in saida.stderr
    assert consultar(datado, "SELECT count(*) FROM execucoes") == [(3,)]
    assert not anterior.exists()
    if pedido == "restaurar":
        assert "não existe" not in saida.stderr
        assert escritor("restaurar", str(datado)).codigo == 0
