"""O postgres/docker-compose.yml: o que cada serviço pode, o que ele monta, e por quem espera."""

from __future__ import annotations

import json

import pytest

from tests.postgres.apoio import Servidor

pytestmark = pytest.mark.docker


def test_endurecido_e_sem_porta(servidor: Servidor) -> None:
    """Usuário da imagem, raiz só de leitura, nenhuma capacidade, nenhuma porta, limites."""
    dito = servidor.inspecao()
    host = dito["HostConfig"]

    assert dito["Config"]["User"] == "postgres"
    assert host["ReadonlyRootfs"] is True
    assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], None)
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["RestartPolicy"]["Name"] == "always"
    assert 0 < host["Memory"] == host["MemorySwap"]
    assert host["PidsLimit"] > 0
    assert not host["PortBindings"]
    assert list(dito["NetworkSettings"]["Networks"]) == [f"{servidor.nome}_rede"]
    assert servidor.dentro("sh", "-c", "id -u; grep ^CapBnd /proc/self/status").stdout == (
        "999\nCapBnd:\t0000000000000000\n"
    )


def test_cada_servico_e_endurecido_e_tem_o_seu_portao(servidor: Servidor) -> None:
    """Todos, também os de um perfil; e quem espera por quê."""
    perfis = ("--profile", "reader", "--profile", "vigia")
    dito = json.loads(servidor.compose(*perfis, "config", "--format", "json").stdout)["services"]

    portoes = {
        nome: {outro: espera["condition"] for outro, espera in (s.get("depends_on") or {}).items()}
        for nome, s in dito.items()
    }
    assert portoes == {
        "segredos": {},
        "db": {"segredos": "service_completed_successfully"},
        "escritor": {"db": "service_healthy"},
        "leitor": {"escritor": "service_completed_successfully"},
        "reader": {"db": "service_healthy"},
        "vigia": {},
    }
    for nome, servico in dito.items():
        assert (servico["read_only"], servico["cap_drop"]) == (True, ["ALL"]), nome
        assert servico["security_opt"] == ["no-new-privileges:true"], nome
        assert 0 < int(servico["mem_limit"]) == int(servico["memswap_limit"]), nome
        assert (servico["pids_limit"] > 0, servico.get("ports")) == (True, None), nome


def test_so_os_volumes_com_nome(servidor: Servidor) -> None:
    """Os dados e as senhas: nenhum volume anônimo, nem no contêiner que inventa as senhas."""
    for servico, esperados in {
        "db": {"dados_pg", "segredos"},
        "segredos": {"segredos", "segredo_escritor", "segredo_leitor"},
    }.items():
        montados = servidor.inspecao(servico)["Mounts"]
        volumes = {montado["Name"] for montado in montados if montado["Type"] == "volume"}
        assert volumes == {f"{servidor.nome}_{nome}" for nome in esperados}
