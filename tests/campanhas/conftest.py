"""Os bancos e os comandos que as campanhas torturam, e o relato de cada uma."""

import os
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.campanhas.apoio import Caso, ensaiar
from tests.campanhas.ext4 import Ext4, falta_no_kernel
from tests.campanhas.relato import SEMENTE, Campanha
from tests.docker.conftest import criar_projeto, engine, imagens, projeto
from tests.motores import ESCRITOR

__all__ = ["criar_projeto", "engine", "imagens", "projeto"]  # os de lá, também aqui

# Com 60 mil linhas o cache de 2 MB do SQLite não basta: há um diário quente antes do COMMIT.
MUITAS = 60_000
GRANDE = 101_000  # acima de BANCO_PEQUENO (banco/carga.py): a importação segue outro caminho


# Os testes que ainda não passaram; só sem nenhum de um módulo é que a linha dele vale.
FALTAM = pytest.StashKey[set[str]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Com --campanha, só as campanhas: o resto da suíte não tem forma inteira.

    Anota-se o que há para rodar antes que um -k ou um -m escolha uma parte.
    """
    config.stash[FALTAM] = {item.nodeid for item in items}
    if config.getoption("--campanha"):
        fora = [item for item in items if Path(__file__).parent not in item.path.parents]
        config.hook.pytest_deselected(items=fora)
        items[:] = [item for item in items if item not in fora]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Risca da lista o teste que passou; o que é pulado, ou falha ao limpar, volta a faltar."""
    relatorio = yield
    if relatorio.when == "call" and relatorio.passed:
        item.config.stash[FALTAM].discard(item.nodeid)
    elif not relatorio.passed:
        item.config.stash[FALTAM].add(item.nodeid)
    return relatorio


@pytest.fixture(scope="module")
def campanha(request: pytest.FixtureRequest) -> Iterator[Campanha]:
    """A campanha deste módulo; na forma inteira, e se tudo nele passou, grava a linha dela."""
    opcoes = request.config
    nome = request.module.__doc__.partition(":")[0]
    feita = Campanha(nome, opcoes.getoption("campanha"), opcoes.getoption("semente") or SEMENTE)
    yield feita
    # Um teste escolhido por `arquivo::teste` já chega sem os vizinhos: não se sabe o que falta.
    parte = any("::" in argumento for argumento in opcoes.args)
    faltam = {nodeid.partition("::")[0] for nodeid in opcoes.stash[FALTAM]}
    if feita.inteira and not parte and request.node.nodeid not in faltam:
        feita.gravar()


@pytest.fixture(scope="session", name="entradas")
def _entradas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Arquivos a importar; cada um repete um e-mail da amostra."""
    pasta = tmp_path_factory.mktemp("entradas")
    for nome, quantas in {"poucas": 300, "muitas": MUITAS, "grande": GRANDE}.items():
        linhas = [f"{nome} {i},{nome}{i * 7919 % quantas}@x.com\n" for i in range(quantas)]
        texto = "nome,email\nOutro João,JOAO@example.com\n" + "".join(linhas)
        (pasta / f"{nome}.csv").write_text(texto, encoding="utf-8")
    return pasta


@pytest.fixture(scope="session")
def grande(modelos: Path, entradas: Path) -> Path:
    """Um banco já grande."""
    caminho = modelos / "grande"
    entrada = str(entradas / "grande.csv")
    for argv in (["semear"], ["importar", entrada, "--silencioso"]):
        assert ESCRITOR([*argv, "--banco", str(caminho)]) == 0
    return caminho


@pytest.fixture(scope="session")
def casos_pequenos(
    modelos: Path, entradas: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[Caso]:
    """O que se tortura em cada chamada de sistema. Um comando novo é mais uma linha."""
    return [
        ensaiar(nome, modelo, argv, tmp_path_factory.mktemp("ensaio"))
        for nome, modelo, argv in [
            ("semear num banco novo", None, ["semear"]),
            ("importar de novo", modelos / "gravado", ["importar", str(modelos / "amostra.csv")]),
            ("importar poucas", modelos / "gravado", ["importar", str(entradas / "poucas.csv")]),
            ("restaurar", modelos / "gravado", ["restaurar", str(modelos / "semeado")]),
        ]
    ]


@pytest.fixture(scope="session")
def casos(
    casos_pequenos: list[Caso],
    modelos: Path,
    entradas: Path,
    grande: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Caso]:
    """O que se mata num momento qualquer. Um comando novo é mais uma linha."""
    muitas = ["importar", str(entradas / "muitas.csv")]
    return casos_pequenos + [
        ensaiar(nome, modelo, argv, tmp_path_factory.mktemp("ensaio"))
        for nome, modelo, argv in [
            ("importar muitas num banco novo", None, muitas),
            ("importar muitas", modelos / "gravado", muitas),
            ("importar muitas num banco grande", grande, muitas),
            ("restaurar um banco grande", modelos / "gravado", ["restaurar", str(grande)]),
        ]
    ]


@pytest.fixture
def strace(ferramenta: Callable[[str], str]) -> None:
    """Pula, ou falha em CI, onde não há strace."""
    ferramenta("strace")


@pytest.fixture
def ext4(ferramenta: Callable[[str], str], tmp_path: Path) -> Iterator[Ext4]:
    """Um ext4 num arquivo, montado; sem poder montar, pula, e em CI falha."""
    if falta := falta_no_kernel():
        pytest.skip(f"ATENÇÃO: {falta}; esta campanha não foi feita")
    for programa in ("mkfs.ext4", "mount", "umount"):
        ferramenta(programa)
    with ExitStack() as pilha:
        try:
            disco = pilha.enter_context(Ext4(tmp_path))
        except subprocess.CalledProcessError as erro:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"ATENÇÃO: montar pede root; esta campanha não foi feita ({erro})")
        yield disco
