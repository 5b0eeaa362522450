"""BANCO é um arquivo: o endereço de um servidor, ou um nome de duas linhas, é uso errado."""

from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import AMOSTRA, pessoas
from tests.processos import RAIZ, comando, rodar

POSTGRES = [
    "postgresql://u:segredo@h/db",
    "POSTGRES://u:segredo@h:5432/db?sslmode=require",
    "host=h user=u password=segredo dbname=db",
]
OUTROS = ["file:///tmp/segredo.db", "mysql://u:segredo@h/db", "https://u:segredo@h/"]


@pytest.fixture(name="vazia")
def _vazia(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pasta atual, sem nada."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("programa", ["escritor", "leitor"])
@pytest.mark.parametrize("por", ["variável", "opção"])
@pytest.mark.parametrize("valor", [*POSTGRES, *OUTROS])
def test_endereco_de_servidor(
    valor: str,
    por: str,
    programa: str,
    vazia: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """2, uma linha sem a senha que diz quem o leva, e nenhuma pasta com o nome dele."""
    rodar_programa: Programa = request.getfixturevalue(programa)
    if por == "variável":
        monkeypatch.setenv("BANCO", valor)
    codigo, stdout, stderr = rodar_programa(*(["--banco", valor] if por == "opção" else []))
    assert (codigo, stdout, stderr.count("\n")) == (2, "", 1)
    assert "BANCO deve ser o caminho de um arquivo; veio o endereço de um servidor" in stderr
    assert (f"`python -m postgres.{programa}`" in stderr) == (valor in POSTGRES)
    assert "segredo" not in stderr
    assert list(vazia.iterdir()) == []


@pytest.mark.parametrize("programa", ["escritor", "leitor"])
@pytest.mark.parametrize("argv", [[POSTGRES[0]], [f"--bank={POSTGRES[0]}"]])
@pytest.mark.usefixtures("vazia")
def test_endereco_fora_do_lugar(
    argv: list[str], programa: str, request: pytest.FixtureRequest
) -> None:
    """Nem o argumento que não se entende repete a senha."""
    codigo, stdout, stderr = request.getfixturevalue(programa)(*argv)
    assert (codigo, stdout, stderr.count("\n")) == (2, "", 1)
    assert "segredo" not in stderr


@pytest.mark.parametrize("programa", ["escritor", "leitor"])
@pytest.mark.parametrize(
    "caractere", ["\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\u2029"]
)
def test_banco_com_controle(
    caractere: str, programa: str, vazia: Path, request: pytest.FixtureRequest
) -> None:
    """2, com o valor escapado e numa linha só, e nada é criado."""
    codigo, stdout, stderr = request.getfixturevalue(programa)("--banco", f"a{caractere}b.db")
    assert (codigo, stdout, len(stderr.splitlines())) == (2, "", 1)
    assert f"veio {f'a{caractere}b.db'!r}" in stderr
    assert caractere not in stderr.removesuffix("\n")
    assert list(vazia.iterdir()) == []


@pytest.mark.parametrize(
    ("programa", "argv", "codigo"),
    [
        ("escritor", ["importar", "NOME"], 66),
        ("escritor", ["restaurar", "NOME"], 66),
        ("escritor", ["importar", "a.csv", "NOME"], 2),
        ("escritor", ["importar", "a.csv", "--rejeitados", "NOME/x"], 73),
        ("escritor", ["importar", "ruins.csv", "--rejeitados", "NOME"], 0),
        ("leitor", ["copiar", "NOME/x"], 73),
        ("leitor", ["copiar", "NOME"], 0),
        ("leitor", ["saude", "NOME"], 66),
    ],
)
def test_a_mensagem_e_sempre_uma_linha(
    programa: str, argv: list[str], codigo: int, semeado: Path, tmp_path: Path
) -> None:
    """Um nome de arquivo com quebras, controles e setas de direção aparece escapado."""
    (tmp_path / "a.csv").write_text("nome,email\n")
    (tmp_path / "ruins.csv").write_text("nome,email\nsem-arroba,x\n")
    nome = "um\ndois\r\x1b[2J\u202etrês"
    cmd = comando(programa, *(parte.replace("NOME", f"{tmp_path}/{nome}") for parte in argv))
    cmd = [f"{tmp_path}/{parte}" if parte.endswith(".csv") else parte for parte in cmd]
    saida = rodar(cmd)
    assert saida.codigo == codigo, saida.stderr
    assert all(linha.startswith(f"[{programa.upper()}] ") for linha in saida.stderr.splitlines())
    assert not any(caractere in saida.stderr for caractere in "\r\x1b\u202e")
    assert r"um\ndois\r\x1b[2J\u202etrês" in saida.stderr
    assert len(pessoas(semeado)) == 3


@pytest.mark.parametrize("nome", ["file:y.db", "file::memory:", "file:z.db?mode=memory"])
def test_um_nome_que_parece_um_uri_e_um_arquivo(nome: str, vazia: Path) -> None:
    """O SQLite o tomaria por outro arquivo, ou por nenhum: o par grava e lê o que tem esse nome."""
    ambiente = ["env", f"PYTHONPATH={RAIZ}", f"BANCO={nome}"]
    assert rodar([*ambiente, *comando("escritor")], pasta=vazia).codigo == 0
    assert pessoas(vazia / nome) == AMOSTRA
    assert [arquivo.name for arquivo in vazia.iterdir()] == [nome]
    assert rodar([*ambiente, *comando("leitor")], pasta=vazia).codigo == 0
