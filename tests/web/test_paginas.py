"""A página por dentro: de onde vem o que grava, o recibo que se pode forjar, e o que se repete."""

from __future__ import annotations

import io
import re
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from leitor.pagina import pecas
from tests.contrato import alterar, ancora, consultar
from tests.pagina import Pagina
from tests.web.conftest import Montar
from web.servico import DEMORADOS, NOME

ANA = {"nome": "Ana Costa", "email": "ana@example.com"}
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
CSV = b"nome,email\nAna Costa,ana@example.com\n"


def ver(cliente: FlaskClient, caminho: str = "/") -> TestResponse:
    """Pede a página como um navegador, conferida a corrente, e confere que é bem formada."""
    cliente.get("/usuarios")  # espera pela primeira verificação
    resposta = cliente.get(caminho, headers=HTML)
    assert resposta.content_type == "text/html; charset=utf-8"
    Pagina(resposta.text)
    return resposta


def quantos(banco: Path) -> int:
    """Conta os usuários por uma conexão que não é do serviço."""
    [(total,)] = consultar(banco, "SELECT count(*) FROM usuarios")
    return int(total)


def texto(resposta: TestResponse) -> str:
    """Devolve o que se lê na página, sem as marcas."""
    return unescape(re.sub(r"<.*?>", "", resposta.text))


def test_um_navegador_recebe_a_pagina_e_o_curl_o_json(cliente: FlaskClient) -> None:
    """O mesmo endereço, pelo Accept; e nada na página vem de fora nem executa por si."""
    resposta = ver(cliente)
    assert (resposta.status_code, resposta.headers["Vary"]) == (200, "Accept")
    assert resposta.headers["Cache-Control"] == "no-store"
    assert re.findall(r"<script(?! src=\"/static/)|\sstyle=|\son\w+=|<style", resposta.text) == []
    assert re.findall(r"(?:src|href|action)=\"(?![/#])[^\"]*", resposta.text) == []
    for aceita in ("*/*", "application/json"):
        assert cliente.get("/", headers={"Accept": aceita}).get_json()["servico"] == "web"
    politica = resposta.headers["Content-Security-Policy"]
    assert "unsafe" not in politica
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'"} <= {
        *politica.split("; ")
    }


def test_o_estilo_e_o_do_relatorio(cliente: FlaskClient) -> None:
    """A mesma folha, inteira, e não uma cópia dela."""
    resposta = cliente.get("/estilo.css")
    assert resposta.text == pecas.ESTILO
    assert (
        cliente.get("/estilo.css", headers={"If-None-Match": resposta.headers["ETag"]}).data == b""
    )
    for endereco in re.findall(r"(?:src|href)=\"(/(?:static|estilo)[^\"]*)", ver(cliente).text):
        with cliente.get(endereco) as veio:
            assert veio.status_code == 200, endereco


@pytest.mark.parametrize(
    "cabecalhos",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},  # outra porta desta máquina
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "http://exemplo.invalid"},
        {"Origin": "http://localhost:8080"},
        {"Origin": "http://localhost.exemplo.invalid"},
        {"Origin": "null"},
    ],
    ids=str,
)
def test_outro_site_nao_grava(
    cabecalhos: dict[str, str], cliente: FlaskClient, semeado: Path
) -> None:
    """Nem pelos formulários nem pela API: 403, e nada muda."""
    arquivo = {"arquivo": (io.BytesIO(CSV), "x.csv")}
    for resposta in (
        cliente.post("/pessoas", data=ANA, headers=cabecalhos),
        cliente.post("/pessoas/importar", data=arquivo, headers=cabecalhos),
        cliente.post("/usuarios", json=ANA, headers=cabecalhos),
        cliente.post(
            "/usuarios/importar", data=CSV, headers={**cabecalhos, "Content-Type": "text/csv"}
        ),
    ):
        assert resposta.status_code == 403
        assert "outro site" in resposta.get_json()["detail"]
    assert quantos(semeado) == 3


@pytest.mark.parametrize(
    "cabecalhos",
    [
        {},  # o curl
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost"},  # um navegador antigo
    ],
    ids=str,
)
def test_controle_daqui_grava(
    cabecalhos: dict[str, str], cliente: FlaskClient, semeado: Path
) -> None:
    """Controle negativo: o mesmo pedido, da própria página ou de um programa, entra."""
    resposta = cliente.post("/pessoas", data=ANA, headers=cabecalhos)
    assert resposta.status_code == 303
    assert quantos(semeado) == 4


def test_o_recibo_e_o_do_livro(cliente: FlaskClient, semeado: Path) -> None:
    """O destino traz a âncora da execução; a página diz quem entrou e para que ela serve."""
    feito = cliente.post("/pessoas", data=ANA)
    pagina = texto(ver(cliente, feito.headers["Location"]))
    assert "Gravado: Ana Costa" in pagina
    assert ancora(semeado, 2) in pagina
    assert "Guarde-a fora daqui" in pagina


def test_um_recibo_forjado_nao_convence(cliente: FlaskClient, semeado: Path) -> None:
    """Um endereço inventado não faz a página dizer que alguém entrou."""
    certa = ancora(semeado, 1)
    cliente.post("/pessoas", data=ANA)
    falso = f"1 {'0' * 64}"
    assert "não é desta história" in texto(ver(cliente, f"/?ancora={falso}&pessoa=1"))
    assert "não é desta história" in texto(ver(cliente, f"/?ancora=99+{certa[2:]}"))
    assert "64 hexadecimais" in texto(ver(cliente, "/?ancora=<script>alert(1)</script>"))
    de_outra = texto(ver(cliente, f"/?ancora={certa}&pessoa=4"))  # Ana não entrou nesta
    assert "A execução 1 está no livro" in de_outra
    assert "Gravado: Ana" not in de_outra


@pytest.mark.parametrize("caminho", ["/?depois_de=x", "/?depois_de=-1", "/?busca=%00%1F", "/?a=1"])
def test_o_que_nao_se_entende_vale_como_nao_dito(caminho: str, cliente: FlaskClient) -> None:
    """Um endereço estragado mostra a primeira página."""
    assert "João Silva" in texto(ver(cliente, caminho))


def test_o_mesmo_formulario_duas_vezes_grava_uma(cliente: FlaskClient, semeado: Path) -> None:
    """Dois cliques levam ao mesmo recibo; o formulário preenchido de novo é outro pedido."""
    [chave] = re.findall(r'name="chave" value="(\w+)"', ver(cliente).text)
    feitos = [cliente.post("/pessoas", data={**ANA, "chave": chave}) for _ in range(2)]
    assert len({feito.headers["Location"] for feito in feitos}) == 1
    assert [feito.status_code for feito in feitos] == [303, 303]
    assert quantos(semeado) == 4
    bia = {"nome": "Bia", "email": "bia@example.com", "chave": chave}
    assert cliente.post("/pessoas", data=bia).status_code == 303
    sem_chave = cliente.post("/pessoas", data=ANA)
    assert sem_chave.status_code == 409
    assert "este e-mail já está aqui: Ana Costa, id 4" in texto(sem_chave)
    assert quantos(semeado) == 5


@pytest.mark.parametrize("dados", [{}, {"nome": "", "email": ""}, {"nome": "a\x00b", "email": "x"}])
def test_o_que_nao_serve(dados: dict[str, str], cliente: FlaskClient, semeado: Path) -> None:
    """422, o motivo no campo, e nada gravado."""
    ver(cliente)
    resposta = cliente.post("/pessoas", data=dados)
    assert resposta.status_code == 422
    Pagina(resposta.text)
    assert 'aria-invalid="true" aria-describedby="erro-nome"' in resposta.text
    assert quantos(semeado) == 3


def test_sem_arquivo_e_codificacao_inventada(cliente: FlaskClient, semeado: Path) -> None:
    """O que um navegador não mandaria também tem resposta."""
    ver(cliente)
    nada = cliente.post("/pessoas/importar", data={"codificacao": "utf-8"})
    assert (nada.status_code, "escolha um arquivo" in texto(nada)) == (422, True)
    outra = {"arquivo": (io.BytesIO(CSV), "x.csv"), "codificacao": "rot13"}
    assert cliente.post("/pessoas/importar", data=outra).status_code == 422
    assert quantos(semeado) == 3


def test_com_importacoes_demais_a_pagina_o_diz(montar: Montar, semeado: Path) -> None:
    """429, sem ler o arquivo nem gravar nada; terminada uma, a seguinte entra."""
    app = montar()
    cliente = app.test_client()
    ver(cliente)
    servico = app.extensions[NOME]
    ocupadas = [servico.demorado() for _ in range(DEMORADOS)]
    arquivo = {"arquivo": (io.BytesIO(CSV), "x.csv")}
    resposta = cliente.post("/pessoas/importar", data=arquivo)
    assert (resposta.status_code, "importações demais" in texto(resposta)) == (429, True)
    assert quantos(semeado) == 3
    for liberar in ocupadas:
        liberar()
    arquivo = {"arquivo": (io.BytesIO(CSV), "x.csv")}
    assert cliente.post("/pessoas/importar", data=arquivo).status_code == 303
    assert quantos(semeado) == 4


def test_quem_ficou_no_endereco_do_formulario_volta(cliente: FlaskClient) -> None:
    """GET no endereço de um formulário leva à página."""
    for caminho in ("/pessoas", "/pessoas/importar"):
        assert cliente.get(caminho).headers["Location"] == "/"


def test_com_um_lacre_quebrado_nada_entra(montar: Montar, semeado: Path) -> None:
    """A página é 503, sem linhas nem formulários, e os formulários de antes são recusados."""
    alterar(semeado, "UPDATE usuarios SET nome = 'Outro' WHERE id = 2")
    cliente = montar().test_client()
    resposta = ver(cliente)
    assert (resposta.status_code, "Retry-After" in resposta.headers) == (503, True)
    assert "lacre quebrado na execução 1" in texto(resposta)
    assert "joao@example.com" not in resposta.text
    assert 'action="/pessoas"' not in resposta.text
    arquivo = {"arquivo": (io.BytesIO(CSV), "x.csv")}
    assert cliente.post("/pessoas", data=ANA).status_code == 503
    assert cliente.post("/pessoas/importar", data=arquivo).status_code == 503
    assert quantos(semeado) == 3


def test_sem_banco(montar: Montar, semeado: Path) -> None:
    """Com o banco fora, a página o diz, é 503, e guarda o que se digitou."""
    app = montar(espera=0.2)
    cliente = app.test_client()
    ver(cliente)
    app.extensions[NOME].banco.fechar()
    semeado.rename(semeado.with_suffix(".longe"))
    semeado.mkdir()
    resposta = cliente.get("/", headers=HTML)
    assert resposta.status_code == 503
    assert "joao@example.com" not in resposta.text
    assert "Traceback" not in resposta.text
    semeado.rmdir()
    semeado.with_suffix(".longe").rename(semeado)
    assert quantos(semeado) == 3
