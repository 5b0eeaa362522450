"""O que o escritor grava, e o que recusa, seja qual for o motor."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.contrato import AMOSTRA
from tests.nos_dois_motores.motor import Motor

# O que um COPY, um lacre ou um LIKE poderiam tomar por outra coisa.
DIFICEIS = [
    ("Rui C:\\Lima", "rui@x.com"),
    ("\\N", "nulo@x.com"),
    ("\\.", "fim@x.com"),
    ("a\\tb\\nc\\\\d", "barras@x.com"),
    ('Ana "Nina" Souza', "nina@x.com"),
    ("Conan O'Neill 100% %s {}", "conan@x.com"),
    ("李雷 👩\u200d💻", "li@x.com"),
    ("José", "jose\\x@x.com"),
    ("É", "É@x.com"),
    ("é", "é@x.com"),
    ("سعيد", "said@x.com"),
]


def csv(*pessoas: tuple[str, str]) -> str:
    """Um CSV com estas pessoas."""
    linhas = ['"{}","{}"'.format(*(c.replace('"', '""') for c in pessoa)) for pessoa in pessoas]
    return "\n".join(["nome,email", *linhas, ""])


def test_semear(motor: Motor) -> None:
    """Os três de exemplo, uma execução selada e a âncora dela; outra vez, nada se grava."""
    codigo, stdout, stderr = motor.escritor()
    [(*_, elo)] = motor.provado()
    assert codigo == 0
    assert stdout.startswith("   1  João Silva <joao@example.com>  2")
    assert f"[ESCRITOR] banco criado em {motor.mostrado}\n" in stderr or motor.pacote
    assert "[ESCRITOR] execução 1 (semear): inseridos: 3, já existiam: 0, total: 3\n" in stderr
    assert stderr.endswith(f"[ESCRITOR] âncora: 1 {elo}\n")
    assert motor.pessoas() == AMOSTRA

    antes = motor.tudo()
    codigo, stdout, stderr = motor.escritor()
    assert (codigo, stdout.count("@example.com")) == (0, 3)
    assert "já tem usuários (3): nada a semear, nada foi gravado" in stderr
    assert motor.tudo() == antes


def test_importar_cada_formato(motor: Motor, tmp_path: Path) -> None:
    """CSV, JSON, JSON Lines, gzip e a entrada padrão: uma execução de cada um, na ordem."""
    pessoa = {"nome": "Bia", "email": "bia@x.com"}
    arquivos = {
        "a.csv": b"nome;email\nAna;ana@x.com\n",
        "b.json": json.dumps([pessoa]).encode(),
        "c.jsonl": b'{"nome": "Cris", "email": "cris@x.com"}\n',
        "d.csv.gz": gzip.compress(b"nome,email\nDuda,duda@x.com\n"),
    }
    for nome, conteudo in arquivos.items():
        (tmp_path / nome).write_bytes(conteudo)
        motor.gravar("importar", str(tmp_path / nome))
    motor.gravar("importar", "-", entrada="nome,email\nEva,eva@x.com\n")
    assert [nome for nome, _ in motor.pessoas()] == ["Ana", "Bia", "Cris", "Duda", "Eva"]
    origens = [execucao[1] for execucao in motor.provado()]
    assert origens == [f"importar:{nome}" for nome in (*arquivos, "-")]


def test_nomes_dificeis_e_o_mesmo_arquivo_outra_vez(motor: Motor) -> None:
    """Letra por letra; repetido, ninguém entra duas vezes, e as novas do fim entram."""
    mais = ("Rui Outro", "RUI@x.com"), ("Última", "ultima@x.com")
    for pessoas, contas in (
        (DIFICEIS, "inseridos: 11, já existiam: 0, total: 11"),
        (DIFICEIS, "inseridos: 0, já existiam: 11, total: 11"),
        ([*DIFICEIS, *mais], "inseridos: 1, já existiam: 12, total: 12"),
    ):
        saida = motor.escritor("importar", "-", entrada=csv(*pessoas))
        assert (saida.codigo, saida.stdout) == (0, "")
        assert contas in saida.stderr
    assert motor.pessoas() == [*DIFICEIS, mais[1]]
    assert [linha[0] for linha in motor.linhas()] == [*range(1, 13)]
    assert len(motor.provado()) == 3


def test_uma_recusa_nao_grava_nada(motor: Motor, tmp_path: Path) -> None:
    """65: um conflito, com o e-mail e a linha dele, ou linhas ruins; com --rejeitados, as boas."""
    motor.gravar()
    antes = motor.tudo()
    repetida = csv(("Nova", "nova@x.com"), ("João", "Joao@Example.com"))
    assert motor.escritor("importar", "-", "--conflito", "falhar", entrada=repetida) == (
        65,
        "",
        "[ESCRITOR] ERRO: entrada padrão, linha 3: email: Joao@Example.com já existe; "
        "nada foi gravado. Com --conflito ignorar, só os novos entram.\n",
    )
    ruins = "".join(f"P{n},p{n}@x.com\nQ{n},sem-arroba\n" for n in range(30))
    codigo, stdout, stderr = motor.escritor("importar", "-", entrada=f"nome,email\n{ruins}")
    assert (codigo, stdout) == (65, "")
    assert "linhas recusadas: 30 (acima, as 20 primeiras); nada foi gravado." in stderr
    assert motor.tudo() == antes

    recusadas = tmp_path / "ruins.csv"
    entrada = f"nome,email\n{ruins}"
    motor.gravar("importar", "-", "--rejeitados", str(recusadas), entrada=entrada)
    assert recusadas.read_text(encoding="utf-8").count(",sem-arroba,") == 30
    assert motor.pessoas() == [*AMOSTRA, *((f"P{n}", f"p{n}@x.com") for n in range(30))]
    motor.provado()


@pytest.mark.parametrize(
    ("mudanca", "regra"),
    [
        ("UPDATE usuarios SET nome = 'Outra' WHERE id = 2", "E10"),
        ("UPDATE execucoes SET container = 'outro' WHERE id = 1", "E11"),
    ],
)
def test_num_banco_mexido_nao_se_grava(mudanca: str, regra: str, mexida: Motor) -> None:
    """65, com a regra, e nada muda; antes de mexerem, gravava (o controle)."""
    mexida.gravar("importar", "-", entrada=csv(("Antes", "antes@x.com")))
    mexida.alterar(mudanca)
    antes = mexida.tudo()
    codigo, stdout, stderr = mexida.escritor("importar", "-", entrada=csv(("Nova", "nova@x.com")))
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)
    assert stderr.startswith(f"[ESCRITOR] ERRO: {mexida.mostrado}: ")
    assert f"regra {regra} do contrato" in stderr
    assert "nada foi gravado" in stderr
    assert mexida.tudo() == antes
