"""Arquivos escolhidos para derrubar o leitor: uma linha e um código verdadeiro, sem inchar."""

import json
import os
import re
import time
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import alterar
from tests.processos import comando, no_shell, rodar

AGORA = time.monotonic()


@pytest.mark.parametrize("codigo", [256, 1, -65, 65.0, True, "65", None])
def test_estado_com_um_codigo_que_nao_ha(codigo: object, leitor: Programa, tmp_path: Path) -> None:
    """256 sairia como 0: um código fora da tabela não é de um vigia, e é 65."""
    arquivo = tmp_path / "vigia"
    estado = {"codigo": codigo, "mensagem": "m", "de": AGORA, "ate": AGORA + 3600}
    arquivo.write_text(json.dumps(estado))
    saida = leitor("saude", str(arquivo))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (65, "", 1)


@pytest.mark.parametrize(
    "conteudo",
    [
        '{"codigo": 0, "mensagem": "", "de": 1e999, "ate": 2}',
        '{"codigo": 0, "mensagem": "", "de": NaN, "ate": NaN}',
        '{"codigo": 0, "mensagem": "", "de": 0, "ate": -1e999}',
        f'{{"codigo": 0, "mensagem": "", "de": 1{"0" * 400}, "ate": 2}}',
        f'{{"codigo": 0, "mensagem": "", "de": 1{"0" * 5000}, "ate": 2}}',
        '{"codigo": 0, "mensagem": [], "de": 0, "ate": 2}',
        "[" * 60_000,
        " " * 100_000,
        "\ud800",
    ],
    ids=str,
)
def test_estado_que_nao_se_entende(conteudo: str, leitor: Programa, tmp_path: Path) -> None:
    """65 e uma linha, sem traceback."""
    arquivo = tmp_path / "vigia"
    arquivo.write_bytes(conteudo.encode("utf-8", "surrogatepass"))
    saida = leitor("saude", str(arquivo))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (65, "", 1)
    assert "não é o estado de um vigia" in saida.stderr


def test_estado_sem_fim(leitor: Programa, tmp_path: Path) -> None:
    """/dev/zero e um FIFO não são lidos."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for caminho in ("/dev/zero", str(fifo)):
        assert leitor("saude", caminho).codigo == 65


def test_ancoras_de_tres_gigas(gravado: Path, tmp_path: Path) -> None:
    """Um arquivo sem fim não entra inteiro na memória: 65."""
    arquivo = tmp_path / "ancoras"
    with arquivo.open("wb") as aberto:
        aberto.truncate(3 << 30)
    argv = comando("leitor", "--banco", str(gravado), "verificar", "--ancoras", str(arquivo))
    saida = rodar(no_shell('ulimit -v 262144; exec "$@"', *argv))
    assert (saida.codigo, saida.stderr.count("\n")) == (65, 1), saida.stderr
    assert "tem mais de 8192 KiB. Corrija --ancoras." in saida.stderr
    assert arquivo.stat().st_size == 3 << 30


def test_um_cache_que_nao_cabe(gravado: Path) -> None:
    """O arquivo pede um cache enorme; o leitor tem o dele, e com pouca memória lê tudo."""
    alterar(
        gravado,
        "PRAGMA default_cache_size = 2000000000",
        "CREATE TABLE incha (x)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) "
        "INSERT INTO incha SELECT zeroblob(1000000) FROM n",
        "DROP TABLE incha",
    )
    cmd = comando("leitor", "--banco", str(gravado), "verificar")
    saida = rodar(no_shell('ulimit -v 131072; exec "$@"', *cmd))
    assert saida.codigo == 0, saida


@pytest.mark.parametrize(
    ("achado", "motivo"),
    [
        ("Tree 5 page 9: unable to get the page. error code=7", "faltou memória para ler"),
        ("Tree 5 page 9: unable to get the page. error code=266", "erro de leitura (SQLITE_IOERR)"),
        ("Tree 5 page 9: unable to get the page. error code=11", "quick_check"),
    ],
)
def test_o_que_o_quick_check_nao_leu(
    achado: str, motivo: str, gravado: Path, leitor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A falta de memória e o erro de disco não são um banco estragado: 74, e sem `restaure`."""
    monkeypatch.setattr("leitor.banco.consultas.INTEGRIDADE", f"SELECT '{achado}'")
    codigo, _, stderr = leitor("--banco", str(gravado))
    estragado = motivo == "quick_check"
    assert (codigo, motivo in stderr, "Restaure" in stderr) == (
        65 if estragado else 74,
        True,
        estragado,
    )


@pytest.mark.parametrize("passo", ["LACRES", "PONTO"])
def test_sem_memoria(
    passo: str, gravado: Path, leitor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MemoryError, que é como o sqlite3 diz SQLITE_NOMEM: 74, e nunca um defeito."""

    def falta(*_: object) -> None:
        raise MemoryError

    if passo == "LACRES":
        monkeypatch.setattr("leitor.recalculo.conferir_lacres", falta)
    else:
        monkeypatch.setattr("leitor.banco.leitura.Leitura.prova", falta)
    codigo, stdout, stderr = leitor("--banco", str(gravado))
    assert (codigo, stdout, stderr.count("\n")) == (74, "", 1)
    assert "faltou memória" in stderr


@pytest.mark.parametrize("posicao", [18, 19])
@pytest.mark.parametrize("valor", [0, 3, 255])
def test_um_formato_que_nao_existe(
    valor: int, posicao: int, gravado: Path, leitor: Programa
) -> None:
    """Os bytes 18 e 19 só podem ser 1 ou 2: 65, pela regra A3."""
    dados = bytearray(gravado.read_bytes())
    dados[posicao] = valor
    gravado.write_bytes(dados)
    codigo, _, stderr = leitor()
    assert (codigo, "regra A3" in stderr) == (65, True)


@pytest.mark.parametrize(
    "argv",
    [
        ["copiar", "postgres://u:segredo@h/b"],
        ["--espera", "postgres://u:segredo@h/b"],
        ["saude", "postgres://u:segredo@h/b"],
        ["verificar", "--ancoras", "postgresql://u:seg@segredo@h/b"],
        ["copiar", "postgres://h/b?Password=segredo&x=1"],
        ["host=h password=segredo"],
        ["copiar", "não há/host=h PassWord = 'um segredo' user=u"],
        ["listar", "--limite", 'password="segredo"'],
        ["vigiar", "--vezes", "1", "--estado", "postgres://u:segredo@h/b"],
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("gravado")
def test_uma_senha_no_lugar_errado(argv: list[str], leitor: Programa) -> None:
    """Onde quer que a ponham, ela não se repete."""
    codigo, stdout, stderr = leitor(*argv)
    assert codigo not in {0, 70}
    assert not re.search("segredo|seg@", stdout + stderr), stderr


def test_um_nome_que_mexe_no_terminal(
    gravado: Path, leitor: Programa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """U+202E e U+2028 passam na regra E3; nos relatórios em texto, aparecem escapados."""
    entrada = tmp_path / "a\u202eb\u2028c.csv"
    entrada.write_text("nome,email\nX,x@x.com\n")
    feito = rodar(comando("escritor", "--banco", str(gravado), "importar", str(entrada)))
    if feito.codigo:
        pytest.skip("o escritor já não grava um nome destes")
    for argv in (["verificar"], ["listar"], ["vigiar", "--vezes", "1"]):
        saida = leitor(*argv)
        assert saida.codigo == 0
        assert not {"\u202e", "\u2028"} & {*saida.stdout, *saida.stderr}
    monkeypatch.undo()
