"""O que os contêineres podem: o que o engine diz deles e o que um processo lá dentro consegue."""

from __future__ import annotations

import json

import pytest

from tests.docker.apoio import SERVICOS, Projeto

pytestmark = [pytest.mark.docker, pytest.mark.parametrize("servico", SERVICOS)]

SO_LEITURA = "EROFS"
# Roda dentro do contêiner: quem é, o que pode, e que erro dá escrever em cada lugar.
SONDA = """
import errno, json, os
estado = dict(linha.split(":", 1) for linha in open("/proc/self/status"))
def escrever(pasta):
    try:
        open(f"{pasta}/sonda", "w").close()
    except OSError as erro:
        return errno.errorcode[erro.errno]
    os.unlink(f"{pasta}/sonda")
print(json.dumps({
    "uid e gid": [os.getuid(), os.getgid()],
    "outros grupos": sorted(set(os.getgroups()) - {os.getgid()}),
    "capacidades": [estado[nome].strip() for nome in ("CapPrm", "CapEff", "CapBnd")],
    "sem novos privilégios": estado["NoNewPrivs"].strip(),
    "rotas": open("/proc/net/route").readlines()[1:],
    "é o PID 1": os.getpid() == 1,
    "escrever": {pasta: escrever(pasta) for pasta in ("/", "/app", "/data", "/tmp")},
}))
"""


def test_configuracao_endurecida(par: Projeto, servico: str) -> None:
    """Raiz só de leitura, sem capacidades, sem rede, init e limites, como o Compose pede."""
    conteiner = par.conteiner(servico)
    host = conteiner.attrs["HostConfig"]

    assert conteiner.attrs["Config"]["User"] == "10001:10001"
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["Privileged"] is False
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["NetworkMode"] == "none"
    assert host["Init"] is True
    assert host["Memory"] == 128 * 1024 * 1024
    assert host["PidsLimit"] == 32
    assert list(host["Tmpfs"]) == ["/tmp"]  # noqa: S108 - é o /tmp do contêiner
    assert host["RestartPolicy"]["Name"] in {"", "no"}


def test_nome_do_conteiner_vem_do_projeto(par: Projeto, servico: str) -> None:
    """Sem container_name: é o projeto que dá o nome, e dois projetos não disputam um."""
    assert par.conteiner(servico).name == f"{par.nome}-{servico}-1"


def test_so_o_volume_e_montado_e_so_o_escritor_grava_nele(par: Projeto, servico: str) -> None:
    """Uma montagem só: o volume nomeado em /data, RW apenas no escritor."""
    [montagem] = par.conteiner(servico).attrs["Mounts"]

    assert montagem["Destination"] == "/data"
    assert (montagem["Type"], montagem["Name"]) == ("volume", par.volume.nome)
    assert montagem["RW"] is (servico == "escritor")


def test_um_processo_la_dentro_nao_consegue_o_que_nao_deve(par: Projeto, servico: str) -> None:
    """Rodado de verdade: uid 10001, nenhuma capacidade, nenhuma rede, escrita só onde pode."""
    antes = par.volume.arquivos()
    resultado = par.compose(
        "run", "--rm", "-T", "--no-deps", "--entrypoint", "python", servico, "-c", SONDA
    )

    nada = "0" * 16
    assert json.loads(resultado.stdout) == {
        "uid e gid": [10001, 10001],
        "outros grupos": [],
        "capacidades": [nada, nada, nada],
        "sem novos privilégios": "1",
        "rotas": [],
        "é o PID 1": False,
        "escrever": {
            "/": SO_LEITURA,
            "/app": SO_LEITURA,
            "/data": None if servico == "escritor" else SO_LEITURA,
            "/tmp": None,  # noqa: S108 - é o /tmp do contêiner
        },
    }
    assert par.volume.arquivos() == antes
