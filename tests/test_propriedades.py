"""Propriedade: quaisquer pessoas válidas, num CSV escrito de qualquer jeito, voltam iguais."""

import csv
import io
import json
import string
import tempfile
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contrato import fotografar, pessoas
from tests.motores import ESCRITOR, LEITOR

# Nem controles nem o que não se vê (recusados), nem substitutos (não existem em UTF-8).
NAO_SE_VE = "\u200b\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
VALEM = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=NAO_SE_VE)
NOME = st.text(VALEM, min_size=1, max_size=40)
LETRA = st.characters(exclude_categories=["C", "Z"], exclude_characters="@.")
PARTE = st.text(LETRA, min_size=1, max_size=12)
EMAIL = st.builds("{}@{}.{}".format, PARTE, PARTE, PARTE)
PESSOAS = st.lists(st.tuples(NOME.map(str.strip).filter(bool), EMAIL), max_size=20)
MINUSCULAS = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def protegido(campo: str) -> str:
    """O campo como um CSV à prova de planilha o traz; o importador tira o apóstrofo."""
    return f"'{campo}" if campo.lstrip("'").startswith(tuple("=+-@＝＋－＠")) else campo


@st.composite
def arquivos(draw: st.DrawFn) -> tuple[bytes, list[tuple[str, str]]]:
    """Um CSV em bytes e as pessoas que devem entrar dele: a primeira de cada e-mail."""
    gente = draw(PESSOAS)
    repetir = draw(st.booleans())  # e-mails repetidos ao acaso seriam raros demais
    if gente and repetir:
        gente.append((gente[0][0], gente[0][1].upper() if gente[0][1].isascii() else gente[0][1]))
    texto = io.StringIO()
    linhas = csv.writer(
        texto,
        delimiter=draw(st.sampled_from(",;\t")),
        lineterminator=draw(st.sampled_from(["\n", "\r\n", "\r"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    )
    invertido = draw(st.booleans())
    for par in [("nome", "email"), *gente]:
        campos = [protegido(campo) for campo in par]
        linhas.writerow(campos[::-1] if invertido else campos)
    unicas: dict[str, tuple[str, str]] = {}
    for pessoa in gente:
        unicas.setdefault(pessoa[1].translate(MINUSCULAS), pessoa)
    codificacao = draw(st.sampled_from(["utf-8", "utf-8-sig"]))
    return texto.getvalue().encode(codificacao), list(unicas.values())


def chamar(programa: Callable[[Sequence[str]], int], *argv: str) -> tuple[int, str, str]:
    """Chama o main de um dos dois, com a saída e o erro guardados."""
    bytes_da_saida = io.BytesIO()
    saida = io.TextIOWrapper(bytes_da_saida, "utf-8", newline="", write_through=True)
    with redirect_stdout(saida), redirect_stderr(io.StringIO()) as stderr:
        codigo = programa(argv)
    return codigo, bytes_da_saida.getvalue().decode(), stderr.getvalue()


@settings(max_examples=40, deadline=None, database=None)
@given(arquivos())
def test_o_que_entra_e_o_que_se_le(caso: tuple[bytes, list[tuple[str, str]]]) -> None:
    """Importadas, as pessoas são as mesmas por outra conexão, e o leitor as verifica e relê."""
    conteudo, esperadas = caso
    with tempfile.TemporaryDirectory() as nome:
        pasta = Path(nome)
        (pasta / "p.csv").write_bytes(conteudo)
        banco = ["--banco", str(pasta / "b.db"), "--espera", "1"]
        codigo, stdout, stderr = chamar(ESCRITOR, "importar", str(pasta / "p.csv"), *banco)
        assert (codigo, stdout) == (0, ""), stderr
        assert pessoas(pasta / "b.db") == esperadas
        assert list(fotografar(pasta)) == ["b.db", "p.csv"]
        codigo, stdout, stderr = chamar(LEITOR, "listar", "--formato", "jsonl", *banco)
        assert (codigo, stdout.count("\n")) == (0, len(esperadas)), stderr


NOMES = NOME.filter(lambda nome: nome.strip() == nome)


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(NOMES, max_size=8), st.sampled_from(["csv", "jsonl", "json"]))
def test_ida_e_volta(nomes: list[str], formato: str) -> None:
    """De um banco para outro, pelo que o leitor lista: em qualquer escrita, as mesmas pessoas."""
    with tempfile.TemporaryDirectory() as nome:
        pasta = Path(nome)
        gente = [{"nome": nome, "email": f"p{i}@x.com"} for i, nome in enumerate(nomes)]
        origem = pasta / "origem.jsonl"
        origem.write_text("".join(json.dumps(pessoa) + "\n" for pessoa in gente))
        ultimo = ""
        for vez in ("a", "b"):
            banco = ["--banco", str(pasta / f"{vez}.db")]
            codigo, stdout, stderr = chamar(ESCRITOR, "importar", str(origem), *banco)
            assert (codigo, stdout) == (0, ""), stderr
            assert pessoas(pasta / f"{vez}.db") == [(p["nome"], p["email"]) for p in gente]
            codigo, ultimo, stderr = chamar(LEITOR, "listar", "--formato", formato, *banco)
            assert codigo == 0, stderr
            origem = pasta / f"copia.{formato}"
            origem.write_bytes(ultimo.encode())


@settings(max_examples=200, deadline=None, database=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
@pytest.mark.parametrize("nome", ["x.csv", "x.jsonl", "x.json", "x.csv.gz"])
def test_lixo_nunca_derruba(nome: str, lixo: bytes) -> None:
    """Qualquer coisa na entrada: gravada ou recusada com 65, nunca um defeito nosso."""
    with tempfile.TemporaryDirectory() as pasta:
        arquivo = Path(pasta, nome)
        prefixo = b"nome,email\n" if nome == "x.csv" else b""
        arquivo.write_bytes(prefixo + lixo)
        opcoes = ["importar", str(arquivo), "--banco", f"{pasta}/b.db"]
        codigo, stdout, stderr = chamar(ESCRITOR, *opcoes)
        assert codigo in {0, 65}, stderr
        assert stdout == ""
        assert "Traceback" not in stderr
