"""As linhas de docs/windows.md, com a pasta atual montada; aqui quem as roda é o bash.

O que não se testa num Linux é o próprio PowerShell: as linhas são escritas para que ele e o bash
as entendam do mesmo modo, e do `cmd /c "…"` roda-se o que está entre as aspas.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from tests.contrato import pessoas
from tests.docker.apoio import PRAZO, Projeto, ambiente_limpo
from tests.docker.volume import ARQUIVO
from tests.processos import RAIZ

pytestmark = pytest.mark.docker

TEXTO = (RAIZ / "docs/windows.md").read_text(encoding="utf-8")
LEVADOS = ["docker-compose.yml", ".env"]
CHINOOK = RAIZ / "tests/dados/clientes-chinook.csv"


def linhas() -> list[str]:
    """Devolve as linhas para o PowerShell, sem o `cmd /c` em volta."""
    [bloco] = re.findall(r"^```powershell\n(.*?)^```", TEXTO, re.MULTILINE | re.DOTALL)
    return [re.sub(r'^cmd /c "(.*)"$', r"\1", linha) for linha in bloco.splitlines()]


def test_so_o_cmd_redireciona() -> None:
    """No que o PowerShell lê não há `<`, nem `>`, nem `$PWD:`, que seria uma unidade."""
    [bloco] = re.findall(r"^```powershell\n(.*?)^```", TEXTO, re.MULTILINE | re.DOTALL)
    for linha in bloco.splitlines():
        assert linha.startswith('cmd /c "') or not re.search(r"[<>]", linha), linha
        assert "$PWD" not in linha
    assert len(TEXTO.splitlines()) <= 25


def test_o_arquivo_vai_e_volta_pela_pasta_montada(projeto: Projeto, tmp_path: Path) -> None:
    """Importa, copia, restaura e lista, na ordem da página: as mesmas 59 pessoas em todo lugar."""
    for nome in LEVADOS:
        shutil.copy(RAIZ / nome, tmp_path / nome)
    for servico in ("escritor", "leitor"):
        (tmp_path / servico).mkdir()  # as imagens já existem: o Compose só confere as pastas
    shutil.copy(CHINOOK, tmp_path / "clientes.csv")
    tmp_path.chmod(0o777)  # como a pasta que o Docker Desktop monta
    ambiente = ambiente_limpo() | {"COMPOSE_PROJECT_NAME": projeto.nome}
    for linha in linhas():
        feito = subprocess.run(
            ["bash", "-c", linha],
            cwd=tmp_path,
            env=os.environ | ambiente,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=PRAZO,
            check=False,
        )
        assert feito.returncode == 0, (linha, feito.stdout, feito.stderr)

    restaurado = tmp_path / "restaurado.db"
    restaurado.write_bytes(projeto.volume.arquivos()[ARQUIVO])
    gravadas = pessoas(restaurado)
    assert len(gravadas) == 59
    assert pessoas(tmp_path / "copia.db") == gravadas
    pagina = unescape((tmp_path / "relatorio.html").read_bytes().decode())
    assert pagina.startswith("<!DOCTYPE html>")
    assert all(nome in pagina for nome, _ in gravadas)
