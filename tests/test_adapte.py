"""docs/adapte.md feito numa cópia: os nomes, a regra e onde as colunas aparecem."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contrato import consultar, lacre
from tests.processos import RAIZ, Saida

PAGINA = (RAIZ / "docs/adapte.md").read_text(encoding="utf-8")
LEVADOS = [
    *("escritor", "leitor", "postgres", "tests", "docs", "bench"),
    *("README.md", ".env", "pyproject.toml"),
]
PACOTES = ("escritor", "leitor")
COM_OS_NOMES_NOVOS = ["test_contrato.py", "test_semear.py", "test_importar.py", "test_formatos.py"]
ANTIGOS = re.compile(r"usu[aá]rio|e-?mail|0x44534632", re.IGNORECASE)
# As perguntas de um bloco e de uma linha já gravada, dos dois lados: uma placa, e um e-mail.
PERGUNTAS = r"""
import escritor.regras, leitor.regras
for placa in (b"ABC1D23", b"a@b.com"):
    linha = [b"1", b"Fusca", placa, b"2026-01-02T03:04:05Z"]
    bloco = b"\x1f".join(linha) + b"\x1e"
    print(escritor.regras.linhas_em_ordem(bloco, 1), escritor.regras.da_linha(1, *linha[1:]))
    suspeito = leitor.regras.suspeito(bloco, 1, leitor.regras.em_campos(bloco))
    print(not suspeito, (leitor.regras.problema(*linha[1:]) or [None])[0])
"""
VEICULOS = "nome,placa\nBrasília,JKL1M23\nChevette,nop4567\n"


def bloco(linguagem: str) -> str:
    """Devolve o único bloco de código da página nesta linguagem."""
    [achado] = re.findall(rf"^```{linguagem}\n(.*?)^```", PAGINA, re.MULTILINE | re.DOTALL)
    return str(achado)


def copiar(pasta: Path) -> Path:
    """Copia o repositório, sem o que as ferramentas deixam."""
    sobras = shutil.ignore_patterns("__pycache__", "*.db", ".hypothesis", "capturas")
    for nome in LEVADOS:
        if (RAIZ / nome).is_dir():
            shutil.copytree(RAIZ / nome, pasta / nome, ignore=sobras)
        else:
            shutil.copy(RAIZ / nome, pasta / nome)
    return pasta


def renomear(pasta: Path) -> None:
    """Roda os comandos do passo 1."""
    subprocess.run(["sh", "-e", "-c", bloco("sh")], cwd=pasta, check=True)


def trocas() -> Iterator[tuple[str, list[str], list[str]]]:
    """Devolve, do passo 2, cada arquivo, linhas de antes (ditas pelo começo) e linhas de depois."""
    arquivo = ""
    for trecho in re.findall(r"^--- .*\n|(?:^-.*\n)+(?:^\+.*\n)+", bloco("diff"), re.MULTILINE):
        if trecho.startswith("--- "):
            arquivo = trecho[4:].strip()
        else:
            linhas = trecho.splitlines()
            antes = [linha[1:].removesuffix("…").rstrip() for linha in linhas if linha[0] == "-"]
            yield arquivo, antes, [linha[1:] for linha in linhas if linha[0] == "+"]


def trocar(pasta: Path) -> None:
    """Faz as trocas do passo 2: a primeira linha de cada uma há uma vez só no arquivo."""
    for nome, antes, depois in trocas():
        arquivo = pasta / nome
        linhas = arquivo.read_text(encoding="utf-8").splitlines()
        [onde] = [i for i, havida in enumerate(linhas) if havida.startswith(antes[0])]
        fim = next(i for i in range(onde, len(linhas)) if linhas[i].startswith(antes[-1]))
        linhas[onde : fim + 1] = depois
        arquivo.write_text("\n".join([*linhas, ""]), encoding="utf-8")


def rodar(pasta: Path, programa: str, *argumentos: str, entrada: str = "") -> Saida:
    """Roda o programa da cópia sobre `dados.db`, ao lado dela."""
    feito = subprocess.run(
        [sys.executable, "-m", programa, *argumentos],
        cwd=pasta,
        env=os.environ | {"BANCO": str(pasta / "dados.db"), "PYTHONUTF8": "1"},
        input=entrada,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return Saida(feito.returncode, feito.stdout, feito.stderr)


@pytest.fixture
def copia(tmp_path: Path) -> Path:
    """Devolve uma cópia do repositório."""
    return copiar(tmp_path)


def test_com_os_nomes_novos_os_testes_passam(copia: Path) -> None:
    """Depois do passo 1 não resta nome antigo nos programas, e os testes deles passam."""
    renomear(copia)
    for modulo in (m for pacote in PACOTES for m in (copia / pacote).rglob("*.py")):
        assert not ANTIGOS.search(modulo.read_text(encoding="utf-8")), modulo
    feito = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        + [f"tests/{nome}" for nome in COM_OS_NOMES_NOVOS],
        cwd=copia,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert feito.returncode == 0, feito.stdout


def test_controle_so_um_lado_renomeado_nao_se_entende(copia: Path) -> None:
    """Controle negativo: com o leitor de antes, o banco do escritor novo é recusado."""
    shutil.copytree(copia / "leitor", copia / "leitor-de-antes")
    renomear(copia)
    assert rodar(copia, "escritor").codigo == 0
    shutil.rmtree(copia / "leitor")
    (copia / "leitor-de-antes").rename(copia / "leitor")
    recusado = rodar(copia, "leitor")
    assert recusado.codigo in {65, 78}, recusado
    assert recusado.stdout == ""


def test_com_a_regra_nova_o_par_grava_sela_e_le_veiculos(copia: Path) -> None:
    """Depois do passo 2: semeia, importa, recusa o que não é placa, e o lacre confere."""
    renomear(copia)
    trocar(copia)
    assert rodar(copia, "escritor").codigo == 0
    recusado = rodar(copia, "escritor", "importar", "-", entrada="nome,placa\nGol,a@b.com\n")
    assert (recusado.codigo, recusado.stdout) == (65, "")
    assert "2: placa: 'a@b.com' não é uma placa" in recusado.stderr
    maiusculas = VEICULOS.replace("nop4567", "NOP4567")
    assert rodar(copia, "escritor", "importar", "-", entrada=VEICULOS).codigo == 65
    assert rodar(copia, "escritor", "importar", "-", entrada=maiusculas).codigo == 0

    lido = rodar(copia, "leitor", "listar", "--formato", "csv")
    assert lido.codigo == 0, lido.stderr
    banco = copia / "dados.db"
    linhas = consultar(banco, "SELECT id, nome, placa, criado_em FROM veiculos ORDER BY id")
    assert [linha[1:3] for linha in linhas] == [
        *(("Fusca", "ABC1D23"), ("Kombi", "DEF4567"), ("Opala", "GHI8J90")),
        *(("Brasília", "JKL1M23"), ("Chevette", "NOP4567")),
    ]
    assert lido.stdout.splitlines()[1:] == [",".join(map(str, linha)) for linha in linhas]
    lacres = consultar(banco, "SELECT lacre FROM execucoes WHERE inseridos > 0 ORDER BY id")
    assert lacres == [(lacre(linhas[:3]),), (lacre(linhas[3:]),)]


def test_com_a_regra_nova_os_dois_recusam_o_que_ja_esta_gravado(copia: Path) -> None:
    """Depois do passo 2, as quatro perguntas aprovam uma placa e recusam um e-mail; antes, não."""
    respostas = []
    for passo in (renomear, trocar):
        passo(copia)
        comando = [sys.executable, "-c", PERGUNTAS]
        feito = subprocess.run(
            comando, cwd=copia, capture_output=True, encoding="utf-8", check=True
        )
        respostas.append(feito.stdout.splitlines())
    antes, depois = respostas
    assert antes == [*["False U3"] * 2, *["True None"] * 2]
    assert depois == [*["True None"] * 2, *["False U3"] * 2]


def test_a_pagina_diz_todos_os_modulos_que_nomeiam_as_colunas() -> None:
    """Quem diz `criado_em` diz todas as colunas: é o que uma coluna a mais muda, e nada falta."""
    [tabela] = re.findall(r"^\| onde \|.*?\n\n", PAGINA, re.MULTILINE | re.DOTALL)
    ditos = {*re.findall(r"`((?:escritor|leitor)/[\w/]+\.py)`", tabela)}
    havidos = {
        str(modulo.relative_to(RAIZ))
        for pacote in PACOTES
        for modulo in (RAIZ / pacote).rglob("*.py")
        if re.search(r"\bcriado_em\b", modulo.read_text(encoding="utf-8"))
    }
    assert havidos - ditos == set()
    assert [nome for nome in ditos if not (RAIZ / nome).exists()] == []
