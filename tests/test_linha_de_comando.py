"""A linha de comando dos dois: em português, sem traceback, e a opção vence a variável."""

import json
import re
import time
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import AMOSTRA, consultar, fotografar, pessoas
from tests.processos import PRAZO, comando, rodar, trava

INGLES = re.compile(
    r"usage|options|positional|show this|error|invalid|required|expected|unrecognized|choose|"
    r"argument\b|the following",
    re.IGNORECASE,
)
ELO = "0a" * 32
ESPERAS_RUINS = ["abc", "nan", "inf", "-inf", "-1", "1e999", "1s", "1,5", " "]


@pytest.fixture(name="programa", params=["escritor", "leitor"])
def _programa(request: pytest.FixtureRequest) -> tuple[str, Programa]:
    """Cada um dos dois: o nome e a função que o chama."""
    return request.param, request.getfixturevalue(request.param)


@pytest.mark.parametrize(
    ("programa", "argv"),
    [
        ("escritor", ["nada"]),
        ("escritor", ["semear", "sobra"]),
        ("escritor", ["importar"]),
        ("escritor", ["importar", "a.csv", "b.csv"]),
        ("escritor", ["importar", "a.csv", "--formato", "xml"]),
        ("escritor", ["--banco"]),
        ("escritor", ["--ban", "x.db"]),
        ("escritor", ["--version=1"]),
        ("leitor", ["nada"]),
        ("leitor", ["listar", "sobra"]),
        ("leitor", ["--formato"]),
        ("leitor", ["--formato", "xml"]),
        ("leitor", ["--form", "json"]),
        ("leitor", ["listar", "--lim", "1"]),
        ("leitor", ["verificar", "--formato", "csv"]),
        ("leitor", ["verificar", "--limite", "1"]),
        ("leitor", ["--limite", "-1"]),
        ("leitor", ["--limite", "1.5"]),
        ("leitor", ["--limite", "x"]),
        ("leitor", ["--limite", ""]),
        ("leitor", ["--limite", "9" * 5_000]),
        ("leitor", ["--banco"]),
        ("leitor", ["vigiar", "--intervalo", "0"]),
        ("leitor", ["vigiar", "--intervalo", "nan"]),
        ("leitor", ["vigiar", "--intervalo", "1e9"]),
        ("leitor", ["vigiar", "--intervalo", "15s"]),
        ("leitor", ["vigiar", "--vezes", "0"]),
        ("leitor", ["vigiar", "--vezes", "1.5"]),
        ("leitor", ["saude"]),
        ("leitor", ["--ancora"]),
        ("leitor", ["--ancora", ""]),
        ("leitor", ["--ancora", ELO]),
        ("leitor", ["--ancora", f"0 {ELO}"]),
        ("leitor", ["--ancora", f"-1 {ELO}"]),
        ("leitor", ["--ancora", f"1  {ELO}"]),
        ("leitor", ["--ancora", f"1 {ELO}0"]),
        ("leitor", ["--ancora", f"1 {ELO[1:]}"]),
        ("leitor", ["--ancora", f"1 {ELO.upper()}"]),
        ("leitor", ["--ancora", f"² {ELO}"]),
        ("leitor", ["--ancora", f"{'9' * 5_000} {ELO}"]),
        ("leitor", ["verificar", "--ancora", f"1 {ELO}", "--ancora", "x"]),
        ("leitor", ["saude", "estado", "--ancora", f"1 {ELO}"]),
    ],
)
def test_uso_errado(
    programa: str, argv: list[str], semeado: Path, request: pytest.FixtureRequest
) -> None:
    """2, uma linha em português que ensina o caminho, e o banco nem é aberto."""
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = request.getfixturevalue(programa)(*argv)
    assert (codigo, stdout, stderr.count("\n")) == (2, "", 1), stderr[:200]
    assert stderr.startswith(f"[{programa.upper()}] ERRO: ")
    assert re.search(rf"Veja:? .*{programa}[a-z ]* --help`?\.?\n$", stderr)
    assert INGLES.findall(stderr) == []
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize("valor", ESPERAS_RUINS)
def test_espera_ruim_na_variavel(
    valor: str, programa: tuple[str, Programa], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BANCO_ESPERA que não é um número de segundos é um erro claro, e nada é criado."""
    nome, rodar_programa = programa
    monkeypatch.setenv("BANCO_ESPERA", valor)
    codigo, stdout, stderr = rodar_programa()
    assert (codigo, stdout, stderr.count("\n")) == (2, "", 1)
    assert stderr.startswith(f"[{nome.upper()}] ERRO: ")
    assert f"BANCO_ESPERA deve ser um número de segundos, 0 ou mais; veio {valor!r}" in stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("valor", ESPERAS_RUINS)
def test_espera_ruim_na_opcao(valor: str, programa: tuple[str, Programa], tmp_path: Path) -> None:
    """A opção é julgada pela mesma régua que a variável."""
    codigo, stdout, stderr = programa[1](f"--espera={valor}")
    assert (codigo, stdout, stderr.count("\n")) == (2, "", 1)
    assert f"deve ser um número de segundos, 0 ou mais; veio {valor!r}" in stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("valor", ["", "0", "0.5", "1e3", "30"])
def test_espera_boa(
    valor: str, semeado: Path, programa: tuple[str, Programa], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zero, frações e a variável vazia (o padrão) servem."""
    monkeypatch.setenv("BANCO_ESPERA", valor)
    codigo, stdout, stderr = programa[1]()
    assert (codigo, stdout.count("@example.com")) == (0, 3), stderr
    assert pessoas(semeado) == AMOSTRA


@pytest.mark.parametrize("posicao", ["antes", "depois", "com igual"])
def test_a_opcao_banco_vence_a_variavel(
    posicao: str, tmp_path: Path, banco: Path, escritor: Programa, leitor: Programa
) -> None:
    """`--banco`, antes ou depois do comando, vale mais que BANCO."""
    outro = tmp_path / "outro.db"
    for programa, nome in ((escritor, "semear"), (leitor, "verificar")):
        argv = {
            "antes": ["--banco", str(outro), nome],
            "depois": [nome, "--banco", str(outro)],
            "com igual": [f"--banco={outro}", nome],
        }[posicao]
        codigo, _, stderr = programa(*argv)
        assert (codigo, "ERRO" in stderr) == (0, False)
    assert pessoas(outro) == AMOSTRA
    assert not banco.parent.exists()


@pytest.mark.parametrize("variavel", ["600", "abc"])
def test_a_opcao_espera_vence_a_variavel(
    variavel: str, semeado: Path, programa: tuple[str, Programa], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Com `--espera`, o que a variável diz não importa, nem se é grande ou ilegível."""
    monkeypatch.setenv("BANCO_ESPERA", variavel)
    inicio = time.monotonic()
    with trava(semeado, "EXCLUSIVE"):
        codigo, stdout, stderr = programa[1]("--espera", "0.1")
    assert (codigo, stdout) == (75, "")
    assert "por mais de 0.1 s" in stderr
    assert time.monotonic() - inicio < PRAZO


@pytest.mark.parametrize("posicao", ["antes", "depois"])
def test_opcoes_do_leitor_com_e_sem_comando(posicao: str, gravado: Path, leitor: Programa) -> None:
    """Sem comando é `listar`, também com opções; as globais valem dos dois lados."""
    globais = ["--banco", str(gravado), "--espera", "1"]
    opcoes = ["--formato", "json", "--limite", "1"]
    for argv in (opcoes, ["listar", *opcoes]):
        juntos = [*globais, *argv] if posicao == "antes" else [*argv, *globais]
        codigo, stdout, _ = leitor(*juntos)
        assert (codigo, [linha["nome"] for linha in json.loads(stdout)]) == (0, ["João Silva"])


def test_limite_maior_que_qualquer_inteiro_do_sqlite(semeado: Path, leitor: Programa) -> None:
    """Um limite que não cabe em 64 bits lista tudo ou é uso errado, nunca um traceback."""
    codigo, stdout, stderr = leitor("--formato", "jsonl", "--limite", str(2**63))
    assert "Traceback" not in stderr
    assert (codigo, stdout.count("\n")) in {(0, 3), (2, 0)}
    assert pessoas(semeado) == AMOSTRA


@pytest.mark.parametrize(
    "cmd",
    [
        ["escritor"],
        ["escritor", "semear"],
        ["escritor", "importar"],
        ["escritor", "restaurar"],
        ["leitor"],
        ["leitor", "listar"],
        ["leitor", "verificar"],
        ["leitor", "copiar"],
        ["leitor", "vigiar"],
        ["leitor", "saude"],
    ],
)
@pytest.mark.parametrize("opcao", ["--help", "-h"])
def test_ajuda_em_portugues(cmd: list[str], opcao: str, banco: Path) -> None:
    """A ajuda sai inteira em português, na saída padrão, com 0, e nada é criado."""
    programa, *resto = cmd
    saida = rodar(comando(programa, *resto, opcao))
    assert (saida.codigo, saida.stderr) == (0, "")
    assert saida.stdout.startswith(f"uso: {' '.join(cmd)} [-h]")
    assert "opções:" in saida.stdout
    assert "exemplos:\n  " in saida.stdout
    assert "mostra esta ajuda e termina" in saida.stdout
    assert INGLES.findall(saida.stdout) == []
    assert not banco.parent.exists()


@pytest.mark.parametrize("programa", ["escritor", "leitor"])
def test_a_ajuda_diz_os_comandos_as_variaveis_e_os_codigos(programa: str) -> None:
    """Quem só tem a imagem acha na ajuda tudo o que pode pedir."""
    saida = rodar(comando(programa, "--help"))
    comandos = {
        "escritor": ["semear", "importar", "restaurar"],
        "leitor": ["listar", "verificar", "copiar", "vigiar", "saude"],
    }[programa]
    for palavra in [*comandos, "--banco", "--espera", "--version", "BANCO", "BANCO_ESPERA"]:
        assert palavra in saida.stdout
    assert "/data/desafio2.db" in saida.stdout
    assert (saida.codigo, saida.stderr) == (0, "")


@pytest.mark.parametrize("programa", ["escritor", "leitor"])
def test_versao(programa: str, banco: Path) -> None:
    """`--version` diz o programa e a versão, e nada mais."""
    saida = rodar(comando(programa, "--version"))
    assert (saida.codigo, saida.stderr) == (0, "")
    assert re.fullmatch(rf"{programa} \d+\.\d+\.\d+\n", saida.stdout)
    assert not banco.parent.exists()


def test_a_saida_e_utf8_em_qualquer_localidade(semeado: Path) -> None:
    """Com a localidade C e sem PYTHONUTF8, os acentos saem inteiros."""
    for programa in ("leitor", "escritor"):
        saida = rodar(["env", "LC_ALL=C", "PYTHONUTF8=0", *comando(programa)])
        assert (saida.codigo, "João Silva" in saida.stdout) == (0, True)
        assert "âncora" in saida.stderr
    assert consultar(semeado, "SELECT count(*) FROM execucoes") == [(1,)]
