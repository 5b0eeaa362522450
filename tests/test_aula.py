"""A aula como texto: cada passo pergunta antes, e nada nela falta num macOS recém-instalado."""

import re

import pytest

from tests.processos import RAIZ

ROTEIRO = (RAIZ / "docs/roteiro.md").read_text(encoding="utf-8")
SCRIPTS = sorted((RAIZ / "docs/aula").glob("*.sh"))
# O que só há nas ferramentas da GNU, ou que o macOS não traz.
SO_NA_GNU = re.compile(
    r"\b(?:timeout|shuf|numfmt|tac|nproc|realpath|sha256sum|xargs -r|sed -i|seq -f|stat -c"
    r"|head -c ?\d+[kKMG]|readlink -f|date -d|grep -\w*P\w*|cp --|ls --|sort -V|mktemp -p"
    r"|tail --|du -b|echo -e)(?!\w)"
)


def passos(texto: str) -> list[str]:
    """Devolve o corpo de cada `## N.`."""
    return re.split(r"^## \d+\..*\n", texto, flags=re.MULTILINE)[1:]


def sem_pergunta_ou_resposta(texto: str) -> list[int]:
    """Devolve os passos que não começam por uma pergunta, ou que acabam na saída de um comando."""
    return [
        numero
        for numero, passo in enumerate(passos(texto), 1)
        if not (
            passo.startswith("\n> **O que vai acontecer?** ")
            and "?" in passo.partition("\n\n```")[0].removeprefix("\n> **O que vai acontecer?**")
            and not passo.rstrip().endswith("```")
        )
    ]


def comandos(texto: str) -> list[str]:
    """Devolve as linhas que se digitam."""
    return re.findall(r"^\$ (.*)$", texto, re.MULTILINE)


def test_cada_passo_pergunta_antes_e_responde_depois() -> None:
    """Sete passos; em cada um, a pergunta vem antes do primeiro comando, e a resposta no fim."""
    assert len(passos(ROTEIRO)) == 7
    assert sem_pergunta_ou_resposta(ROTEIRO) == []


def test_controle_um_passo_sem_pergunta_e_acusado() -> None:
    """Controle negativo: sem a pergunta do terceiro, ou sem a resposta do último."""
    partes = ROTEIRO.split("> **O que vai acontecer?** ")
    sem = "> **O que vai acontecer?** ".join(partes[:3]) + "> ".join(["", *partes[3:]])
    assert 3 in sem_pergunta_ou_resposta(sem)
    assert sem_pergunta_ou_resposta(ROTEIRO[: ROTEIRO.rindex("```") + 3]) == [7]


def test_so_o_que_o_macos_tem() -> None:
    """Nos comandos do roteiro, do README e nos scripts, nada que só a GNU tenha."""
    readme = (RAIZ / "README.md").read_text(encoding="utf-8")
    blocos = re.findall(r"^```sh\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    scripts = [script.read_text(encoding="utf-8") for script in SCRIPTS]
    assert len(scripts) == 2
    for texto in (*comandos(ROTEIRO), *blocos, *scripts):
        assert not SO_NA_GNU.search(texto), texto


@pytest.mark.parametrize(
    "linha", ["timeout 50 sh", "sed -i s/a/b/ x", "stat -c %s x", "head -c 1M x", "seq -f %g 3"]
)
def test_controle_o_que_falta_no_macos_e_achado(linha: str) -> None:
    """Controle negativo: o que o roteiro já usou, e o que se usaria sem pensar."""
    assert SO_NA_GNU.search(linha)


def test_os_scripts_sao_ditos_no_texto_e_sao_de_sh() -> None:
    """Cada script da aula é citado, rodado e explicado no passo dele."""
    for script in SCRIPTS:
        assert script.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
        assert f"(aula/{script.name})" in ROTEIRO
        assert any(linha.startswith(f"docs/aula/{script.name}") for linha in comandos(ROTEIRO))
    assert max(map(len, comandos(ROTEIRO))) < 200
