"""O que se vê num terminal: largura, cor, sugestões, entrada digitada e o script que completa."""

import os
import pty
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import ancora, pessoas
from tests.processos import RAIZ, comando, no_shell, rodar


def no_terminal(*argv: str, digitado: bytes = b"", **ambiente: str) -> str:
    """Roda o escritor com as três pontas num terminal; devolve o que aparece nele."""
    mestre, escravo = pty.openpty()
    with subprocess.Popen(
        comando("escritor", *argv),
        cwd=RAIZ,
        env={**os.environ, "TERM": "xterm", **ambiente},
        stdin=escravo,
        stdout=escravo,
        stderr=escravo,
    ) as processo:
        os.close(escravo)
        os.write(mestre, digitado)
        visto = b""
        try:
            while trecho := os.read(mestre, 1 << 16):
                visto += trecho
        except OSError:  # o fim, num pty do Linux
            processo.wait()
    os.close(mestre)
    return visto.decode().replace("\r\n", "\n")


def test_tres_linhas_cabem_em_oitenta_colunas(banco: Path) -> None:
    """Nada se quebra, e a âncora é uma linha só, que se copia inteira."""
    visto = no_terminal("--banco", str(banco))
    linhas = [linha for linha in visto.splitlines() if not linha.startswith("banco criado em")]
    assert max(map(len, linhas)) <= 80, visto
    assert f"âncora: {ancora(banco)}" in linhas
    assert "\x1b" not in visto


@pytest.mark.usefixtures("semeado")
def test_a_cor_so_num_terminal_que_a_quer() -> None:
    """Vermelho no erro; nem com NO_COLOR, nem com TERM=dumb, nem num arquivo."""
    assert no_terminal("nada").startswith("\x1b[31mERRO: ")
    assert no_terminal("nada", NO_COLOR="1").startswith("ERRO: ")
    assert no_terminal("nada", TERM="dumb").startswith("ERRO: ")
    assert rodar(comando("escritor", "nada")).stderr.startswith("[ESCRITOR] ERRO: ")


def test_digitar_os_dados(semeado: Path) -> None:
    """Diz como terminar, e o erro fala da entrada padrão, e não de um traço."""
    visto = no_terminal("importar", "-", digitado=b"nome,email\nAna,ana@x.com\n\x04")
    assert "Ctrl-D, numa linha vazia, termina" in visto
    assert pessoas(semeado)[3:] == [("Ana", "ana@x.com")]
    saida = rodar(comando("escritor", "importar", "-"), b"nome,email\nruim\n")
    assert saida.stderr.startswith("[ESCRITOR] ERRO: entrada padrão, linha 2: ")


@pytest.mark.parametrize(
    ("argv", "certa"),
    [
        (["importr", "a.csv"], "importar"),
        (["semar"], "semear"),
        (["importar", "a.csv", "--formto", "csv"], "--formato"),
        (["importar", "a.csv", "--rejeitado=x"], "--rejeitados"),
        (["importar", "a.csv", "--formato", "jsn"], "json"),
        (["semear", "--bano=x"], "--banco"),
    ],
)
def test_voce_quis_dizer(argv: list[str], certa: str, escritor: Programa) -> None:
    """Um erro de digitação sugere a palavra certa, e acaba num comando que se cola."""
    codigo, stdout, stderr = escritor(*argv)
    assert (codigo, stdout, stderr.count("\n")) == (2, "", 1)
    assert f"; você quis dizer {certa}? Veja: python3 -m escritor " in stderr
    ajuda = stderr.rstrip("\n").rpartition("Veja: ")[2]
    assert rodar(no_shell(ajuda)).stdout.startswith("uso: ")


def test_controle_o_que_nao_se_parece_com_nada(escritor: Programa) -> None:
    """Controle: sem palavra parecida, nada se sugere."""
    assert "você quis dizer" not in escritor("xyzzy").stderr


def completados(casca: str, *palavras: str) -> set[str]:
    """Carrega o script na casca e devolve o que ela completaria."""
    script = rodar(comando("escritor", "--completar", casca)).stdout
    lista = " ".join(f"'{palavra}'" for palavra in palavras)
    pedir = (
        f"COMP_WORDS=({lista}); COMP_CWORD={len(palavras) - 1}; _escritor; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    saida = rodar(["bash", "-c", f"{script}\n{pedir}"])
    assert saida.stderr == ""
    return {*saida.stdout.split()}


def test_o_bash_completa() -> None:
    """Comandos, opções de cada um e os valores que se escolhem."""
    assert {"semear", "importar", "restaurar", "--banco"} <= completados("bash", "escritor", "")
    assert completados("bash", "escritor", "res") == {"restaurar"}
    assert completados("bash", "escritor", "importar", "a.csv", "--co") == {
        "--codificacao", "--colunas", "--conflito",
    }  # fmt: skip
    assert completados("bash", "escritor", "importar", "--formato", "j") == {"json", "jsonl"}
    assert completados("bash", "escritor", "restaurar", "--") >= {"--sem-copia"}


@pytest.mark.parametrize("casca", ["bash", "zsh"])
def test_o_script_se_le(casca: str, ferramenta: Callable[[str], str]) -> None:
    """A casca dele o aceita, e ele diz como carregá-lo."""
    script = rodar(comando("escritor", "--completar", casca))
    assert (script.codigo, script.stderr) == (0, "")
    assert re.search(rf"source <\(.* --completar {casca}\)", script.stdout)
    assert rodar([ferramenta(casca), "-n"], script.stdout.encode()) == (0, "", "")
