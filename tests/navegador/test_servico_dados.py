"""A página do serviço diante do que é hostil, grande, quebrado ou está fora do ar."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.contrato import alterar, ancora, consultar, reselar
from tests.navegador.conftest import Subir, Visitar
from tests.navegador.visita import PRAZO, Visita
from tests.web.processo import Servico

pytestmark = pytest.mark.navegador
expect.set_options(timeout=PRAZO)

TELEFONE = {"viewport": {"width": 360, "height": 740}}
HOSTIS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>'",
    "{{ 7 * 7 }} &lt;b&gt; javascript:alert(1)",
    "👩‍👩‍👧‍👦 Família Ñandú 🏳️‍🌈",
    "م\u0631حبا مريم",
    "Ma" + "̈" * 60,
    "N" * 1_000,
    "=HYPERLINK(A1)",
]
INVERTE = "x\u202egpj.exe"  # o escritor o recusa, mas um banco selado pode tê-lo
LENTA = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 2 << 20}
SOLTA = """([texto, nome]) => {
  const dados = new DataTransfer();
  dados.items.add(new File([texto], nome, {type: "text/csv"}));
  const alvo = document.querySelector(".solta h3");
  for (const tipo of ["dragover", "drop"])
    alvo.dispatchEvent(new DragEvent(tipo, {dataTransfer: dados, bubbles: true, cancelable: true}));
}"""
ANOTA = """() => {
  window.vistos = [];
  const lugar = document.querySelector(".progresso");
  new MutationObserver(() => window.vistos.push(lugar.querySelector("span").textContent))
    .observe(lugar, {subtree: true, childList: true, characterData: true, attributes: true});
}"""


def importar(servico: Servico, nomes: list[str]) -> None:
    """Importa estas pessoas pela API."""
    linhas = [f'"{nome.replace(chr(34), chr(34) * 2)}",p{n}@x.com' for n, nome in enumerate(nomes)]
    corpo = "\n".join(["nome,email", *linhas]).encode()
    feito = servico.pedir("POST", "/usuarios/importar", corpo, Content_Type="text/csv")
    assert feito.codigo == 200, feito.corpo


def respondendo(corpo: str) -> Callable[[Route], None]:
    """Devolve quem responde 502 com este corpo no lugar do serviço."""

    def responder(rota: Route) -> None:
        rota.fulfill(status=502, body=corpo)

    return responder


def preencher(pagina: Page) -> None:
    """Deixa a página com um erro de campo, uma recusa de arquivo e um recibo que não vale."""
    pagina.get_by_label("Arquivo", exact=False).first.set_input_files(
        {"name": "x.csv", "mimeType": "text/csv", "buffer": b"nome,email\nAna,sem arroba\n"}
    )
    pagina.get_by_role("button", name="Importar").click()
    expect(pagina.locator("#erro-arquivo li")).to_have_count(1)


@pytest.mark.parametrize("tela", ["telefone", "mesa"])
@pytest.mark.parametrize("esquema", ["light", "dark"])
def test_acessivel_em_toda_tela(
    tela: str, esquema: str, servico: Servico, visitar: Visitar
) -> None:
    """Vazia de recados ou cheia deles, clara ou escura, larga ou estreita: nada de sério no axe."""
    opcoes = TELEFONE if tela == "telefone" else {}
    visita = visitar(color_scheme=esquema, bypass_csp=True, **opcoes)
    pagina = visita.abrir()
    assert visita.graves() == []
    assert visita.cabe()
    visita.fotografar(f"servico-{esquema}-{tela}")
    importar(servico, HOSTIS)
    visita.acrescentar("Ana Costa", "ana@example.com")
    expect(pagina.get_by_role("heading", name="Gravado: Ana Costa")).to_be_visible()
    expect(pagina.locator("html.aceita h1")).to_have_text(" Verificado")
    visita.fotografar(f"servico-recibo-{esquema}-{tela}")
    assert visita.graves() == []
    visita.conferir_silencio()
    preencher(pagina)
    visita.fotografar(f"servico-cheia-{esquema}-{tela}")
    assert visita.graves() == []
    assert visita.cabe()


@pytest.mark.parametrize("opcoes", [{}, {"java_script_enabled": False}], ids=["com", "sem"])
def test_os_dados_sao_texto(
    opcoes: dict[str, bool], servico: Servico, semeado: Path, visitar: Visitar
) -> None:
    """Marcas, expressões, letras que invertem a direção, nomes sem fim: tudo aparece como texto."""
    importar(servico, HOSTIS)
    visita = visitar(**opcoes)
    pagina = visita.abrir()
    for nome in HOSTIS:
        expect(pagina.get_by_role("cell", name=nome, exact=True)).to_be_visible()
    busca = pagina.get_by_label("Nome ou e-mail")
    busca.fill(HOSTIS[2])
    busca.press("Enter")
    expect(pagina.get_by_text(f"1 linha com “{HOSTIS[2]}”").first).to_be_visible()
    expect(busca).to_have_value(HOSTIS[2])
    visita.acrescentar("<b>Ana</b>", "ana@example.com")
    expect(pagina.get_by_role("heading", name="Gravado: <b>Ana</b>")).to_be_visible()
    assert pagina.locator("main script, main img, main b, main [onload]").count() == 0
    assert visita.cabe()
    assert consultar(semeado, "SELECT nome FROM usuarios WHERE email = 'ana@example.com'") == [
        ("<b>Ana</b>",)
    ]
    visita.conferir_silencio()


def test_o_que_inverte_a_direcao_fica_isolado(
    semeado: Path, subir: Subir, chromium: Browser
) -> None:
    """Um nome com U+202E não troca a ordem do que está ao lado dele."""
    alterar(semeado, f"UPDATE usuarios SET nome = '{INVERTE}' WHERE id = 2")
    reselar(semeado)
    with subir() as servico:
        visita = Visita(chromium, f"http://127.0.0.1:{servico.porta}")
        visita.abrir()
        linha = visita.pagina.get_by_role("row", name="maria@example.com")
        onde = [celula.bounding_box() for celula in linha.get_by_role("cell").all()]
        esquerdas = [caixa["x"] for caixa in onde if caixa]
        assert esquerdas == sorted(esquerdas)
        assert linha.locator("td bdi").first.inner_text() == INVERTE
        visita.conferir_silencio()
        visita.contexto.close()


def test_um_arquivo_grande_mostra_quanto_falta(semeado: Path, visitar: Visitar) -> None:
    """O envio anda na tela, e a importação inteira é uma execução, com o nome do arquivo."""
    visita = visitar()
    pagina = visita.abrir()
    pagina.evaluate(ANOTA)
    visita.contexto.new_cdp_session(pagina).send("Network.emulateNetworkConditions", LENTA)
    corpo = "".join(f"Pessoa {n},pessoa{n}@example.com\n" for n in range(100_000))
    pagina.locator("#arquivo").set_input_files(
        {
            "name": "clientes.csv",
            "mimeType": "text/csv",
            "buffer": f"nome,email\n{corpo}".encode(),
        }
    )
    pagina.get_by_role("button", name="Importar").click()
    expect(pagina.get_by_role("heading", name="A execução 2 está no livro")).to_be_visible()
    vistos = pagina.evaluate("window.vistos")
    assert any(re.fullmatch(r"\d+ % enviado", texto) for texto in vistos), vistos
    assert "Enviado; gravando…" in vistos
    assert visita.ancora() == ancora(semeado, 2)
    livro = "SELECT origem, inseridos, total FROM execucoes WHERE id = 2"
    assert consultar(semeado, livro) == [("importar:clientes.csv", 100_000, 100_003)]
    visita.conferir_silencio()


def test_solto_na_pagina(semeado: Path, visitar: Visitar) -> None:
    """Um CSV arrastado até o cartão é enviado; ao lado dele, a página fica onde está."""
    visita = visitar()
    pagina = visita.abrir()
    pagina.evaluate(SOLTA, ["nome,email\nAna Costa,ana@example.com\n", "solto.csv"])
    expect(pagina.get_by_role("heading", name="A execução 2 está no livro")).to_be_visible()
    assert consultar(semeado, "SELECT origem FROM execucoes WHERE id = 2") == [
        ("importar:solto.csv",)
    ]
    visita.conferir_silencio()


@pytest.mark.parametrize(
    ("nome", "conteudo", "codificacao"),
    [
        ("a.csv.gz", gzip.compress("nome,email\nÉrica,e@x.com\n".encode()), "utf-8"),
        ("a.jsonl", '{"nome":"Érica","email":"e@x.com"}\n'.encode(), "utf-8"),
        ("a.json", '[{"nome":"Érica","email":"e@x.com"}]'.encode(), "utf-8"),
        ("excel.csv", "nome;email\r\nÉrica;e@x.com\r\n".encode("cp1252"), "cp1252"),
    ],
)
def test_sem_script_qualquer_formato(
    nome: str, conteudo: bytes, codificacao: str, semeado: Path, visitar: Visitar
) -> None:
    """CSV, JSON, JSON Lines, gzip e o CSV do Excel entram pelo formulário simples."""
    visita = visitar(java_script_enabled=False)
    pagina = visita.abrir()
    pagina.locator("#arquivo").set_input_files(
        {"name": nome, "mimeType": "application/octet-stream", "buffer": conteudo}
    )
    pagina.get_by_label("Codificação").select_option(codificacao)
    pagina.get_by_role("button", name="Importar").click()
    expect(pagina.get_by_role("heading", name="A execução 2 está no livro")).to_be_visible()
    assert consultar(semeado, "SELECT nome FROM usuarios WHERE email = 'e@x.com'") == [("Érica",)]
    visita.conferir_silencio()


def test_o_arquivo_que_nao_serve(semeado: Path, visitar: Visitar) -> None:
    """Cada linha recusada, com o campo e o motivo; nada entra."""
    visita = visitar()
    pagina = visita.abrir()
    corpo = "nome,email\nAna,ana@x.com\n" + "B,sem arroba\n" * 30
    pagina.locator("#arquivo").set_input_files(
        {"name": "x.csv", "mimeType": "text/csv", "buffer": corpo.encode()}
    )
    pagina.get_by_role("button", name="Importar").click()
    itens = pagina.locator("#erro-arquivo li")
    expect(itens).to_have_count(21)
    expect(itens.first).to_have_text("linha 3, email: 'sem arroba' não é um e-mail")
    expect(itens.last).to_have_text("e mais 10")
    expect(pagina.locator("#arquivo")).to_be_focused()
    assert consultar(semeado, "SELECT count(*) FROM execucoes") == [(1,)]


def test_um_lacre_quebrado_deixa_a_pagina_vermelha(
    semeado: Path, servico: Servico, visitar: Visitar
) -> None:
    """Sem recarregar: o veredito, o que falhou e o que fazer; as linhas somem; e 503."""
    visita = visitar()
    pagina = visita.abrir()
    expect(pagina.get_by_role("cell", name="joao@example.com")).to_be_visible()
    alterar(semeado, "UPDATE usuarios SET nome = 'Outro' WHERE id = 2")
    falha = pagina.get_by_role("heading", level=1, name="Não verificado")
    expect(falha).to_be_visible()
    expect(pagina.get_by_text("lacre quebrado na execução 1")).to_be_visible()
    expect(pagina.get_by_text("leitor verificar").first).to_be_visible()
    expect(pagina.get_by_role("button", name="Gravar e selar")).to_have_count(0)
    assert pagina.get_by_text("joao@example.com").count() == 0
    fundo = pagina.locator(".veredito").evaluate("e => getComputedStyle(e).backgroundColor")
    vermelho, verde, azul = map(int, re.findall(r"\d+", fundo))
    assert vermelho > 3 * max(verde, azul)
    resposta = servico.pedir("GET", "/", Accept="text/html")
    assert resposta.codigo == 503
    assert "joao" not in resposta.corpo.decode()
    visita.fotografar("servico-vermelha")
    alterar(semeado, "UPDATE usuarios SET nome = 'Maria Santos' WHERE id = 2")
    expect(pagina.get_by_role("cell", name="joao@example.com")).to_be_visible()
    expect(pagina.get_by_role("button", name="Gravar e selar")).to_be_visible()


def test_o_servico_fora_do_ar_e_dito(servico: Servico, visitar: Visitar) -> None:
    """Quem olha a página sabe que o que vê pode já não ser o que há."""
    visita = visitar()
    pagina = visita.abrir()
    servico.processo.terminate()
    expect(pagina.get_by_role("status")).to_contain_text("O serviço não responde desde as")
    visita.acrescentar("Ana Costa", "ana@example.com")
    expect(pagina.get_by_role("status")).to_contain_text("talvez tenha sido gravado")
    expect(pagina.get_by_label("Nome", exact=True)).to_have_value("Ana Costa")


def test_outro_site_nao_grava(semeado: Path, visitar: Visitar) -> None:
    """Um formulário de outra página, mandado daqui mesmo, é recusado; o da nossa, não."""
    visita = visitar()
    form = (
        f'<form method="post" action="{visita.endereco}/pessoas"><input name="nome" value="Mal">'
        '<input name="email" value="mal@x.com"><button>Ganhe um prêmio</button></form>'
    )
    visita.contexto.route(
        "http://localhost:9/*", lambda rota: rota.fulfill(body=form, content_type="text/html")
    )
    visita.pagina.goto("http://localhost:9/premio")
    with visita.pagina.expect_response("**/pessoas") as veio:
        visita.pagina.get_by_role("button").click()
    assert veio.value.status == 403
    assert consultar(semeado, "SELECT count(*) FROM usuarios") == [(3,)]


def test_uma_resposta_que_nao_e_a_pagina_e_dita(visitar: Visitar) -> None:
    """O motivo de um problema da API, ou o código do que um intermediário respondeu."""
    visita = visitar()
    pagina = visita.abrir()
    for corpo, dito in (('{"detail": "é grande"}', "é grande"), ("<p>nada</p>", "código 502")):
        visita.contexto.unroute_all()
        visita.contexto.route("**/pessoas", respondendo(corpo))
        visita.acrescentar("Ana Costa", "ana@example.com")
        expect(pagina.get_by_role("status")).to_contain_text(f"não aceitou o pedido: {dito}.")
        expect(pagina.get_by_label("Nome", exact=True)).to_have_value("Ana Costa")
