"""postgres/README.md, sem Docker: as linhas, como estão, num servidor que já existe."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.docker.apoio import nome_novo
from tests.postgres.bancos import Banco
from tests.processos import RAIZ, Saida, no_shell, rodar

pytestmark = pytest.mark.docker

CHINOOK = RAIZ / "tests/dados/clientes-chinook.csv"


def blocos(titulo: str) -> list[str]:
    """Devolve os blocos de código de uma seção."""
    texto = (RAIZ / "postgres/README.md").read_text(encoding="utf-8")
    secao = texto.partition(f"\n## {titulo}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", secao, re.MULTILINE | re.DOTALL)


def colar(bloco: str, trocas: Mapping[str, str]) -> Saida:
    """Roda o bloco no bash, com os nomes daqui no lugar dos do exemplo."""
    for velho, novo in {"python3 ": f"{sys.executable} ", **trocas}.items():
        assert velho in bloco, velho
        bloco = bloco.replace(velho, novo)
    return rodar(no_shell(f"set -e\n{bloco}"))


def test_importar_e_ler(banco_pg: Banco) -> None:
    """O `pip` fica de fora: o driver já está instalado (quem o instala é test_bases)."""
    [bloco] = blocos("Sem Docker, em qualquer servidor")
    pip, *linhas = bloco.splitlines()
    assert pip == "pip install --require-hashes -r postgres/requirements.txt"
    saida = colar(
        "\n".join(linhas),
        {
            "~/.pgpass": str(banco_pg.acesso.pgpass),
            "servidor/desafio2": f"{banco_pg.acesso.ip}/{banco_pg.nome}",
            "clientes.csv": str(CHINOOK),
        },
    )
    assert saida.codigo == 0, saida
    assert len(banco_pg.pessoas()) == saida.stdout.count("\n") - 4  # as bordas e o título
    assert "[LEITOR] ✓ 8 de 8 verificações" in saida.stderr


def test_restaurar_num_banco_novo(
    banco_pg: Banco,
    escritor_pg: Programa,
    leitor_pg: Programa,
    tmp_path: Path,
    ferramenta: Callable[[str], str],
) -> None:
    """O dono cria o banco e restaura a cópia: o esquema nasce ali, e a história é a mesma."""
    ferramenta("createdb")
    assert escritor_pg("--banco", banco_pg.uri()).codigo == 0
    copia = tmp_path / "copia.db"
    assert leitor_pg("copiar", str(copia)).codigo == 0
    _, bloco = blocos("Um banco que já não se conserta")
    novo = Banco(banco_pg.acesso, nome_novo().replace("-", "_"))
    try:
        trocas = {"novo": novo.nome, "servidor": banco_pg.acesso.ip, "DONO": "postgres"}
        saida = colar(bloco, {**trocas, "copia.db": str(copia)})
        assert saida.codigo == 0, saida
        assert novo.tudo() == banco_pg.tudo()
        assert leitor_pg("verificar", "--banco", novo.uri("leitor")).codigo == 0
    finally:
        novo.no_servidor(f"DROP DATABASE IF EXISTS {novo.nome} WITH (FORCE)")
