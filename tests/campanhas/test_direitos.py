"""Direitos: onde não se pode ler ou gravar, o comando da mensagem, rodado como está, conserta.

O que já está em tests/test_sem_permissao.py e tests/docker/test_volume.py não se repete aqui.
"""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.campanhas.relato import Campanha
from tests.conftest import Programa
from tests.contrato import AMOSTRA, pessoas
from tests.docker.apoio import Projeto
from tests.processos import UID, Saida, rodar, sem_root

SO_ROOT = pytest.mark.skipif(
    os.getuid() != 0, reason="ATENÇÃO: só o root roda o comando que conserta"
)

SEM_O_COMANDO = "sem o comando, a segunda vez falha como a primeira"


def remedio(saida: Saida) -> list[str]:
    """O comando da mensagem, sem o `sudo` ou o `docker compose run` com que ela o traz."""
    achado = re.search(r"(chown|chmod) (?:escritor )?([-a].*)\n", saida.stderr)
    assert achado, saida.stderr
    return [achado[1], *shlex.split(achado[2])]


@SO_ROOT
def test_o_chown_da_mensagem_conserta(pasta_publica: Path, campanha: Campanha) -> None:
    """Uma pasta do root, com espaço e aspas no nome: 73, o comando, e então se grava."""
    pasta = pasta_publica / "os dados d'água"
    pasta.mkdir(mode=0o755)
    escritor = sem_root("escritor", "--banco", str(pasta / "x.db"))
    for _ in range(2):  # na segunda, para ver que não se conserta sozinho
        recusa = rodar(escritor)
        assert (recusa.codigo, recusa.stdout) == (73, "")
        assert f"{pasta}/x.db: o uid {UID} não consegue gravar em {pasta} (" in recusa.stderr
    subprocess.run(remedio(recusa), check=True)
    assert rodar(escritor).codigo == 0
    assert pessoas(pasta / "x.db") == AMOSTRA
    campanha.anotar(
        tentou="pasta do root", viu="73 e o comando exato, que o teste roda", controle=SEM_O_COMANDO
    )


@SO_ROOT
@pytest.mark.parametrize("fechado", ["o arquivo", "a pasta", "os dois"])
def test_o_chmod_da_mensagem_conserta(
    fechado: str, pasta_publica: Path, escritor: Programa, campanha: Campanha
) -> None:
    """Um banco que o leitor não alcança: 73, o comando, e então se lê."""
    banco = pasta_publica / "os dados" / "x.db"
    assert escritor("--banco", str(banco)).codigo == 0
    if fechado != "a pasta":
        banco.chmod(0o600)
    if fechado != "o arquivo":
        banco.parent.chmod(0o700)
    leitor = sem_root("leitor", "--banco", str(banco))
    for _ in range(2):  # na segunda, para ver que não se conserta sozinho
        recusa = rodar(leitor)
        assert (recusa.codigo, recusa.stdout) == (73, "")
        assert f"{banco}: o uid {UID} não consegue ler (" in recusa.stderr
    subprocess.run(remedio(recusa), check=True)
    lido = rodar(leitor)
    assert (lido.codigo, lido.stdout.count("@example.com")) == (0, 3), lido.stderr
    campanha.anotar(tentou="banco ou pasta fechados ao leitor", controle=SEM_O_COMANDO)


def avulso(projeto: Projeto, *argv: str, modo: str = "") -> Saida:
    """Roda a imagem do escritor fora do Compose, com o volume montado no modo dito, ou sem ele."""
    montagem = ["-v", f"{projeto.volume.nome}:/data:{modo}"] if modo else []
    cmd = ["docker", "run", "--rm", "--read-only", "--network", "none", "--cap-drop", "ALL"]
    return rodar([*cmd, *montagem, projeto.imagem("escritor"), *argv])


@pytest.mark.docker
@pytest.mark.parametrize("modo", ["ro", ""], ids=["volume :ro no escritor", "sem volume"])
def test_montagem_que_nao_deixa_gravar(modo: str, projeto: Projeto, campanha: Campanha) -> None:
    """73 com o uid, o caminho e o que montar; montado assim, grava."""
    projeto.compose("create")
    recusa = avulso(projeto, modo=modo)
    assert (recusa.codigo, recusa.stdout, recusa.stderr.count("\n")) == (73, "", 1)
    assert "/data/desafio2.db: o uid 10001 não consegue gravar em /data (" in recusa.stderr
    assert "monte o volume com escrita no escritor" in recusa.stderr
    gravado = avulso(projeto, modo="rw")
    assert gravado.codigo == 0, gravado.stderr
    assert projeto.volume.banco().pessoas == AMOSTRA
    campanha.anotar(tentou="volume :ro no escritor, container sem volume")


@pytest.mark.docker
def test_volume_fechado_ao_leitor(projeto: Projeto, campanha: Campanha) -> None:
    """Um volume que virou de outro uid: 73, e o comando da mensagem, rodado como está, o abre."""
    projeto.compose("run", "--rm", "escritor")
    antes = projeto.volume.arquivos()
    projeto.volume.como_root("chown", "-R", "5000:5000", "/data")
    projeto.volume.como_root("chmod", "-R", "go=", "/data")
    recusa = projeto.compose("run", "--rm", "--no-deps", "leitor", codigo=73)
    assert "/data/desafio2.db: o uid 10001 não consegue ler (" in recusa.stderr
    achado = re.search(r"docker compose (run .*)", recusa.stderr)
    assert achado, recusa.stderr
    projeto.compose(*shlex.split(achado[1]))
    lido = projeto.compose("run", "--rm", "--no-deps", "leitor")
    assert lido.stdout.count("@example.com") == 3
    assert projeto.volume.arquivos() == antes
    campanha.anotar(
        tentou="volume de uid alheio",
        perdeu="nada: os arquivos ficam como estavam",
    )
