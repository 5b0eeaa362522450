"""Um clone feito num Windows com core.autocrlf=true: os scripts rodam e os dados são os mesmos."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.processos import RAIZ

ATRIBUTOS = ".gitattributes"
AUTOR = ("-c", "user.name=teste", "-c", "user.email=teste@example.com")
# Sem ele, `.ci/ambiente` para logo, e nada se instala.
SEM_PYTHON = {"PYTHON": "python-que-nao-existe"}


def git(pasta: Path, *argumentos: str) -> str:
    """Roda o git na pasta, sem a configuração de quem testa, e devolve a saída."""
    isolado = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(
        ["git", "-C", str(pasta), *argumentos],
        env=os.environ | isolado,
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout


def rastreados() -> list[str]:
    """Devolve os arquivos do repositório que existem na pasta de trabalho."""
    listados = subprocess.run(
        ["git", "-C", str(RAIZ), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout.split("\0")
    return [nome for nome in listados if nome and (RAIZ / nome).is_file()]


def clonar(tmp_path: Path, *, menos: str = "") -> Path:
    """Põe a pasta de trabalho num repositório novo, e o clona como o Git para Windows clonaria."""
    origem, clone = tmp_path / "origem", tmp_path / "clone"
    for nome in rastreados():
        if nome != menos:
            (origem / nome).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(RAIZ / nome, origem / nome)
    git(origem, "init", "--quiet")
    git(origem, "add", "--all", "--force")
    git(origem, *AUTOR, "commit", "--quiet", "--message", "tudo")
    git(tmp_path, "clone", "--quiet", "-c", "core.autocrlf=true", "origem", "clone")
    return clone


def rodar_testar(clone: Path) -> subprocess.CompletedProcess[str]:
    """Roda o `./testar` do clone até a falta do Python, que é o primeiro passo dele."""
    return subprocess.run(
        ["./testar"],
        cwd=clone,
        env=os.environ | SEM_PYTHON,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Devolve o clone da pasta de trabalho inteira."""
    return clonar(tmp_path)


def scripts(pasta: Path) -> dict[str, str]:
    """Devolve, de cada arquivo que começa por `#!`, o interpretador."""
    achados = {}
    for nome in rastreados():
        primeira = (pasta / nome).read_bytes().partition(b"\n")[0]
        if primeira.startswith(b"#!"):
            achados[nome] = primeira.decode()
    return achados


def test_num_clone_com_autocrlf_testar_roda(clone: Path) -> None:
    """`./testar` e o `.ci/ambiente` que ele chama rodam, e o script diz o que falta."""
    feito = rodar_testar(clone)
    assert feito.returncode == 1
    assert "ambiente: não achei python-que-nao-existe" in feito.stderr


def test_controle_sem_os_atributos_testar_nao_roda(tmp_path: Path) -> None:
    """Controle negativo: o mesmo clone sem .gitattributes tem CRLF, e o script nem começa."""
    sem = clonar(tmp_path, menos=ATRIBUTOS)
    assert b"\r\n" in (sem / "testar").read_bytes()
    with pytest.raises(FileNotFoundError):  # não há um interpretador chamado "sh\r"
        rodar_testar(sem)


def test_num_clone_com_autocrlf_todo_script_tem_interpretador_e_sintaxe(clone: Path) -> None:
    """Cada `#!` sem CR, e cada script lido inteiro pelo shell dele, sem rodar."""
    achados = scripts(clone)
    assert {"testar", ".ci/run", "docs/aula/quebrar.sh", "docs/aula/matar.sh"} <= {*achados}
    for nome, linha in achados.items():
        programa = re.fullmatch(r"#!(?:/bin/|/usr/bin/env )(sh|bash|python3)", linha)
        assert programa, (nome, linha)
        if programa[1] != "python3":
            subprocess.run([programa[1], "-n", nome], cwd=clone, check=True)


def test_num_clone_com_autocrlf_tudo_e_byte_por_byte_o_mesmo(clone: Path) -> None:
    """Texto, dados e binários: o que está no clone é o que está aqui, e nenhum texto tem CRLF."""
    nomes = rastreados()
    assert [n for n in nomes if (clone / n).read_bytes() != (RAIZ / n).read_bytes()] == []
    com_crlf = git(clone, "ls-files", "--eol").splitlines()
    assert [linha for linha in com_crlf if "w/crlf" in linha or "w/mixed" in linha] == []
