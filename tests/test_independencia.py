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
MODULOS = [modulo for pacote in PACOTES for modulo in sorted((RAIZ / pacote).glob("*.py"))]
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


def importados(arquivo: Path) -> Iterator[str]:
    """Devolve o primeiro nome de cada import, em qualquer profundidade do módulo."""
    for no in ast.walk(ast.parse(arquivo.read_text(encoding="utf-8"))):
        if isinstance(no, ast.Import):
            yield from (nome.name.partition(".")[0] for nome in no.names)
        elif isinstance(no, ast.ImportFrom):
            yield arquivo.parent.name if no.level else str(no.module).partition(".")[0]


@pytest.mark.parametrize(
    "modulo", MODULOS, ids=lambda modulo: f"{modulo.parent.name}.{modulo.stem}"
)
def test_so_a_biblioteca_padrao_e_o_proprio_pacote(modulo: Path) -> None:
    """Nem pacotes de fora, nem o outro programa: o que os liga é o arquivo."""
    assert {*importados(modulo)} - {modulo.parent.name} - sys.stdlib_module_names == set()


def test_os_modulos_foram_achados() -> None:
    """O teste acima não passa por não haver o que olhar."""
    nomes = {f"{modulo.parent.name}.{modulo.stem}" for modulo in MODULOS}
    assert {"escritor.app", "escritor.banco", "leitor.app", "leitor.banco"} <= nomes


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
    nomes = [f"{pacote}.{m.stem}" for m in MODULOS if m.parent.name == pacote]
    nomes = [nome for nome in nomes if not nome.endswith("__")]
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
