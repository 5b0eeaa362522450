"""Os comandos do README e o que cada um promete, num servidor de verdade."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.contrato import AMOSTRA
from tests.processos import RAIZ
from tests.web.pilha import Pilha
from web.configuracao import do_ambiente

pytestmark = pytest.mark.docker

MOMENTO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
QUANTOS = "SELECT (SELECT count(*) FROM desafio2.usuarios), count(*) FROM desafio2.execucoes"
ULTIMA = "SELECT id, elo FROM desafio2.execucoes ORDER BY id DESC LIMIT 1"
ANA: dict[str, Any] = {"nome": "Ana Costa", "email": "ana@example.com"}


def test_ana_continua_la_depois_de_down_e_up(outra_pilha: Pilha) -> None:
    """Três usuários e a execução deles; POST; `down`; `up`; Ana está lá, e os contadores também."""
    pilha = outra_pilha
    pilha.subir()
    assert [(u["nome"], u["email"]) for u in pilha.ver("/usuarios")] == AMOSTRA
    [semeada] = pilha.ver("/logs")
    assert (semeada["origem"], semeada["inseridos"], semeada["total"]) == ("semear", 3, 3)
    feito = pilha.pedir("POST", "/usuarios", ANA)
    assert feito.codigo == 201, feito
    recibo = feito.json["recibo"]
    contados = (pilha.ver("/db/test")["acesso_id"], pilha.ver("/cache/test")["contador"])
    pilha.compose("down", "--timeout", "20")
    pilha.subir()
    assert pilha.ver("/usuarios")[-1] == {
        c: feito.json[c] for c in ("id", "nome", "email", "criado_em")
    }
    assert pilha.codigo(f"/ancoras/{recibo['execucao']}/{recibo['elo']}") == 200
    assert [e["origem"] for e in pilha.ver("/logs")] == ["api", "semear"]
    agora = (pilha.ver("/db/test")["total_acessos"], pilha.ver("/cache/test")["contador"])
    assert agora == (contados[0] + 1, contados[1] + 1)


def test_a_raiz_diz_as_partes(pilha: Pilha) -> None:
    """`/`: quem responde, e onde estão o banco e o cache."""
    dito = pilha.ver("/")
    assert MOMENTO.fullmatch(dito.pop("timestamp"))
    assert dito == {
        "servico": "web",
        "status": "no ar",
        "servicos": {
            "database": {"status": "no ar", "host": "db", "port": 5432},
            "cache": {"status": "no ar", "host": "cache", "port": 6379},
        },
    }


def test_o_banco_conta_cada_acesso(pilha: Pilha) -> None:
    """`/db/test`: um acesso a mais a cada pedido, que se vê por fora."""
    primeiro, segundo = pilha.ver("/db/test"), pilha.ver("/db/test")
    assert set(primeiro) == {"status", "acesso_id", "total_acessos", "mensagem"}
    assert primeiro["status"] == "sucesso"
    assert segundo["total_acessos"] == primeiro["total_acessos"] + 1
    assert pilha.psql("SELECT count(*) FROM servico.acessos") == [[str(segundo["total_acessos"])]]


def test_o_cache_conta_cada_acesso_e_lembra(pilha: Pilha) -> None:
    """`/cache/test`: um a mais a cada pedido, também depois de o Redis morrer e voltar."""
    primeiro = pilha.ver("/cache/test")
    assert set(primeiro) == {"status", "contador", "ultimo_acesso", "mensagem"}
    assert primeiro["status"] == "sucesso"
    assert MOMENTO.fullmatch(primeiro["ultimo_acesso"])
    assert pilha.redis("GET", "desafio2:contador") == str(primeiro["contador"])
    for verbo in ("restart", "kill"):
        antes = pilha.ver("/cache/test")["contador"]
        pilha.docker(verbo, "cache")
        if verbo == "kill":
            pilha.docker("start", "cache")
        pilha.esperar_cache("no ar")
        assert pilha.ver("/cache/test")["contador"] == antes + 1


def test_a_integracao_passa_pelos_dois(pilha: Pilha) -> None:
    """`/integracao`: uma linha no banco e uma conta no cache, no mesmo pedido."""
    dito = pilha.ver("/integracao")
    assert dito["status"] == "sucesso"
    banco, cache = dito["operacoes"]
    assert banco.pop("acesso_id") == int(pilha.psql("SELECT max(id) FROM servico.acessos")[0][0])
    assert cache.pop("contador") == int(pilha.redis("GET", "desafio2:contador"))
    assert banco == {"servico": "database", "acao": "inserir", "status": "sucesso"}
    assert cache == {"servico": "cache", "acao": "incrementar_contador", "status": "sucesso"}


def test_o_status_diz_ate_onde_se_conferiu(pilha: Pilha) -> None:
    """`/status`: as partes, quantos há, a âncora, e quem conferiu até onde."""
    dito = pilha.ver("/status")
    verificado = dito.pop("verificado")
    contados = pilha.psql(
        "SELECT (SELECT count(*) FROM desafio2.usuarios), count(*) FROM desafio2.execucoes"
    )
    [[execucao, elo]] = pilha.psql(
        "SELECT id, elo FROM desafio2.execucoes ORDER BY id DESC LIMIT 1"
    )
    assert [[str(dito["usuarios"]), str(dito["execucoes"])]] == contados
    assert dito["ancora"] == f"{execucao} {elo}"
    assert (dito["servico"], dito["banco"], dito["cache"]) == ("web", "no ar", "no ar")
    assert verificado["resultado"] == "ok"
    assert verificado["por"] == pilha.inspecao("web")["Config"]["Hostname"]
    assert MOMENTO.fullmatch(verificado["em"])


def test_o_leitor_ao_lado_do_servico(pilha: Pilha) -> None:
    """`run --rm leitor` passa pelo mesmo portão e vê as mesmas linhas."""
    pilha.compose("build", "leitor")
    saida = pilha.compose("run", "--rm", "-T", "leitor", "listar", "--formato", "jsonl")
    fluxo = pilha.pedir("GET", "/usuarios", Accept="application/x-ndjson")
    assert saida.stdout == fluxo.corpo.decode()


def test_so_o_servico_se_publica_e_so_em_casa(pilha: Pilha) -> None:
    """Nem o banco nem o cache têm porta; a do serviço é de 127.0.0.1."""
    portas = {s: pilha.inspecao(s)["NetworkSettings"]["Ports"] for s in ("db", "cache", "web")}
    [publicada] = portas["web"]["5000/tcp"]
    assert publicada == {"HostIp": "127.0.0.1", "HostPort": str(pilha.porta)}
    assert [p for s in ("db", "cache") for p in portas[s].values() if p] == []


def test_nenhuma_senha_aparece(pilha: Pilha) -> None:
    """Nem nos argumentos, nem no ambiente, nem no que os contêineres escreveram."""
    ler = ("docker", "exec", pilha.conteiner("cache"), "cat", "/run/segredo/acesso.conf")
    senhas = [pilha.rodar(*ler).stdout.split()[1]]
    for papel in ("escritor", "leitor"):
        arquivo = f"/run/{papel}/pgpass"
        dito = pilha.rodar("docker", "exec", pilha.conteiner("web"), "cat", arquivo).stdout
        senhas.append(dito.strip().rpartition(":")[2])
    assert all(len(senha) == 64 for senha in senhas)
    for servico in ("web", "cache", "db"):
        nome = pilha.conteiner(servico)
        escrito = pilha.rodar("docker", "logs", nome)
        processos = pilha.rodar("docker", "top", nome, "-eo", "pid,args")
        tudo = "".join((str(pilha.inspecao(servico)), *escrito[1:], processos.stdout))
        assert not any(senha in tudo for senha in senhas), servico


@pytest.mark.parametrize("servico", ["web", "cache"])
def test_os_conteineres_sao_fechados(pilha: Pilha, servico: str) -> None:
    """Raiz só de leitura, nenhuma capacidade, memória e processos limitados, e ninguém é root."""
    dito = pilha.inspecao(servico)
    casa = dito["HostConfig"]
    assert casa["ReadonlyRootfs"]
    assert casa["CapDrop"] == ["ALL"]
    assert casa["SecurityOpt"] == ["no-new-privileges:true"]
    assert 0 < casa["Memory"] == casa["MemorySwap"]
    assert casa["PidsLimit"] > 0
    quem = pilha.rodar("docker", "exec", pilha.conteiner(servico), "id", "-u").stdout.strip()
    assert quem == {"web": "10001", "cache": "999"}[servico]


def test_os_pedidos_do_readme(pilha: Pilha) -> None:
    """Cada `curl` de web/README.md, como está escrito, funciona; a porta é a deste teste."""
    leia = (RAIZ / "web" / "README.md").read_text(encoding="utf-8")
    pedidos = [linha for linha in leia.splitlines() if linha.startswith("curl ")]
    assert len(pedidos) == 13
    for linha in pedidos:
        trocada = linha.replace("localhost:5000", f"127.0.0.1:{pilha.porta}")
        saida = pilha.rodar("bash", "-c", f"{trocada} --silent --show-error --fail-with-body")
        assert saida.stdout, linha


def test_os_comandos_do_readme_sao_os_destes_testes() -> None:
    """O README da raiz e o de web/ dizem o mesmo comando, e as variáveis da tabela existem."""
    raiz = (RAIZ / "README.md").read_text(encoding="utf-8")
    web = (RAIZ / "web" / "README.md").read_text(encoding="utf-8")
    assert "docker compose -f web/docker-compose.yml up --build" in raiz
    assert "docker compose -f web/docker-compose.yml up --build" in web
    onde = ("web/docker-compose.yml", "web/configuracao.py")
    codigo = "".join((RAIZ / nome).read_text(encoding="utf-8") for nome in onde)
    ditas = re.findall(r"^\| `([A-Z_]+)` \|", web, re.MULTILINE)
    assert len(ditas) == 11
    assert [nome for nome in ditas if nome not in codigo] == []
    assert do_ambiente({"BANCO": "x"}).fila == 64
