"""Os formatos da lista: cada um relido por outro programa, com os dados que costumam quebrá-los."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import consultar
from tests.processos import Saida, comando, no_shell, rodar

FORMATOS = ["tabela", "json", "jsonl", "csv", "markdown"]
COLUNAS = ["id", "nome", "email", "criado_em"]
# Quantas colunas do terminal cada nome ocupa, contadas à mão.
LARGURAS = {
    "João": 4,
    "Joa\u0303o": 4,  # o til é um caractere à parte, que não avança
    "李小龍": 6,
    "Ana 😀": 6,
    "ﾊﾝ한": 4,
    "Nguyễn Văn": 10,
    "a\u200db": 2,  # o que junta emojis: não ocupa lugar
}
DIFICEIS = [
    "=1+1",
    "+55 11 99999",
    "-2",
    "@SOMA(A1)",
    "＝1",
    "'=1",
    "''+2",
    "'aspas simples'",
    'Aspas "duplas"',
    "vírgula, ponto; e\u00a0espaço",
    "a|b*c_d`e[f]<g>~h&i\\j",
    "linha\u2028separada",
]
FORMULA = tuple("=+-@＝＋－＠")
PROTEGIDOS = {"=1+1", "+55 11 99999", "-2", "@SOMA(A1)", "＝1", "'=1", "''+2"}

Listar = Callable[..., str]


def protegido(nome: str) -> str:
    """O nome como um CSV à prova de planilha o traz."""
    return f"'{nome}" if nome in PROTEGIDOS else nome


@pytest.fixture
def listar(leitor: Programa) -> Listar:
    """Roda `listar` no formato dado e devolve a saída, conferidos o código e o erro."""

    def rodar_formato(formato: str, *argv: str) -> str:
        codigo, stdout, stderr = leitor("listar", "--formato", formato, *argv)
        assert codigo == 0, stderr
        assert [linha.split()[0] for linha in stderr.splitlines()] == ["[LEITOR]"] * 5
        return stdout

    return rodar_formato


@pytest.fixture
def com_nomes(
    banco: Path, importar: Callable[[str], Saida]
) -> Callable[[list[str]], list[tuple[object, ...]]]:
    """Grava pessoas com estes nomes; devolve as linhas como outra conexão as lê."""

    def gravar(nomes: list[str]) -> list[tuple[object, ...]]:
        texto = io.StringIO()
        linhas = csv.writer(texto)
        linhas.writerow(["nome", "email"])
        # O apóstrofo diante de uma fórmula é o das planilhas: o importador o tira.
        linhas.writerows([protegido(nome), f"p{i}@x.com"] for i, nome in enumerate(nomes))
        assert importar(texto.getvalue()).codigo == 0
        return consultar(banco, "SELECT * FROM usuarios ORDER BY id")

    return gravar


Gravar = Callable[[list[str]], list[tuple[object, ...]]]


def test_tabela_alinhada(com_nomes: Gravar, listar: Listar) -> None:
    """Acentos, letras largas e emojis: cada linha ocupa no terminal a mesma largura."""
    linhas = com_nomes(list(LARGURAS))
    quando = str(linhas[0][3])
    esperada = [
        "┌────┬────────────┬──────────┬──────────────────────┐",
        "│ id │ nome       │ email    │ criado_em            │",
        "├────┼────────────┼──────────┼──────────────────────┤",
        *(
            f"│  {i + 1} │ {nome}{' ' * (10 - largura)} │ p{i}@x.com │ {quando} │"
            for i, (nome, largura) in enumerate(LARGURAS.items())
        ),
        "└────┴────────────┴──────────┴──────────────────────┘",
    ]
    assert listar("tabela") == "".join(f"{linha}\n" for linha in esperada)


def test_tabela_alinha_os_ids_a_direita(com_nomes: Gravar, listar: Listar) -> None:
    """Os números ficam à direita, e a coluna tem a largura do maior deles."""
    com_nomes([f"P{i}" for i in range(1, 1_101)])
    _, titulos, _, primeira, *_, ultima, _ = listar("tabela").splitlines()
    assert titulos.startswith("│ id   │ nome  │ email ")
    assert primeira.startswith("│    1 │ P1    │ p0@x.com    │")
    assert ultima.startswith("│ 1100 │ P1100 │ p1099@x.com │")


def test_json(com_nomes: Gravar, listar: Listar) -> None:
    """Um array de objetos com as colunas na ordem, e o texto como está no banco."""
    linhas = com_nomes([*LARGURAS, *DIFICEIS])
    texto = listar("json")
    assert json.loads(texto) == [dict(zip(COLUNAS, linha, strict=True)) for linha in linhas]
    assert "João" in texto, "os acentos não viram \\u"


def test_json_no_jq(com_nomes: Gravar, ferramenta: Callable[[str], str]) -> None:
    """O que a documentação promete: `leitor --formato json | jq`."""
    com_nomes(DIFICEIS)
    jq = ferramenta("jq")
    linha = f'"$@" | {jq} -c "[.[].nome]"'
    saida = rodar(no_shell(linha, *comando("leitor", "listar", "--formato", "json")))
    assert (saida.codigo, json.loads(saida.stdout)) == (0, DIFICEIS)
    assert "jq" not in saida.stderr


def test_jsonl(com_nomes: Gravar, listar: Listar) -> None:
    """Um objeto por linha."""
    linhas = com_nomes([*LARGURAS, *DIFICEIS])
    *objetos, fim = listar("jsonl").split("\n")
    assert fim == ""
    assert [list(json.loads(objeto).values()) for objeto in objetos] == [list(x) for x in linhas]


def sem_apostrofo(campo: str) -> str:
    """Desfaz a proteção do CSV: um apóstrofo a menos antes de uma fórmula."""
    protegido = campo.startswith("'") and campo.lstrip("'").startswith(FORMULA)
    return campo[1:] if protegido else campo


def test_csv_relido(com_nomes: Gravar, listar: Listar) -> None:
    """O módulo csv relê as mesmas linhas, desfeita a proteção contra fórmulas."""
    linhas = com_nomes([*LARGURAS, *DIFICEIS])
    texto = listar("csv")
    assert "\r" not in texto
    cabecalho, *relidas = csv.reader(io.StringIO(texto, newline=""), strict=True)
    assert cabecalho == COLUNAS
    assert [[*map(sem_apostrofo, linha)] for linha in relidas] == [
        [*map(str, linha)] for linha in linhas
    ]


def test_csv_que_uma_planilha_nao_executa(importar: Callable[[str], Saida], listar: Listar) -> None:
    """Nenhum campo começa por um caractere de fórmula, nem o e-mail; o resto não muda."""
    nomes = [nome for nome in DIFICEIS if '"' not in nome and "," not in nome]
    linhas = "".join(f"{protegido(nome)},=p{i}@x.com\n" for i, nome in enumerate(nomes))
    assert importar(f"nome,email\n{linhas}").codigo == 0
    _, *relidas = csv.reader(io.StringIO(listar("csv"), newline=""), strict=True)
    assert [campo for linha in relidas for campo in linha if campo.startswith(FORMULA)] == []
    assert [email for _, _, email, _ in relidas] == [f"'=p{i}@x.com" for i in range(len(nomes))]
    assert [nome for _, nome, _, _ in relidas] == [protegido(nome) for nome in nomes]


def test_markdown(com_nomes: Gravar, listar: Listar) -> None:
    """A pontuação dos dados é escapada: cada linha tem as quatro células, e nenhuma é HTML."""
    linhas = com_nomes(["Ana", "a|b*c_d`e[f]<g>~h&i\\j"])
    quando = str(linhas[0][3])
    assert listar("markdown") == (
        "| id | nome | email | criado_em |\n"
        "| ---: | --- | --- | --- |\n"
        f"| 1 | Ana | p0@x.com | {quando} |\n"
        "| 2 | a\\|b\\*c\\_d\\`e\\[f\\]\\<g\\>\\~h\\&i\\\\j | p1@x.com | "
        f"{quando} |\n"
    )


def ids(formato: str, texto: str) -> list[int]:
    """Devolve os ids das linhas, lidos conforme o formato."""
    if formato == "json":
        return [objeto["id"] for objeto in json.loads(texto)]
    if formato == "jsonl":
        return [json.loads(linha)["id"] for linha in texto.splitlines()]
    linhas = texto.splitlines()
    corpo = {"csv": linhas[1:], "markdown": linhas[2:], "tabela": linhas[3:-1]}[formato]
    return [int(linha.strip("│| ").split("," if formato == "csv" else " ")[0]) for linha in corpo]


@pytest.mark.parametrize("formato", FORMATOS)
@pytest.mark.parametrize(("limite", "quantas"), [(0, 0), (1, 1), (2, 2), (3, 3), (1_000_000, 3)])
def test_limite(formato: str, limite: int, quantas: int, semeado: Path, leitor: Programa) -> None:
    """`--limite N` mostra as N primeiras; a verificação é sempre de todas."""
    codigo, stdout, stderr = leitor("listar", "--formato", formato, "--limite", str(limite))
    assert (codigo, ids(formato, stdout)) == (0, [1, 2, 3][:quantas])
    assert "3 usuários" in stderr
    assert consultar(semeado, "SELECT count(*) FROM usuarios") == [(3,)]


@pytest.mark.parametrize(
    ("formato", "vazio"),
    [
        ("json", "[]\n"),
        ("jsonl", ""),
        ("csv", "id,nome,email,criado_em\n"),
        ("markdown", "| id | nome | email | criado_em |\n| ---: | --- | --- | --- |\n"),
        (
            "tabela",
            "┌────┬──────┬───────┬───────────┐\n"
            "│ id │ nome │ email │ criado_em │\n"
            "├────┼──────┼───────┼───────────┤\n"
            "└────┴──────┴───────┴───────────┘\n",
        ),
    ],
)
def test_nenhum_usuario(
    formato: str, vazio: str, importar: Callable[[str], Saida], listar: Listar
) -> None:
    """Um CSV só com o cabeçalho dá uma execução e nenhum usuário: cada formato sabe ser vazio."""
    assert importar("nome,email\n").codigo == 0
    assert listar(formato) == vazio


@pytest.mark.parametrize("formato", FORMATOS)
def test_varios_lotes(formato: str, com_nomes: Gravar, listar: Listar) -> None:
    """Com mais linhas do que cabem num lote, nenhuma falta, nenhuma se repete."""
    com_nomes([f"P{i}" for i in range(2_500)])
    assert ids(formato, listar(formato)) == list(range(1, 2_501))
