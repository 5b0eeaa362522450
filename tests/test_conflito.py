"""`--conflito falhar`: um e-mail que já existe, ou se repete, recusa o arquivo e é nomeado."""

from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import consultar, fotografar, pessoas


@pytest.fixture
def arquivo(tmp_path: Path) -> Path:
    """O caminho do arquivo a importar."""
    return tmp_path / "a.csv"


@pytest.mark.parametrize("quantas", [1, 12_000])
def test_um_conflito_e_uma_linha(
    quantas: int, arquivo: Path, semeado: Path, escritor: Programa
) -> None:
    """65, o e-mail e a linha física dele, e o banco igual; com ignorar, os novos entram."""
    linhas = "".join(f"P{i},p{i}@x.com\n" for i in range(quantas))
    arquivo.write_text(f"nome,email\n{linhas}João,Joao@Example.com\n", encoding="utf-8")
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor("importar", str(arquivo), "--conflito", "falhar")
    assert (codigo, stdout) == (65, "")
    assert stderr == (
        f"[ESCRITOR] ERRO: a.csv:{quantas + 2}: email: Joao@Example.com já existe; "
        "nada foi gravado. Com --conflito ignorar, só os novos entram.\n"
    )
    assert fotografar(semeado.parent) == antes
    assert escritor("importar", str(arquivo), "--conflito", "ignorar").codigo == 0
    assert consultar(semeado, "SELECT repetidos FROM execucoes WHERE id = 2") == [(1,)]


def test_os_vinte_primeiros_na_ordem_do_arquivo(
    arquivo: Path, semeado: Path, escritor: Programa
) -> None:
    """Do banco e do próprio arquivo, contados todos, sem distinguir maiúsculas."""
    linhas = ["Ana,ana@x.com", "Maria,MARIA@example.com", *["Ana,Ana@X.com"] * 1_500]
    arquivo.write_text("\n".join(["nome,email", *linhas]), encoding="utf-8")
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor("importar", str(arquivo), "--conflito", "falhar")
    assert (codigo, stdout) == (65, "")
    primeiro, segundo, *_, ultimo = stderr.splitlines()
    assert primeiro == "[ESCRITOR] a.csv:3: email: MARIA@example.com já existe"
    assert segundo == "[ESCRITOR] a.csv:4: email: Ana@X.com se repete"
    assert stderr.count("\n") == 21
    assert "e-mails em conflito: 1.501 (acima, os 20 primeiros); nada foi gravado" in ultimo
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize("quantas", [12_000, 15_001, 40_000])
def test_sem_conflito_entra_tudo_na_ordem(
    quantas: int, arquivo: Path, semeado: Path, escritor: Programa
) -> None:
    """Controle: o que não conflita entra como entraria sem a opção, e nenhum temporário fica."""
    novas = [(f"P{i}", f"p{i}@x.com") for i in range(quantas)]
    arquivo.write_text("nome,email\n" + "".join(f"{n},{e}\n" for n, e in novas))
    assert escritor("importar", str(arquivo), "--conflito", "falhar").codigo == 0
    assert pessoas(semeado)[3:] == novas
    assert list(fotografar(semeado.parent)) == [semeado.name]


def test_com_rejeitados_o_conflito_ainda_recusa(
    arquivo: Path, semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """Uma linha ruim vai para o arquivo das recusas; um conflito desfaz tudo, e ele não fica."""
    arquivo.write_text("nome,email\nQ,sem-arroba\nMaria,maria@example.com\n")
    destino = tmp_path / "ruins.csv"
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor(
        "importar", str(arquivo), "--conflito", "falhar", "--rejeitados", str(destino)
    )
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)
    assert "a.csv:3: email: maria@example.com já existe" in stderr
    assert not destino.exists()
    assert fotografar(semeado.parent) == antes
