"""As imagens base: as que o projeto cita existem, e servem para o que ele faz delas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docker.apoio import esperar, nome_novo
from tests.postgres.apoio import IMAGEM, PASTA, rodar

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine_no_ar")]

BASES = ("python:3.13-slim", IMAGEM, "redis:8")


def identidades() -> list[str]:
    """Devolve o resumo de cada imagem base."""
    return [
        imagem["Id"] for imagem in json.loads(rodar("docker", "image", "inspect", *BASES).stdout)
    ]


def test_com_todas_aqui_nao_se_refaz_nenhuma() -> None:
    """`.ci/imagens` de novo diz de cada uma que já está aqui, e o que ela é."""
    antes = identidades()

    saida = rodar(".ci/imagens")

    assert saida.stderr == ""
    for base in BASES:
        assert f"imagens: {base} já está aqui.\n" in saida.stdout
        assert f"imagens: {base} tem " in saida.stdout
    assert identidades() == antes


def test_uma_imagem_sem_receita_e_recusada() -> None:
    """Um nome que não se baixa nem se sabe montar: 1, e o comando que o resolve."""
    nome = f"desafio2-nao-existe:{nome_novo()[-4:]}"

    saida = rodar(".ci/imagens", nome, codigo=1)

    assert saida.stderr.endswith(
        f"imagens: não sei montar uma substituta de {nome}; baixe-a: docker pull {nome}\n"
    )


def test_o_pip_instala_o_driver_dentro_de_um_build() -> None:
    """O Dockerfile do produto é só `pip install --require-hashes`, e a C do psycopg vem junto."""
    nome = nome_novo()
    receita = ("--target", "driver", "-f", str(PASTA / "Dockerfile"))
    try:
        rodar("docker", "build", "-q", "-t", nome, *receita, ".", prazo=300)
        importar = "import psycopg; print(psycopg.pq.__impl__)"
        saida = rodar("docker", "run", "--rm", "--network", "none", nome, "python", "-c", importar)
    finally:
        rodar("docker", "image", "rm", nome)

    assert saida.stdout == "binary\n"


@contextmanager
def cache(*argumentos: str, montagem: Path | None = None) -> Iterator[str]:
    """Sobe um redis descartável; devolve o nome do contêiner."""
    nome = nome_novo()
    volumes = ["-v", f"{montagem}:/redis.conf:ro"] if montagem else []
    try:
        rodar("docker", "run", "-d", "--name", nome, *volumes, "redis:8", *argumentos)
        yield nome
    finally:
        rodar("docker", "rm", "--force", "--volumes", nome)


def perguntar(nome: str, *comando: str) -> str:
    """Devolve a resposta do redis a um comando; vazio enquanto ele não responde."""
    cli = " ".join(("redis-cli", *comando, "2>/dev/null || :"))
    return rodar("docker", "exec", nome, "sh", "-c", cli).stdout


def test_o_redis_aceita_argumentos_e_nao_roda_como_root() -> None:
    """`docker run redis:8 --appendonly yes`: uid 999, /data, e sem modo protegido."""
    with cache("--appendonly", "yes") as nome:
        esperar(lambda: perguntar(nome, "PING") == "PONG\n", "o redis responder")
        assert perguntar(nome, "CONFIG", "GET", "appendonly") == "appendonly\nyes\n"
        assert perguntar(nome, "CONFIG", "GET", "protected-mode") == "protected-mode\nno\n"
        assert perguntar(nome, "CONFIG", "GET", "dir") == "dir\n/data\n"
        quem = rodar("docker", "exec", nome, "sh", "-c", "stat -c %u /proc/1 /data").stdout
        assert quem == "999\n999\n"


def test_o_redis_aceita_um_arquivo_de_configuracao(tmp_path: Path) -> None:
    """`docker run redis:8 /redis.conf`."""
    arquivo = tmp_path / "redis.conf"
    arquivo.write_text("maxmemory 8mb\n", encoding="utf-8")
    for pasta in (tmp_path, *tmp_path.parents[:2]):
        pasta.chmod(pasta.stat().st_mode | 0o055)  # o uid 999 tem de chegar ao arquivo

    with cache("/redis.conf", montagem=arquivo) as nome:
        esperar(lambda: perguntar(nome, "PING") == "PONG\n", "o redis responder")
        assert perguntar(nome, "CONFIG", "GET", "maxmemory") == "maxmemory\n8388608\n"
