"""O par no PostgreSQL, como o README o manda usar: de um `up` à cópia que volta."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.docker.apoio import ambiente_limpo, esperar
from tests.postgres.apoio import Servidor
from tests.processos import RAIZ, Saida, comando, rodar

pytestmark = pytest.mark.docker

MUITAS = 20_000
COMPRIDO = " de Souza" * 100  # com eles, a cópia é maior que o /tmp do container
FORMATO = ("listar", "--formato", "jsonl")
CONTAR = "SELECT count(*) FROM desafio2.usuarios"


def do_readme() -> list[str]:
    """Devolve as linhas do bloco de código da seção PostgreSQL do README, sem os comentários."""
    texto = (RAIZ / "README.md").read_text(encoding="utf-8")
    bloco = re.search(r"^## PostgreSQL\n.*?^```sh\n(.*?)^```", texto, re.MULTILINE | re.DOTALL)
    assert bloco
    return [re.split(r" +#", linha)[0] for linha in bloco[1].splitlines()]


class Terminal:
    """Um terminal em que se fez o `export`: as linhas vão para o bash como estão no README."""

    def __init__(self, projeto: Servidor, exportado: str, pasta: Path) -> None:
        [arquivo] = re.findall(r"^export COMPOSE_FILE=(\S+)$", exportado)
        self.pasta = pasta
        self.ambiente = {
            **ambiente_limpo(),
            "COMPOSE_FILE": os.pathsep.join((arquivo, str(projeto.acrescimo))),
            "COMPOSE_PROJECT_NAME": projeto.nome,
        }

    def digitar(self, linha: str, entrada: str = "", codigo: int = 0) -> Saida:
        """Roda a linha até o fim; `copia.db` fica na pasta do teste, e não na do repositório."""
        feito = subprocess.run(
            ["bash", "-c", linha.replace("copia.db", str(self.pasta / "copia.db"))],
            cwd=RAIZ,
            env=self.ambiente,
            input=entrada,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        saida = Saida(feito.returncode, feito.stdout, feito.stderr)
        assert saida.codigo == codigo, f"{linha}: {saida}"
        return saida


def test_do_up_a_copia_que_volta(outro_servidor: Servidor, tmp_path: Path) -> None:
    """Grava, lê, importa, copia num arquivo que o par do SQLite verifica, apaga tudo e restaura."""
    _portao(outro_servidor, tmp_path)
    exportar, subir, ler, copiar, restaurar, psql = do_readme()
    terminal = Terminal(outro_servidor, exportar, tmp_path)
    terminal.digitar(f"{subir} -d")  # sem -d, fica a mostrar o servidor até um Ctrl-C
    acabou = "docker compose ps --all --format '{{.ExitCode}} {{.State}}' leitor"
    esperar(lambda: terminal.digitar(acabou).stdout == "0 exited\n", "o leitor acabar")
    assert terminal.digitar(ler).stdout.count("@example.com") == 3
    linhas = "".join(f"Pessoa {i}{COMPRIDO},p{i}@x.com\n" for i in range(MUITAS))
    importar = "docker compose run --rm -T escritor importar -"
    gravada = terminal.digitar(importar, f"nome,email\n{linhas}")
    [ancora] = [linha for linha in gravada.stderr.splitlines() if "âncora: " in linha]

    terminal.digitar(copiar)
    copia = tmp_path / "copia.db"
    assert copia.stat().st_size > 16 << 20
    lidas = rodar(comando("leitor", "--banco", str(copia), *FORMATO))
    assert lidas.codigo == 0, lidas.stderr
    assert ancora.partition("âncora: ")[2] in lidas.stderr
    listar = f"docker compose run --rm --no-deps -T leitor {' '.join(FORMATO)}"
    assert terminal.digitar(listar).stdout == lidas.stdout

    terminal.digitar("docker compose down --volumes --timeout 1")
    terminal.digitar(restaurar)
    assert terminal.digitar(listar).stdout == lidas.stdout
    assert terminal.digitar(psql.replace("exec", "exec -T"), CONTAR).stdout.split()[2] == "20003"


def _portao(projeto: Servidor, pasta: Path) -> None:
    """Um escritor que falha não deixa o leitor começar; o `reader` só espera pelo servidor: 66."""
    falha = pasta / "falha.yml"
    falha.write_text("services: {escritor: {command: [importar, /nenhum.csv]}}\n", encoding="utf-8")
    projeto.compose("up", "--build", "-d", "leitor", codigo=1, extras=[falha])
    assert projeto.inspecao("escritor")["State"]["ExitCode"] == 66
    assert projeto.inspecao("leitor")["State"]["Status"] == "created"
    so_o_reader = ("--profile", "reader", "up", "--exit-code-from", "reader", "reader")
    lido = projeto.compose(*so_o_reader, codigo=66)
    assert "nenhum usuário e nenhuma execução. Rode o escritor" in lido.stdout + lido.stderr
