"""A casa: quem fala com o SQLite, para que lado vão os imports, e nenhum círculo entre eles."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processos import RAIZ
from tests.test_independencia import nome

# Por pacote: os cômodos que conhecem o SQLite, e os andares, de cima para baixo. Quem não está
# em nenhum fica no chão: serve a todos, e não importa ninguém de cima.
CASAS: dict[str, tuple[set[str], list[set[str]]]] = {
    "escritor": (
        {"banco", "copias", "sqlite"},
        [
            {"__main__", "app", "argumentos", "valores"},
            {"sqlite"},
            {"copias"},
            {"banco"},
            {"porta", "percurso"},
            {"regras"},
            {"entrada"},
        ],
    ),
    "leitor": (
        {"banco"},
        [
            {"__main__", "app", "pedido", "argumentos", "configuracao", "valores"},
            {"banco", "pagina", "vigia"},
        ],
    ),
}

Grafo = dict[str, set[str]]


def grafo(pacote: str, raiz: Path = RAIZ) -> Grafo:
    """Devolve o que cada módulo importa, dele mesmo ou de fora, em qualquer profundidade.

    Também os imports tardios e os que só servem aos tipos.
    """
    modulos = {nome(arquivo, raiz): arquivo for arquivo in (raiz / pacote).rglob("*.py")}
    return {m: {*importados(arquivo, {*modulos})} for m, arquivo in modulos.items()}


def importados(arquivo: Path, modulos: set[str]) -> Iterator[str]:
    """Devolve os nomes inteiros: em `from leitor import erros`, `leitor.erros`."""
    for no in ast.walk(ast.parse(arquivo.read_text(encoding="utf-8"))):
        if isinstance(no, ast.Import):
            yield from (item.name for item in no.names)
        elif isinstance(no, ast.ImportFrom):
            for item in no.names:
                inteiro = f"{no.module}.{item.name}"
                yield inteiro if inteiro in modulos else str(no.module)


def comodo(modulo: str) -> str:
    """Devolve o cômodo, ou o próprio nome se o módulo é do andar de todos."""
    return modulo.split(".")[1] if "." in modulo else ""


def circulo(vizinhos: Grafo) -> list[str]:
    """Devolve os módulos que estão num círculo de imports, ou que dependem de um."""
    restam = dict(vizinhos)
    while livres := [m for m, de in restam.items() if not de & restam.keys() - {m}]:
        for modulo in livres:
            del restam[modulo]
    return sorted(restam)


def com_sqlite(vizinhos: Grafo, comodos: set[str]) -> list[str]:
    """Devolve os módulos fora destes cômodos que importam o SQLite."""
    return sorted(m for m, de in vizinhos.items() if "sqlite3" in de and comodo(m) not in comodos)


def que_sobem(vizinhos: Grafo, andares: list[set[str]]) -> list[str]:
    """Devolve os imports de um andar para um mais alto, ou de um cômodo para o do lado."""
    return sorted(
        f"{modulo} → {importado}"
        for modulo, de in vizinhos.items()
        for importado in de & vizinhos.keys()
        if comodo(modulo) != comodo(importado)
        if 0 < andar(modulo, andares) >= andar(importado, andares) < len(andares)
    )


def andar(modulo: str, andares: list[set[str]]) -> int:
    """Devolve o andar do módulo, contado de cima; o chão é o último."""
    ditos = [numero for numero, comodos in enumerate(andares) if comodo(modulo) in comodos]
    return ditos[0] if ditos else len(andares)


Casa = tuple[Grafo, set[str], list[set[str]]]


@pytest.fixture(params=CASAS)
def casa(request: pytest.FixtureRequest) -> Casa:
    """Os imports de um pacote, e os cômodos dele."""
    return grafo(request.param), *CASAS[request.param]


def test_so_o_banco_fala_com_o_sqlite(casa: Casa) -> None:
    """O resto não notaria outro motor."""
    vizinhos, do_banco, _ = casa
    assert com_sqlite(vizinhos, do_banco) == []
    assert com_sqlite(vizinhos, set()), "e alguém fala"


def test_nenhum_circulo(casa: Casa) -> None:
    """Nem tardio, nem só para os tipos."""
    assert circulo(casa[0]) == []


def test_nenhum_circulo_no_postgres() -> None:
    """Nem lá; e nele o SQLite só entra por onde um arquivo chega ou sai."""
    vizinhos = grafo("postgres")
    assert circulo(vizinhos) == []
    assert {m for m, de in vizinhos.items() if "sqlite3" in de} == {
        "postgres.escritor.restauracao",
        "postgres.leitor.copia",
    }


def test_nenhum_import_sobe(casa: Casa) -> None:
    """Um cômodo não conhece quem o usa nem outro cômodo; o que é de todos, nem um deles."""
    vizinhos, _, andares = casa
    assert que_sobem(vizinhos, andares) == []


def test_quem_da_o_motor_e_o_main(casa: Casa) -> None:
    """Só `__main__` escolhe o motor: nem o programa o conhece."""
    vizinhos, do_banco, _ = casa
    donos = {
        m for m, de in vizinhos.items() if any(comodo(i) in do_banco for i in de & {*vizinhos})
    }
    de_fora = {m for m in donos if comodo(m) not in do_banco}
    assert {comodo(m) for m in de_fora} == {"__main__"}


def test_controle_o_que_esta_errado_e_acusado(tmp_path: Path) -> None:
    """Controle negativo: um círculo tardio, um import que sobe e um SQLite fora do lugar."""
    pasta = tmp_path / "leitor"
    for arquivo, linhas in {
        "app.py": "from leitor.pagina import folha\n",
        "prova.py": "def f():\n    from leitor import texto\n",
        "texto.py": "if 0:\n    from leitor.prova import f\n",
        "pagina/folha.py": "import sqlite3\nfrom leitor.app import main\n",
    }.items():
        (pasta / arquivo).parent.mkdir(parents=True, exist_ok=True)
        (pasta / arquivo).write_text(linhas)
    vizinhos = grafo("leitor", tmp_path)
    do_banco, andares = CASAS["leitor"]
    assert circulo(vizinhos) == [
        "leitor.app",
        "leitor.pagina.folha",
        "leitor.prova",
        "leitor.texto",
    ]
    assert com_sqlite(vizinhos, do_banco) == ["leitor.pagina.folha"]
    assert que_sobem(vizinhos, andares) == ["leitor.pagina.folha → leitor.app"]


@pytest.mark.parametrize("pacote", CASAS)
def test_cada_modulo_cabe_de_uma_vez_na_cabeca(pacote: str) -> None:
    """Nenhum arquivo passa de 250 linhas, nem um cômodo de 12 arquivos."""
    for arquivo in (RAIZ / pacote).rglob("*.py"):
        texto = arquivo.read_text(encoding="utf-8")
        assert texto.count("\n") <= 250, arquivo
    for sala in (pasta for pasta in (RAIZ / pacote).iterdir() if pasta.is_dir()):
        assert len([*sala.glob("*.py"), *sala.glob("*.css")]) <= 12, sala
