"""O par no PostgreSQL, como postgres/README.md o manda usar: de um `up` à cópia que volta."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.docker.apoio import ambiente_limpo
from tests.postgres.apoio import Servidor
from tests.processos import RAIZ, comando, rodar

pytestmark = pytest.mark.docker

RODA = ("run", "--rm", "-T")
SO = (*RODA, "--no-deps")
MUITAS = 200_000  # uma cópia maior que o /tmp do container
FORMATO = ("listar", "--formato", "jsonl")


def test_do_up_a_copia_que_volta(outro_servidor: Servidor, tmp_path: Path) -> None:
    """Grava, lê, importa, copia num arquivo que o par do SQLite verifica, apaga tudo e restaura."""
    projeto = outro_servidor
    projeto.compose("up", "--build", "-d", "leitor")
    assert projeto.compose(*RODA, "leitor").stdout.count("@example.com") == 3
    linhas = "".join(f"Pessoa {i} de Souza,p{i}@x.com\n" for i in range(MUITAS))
    gravada = projeto.compose(*RODA, "escritor", "importar", "-", entrada=f"nome,email\n{linhas}")
    [ancora] = [linha for linha in gravada.stderr.splitlines() if "âncora: " in linha]
    copia = tmp_path / "copia.db"
    com_redirecionamento(projeto, *SO, "leitor", "copiar", "-", saida=copia)
    assert copia.stat().st_size > 16 << 20
    ler = comando("leitor", "--banco", str(copia))
    lidas = rodar([*ler, *FORMATO], pasta=RAIZ)
    assert lidas.codigo == 0, lidas.stderr
    assert ancora.partition("âncora: ")[2] in lidas.stderr
    assert projeto.compose(*SO, "leitor", *FORMATO).stdout == lidas.stdout
    projeto.compose("down", "--volumes", "--timeout", "1")
    com_redirecionamento(projeto, *RODA, "escritor", "restaurar", "-", entrada=copia)
    assert projeto.compose(*SO, "leitor", *FORMATO).stdout == lidas.stdout


def com_redirecionamento(
    projeto: Servidor, *argumentos: str, entrada: Path | None = None, saida: Path | None = None
) -> None:
    """Roda o Compose com `< entrada` e `> saida`, em bytes, como um shell."""
    with (
        (entrada or Path("/dev/null")).open("rb") as de,
        (saida or Path("/dev/null")).open("wb") as para,
    ):
        feito = subprocess.run(
            projeto.comando(*argumentos),
            cwd=RAIZ,
            env=ambiente_limpo(),
            stdin=de,
            stdout=para,
            stderr=subprocess.PIPE,
            timeout=300,
            check=False,
        )
    assert feito.returncode == 0, feito.stderr.decode()
