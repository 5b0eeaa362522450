"""O perfil `vigia` com um engine de verdade: saúde, log, parada, e o `up` de sempre sem ele."""

from __future__ import annotations

import time

import pytest

from tests.contrato import AMOSTRA
from tests.docker.apoio import VIGIA, Projeto, esperar
from tests.docker.volume import ARQUIVO

pytestmark = pytest.mark.docker

RAPIDO = {"VIGIA_INTERVALO": "1"}  # segundos, da leitura e do healthcheck
SUBIR = ("--profile", "vigia", "up", "--detach", VIGIA)
ADULTERA = "UPDATE usuarios SET nome = 'Mariana Santos' WHERE id = 2"
SAUDE = ["CMD", "python", "-S", "-m", "leitor", "saude", "/tmp/vigia"]  # noqa: S108 - o do contêiner
CARENCIA = 10.0  # segundos que o engine dá a quem não atende o SIGTERM
LACRE_QUEBRADO = "ERRO: /data/desafio2.db: lacre quebrado na execução 1 (ids 1 a 3)"


def saude(projeto: Projeto) -> str:
    """Devolve o que o engine diz da saúde do vigia."""
    estado: str = projeto.conteiner(VIGIA).attrs["State"]["Health"]["Status"]
    return estado


def ficar(projeto: Projeto, estado: str) -> None:
    """Espera o engine dizer este estado; falha com o log do vigia."""
    esperar(lambda: saude(projeto) == estado, projeto.relato(f"o vigia ficar {estado}"))


def log(projeto: Projeto, *, stdout: bool) -> str:
    """Devolve o que o vigia escreveu numa das saídas."""
    return projeto.conteiner(VIGIA).logs(stdout=stdout, stderr=not stdout).decode()


def parar(projeto: Projeto) -> int:
    """Roda `docker compose stop`, que tem de ser logo; devolve o código do vigia."""
    inicio = time.monotonic()
    projeto.compose("--profile", "vigia", "stop", VIGIA)
    assert time.monotonic() - inicio < CARENCIA / 2, "o SIGTERM foi atendido"
    codigo: int = projeto.conteiner(VIGIA).attrs["State"]["ExitCode"]
    return codigo


def test_a_vida_de_um_vigia(projeto: Projeto) -> None:
    """Healthy, uma execução nova no log, adulterado, unhealthy, restaurado, healthy, parado."""
    projeto.compose("run", "--rm", "escritor")
    projeto.compose(*SUBIR, ambiente=RAPIDO)
    ficar(projeto, "healthy")

    pessoas = "nome,email\nAna,ana@example.com\n"
    projeto.compose("run", "--rm", "-T", "escritor", "importar", "-", entrada=pessoas)
    esperar(lambda: "usuários novos: 1; 4 Ana" in log(projeto, stdout=True), "o log dizer Ana")
    assert "execução 2 (importar:-), container " in log(projeto, stdout=True)
    boa = projeto.volume.arquivos()[ARQUIVO]

    projeto.volume.adulterar(ADULTERA)
    ficar(projeto, "unhealthy")
    assert LACRE_QUEBRADO in log(projeto, stdout=False)
    assert LACRE_QUEBRADO in projeto.conteiner(VIGIA).attrs["State"]["Health"]["Log"][-1]["Output"]

    projeto.volume.gravar(ARQUIVO, boa)
    ficar(projeto, "healthy")
    assert "agora em ordem" in log(projeto, stdout=False)
    assert log(projeto, stdout=False).count("ERRO") == 1, "cada falha é dita uma vez"
    assert parar(projeto) == 0
    assert "parado por um sinal" in log(projeto, stdout=False)
    assert projeto.volume.arquivos() == {ARQUIVO: boa}


def test_parado_com_o_banco_adulterado(projeto: Projeto) -> None:
    """`docker stop` de um vigia que via uma falha: o código é o dela."""
    projeto.compose("run", "--rm", "escritor")
    projeto.volume.adulterar(ADULTERA)
    projeto.compose(*SUBIR, ambiente=RAPIDO)
    esperar(lambda: LACRE_QUEBRADO in log(projeto, stdout=False), "o vigia acusar o lacre")
    assert parar(projeto) == 65
    assert log(projeto, stdout=True) == ""


def test_vigia_antes_do_escritor(projeto: Projeto) -> None:
    """Não depende do escritor: começa com o volume vazio e vê o banco nascer."""
    projeto.compose(*SUBIR, ambiente=RAPIDO)
    esperar(lambda: "não há banco" in log(projeto, stdout=False), "o vigia dizer que falta o banco")
    assert projeto.conteineres("escritor") == []
    assert projeto.volume.arquivos() == {}

    projeto.compose("run", "--rm", "escritor")

    ficar(projeto, "healthy")
    assert "primeira leitura: verificado, tudo em ordem; usuários: 3" in log(projeto, stdout=True)
    assert projeto.volume.banco().pessoas == AMOSTRA


def test_o_vigia_nao_atrasa_quem_grava(projeto: Projeto) -> None:
    """Com o vigia lendo, vários escritores gravam, e ele vê todos."""
    projeto.compose(*SUBIR, ambiente={"VIGIA_INTERVALO": "0.1"})
    for numero in range(3):
        pessoa = f"nome,email\nAna,ana{numero}@x.com\n"
        importar = ("run", "--rm", "-T", "escritor", "importar", "-")
        projeto.compose(*importar, entrada=pessoa, ambiente={"BANCO_ESPERA": "10"})
    esperar(
        lambda: "execução 3 (importar:-)" in log(projeto, stdout=True), "o log dizer a execução 3"
    )
    assert len(projeto.volume.banco().execucoes) == 3
    assert parar(projeto) == 0


def test_up_sem_perfil_continua_o_mesmo(par: Projeto) -> None:
    """`docker compose up` é só o escritor e o leitor."""
    assert par.conteineres(VIGIA) == []
    assert len(par.conteineres()) == 2
    assert par.volume.banco().pessoas == AMOSTRA


def test_configuracao_do_vigia(projeto: Projeto) -> None:
    """Tão fechado quanto o leitor, só de leitura, e volta sozinho se a máquina reinicia."""
    projeto.compose("--profile", "vigia", "create", VIGIA)
    conteiner = projeto.conteiner(VIGIA)
    host = conteiner.attrs["HostConfig"]
    [montagem] = conteiner.attrs["Mounts"]

    assert conteiner.attrs["Config"]["User"] == "10001:10001"
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["Init"]) == (True, ["ALL"], True)
    assert (host["NetworkMode"], host["Memory"]) == ("none", 128 * 1024 * 1024)
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert (montagem["Name"], montagem["RW"]) == (projeto.volume.nome, False)
    saude_pedida = conteiner.attrs["Config"]["Healthcheck"]
    assert saude_pedida["Test"] == SAUDE
    assert (saude_pedida["Interval"], saude_pedida["Retries"]) == (15 * 10**9, 1)


def test_o_vigia_sai_como_o_readme_diz(projeto: Projeto) -> None:
    """Subido e tirado pelo nome, sem perfil; o controle: com ele no ar, o volume não sai."""
    projeto.compose("up", "--detach", VIGIA)
    presa = projeto.compose("down", "--volumes")
    assert "Resource is still in use" in presa.stderr
    projeto.compose("rm", "--stop", "--force", VIGIA)
    projeto.compose("down", "--volumes")
    nomes = [volume.name for volume in projeto.engine.volumes.list()]
    assert projeto.volume.nome not in nomes
