"""A lista contra o que os módulos json e csv escrevem, e o trabalho que ela custa."""

import csv
import io
import json
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leitor import formatos
from leitor.banco import consultas
from leitor.banco.leitura import Leitura

COLUNAS = ("id", "nome", "email", "criado_em")
QUANDO = "2025-12-01T00:00:00Z"
DIFICEIS = [
    "Conan O'Neill",
    "'Ndrangheta",
    "''",
    "'=1",
    "=1+1",
    "-2",
    "@maria",
    "＋1",
    "\ufeff=1",
    'Ana "Nina", \\n',
    ",",
    '"',
    "\\u0041\\",
    "fim de linha\u2028e de parágrafo\u2029",
    "Jose\u0301",
    "\u0301\u0302\u0303",
    "hí\u00adfen",
    "ha\u0300\u00ad",
    "李雷",
    "\u3000李\u3000",
    "Bia 👩\u200d💻",
    "🇧🇷 7️⃣",
    "سعيد الحداد",
    "\u200fעברית\u200f",
    "1 | <b>*x*</b> ~&`[_]",
    " espaços  ",
    "%d %s %%",
    "李" * 1_000,
]
# Nem controles nem substitutos: os dados verificados não os têm.
TEXTO = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30)
TEXTOS = st.one_of(st.sampled_from(DIFICEIS[:-1]), TEXTO)
Linha = tuple[int, str, str, str]


def gravar(linhas: list[Linha]) -> sqlite3.Connection:
    """Um banco na memória só com estas linhas."""
    con = sqlite3.connect(":memory:", isolation_level=None)
    con.execute("CREATE TABLE usuarios (id INTEGER PRIMARY KEY, nome, email, criado_em)")
    con.executemany("INSERT INTO usuarios VALUES (?, ?, ?, ?)", linhas)
    return con


def listar(con: sqlite3.Connection, formato: str, limite: int = -1) -> str:
    """O que o leitor lista."""
    leitura = Leitura(":memory:", 0)
    leitura.con = con
    return b"".join(formatos.FORMATOS[formato](leitura, limite)).decode()


def colunas_de(texto: str) -> int:
    """Quantas colunas o texto ocupa, letra por letra."""
    zero = [c for c in texto if unicodedata.category(c) in {"Mn", "Me", "Cf"} and c != "\u00ad"]
    largas = [c for c in texto if c not in zero and unicodedata.east_asian_width(c) in "WF"]
    return len(texto) - len(zero) + len(largas)


def em_json(linhas: list[Linha]) -> str:
    """O array, pelo módulo json."""
    objetos = [dict(zip(COLUNAS, linha, strict=True)) for linha in linhas]
    juntos = ",\n".join(json.dumps(objeto, ensure_ascii=False) for objeto in objetos)
    return f"[\n{juntos}\n]\n" if linhas else "[]\n"


def em_jsonl(linhas: list[Linha]) -> str:
    """Um objeto por linha, pelo módulo json."""
    objetos = [dict(zip(COLUNAS, linha, strict=True)) for linha in linhas]
    return "".join(json.dumps(objeto, ensure_ascii=False) + "\n" for objeto in objetos)


def em_csv(linhas: list[Linha]) -> str:
    """O arquivo, pelo módulo csv, com o apóstrofo diante do que seria fórmula."""
    texto = io.StringIO()
    escritor = csv.writer(texto, lineterminator="\n")
    escritor.writerow(COLUNAS)
    for linha in linhas:
        escritor.writerow(
            f"'{campo}" if str(campo).lstrip("'").startswith(tuple("=+-@＝＋－＠")) else campo
            for campo in linha
        )
    return texto.getvalue()


def em_tabela(linhas: list[Linha]) -> str:
    """A tabela, medida e preenchida campo por campo."""
    todas = [COLUNAS, *(tuple(map(str, linha)) for linha in linhas)]
    larguras = [
        max(max(len(c), colunas_de(c)) for c in coluna) for coluna in zip(*todas, strict=True)
    ]
    celulas = [
        [campo + " " * (n - colunas_de(campo)) for campo, n in zip(linha, larguras, strict=True)]
        for linha in todas
    ]
    for celula, linha in zip(celulas[1:], linhas, strict=True):
        celula[0] = str(linha[0]).rjust(larguras[0])
    titulo, *corpo = [f"│ {' │ '.join(celula)} │\n" for celula in celulas]
    barras = ["─" * (n + 2) for n in larguras]
    acima, meio, abaixo = ("┬".join(barras), "┼".join(barras), "┴".join(barras))
    return f"┌{acima}┐\n{titulo}├{meio}┤\n{''.join(corpo)}└{abaixo}┘\n"


def em_markdown(linhas: list[Linha]) -> str:
    """A tabela, com cada sinal escapado."""
    escapes = str.maketrans({marca: f"\\{marca}" for marca in "\\`*_[]<>|~&"})
    corpo = "".join(f"| {' | '.join(str(c).translate(escapes) for c in x)} |\n" for x in linhas)
    return f"| {' | '.join(COLUNAS)} |\n| ---: | --- | --- | --- |\n{corpo}"


ESPERADO: dict[str, Callable[[list[Linha]], str]] = {
    "json": em_json,
    "jsonl": em_jsonl,
    "csv": em_csv,
    "tabela": em_tabela,
    "markdown": em_markdown,
}


@pytest.fixture(params=[1, 2, 500])
def por_pagina(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Páginas de uma linha, de duas e do tamanho que são."""
    monkeypatch.setattr(consultas, "POR_PAGINA", request.param)
    return iter(())


@pytest.mark.usefixtures("por_pagina")
@pytest.mark.parametrize("formato", ESPERADO)
@pytest.mark.parametrize("passo", [1, 600, 10**9])
def test_igual_ao_que_os_modulos_escrevem(formato: str, passo: int) -> None:
    """Byte por byte, com os textos difíceis em cada coluna, e buracos nos ids."""
    linhas = [
        (passo * i, nome, f"{nome}@x.com", QUANDO) for i, nome in enumerate([*DIFICEIS, "Ana"], 1)
    ]
    with closing(gravar(linhas)) as con:
        assert listar(con, formato) == ESPERADO[formato](linhas)
        for limite in (0, 1, 3, len(linhas), len(linhas) + 1):
            assert listar(con, formato, limite) == ESPERADO[formato](linhas[:limite])


@pytest.mark.parametrize("formato", ESPERADO)
@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(st.tuples(st.integers(1, 2**62), TEXTOS, TEXTOS), unique_by=lambda x: x[0]))
@example([(1, "A", "A"), (2**62, "李", "\u0301")])
def test_quaisquer_linhas(formato: str, casos: list[tuple[int, str, str]]) -> None:
    """Propriedade: quaisquer textos sem controles, quaisquer ids, em cada formato."""
    linhas = [(id_, nome, email, QUANDO) for id_, nome, email in sorted(casos)]
    with closing(gravar(linhas)) as con:
        assert listar(con, formato) == ESPERADO[formato](linhas)


def comandos(linhas: list[Linha], formato: str) -> int:
    """Quantos comandos SQL a lista custa."""
    with closing(gravar(linhas)) as con:
        vistos: list[str] = []
        con.set_trace_callback(vistos.append)
        listar(con, formato)
        return len(vistos)


def muitas(passo: int, *raros: str) -> list[Linha]:
    """Três mil linhas comuns, com estes nomes no meio e os ids espalhados."""
    nomes = [f"Pessoa {i}" for i in range(3_000)]
    nomes[1_500 : 1_500 + len(raros)] = raros
    return [(passo * i, nome, f"p{i}@x.com", QUANDO) for i, nome in enumerate(nomes, 1)]


@pytest.mark.parametrize("formato", ESPERADO)
def test_o_trabalho_nao_depende_de_quem(formato: str) -> None:
    """Nem os nomes nem os buracos nos ids dão mais comandos: nenhuma linha se lê de novo."""
    comuns = comandos(muitas(1), formato)
    assert comuns <= 2 * (3_000 // consultas.POR_PAGINA) * 2 + 4
    for passo in (1, 600, 10**9):
        assert comandos(muitas(passo, *DIFICEIS), formato) <= comuns


def test_so_se_mede_quem_pode_alargar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Um nome chinês em três mil: as letras dos outros não se olham uma a uma."""
    medidos: list[str] = []
    em_colunas = formatos.em_colunas

    def medir(texto: str) -> str:
        medidos.extend(texto.split("\x1f"))
        return em_colunas(texto)

    linhas = muitas(1, "李雷")
    with closing(gravar(linhas)) as con:
        monkeypatch.setattr(formatos, "em_colunas", medir)
        assert listar(con, "tabela") == em_tabela(linhas)
    assert "李雷" in medidos
    assert len(medidos) < 2_000, "só as páginas em que uma coluna cresce, e quem a alarga"


def test_os_intervalos_cobrem_cada_linha_uma_vez() -> None:
    """Ids seguidos, esparsos e aos montes: nunca mais do que uma página por vez."""
    ids = [*range(1, 1_200), *range(10**6, 10**12, 10**9), *range(10**15, 10**15 + 1_501)]
    with closing(gravar([(i, "A", f"{i}@x.com", QUANDO) for i in ids])) as con:
        for depois_de, ate in ((0, consultas.TODOS), (0, 10), (5, 10**9), (10**12, 10**15 + 700)):
            fim = depois_de
            achados: list[int] = []
            for inicio, fim in consultas.intervalos(con, depois_de, ate):
                pagina = [i for i in ids if inicio < i <= fim]
                assert len(pagina) <= consultas.POR_PAGINA
                achados += pagina
            assert achados == [i for i in ids if depois_de < i <= ate]
            assert fim == ate


def test_muitas_execucoes_pequenas_nao_procuram_o_fim() -> None:
    """Um intervalo que cabe numa página é um comando só, como os de cada execução pequena."""
    with closing(gravar(muitas(1))) as con:
        vistos: list[str] = []
        con.set_trace_callback(vistos.append)
        for i in range(100):
            assert list(consultas.paginas(con, consultas.LINHAS_DO_LACRE, i, i + 1))
        assert len(vistos) == 100
