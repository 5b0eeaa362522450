"""`importar` de CSV, JSON Lines, JSON e gzip, com outras codificações e outros nomes de coluna."""

import gzip
import json
from pathlib import Path

import pytest

from escritor.entrada import formato_json
from tests.conftest import Programa
from tests.contrato import AMOSTRA, fotografar, pessoas
from tests.processos import Saida

GENTE = [
    ("Ana Araújo", "ana@x.com"),
    ('Zé "Zeca" Lima', "ze@x.com"),
    ("Íris\u3000李", "iris@x.com"),
]
OBJETOS = [{"nome": nome, "email": email} for nome, email in GENTE]
CSV = 'nome,email\nAna Araújo,ana@x.com\n"Zé ""Zeca"" Lima",ze@x.com\nÍris\u3000李,iris@x.com\n'
LINHAS = "".join(json.dumps(objeto) + "\n" for objeto in OBJETOS)
FORMAS = {
    "dados.csv": CSV.encode(),
    "dados.CSV.gz": gzip.compress(CSV.encode()),
    "sem-extensao": CSV.encode(),
    "dados.jsonl": LINHAS.encode(),
    "dados.ndjson": LINHAS.replace("\n", "\r\n\n").encode(),
    "dados.jsonl.gz": gzip.compress(LINHAS.encode()),
    "dados.json": json.dumps(OBJETOS, ensure_ascii=False, indent=2).encode(),
    "dados.json.gz": gzip.compress(json.dumps(OBJETOS).encode()),
}


def importar(escritor: Programa, pasta: Path, nome: str, dados: bytes, *opcoes: str) -> Saida:
    """Grava os bytes num arquivo com este nome e o importa."""
    (pasta / nome).write_bytes(dados)
    return escritor("importar", str(pasta / nome), *opcoes)


@pytest.mark.parametrize("nome", FORMAS)
def test_cada_formato_pela_extensao(
    nome: str, tmp_path: Path, banco: Path, escritor: Programa, leitor: Programa
) -> None:
    """As mesmas três pessoas entram de qualquer formato, e o leitor as verifica."""
    codigo, stdout, stderr = importar(escritor, tmp_path, nome, FORMAS[nome])
    assert (codigo, stdout) == (0, ""), stderr
    assert f"(importar:{nome}): inseridos: 3, já existiam: 0" in stderr
    assert pessoas(banco) == GENTE
    assert leitor("verificar").codigo == 0


def test_a_opcao_formato_vence_a_extensao(tmp_path: Path, banco: Path, escritor: Programa) -> None:
    """`--formato jsonl` num .csv; e o array como JSON Lines é recusado."""
    assert importar(escritor, tmp_path, "a.csv", LINHAS.encode(), "--formato", "jsonl").codigo == 0
    assert pessoas(banco) == GENTE
    saida = importar(escritor, tmp_path, "b.csv", FORMAS["dados.json"], "--formato", "jsonl")
    assert saida.codigo == 65


@pytest.mark.parametrize("codificacao", ["latin-1", "cp1252", "utf-16"])
def test_codificacao(codificacao: str, tmp_path: Path, banco: Path, escritor: Programa) -> None:
    """O que as planilhas exportam entra com a codificação dita, e sem ela é recusado."""
    dados = "nome;email\nJoão Gonçalves;jg@x.com\n".encode(codificacao)
    saida = importar(escritor, tmp_path, "a.csv", dados)
    assert (saida.codigo, saida.stdout) == (65, "")
    saida = importar(escritor, tmp_path, "a.csv", dados, "--codificacao", codificacao)
    assert saida.codigo == 0, saida.stderr
    assert pessoas(banco) == [("João Gonçalves", "jg@x.com")]


def test_delimitador_e_colunas(tmp_path: Path, banco: Path, escritor: Programa) -> None:
    """Qualquer separador, e as colunas com os nomes do arquivo; espaços e caixa não contam."""
    dados = b"  E-Mail |Name\nana@x.com|Ana, a primeira\n"
    opcoes = ("--delimitador", "|", "--colunas", "nome=name, email=e-mail")
    saida = importar(escritor, tmp_path, "a.txt", dados, *opcoes)
    assert saida.codigo == 0, saida.stderr
    assert pessoas(banco) == [("Ana, a primeira", "ana@x.com")]
    saida = importar(
        escritor, tmp_path, "a.tsv", b"nome\temail\nBia\tb@x.com\n", "--delimitador", "\\t"
    )
    assert saida.codigo == 0, saida.stderr


@pytest.mark.parametrize(
    ("nome", "dados", "motivo"),
    [
        ("a.csv", b"nome,email,telefone\nA,a@x.com,1\n", ":1: coluna desconhecida: telefone"),
        ("a.csv", b"nome,Nome,email\nA,B,a@x.com\n", ":1: coluna repetida: nome, nome, email"),
        ("a.jsonl", b'{"nome": "A", "email": "a@x.com", "x": 1}\n', ":1: coluna desconhecida: x"),
        ("a.jsonl", b'{"nome": "A"}\n', ":1: falta a coluna email"),
        ("a.jsonl", b'{"nome": "A", "email": 3}\n', ":1: email: não é um texto"),
        ("a.jsonl", b'{"nome": "A", "email": null}\n', ":1: email: não é um texto"),
        ("a.jsonl", b'["A", "a@x.com"]\n', ":1: não é um objeto JSON"),
        ("a.jsonl", b'\n{"nome": "A"\n', ":2: JSON inválido, no caractere"),
        (
            "a.jsonl",
            b'{"nome": "A", "email": "a@x.com"},{"nome": "B"\n"email": "b@x.com"}\n',
            ":1: ",
        ),
        (
            "a.jsonl",
            b'{"nome": "A\\u0000", "email": "a@x.com"}\n',
            "nome: caractere de controle U+0000",
        ),
        (
            "a.jsonl",
            b'{"nome": "\\ud800", "email": "a@x.com"}\n',
            ":1: nome: há letras que não se leem",
        ),
        ("a.jsonl", b"[" * 100_000 + b"\n", ":1: JSON com números ou aninhamento grandes demais"),
        ("a.json", b'{"nome": "A", "email": "a@x.com"}', ":1: o array não começa com ["),
        ("a.json", b'[{"nome": "A", "email": "a@x.com"}', ":1: faltou uma vírgula ou o ] do fim"),
        ("a.json", b'[\n{"nome": "A", "email": "a@x.com"},\n]', ":3: esperava um objeto JSON"),
        ("a.json", b'[\n\n{"nome": "A", "email": }]', ":3: JSON inválido"),
        ("a.json", b'[\n1, "x", null, [], true]', ":2: não é um objeto JSON"),
        (
            "a.json",
            b'[{"nome": "A", "nome": "B", "email": "a@x.com"}]',
            ":1: a mesma chave duas vezes",
        ),
        (
            "a.jsonl",
            b'{"nome":"A","email":"a@x.com"}\n{"nome" :"B","email":"b@x.com","email":"c@x.com"}\n',
            ":2: a mesma chave duas vezes",
        ),
        ("a.json", b"[]\n[]", ":2: há texto depois do fim do array"),
        ("a.json", b"", ":1: o array não começa com ["),
        ("a.csv.gz", gzip.compress(CSV.encode())[:-9], "gzip corrompido ou cortado"),
        ("a.csv.gz", b"\x1f\x8b" + b"\0" * 50, "gzip corrompido ou cortado"),
    ],
)
def test_entrada_ruim(
    nome: str, dados: bytes, motivo: str, semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """65, o motivo com a linha, e o banco igual, byte a byte."""
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = importar(escritor, tmp_path, nome, dados)
    assert (codigo, stdout) == (65, "")
    assert motivo in stderr
    assert "ada foi gravado" in stderr
    assert "Traceback" not in stderr
    assert fotografar(semeado.parent) == antes


def test_array_vazio_e_so_o_cabecalho(tmp_path: Path, banco: Path, escritor: Programa) -> None:
    """Nada para gravar não é erro: a execução é registrada com zero."""
    for nome, dados in (("a.json", b" [ ] "), ("a.jsonl", b""), ("a.csv", b"nome,email\n")):
        saida = importar(escritor, tmp_path, nome, dados)
        assert saida.codigo == 0, saida.stderr
        assert "inseridos: 0, já existiam: 0" in saida.stderr
    assert pessoas(banco) == []


@pytest.mark.parametrize("formato", ["csv", "jsonl", "json"])
def test_ida_e_volta(
    formato: str, semeado: Path, escritor: Programa, leitor: Programa, tmp_path: Path
) -> None:
    """O escritor importa o que o leitor lista; `id` e `criado_em` são dados de novo, e é dito."""
    arquivo = tmp_path / f"copia.{formato}"
    arquivo.write_text(leitor("listar", "--formato", formato).stdout, encoding="utf-8")
    outro = tmp_path / "outro.db"
    codigo, stdout, stderr = escritor("importar", str(arquivo), "--banco", str(outro))
    assert (codigo, stdout) == (0, ""), stderr
    assert "colunas dadas de novo, e não copiadas: id, criado_em" in stderr
    assert pessoas(outro) == pessoas(semeado) == AMOSTRA


@pytest.mark.parametrize(
    "opcoes",
    [
        ("--codificacao", "klingon"),
        ("--codificacao", "hex"),
        ("--delimitador", ";;"),
        ("--delimitador", '"'),
        ("--colunas", "nome"),
        ("--colunas", "fone=x"),
        ("--conflito", "talvez"),
    ],
)
def test_opcao_ruim(opcoes: tuple[str, str], semeado: Path, escritor: Programa) -> None:
    """2, uma linha, e o banco nem é aberto."""
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor("importar", "a.csv", *opcoes)
    assert (codigo, stdout, stderr.count("\n")) == (2, "", 1)
    assert stderr.startswith(f"[ESCRITOR] ERRO: {opcoes[0]}: ")
    assert fotografar(semeado.parent) == antes


def test_numero_cortado_entre_dois_trechos(
    semeado: Path, escritor: Programa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Um elemento que não é objeto é uma recusa só, onde quer que o trecho acabe."""
    dados = b'[12345, {"nome": "A", "email": "a@x.com"}, 6789]'
    for trecho in range(1, len(dados) + 1):
        monkeypatch.setattr(formato_json, "TRECHO", trecho)
        destino = tmp_path / "ruins.csv"
        (tmp_path / "a.json").write_bytes(dados)
        codigo, _, stderr = escritor(
            "importar", str(tmp_path / "a.json"), "--rejeitados", str(destino)
        )
        assert (codigo, "linhas recusadas: 2" in stderr) == (0, True), (trecho, stderr)
    assert pessoas(semeado) == [*AMOSTRA, ("A", "a@x.com")]


def test_dois_pontos_nos_dados_nao_sao_chaves(
    semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """Um `":` dentro de um nome, ou um espaço antes dos dois pontos, não é chave repetida."""
    dados = (
        r'{"nome": "A\":B", "email" : "a@x.com"}' + "\n" + r'{"email": "b@x.com", "nome": "\":"}'
    )
    assert importar(escritor, tmp_path, "a.jsonl", dados.encode()).codigo == 0
    assert pessoas(semeado) == [*AMOSTRA, ('A":B', "a@x.com"), ('":', "b@x.com")]
