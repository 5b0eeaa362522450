"""Cada endereço e cada resposta, no próprio processo, sobre um arquivo SQLite."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.contrato import AMOSTRA, ancora
from tests.web.conftest import Montar
from web import create_app
from web.configuracao import Configuracao
from web.servico import NOME

ANA: dict[str, Any] = {"nome": "Ana Costa", "email": "ana@example.com"}
PROBLEMA = "application/problem+json"
OUTRO_ELO = "0" * 64


@pytest.fixture(scope="module")
def parado(modelos: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """Um cliente para o que não muda o banco; o serviço é um só para todos."""
    banco = tmp_path_factory.mktemp("parado") / "desafio2.db"
    banco.write_bytes((modelos / "semeado").read_bytes())
    app = create_app(Configuracao(banco=str(banco)))
    yield app.test_client()
    assert len(linhas(banco)) == 3
    app.extensions[NOME].parar()


def linhas(banco: Path) -> list[tuple[Any, ...]]:
    """Lê a tabela por uma conexão que não é do serviço."""
    with closing(sqlite3.connect(banco)) as con:
        return con.execute("SELECT id, nome, email, criado_em FROM usuarios ORDER BY id").fetchall()


def visto(resposta: TestResponse) -> Any:
    """Devolve o JSON de uma resposta."""
    return json.loads(resposta.data)


def problema(resposta: TestResponse, codigo: int) -> dict[str, Any]:
    """Confere que é um problema do RFC 9457, em português, e o devolve."""
    assert (resposta.status_code, resposta.content_type) == (codigo, PROBLEMA), resposta.data
    dito = json.loads(resposta.data)
    assert dito["status"] == codigo
    assert {"type", "title", "detail"} <= dito.keys()
    assert "Traceback" not in resposta.text
    return dict(dito)


def test_os_tres_usuarios(cliente: FlaskClient, semeado: Path) -> None:
    """O array do contrato, na ordem do id, com a âncora e a ETag."""
    resposta = cliente.get("/usuarios")
    nomes = ("id", "nome", "email", "criado_em")
    esperado = [dict(zip(nomes, linha, strict=True)) for linha in linhas(semeado)]
    assert (resposta.status_code, visto(resposta)) == (200, esperado)
    assert [(u["nome"], u["email"]) for u in esperado] == AMOSTRA
    assert resposta.headers["Ancora"] == ancora(semeado, 1)
    assert resposta.headers["Cache-Control"] == "no-cache"
    assert "Link" not in resposta.headers


def test_as_paginas_se_seguem_pelo_link(parado: FlaskClient) -> None:
    """Quem segue `rel="next"` vê cada linha uma vez."""
    endereco, vistos = "/usuarios?limite=2", []
    while endereco:
        resposta = parado.get(endereco)
        vistos += [usuario["id"] for usuario in visto(resposta)]
        link = resposta.headers.get("Link", "")
        assert not link or link.endswith('>; rel="next"')
        endereco = link.partition(">")[0].removeprefix("<")
    assert vistos == [1, 2, 3]


def test_a_busca_por_nome_ou_email(parado: FlaskClient) -> None:
    """Parte de um ou do outro, sem distinguir maiúsculas; e o Link a leva junto."""
    assert [u["nome"] for u in visto(parado.get("/usuarios?busca=MARIA"))] == ["Maria Santos"]
    assert [u["id"] for u in visto(parado.get("/usuarios?busca=joao@"))] == [1]
    assert visto(parado.get("/usuarios", query_string={"busca": "ninguém"})) == []
    link = parado.get("/usuarios?busca=example&limite=1").headers["Link"]
    assert "busca=example" in link
    assert "depois_de=1" in link


@pytest.mark.parametrize("tipo", ["application/x-ndjson", "text/csv"])
def test_a_tabela_inteira_em_fluxo(cliente: FlaskClient, semeado: Path, tipo: str) -> None:
    """Em NDJSON e em CSV, as mesmas linhas."""
    resposta = cliente.get("/usuarios", headers={"Accept": tipo})
    assert resposta.content_type == f"{tipo}; charset=utf-8"
    if tipo == "text/csv":
        lidas = [*csv.DictReader(io.StringIO(resposta.text))]
        ditas = [(int(u["id"]), u["nome"], u["email"], u["criado_em"]) for u in lidas]
    else:
        ditas = [tuple(json.loads(linha).values()) for linha in resposta.text.splitlines()]
    assert ditas == linhas(semeado)
    assert resposta.headers["Ancora"] == ancora(semeado, 1)


def test_um_cadastro_e_o_recibo_dele(cliente: FlaskClient, semeado: Path) -> None:
    """201 depois do COMMIT: a linha está no banco, e o recibo, na corrente."""
    resposta = cliente.post("/usuarios", json=ANA)
    assert resposta.status_code == 201, resposta.data
    dito = visto(resposta)
    assert linhas(semeado)[-1] == (4, "Ana Costa", "ana@example.com", dito["criado_em"])
    recibo = f"{dito['recibo']['execucao']} {dito['recibo']['elo']}"
    assert recibo == ancora(semeado, 2) == resposta.headers["Ancora"]
    assert resposta.headers["Location"] == "/usuarios/4"
    mostrado = visto(cliente.get("/usuarios/4", headers={"Ancora": recibo}))
    assert mostrado["email"] == "ana@example.com"
    assert (mostrado["execucao"]["id"], mostrado["execucao"]["origem"]) == (2, "api")
    assert cliente.get(f"/ancoras/{recibo.replace(' ', '/')}").status_code == 200


def test_o_email_que_ja_existe(cliente: FlaskClient, semeado: Path) -> None:
    """409 com quem o tem, e nada gravado."""
    antes = linhas(semeado)
    dito = problema(cliente.post("/usuarios", json={**ANA, "email": "MARIA@example.com"}), 409)
    assert dito["usuario"]["nome"] == "Maria Santos"
    assert linhas(semeado) == antes


def test_a_mesma_chave_da_a_mesma_resposta(cliente: FlaskClient, semeado: Path) -> None:
    """Repetido com a mesma Idempotency-Key, o pedido dá a mesma resposta; com outro corpo, 422."""
    com_chave = {"Idempotency-Key": "pedido-1"}
    primeira = cliente.post("/usuarios", json=ANA, headers=com_chave)
    segunda = cliente.post("/usuarios", json=ANA, headers=com_chave)
    assert (segunda.status_code, visto(segunda)) == (201, visto(primeira))
    outra = cliente.post("/usuarios", json={**ANA, "nome": "Outra"}, headers=com_chave)
    assert "Idempotency-Key" in problema(outra, 422)["detail"]
    assert len(linhas(semeado)) == 4


@pytest.mark.parametrize(
    ("corpo", "codigo", "diz"),
    [
        (b"{", 400, "JSON"),
        (b"\xff", 400, "JSON"),
        (b"[" * 20_000, 400, "JSON"),
        (b"[]", 422, "corpo"),
        (b'{"nome": "Ana"}', 422, "email"),
        (b'{"nome": 1, "email": "a@b"}', 422, "nome"),
        (b'{"nome": "Ana", "email": "a@b", "id": 7}', 422, "id"),
        (b'{"nome": " ", "email": "a@b"}', 422, "nome: vazio"),
        (b'{"nome": "Ana", "email": "sem arroba"}', 422, "email"),
        (b'{"nome": "\\ud800", "email": "a@b"}', 422, "nome"),
        (b'{"nome": "' + b"a" * 70_000 + b'", "email": "a@b"}', 413, "importar"),
    ],
    ids=lambda v: v[:24] if isinstance(v, bytes) else None,
)
def test_um_cadastro_recusado(parado: FlaskClient, corpo: bytes, codigo: int, diz: str) -> None:
    """Cada corpo que não serve, o código dele e o campo; e nada gravado."""
    resposta = parado.post("/usuarios", data=corpo, content_type="application/json")
    assert diz in problema(resposta, codigo)["detail"]


@pytest.mark.parametrize(
    ("metodo", "caminho", "cabecalhos", "codigo"),
    [
        ("GET", "/nada", {}, 404),
        ("GET", "/usuarios/99", {}, 404),
        ("GET", f"/usuarios/{10**30}", {}, 404),
        ("GET", f"/ancoras/9/{OUTRO_ELO}", {}, 404),
        ("GET", f"/ancoras/1/{OUTRO_ELO}", {}, 404),
        ("GET", "/ancoras/1/abc", {}, 400),
        ("DELETE", "/usuarios", {}, 405),
        ("POST", "/usuarios", {"Content-Type": "text/plain"}, 415),
        ("POST", "/usuarios/importar", {"Content-Type": "text/plain"}, 415),
        ("GET", "/usuarios?limite=0", {}, 422),
        ("GET", "/usuarios?limite=1001", {}, 422),
        ("GET", "/usuarios?limite=dez", {}, 422),
        ("GET", "/usuarios?depois_de=-1", {}, 422),
        ("GET", "/usuarios?busca=%00", {}, 422),
        ("GET", "/usuarios?busca=%ff", {}, 400),
        ("GET", "/usuarios", {"Ancora": "x"}, 400),
        ("GET", "/usuarios", {"Ancora": f"1 {OUTRO_ELO}"}, 409),
        ("GET", "/usuarios", {"Ancora": f"2 {OUTRO_ELO}"}, 409),
        ("GET", "/logs?antes_de=0", {}, 422),
    ],
)
def test_cada_recusa_e_um_problema(
    parado: FlaskClient, metodo: str, caminho: str, cabecalhos: dict[str, str], codigo: int
) -> None:
    """O código documentado, como problem+json em português."""
    problema(parado.open(caminho, method=metodo, headers=cabecalhos), codigo)


def test_um_defeito_nosso_nao_mostra_o_traco(
    montar: Montar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500, sem nada de dentro."""
    app = montar()

    def quebrar() -> None:
        raise RuntimeError("segredo de dentro")

    monkeypatch.setattr(app.extensions["desafio2"].banco, "totais", quebrar)
    resposta = app.test_client().get("/status")
    assert "segredo" not in problema(resposta, 500)["detail"]


def test_nao_mudou(cliente: FlaskClient) -> None:
    """304 enquanto nada muda; depois de um cadastro, 200 com outra ETag."""
    etag = cliente.get("/usuarios").headers["ETag"]
    com_etag = {"If-None-Match": etag}
    igual = cliente.get("/usuarios", headers=com_etag)
    assert (igual.status_code, igual.data, igual.headers["ETag"]) == (304, b"", etag)
    recibo = cliente.post("/usuarios", json=ANA).headers["Ancora"]
    mudou = cliente.get("/usuarios", headers={**com_etag, "Ancora": recibo})
    assert mudou.status_code == 200
    assert mudou.headers["ETag"] != etag


def test_etags_de_pedidos_diferentes_nao_se_misturam(parado: FlaskClient) -> None:
    """Rota, consulta e tipo entram na chave."""
    caminhos = (
        "/usuarios",
        "/usuarios?limite=2",
        "/usuarios?busca=a",
        "/usuarios/1",
        "/usuarios/2",
    )
    etags = {parado.get(caminho).headers["ETag"] for caminho in caminhos}
    assert len(etags) == len(caminhos)


def test_quem_tem_o_recibo_ve_o_que_gravou(cliente: FlaskClient) -> None:
    """Logo depois do 201, com a âncora ou com no-cache, a linha está na resposta."""
    for volta in range(30):
        feito = cliente.post("/usuarios", json={"nome": "Ana", "email": f"ana{volta}@x.com"})
        for cabecalho in ({"Ancora": feito.headers["Ancora"]}, {"Cache-Control": "no-cache"}):
            lidas = visto(cliente.get("/usuarios", headers=cabecalho))
            assert lidas[-1]["email"] == f"ana{volta}@x.com"


def test_importar_um_arquivo(cliente: FlaskClient, semeado: Path) -> None:
    """Um CSV e um JSON Lines: uma execução cada um, com o que ela fez."""
    corpo = b"nome,email\nBia,bia@x.com\nMaria,maria@example.com\n"
    feita = visto(
        cliente.post("/usuarios/importar?nome=c.csv", data=corpo, content_type="text/csv")
    )
    assert [feita[c] for c in ("execucao", "lidos", "inseridos", "repetidos", "total")] == [
        *(2, 2, 1, 1, 4)
    ]
    assert f"2 {feita['elo']}" == ancora(semeado, 2)
    corpo = b'{"nome": "Caio", "email": "caio@x.com"}\n'
    tipo = "application/x-ndjson"
    assert visto(cliente.post("/usuarios/importar", data=corpo, content_type=tipo))["total"] == 5
    assert [e["origem"] for e in visto(cliente.get("/logs"))] == [
        *("importar:-", "importar:c.csv", "semear")
    ]


def test_importar_e_tudo_ou_nada(cliente: FlaskClient, semeado: Path) -> None:
    """Uma linha ruim: 422 com a linha, o campo e o motivo, e nada gravado."""
    corpo = b"nome,email\nBia,bia@x.com\nCaio,caio\n"
    resposta = cliente.post("/usuarios/importar", data=corpo, content_type="text/csv")
    dito = problema(resposta, 422)
    motivo = "'caio' não é um e-mail"
    assert dito["recusas"] == [{"linha": 3, "campo": "email", "motivo": motivo}]
    assert len(linhas(semeado)) == 3


def test_os_logs_em_paginas(cliente: FlaskClient) -> None:
    """Da mais nova para a mais antiga, com Link."""
    for n in range(3):
        cliente.post("/usuarios", json={"nome": "Ana", "email": f"a{n}@x.com"})
    resposta = cliente.get("/logs?limite=2")
    assert [e["id"] for e in visto(resposta)] == [4, 3]
    assert resposta.headers["Link"] == '</logs?limite=2&antes_de=3>; rel="next"'
    ultima = cliente.get("/logs?limite=2&antes_de=3")
    assert [e["id"] for e in visto(ultima)] == [2, 1]
    assert "Link" not in ultima.headers


def test_os_cabecalhos_de_seguranca(parado: FlaskClient) -> None:
    """Em toda resposta, também nas que recusam: nada de fora, e nada dentro de um quadro."""
    for caminho in ("/", "/usuarios", "/nada", "/api", "/openapi.json"):
        cabecalhos = parado.get(caminho).headers
        assert "default-src 'none'" in cabecalhos["Content-Security-Policy"]
        assert "unsafe" not in cabecalhos["Content-Security-Policy"]
        assert cabecalhos["X-Content-Type-Options"] == "nosniff"
        assert cabecalhos["Referrer-Policy"] == "same-origin"


def test_a_pagina_da_api_nao_pede_nada_de_fora(parado: FlaskClient) -> None:
    """Todos os endereços do documento, e nenhum script nem endereço alheio."""
    pagina = parado.get("/api").text
    for caminho in visto(parado.get("/openapi.json"))["paths"]:
        assert caminho in pagina
    assert "<script" not in pagina
    assert "//" not in pagina.replace("<!doctype", "")


def test_um_lacre_quebrado_fecha_tudo(montar: Montar, semeado: Path) -> None:
    """503 em /pronto, nas leituras e no que gravaria sobre uma história falsa; /saude continua."""
    with closing(sqlite3.connect(semeado)) as con, con:
        con.execute("UPDATE usuarios SET nome = 'Outro' WHERE id = 2")
    cliente = montar().test_client()
    for caminho in ("/usuarios", "/usuarios/2", "/logs", "/pronto"):
        assert "Outro" not in json.dumps(problema(cliente.get(caminho), 503))
    problema(cliente.post("/usuarios", json=ANA), 503)
    csv = {"data": "nome,email\nBia,bia@x.com\n", "content_type": "text/csv"}
    problema(cliente.post("/usuarios/importar", **csv), 503)
    with closing(sqlite3.connect(semeado)) as con:
        assert con.execute("SELECT count(*) FROM execucoes").fetchall() == [(1,)]
    assert cliente.get("/saude").status_code == 200
    status = visto(cliente.get("/status"))
    assert (status["status"], status["verificado"]["resultado"]) == ("fora", "falha")


def test_cadastros_demais_a_espera(montar: Montar, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sem vaga na fila, 429 com Retry-After, na hora."""
    app = montar(fila=1)
    cliente = app.test_client()
    servico = app.extensions["desafio2"]
    codigos = []

    def durante(*_: object) -> None:
        resposta = app.test_client().post("/usuarios", json={**ANA, "email": "b@x.com"})
        codigos.append((problema(resposta, 429)["status"], resposta.headers["Retry-After"]))
        raise RuntimeError

    monkeypatch.setattr(servico.gravador, "gravar", durante)
    cliente.post("/usuarios", json=ANA)
    assert codigos == [(429, "1")]
