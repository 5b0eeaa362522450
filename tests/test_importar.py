"""O escritor importa um CSV: que arquivos aceita e o que grava de cada um."""

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import AMOSTRA, consultar, fotografar, pessoas
from tests.processos import Saida, comando, rodar

CHINOOK = Path(__file__).parent / "dados" / "clientes-chinook.csv"
DUAS = [("Ana Luísa", "ana@x.com"), ("Bia", "bia@x.com")]
LIVRO = "SELECT lidos, inseridos, repetidos, primeiro_id, ultimo_id, total FROM execucoes"

Importar = Callable[[bytes | str], Saida]


def resumo(stderr: str) -> tuple[str, str, str, str]:
    """O que o escritor diz antes da âncora: origem, inseridos, já existiam, total."""
    padrao = (
        r"\[ESCRITOR\] execução \d+ \((.*)\): inseridos: ([\d.]+), já existiam: ([\d.]+), "
        r"total: ([\d.]+)\n\[ESCRITOR\] lacre: sha256 [0-9a-f]{16}…"
    )
    achado = re.fullmatch(padrao, "\n".join(stderr.splitlines()[-3:-1]))
    assert achado, stderr
    return achado[1], achado[2], achado[3], achado[4]


@pytest.mark.parametrize(
    "conteudo",
    [
        pytest.param("nome,email\nAna Luísa,ana@x.com\nBia,bia@x.com\n", id="vírgula"),
        pytest.param("nome;email\nAna Luísa;ana@x.com\nBia;bia@x.com\n", id="ponto e vírgula"),
        pytest.param("nome\temail\nAna Luísa\tana@x.com\nBia\tbia@x.com\n", id="tabulação"),
        pytest.param("email,nome\nana@x.com,Ana Luísa\nbia@x.com,Bia\n", id="outra ordem"),
        pytest.param("\ufeffnome,email\nAna Luísa,ana@x.com\nBia,bia@x.com\n", id="BOM"),
        pytest.param(
            '\ufeff"nome","email"\n"Ana Luísa",ana@x.com\nBia,bia@x.com', id="BOM e aspas"
        ),
        pytest.param("nome,email\r\nAna Luísa,ana@x.com\r\nBia,bia@x.com\r\n", id="CRLF"),
        pytest.param("nome,email\rAna Luísa,ana@x.com\rBia,bia@x.com\r", id="CR sozinho"),
        pytest.param("nome,email\nAna Luísa,ana@x.com\nBia,bia@x.com", id="sem quebra no fim"),
        pytest.param("nome,email\n", id="só o cabeçalho"),
        pytest.param(" NOME , Email \nAna Luísa,ana@x.com\nBia,bia@x.com\n", id="caixa e espaços"),
        pytest.param(
            "nome,email\n  Ana Luísa , ana@x.com \nBia,bia@x.com\n", id="espaços em volta"
        ),
        pytest.param(
            "nome,email\n\nAna Luísa,ana@x.com\n\n\nBia,bia@x.com\n\n", id="linhas vazias"
        ),
    ],
)
def test_formas_de_escrever_as_mesmas_duas_pessoas(
    conteudo: str, banco: Path, importar: Importar, leitor: Programa
) -> None:
    """Ordem, separador, BOM, quebras e espaços do cabeçalho não mudam o que entra."""
    esperadas = DUAS if "Bia" in conteudo else []
    codigo, stdout, stderr = importar(conteudo)
    quantas = str(len(esperadas))
    assert (codigo, stdout) == (0, "")
    assert resumo(stderr) == ("importar:entrada.csv", quantas, "0", quantas)
    assert pessoas(banco) == esperadas
    assert list(fotografar(banco.parent)) == [banco.name]
    assert leitor("verificar").codigo == 0


@pytest.mark.parametrize(
    ("registro", "pessoa"),
    [
        ('"Silva, Ana",ana@x.com', ("Silva, Ana", "ana@x.com")),
        ('"Ana ""Nina"" Souza",ana@x.com', ('Ana "Nina" Souza', "ana@x.com")),
        ('Ana "Nina" Souza,ana@x.com', ('Ana "Nina" Souza', "ana@x.com")),
        ('Ana,"ana,b@x.com"', ("Ana", "ana,b@x.com")),
        ("'Ana',ana@x.com", ("'Ana'", "ana@x.com")),
        ("=1+1,=cmd@x.com", ("=1+1", "=cmd@x.com")),
        ("João 😀 李,joão@exemplo.com.br", ("João 😀 李", "joão@exemplo.com.br")),
        ("Joa\u0303o,jo@localhost", ("Joa\u0303o", "jo@localhost")),
        ("Bobby'; DROP TABLE usuarios;--,b@x.com", ("Bobby'; DROP TABLE usuarios;--", "b@x.com")),
        (f"Ana,{'a' * 250}@x.b", ("Ana", f"{'a' * 250}@x.b")),
        (f"{'á' * 1_000},ana@x.com", ("á" * 1_000, "ana@x.com")),
    ],
)
def test_o_valor_entra_como_veio(
    registro: str, pessoa: tuple[str, str], banco: Path, importar: Importar
) -> None:
    """Aspas, fórmulas, outras escritas e SQL são só texto, gravado sem mudança."""
    codigo, stdout, stderr = importar(f"nome,email\n{registro}\n")
    assert (codigo, stdout, resumo(stderr)[1]) == (0, "", "1")
    assert pessoas(banco) == [pessoa]


def test_clientes_da_chinook(banco: Path, escritor: Programa, leitor: Programa) -> None:
    """Os 59 clientes da Chinook entram todos, e uma segunda vez não entra nenhum."""
    _, *linhas = CHINOOK.read_text(encoding="utf-8").splitlines()
    clientes = [tuple(linha.split(",")) for linha in linhas]
    assert len(clientes) == 59
    codigo, stdout, stderr = escritor("importar", str(CHINOOK))
    assert (codigo, stdout) == (0, "")
    assert stderr.startswith(f"[ESCRITOR] banco criado em {banco}\n")
    assert resumo(stderr) == ("importar:clientes-chinook.csv", "59", "0", "59")
    assert pessoas(banco) == clientes
    codigo, stdout, stderr = escritor("importar", str(CHINOOK))
    assert (codigo, stdout) == (0, "")
    assert resumo(stderr) == ("importar:clientes-chinook.csv", "0", "59", "59")
    assert pessoas(banco) == clientes
    assert consultar(banco, LIVRO) == [(59, 59, 0, 1, 59, 59), (59, 0, 59, None, None, 59)]
    assert leitor("verificar").codigo == 0


def test_email_repetido_e_contado_e_nao_entra(
    semeado: Path, importar: Importar, leitor: Programa
) -> None:
    """Repetido é o e-mail igual, salvo maiúsculas ASCII, ao banco ou a outra linha do arquivo."""
    codigo, stdout, stderr = importar(
        "nome,email\nOutra Maria,MARIA@EXAMPLE.COM\nAna,ana@x.com\nAna de novo,Ana@X.com\n"
        "Ímpar,ímpar@x.com\nÍmpar maiúsculo,Ímpar@x.com\nAna igual,ana@x.com\n"
    )
    assert (codigo, stdout) == (0, "")
    assert resumo(stderr) == ("importar:entrada.csv", "3", "3", "6")
    novas = [("Ana", "ana@x.com"), ("Ímpar", "ímpar@x.com"), ("Ímpar maiúsculo", "Ímpar@x.com")]
    assert pessoas(semeado) == AMOSTRA + novas
    assert consultar(semeado, f"{LIVRO} WHERE id = 2") == [(6, 3, 3, 4, 6, 6)]
    assert leitor("verificar").codigo == 0


def test_os_ids_seguem_os_de_antes_sem_buracos(
    semeado: Path, importar: Importar, leitor: Programa
) -> None:
    """Repetidos no meio não gastam ids: o intervalo da execução é contínuo."""
    linhas = "".join(f"P{i},p{i // 2}@x.com\n" for i in range(3_000))
    codigo, _, stderr = importar(f"nome,email\n{linhas}")
    assert (codigo, resumo(stderr)[1:]) == (0, ("1.500", "1.500", "1.503"))
    assert consultar(semeado, "SELECT min(id), max(id), count(*) FROM usuarios") == [
        (1, 1503, 1503)
    ]
    assert pessoas(semeado)[3:] == [(f"P{i}", f"p{i // 2}@x.com") for i in range(0, 3_000, 2)]
    assert leitor("verificar").codigo == 0


@pytest.mark.parametrize(
    "conteudo",
    [
        b"nome,email\nAna,ana@x.com\n",
        b"\xef\xbb\xbfnome;email\r\nAna;ana@x.com\r\n",
        b"nome\temail\rAna\tana@x.com",
    ],
)
def test_entrada_padrao(
    conteudo: bytes, banco: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`-` lê os bytes da entrada padrão como os de um arquivo, e a origem registrada é `-`."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(conteudo), "ascii"))
    codigo, stdout, stderr = escritor("importar", "-")
    assert (codigo, stdout) == (0, "")
    assert resumo(stderr) == ("importar:-", "1", "0", "1")
    assert pessoas(banco) == [("Ana", "ana@x.com")]
    assert consultar(banco, "SELECT origem FROM execucoes") == [("importar:-",)]


def test_entrada_padrao_de_um_processo(banco: Path) -> None:
    """Por um pipe, e com a localidade C, os acentos chegam inteiros."""
    saida = rodar(
        ["env", "LC_ALL=C", "PYTHONUTF8=0", *comando("escritor", "importar", "-")],
        CHINOOK.read_bytes(),
    )
    assert (saida.codigo, saida.stdout) == (0, "")
    assert resumo(saida.stderr) == ("importar:-", "59", "0", "59")
    assert pessoas(banco)[0] == ("Luís Gonçalves", "luisg@embraer.com.br")


@pytest.mark.parametrize(
    ("arquivo", "origem"),
    [
        ("dois\nnomes\x1f.csv", "importar:dois?nomes?.csv"),
        ("não-utf8-\udcff.csv", "importar:não-utf8-\\xff.csv"),
        ("--espera", "importar:--espera"),
    ],
)
def test_a_origem_registrada_e_um_texto_limpo(
    arquivo: str, origem: str, banco: Path, escritor: Programa, leitor: Programa
) -> None:
    """Um nome de arquivo estranho não põe controle nem bytes inválidos no livro."""
    caminho = banco.parent.parent / arquivo
    caminho.write_text("nome,email\nAna,ana@x.com\n")
    codigo, stdout, stderr = escritor("importar", str(caminho))
    assert (codigo, stdout, resumo(stderr)[0]) == (0, "", origem)
    assert consultar(banco, "SELECT origem FROM execucoes") == [(origem,)]
    assert leitor("verificar").codigo == 0
