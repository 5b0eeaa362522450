"""O que os pacotes não fazem: depender de terceiros, um do outro, ou do ambiente ao importar."""

import ast
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import escritor.versao
import leitor.versao
from tests.processos import RAIZ, rodar

PACOTES = ["escritor", "leitor"]
# De cada metade de postgres/, os pacotes que ela pode usar: o driver só entra aqui.
NO_POSTGRES = {lado: {lado, f"postgres.{lado}", "psycopg"} for lado in PACOTES}
BIBLIOTECA = {*sys.stdlib_module_names, "_sha2"}  # o _sha2 é dela desde o 3.12
MODULOS = [modulo for pacote in PACOTES for modulo in sorted((RAIZ / pacote).rglob("*.py"))]
EXPLODE = """
import os, sys
class Proibido:
    def __getattr__(self, nome):
        raise AssertionError(f"os.environ.{nome} lido ao importar")
    __getitem__ = __contains__ = __iter__ = __len__ = lambda *_: Proibido().lido
ambiente, os.environ = os.environ, Proibido()
os.getenv = Proibido().__getattr__
for modulo in sys.argv[1:]:
    __import__(modulo)
print("importados")
"""


def nome(modulo: Path, raiz: Path = RAIZ) -> str:
    """Devolve o nome com que se importa o módulo: `escritor.banco.carga`."""
    return ".".join(modulo.relative_to(raiz).with_suffix("").parts).removesuffix(".__init__")


def importados(modulo: Path) -> Iterator[str]:
    """Devolve o nome inteiro de cada import, em qualquer profundidade do módulo.

    Um relativo (`from . import x`) sai vazio: aqui todo import diz de onde vem.
    """
    for no in ast.walk(ast.parse(modulo.read_text(encoding="utf-8"))):
        if isinstance(no, ast.Import):
            yield from (item.name for item in no.names)
        elif isinstance(no, ast.ImportFrom):
            yield "" if no.level else str(no.module)


def de_fora(modulo: Path, raiz: Path = RAIZ) -> set[str]:
    """Devolve os imports que não são da biblioteca padrão nem do próprio pacote."""
    pacote = nome(modulo, raiz).partition(".")[0]
    raizes = {inteiro: inteiro.partition(".")[0] for inteiro in importados(modulo)}
    return {i for i, topo in raizes.items() if topo not in {pacote, *BIBLIOTECA}}


def alheios(modulo: Path, pacotes: set[str]) -> set[str]:
    """Devolve os imports que não são da biblioteca padrão nem de um destes pacotes."""
    return {
        inteiro
        for inteiro in importados(modulo)
        if inteiro.partition(".")[0] not in BIBLIOTECA
        if not any(f"{inteiro}.".startswith(f"{pacote}.") for pacote in pacotes)
    }


@pytest.mark.parametrize("modulo", MODULOS, ids=nome)
def test_so_a_biblioteca_padrao_e_o_proprio_pacote(modulo: Path) -> None:
    """Nem pacotes de fora, nem o outro programa: o que os liga é o arquivo."""
    assert de_fora(modulo) == set()


def test_os_modulos_foram_achados() -> None:
    """O teste acima não passa por não haver o que olhar, nem por olhar só o primeiro andar."""
    assert {"escritor.app", "escritor.banco", "leitor.app", "leitor.banco"} <= {*map(nome, MODULOS)}
    arquivos = rodar(["git", "ls-files", *(f"{pacote}/*.py" for pacote in PACOTES)], pasta=RAIZ)
    assert sorted(arquivos.stdout.split()) == sorted(str(m.relative_to(RAIZ)) for m in MODULOS)


@pytest.mark.parametrize("lado", NO_POSTGRES)
def test_cada_metade_do_postgres_so_conhece_o_seu_lado(lado: str) -> None:
    """Nem o outro programa, nem a outra metade, nem nada além do psycopg."""
    modulos = sorted((RAIZ / "postgres" / lado).rglob("*.py"))
    assert len(modulos) > 5
    assert {nome(m): alheios(m, NO_POSTGRES[lado]) for m in modulos} == {
        nome(m): set() for m in modulos
    }


def test_controle_a_metade_que_importa_a_outra_e_acusada(tmp_path: Path) -> None:
    """Controle negativo: a outra metade, o outro programa e outro pacote, um por um."""
    (tmp_path / "intruso.py").write_text(
        "import os, psycopg.errors\nfrom escritor.erros import Erro\nimport postgres.leitor.banco\n"
        "from leitor import app\nimport sqlalchemy\n"
    )
    achados = alheios(tmp_path / "intruso.py", NO_POSTGRES["escritor"])
    assert achados == {"postgres.leitor.banco", "leitor", "sqlalchemy"}


@pytest.mark.parametrize("pacote", PACOTES)
def test_a_partida_do_par_nao_carrega_o_postgres(pacote: str, tmp_path: Path) -> None:
    """Com o driver instalado ao lado, o par do SQLite nem olha para ele."""
    ambiente = ["env", f"BANCO={tmp_path / 'd.db'}"]
    saida = rodar([*ambiente, sys.executable, "-X", "importtime", "-m", pacote], pasta=RAIZ)
    carregados = re.findall(r"\| +([\w.]+)$", saida.stderr, re.MULTILINE)
    assert f"{pacote}.app" in carregados
    assert [m for m in carregados if m.startswith(("psycopg", "postgres"))] == []


@pytest.mark.parametrize(
    "linha", ["import psycopg", "from leitor.banco import x", "def f():\n    from .. import y"]
)
def test_controle_um_submodulo_que_importa_de_fora_e_acusado(tmp_path: Path, linha: str) -> None:
    """Controle negativo: num andar de baixo, um import de fora, do outro programa ou relativo."""
    modulo = tmp_path / "escritor" / "sala" / "fundo" / "intruso.py"
    modulo.parent.mkdir(parents=True)
    modulo.write_text(f"import os\nfrom escritor.erros import Erro\n{linha}\n")
    assert len(de_fora(modulo, tmp_path)) == 1


@pytest.mark.parametrize("pacote", PACOTES)
def test_roda_sozinho_sem_site_packages(pacote: str, tmp_path: Path) -> None:
    """Copiado para uma pasta só dele, como na imagem, o pacote roda com `python -S`."""
    shutil.copytree(RAIZ / pacote, tmp_path / pacote)
    (tmp_path / ".env").write_text("# como a imagem o tem\nDESAFIO2_VERSAO=7.8.9\n")
    comando = [sys.executable, "-S", "-m", pacote, "--version"]
    assert rodar(comando, pasta=tmp_path) == (0, f"{pacote} 7.8.9\n", "")
    (tmp_path / ".env").unlink()
    assert rodar(comando, pasta=tmp_path) == (0, f"{pacote} desconhecida\n", "")


@pytest.mark.parametrize("pacote", PACOTES)
def test_importar_nao_le_o_ambiente(pacote: str) -> None:
    """O ambiente é lido por main, uma vez: importar o pacote não olha para ele."""
    nomes = [n for n in map(nome, MODULOS) if n.startswith(pacote) and not n.endswith("__")]
    assert rodar([sys.executable, "-c", EXPLODE, *nomes]) == (0, "importados\n", "")


def test_controle_a_armadilha_do_ambiente_funciona(tmp_path: Path) -> None:
    """Controle negativo: um módulo que lê o ambiente ao ser importado é acusado."""
    for leitura in ("environ['BANCO']", "environ.get('BANCO')", "getenv('BANCO')"):
        (tmp_path / "curioso.py").write_text(f"import os\nvalor = os.{leitura}\n")
        saida = rodar([sys.executable, "-B", "-c", EXPLODE, "curioso"], pasta=tmp_path)
        assert (saida.codigo, saida.stdout) == (1, "")
        assert "lido ao importar" in saida.stderr


def test_a_versao_e_dita_num_lugar_so() -> None:
    """Os dois programas leem a do .env, que é a primeira do CHANGELOG; ninguém mais a escreve."""
    versao = escritor.versao.ler()
    assert re.fullmatch(r"\d+\.\d+\.\d+", versao)
    assert leitor.versao.ler() == versao
    mudancas = (RAIZ / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", mudancas, re.MULTILINE)[0] == versao
    outros = [RAIZ / "docker-compose.yml", *RAIZ.glob("*/Dockerfile"), *MODULOS]
    assert [arquivo for arquivo in outros if versao in arquivo.read_text(encoding="utf-8")] == []
