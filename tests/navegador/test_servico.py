"""A página do serviço no Chromium: gravar, ver, buscar e importar, com e sem JavaScript."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.contrato import ancora, consultar
from tests.navegador.conftest import Subir, Visitar
from tests.navegador.visita import PRAZO, Visita
from tests.web.processo import Servico

pytestmark = pytest.mark.navegador
expect.set_options(timeout=PRAZO)

SEM_SCRIPT = {"java_script_enabled": False}


def pessoa(banco: Path, email: str) -> list[tuple[object, ...]]:
    """Lê a pessoa por uma conexão que não é do serviço."""
    return consultar(banco, "SELECT nome, email FROM usuarios WHERE email = ?", email)


@pytest.mark.parametrize("opcoes", [{}, SEM_SCRIPT], ids=["com-script", "sem-script"])
def test_acrescenta_e_fica(
    opcoes: dict[str, bool], semeado: Path, subir: Subir, chromium: Browser
) -> None:
    """O recibo traz a âncora do livro; morto o serviço, e outro no lugar, ela continua lá."""
    with subir() as servico:
        visita = Visita(chromium, f"http://127.0.0.1:{servico.porta}", **opcoes)
        visita.abrir()
        visita.acrescentar("Ana Costa", "ana@example.com")
        expect(visita.pagina.get_by_role("heading", name="Gravado: Ana Costa")).to_be_visible()
        assert visita.ancora() == ancora(semeado, 2)
        guardada = visita.ancora()
        visita.conferir_silencio()
        visita.contexto.close()
    assert pessoa(semeado, "ana@example.com") == [("Ana Costa", "ana@example.com")]
    with subir() as outro:
        visita = Visita(chromium, f"http://127.0.0.1:{outro.porta}", **opcoes)
        pagina = visita.abrir()
        expect(pagina.get_by_role("cell", name="ana@example.com")).to_be_visible()
        pagina.get_by_label("Âncora", exact=True).fill(guardada)
        pagina.get_by_role("button", name="Conferir").click()
        achada = pagina.get_by_role("heading", name="A execução 2 está no livro")
        expect(achada).to_be_visible()
        visita.conferir_silencio()
        visita.contexto.close()


def test_dois_navegadores_se_veem(visitar: Visitar) -> None:
    """O que um grava aparece no outro, sem recarregar; e o contrário."""
    um, outro = visitar(), visitar()
    for visita in (um, outro):
        visita.abrir()
    um.acrescentar("Ana Costa", "ana@example.com")
    expect(outro.pagina.get_by_role("cell", name="ana@example.com")).to_be_visible()
    outro.acrescentar("Bia Lima", "bia@example.com")
    expect(um.pagina.get_by_role("cell", name="bia@example.com")).to_be_visible()
    numeros = um.pagina.get_by_role("region", name="Agora")
    expect(numeros.get_by_text("5", exact=True)).to_be_visible()
    expect(um.pagina.get_by_role("heading", level=1, name="Verificado", exact=True)).to_be_visible()
    for visita in (um, outro):
        visita.conferir_silencio()


@pytest.mark.parametrize("opcoes", [{}, SEM_SCRIPT], ids=["com-script", "sem-script"])
def test_o_que_nao_serve_volta_com_o_motivo(
    opcoes: dict[str, bool], semeado: Path, visitar: Visitar
) -> None:
    """O motivo está ao lado do campo, dito a quem não vê, e o que se digitou fica."""
    visita = visitar(**opcoes)
    pagina = visita.abrir()
    visita.acrescentar("Ana Costa", "ana arroba")
    email = pagina.get_by_label("E-mail", exact=True)
    expect(email).to_have_accessible_description("'ana arroba' não é um e-mail")
    expect(email).to_have_value("ana arroba")
    expect(pagina.get_by_label("Nome", exact=True)).to_have_value("Ana Costa")
    visita.acrescentar("Outro João", "JOAO@example.com")
    expect(email).to_have_accessible_description("este e-mail já está aqui: João Silva, id 1")
    if not opcoes:
        expect(email).to_be_focused()
    assert consultar(semeado, "SELECT count(*) FROM usuarios") == [(3,)]
    visita.acrescentar("Ana Costa", "ana@example.com")
    assert visita.ancora() == ancora(semeado, 2)
    codigos = [queixa for queixa in visita.queixas if "422" in queixa or "409" in queixa]
    assert codigos == visita.queixas, "só as recusas, que o navegador anota"


@pytest.mark.parametrize("opcoes", [{}, SEM_SCRIPT], ids=["com-script", "sem-script"])
def test_busca_e_paginas(
    opcoes: dict[str, bool], servico: Servico, semeado: Path, visitar: Visitar
) -> None:
    """Buscar e passar as páginas; com JavaScript, sem recarregar."""
    corpo = "".join(f"Pessoa {n:02},p{n:02}@x.com\n" for n in range(60)).encode()
    feito = servico.pedir(
        "POST", "/usuarios/importar", b"nome,email\n" + corpo, Content_Type="text/csv"
    )
    assert feito.codigo == 200, feito.corpo
    assert consultar(semeado, "SELECT count(*) FROM usuarios") == [(63,)]
    visita = visitar(**opcoes)
    pagina = visita.abrir()
    linhas = pagina.get_by_role("region", name="linhas").get_by_role("cell")
    if not opcoes:
        pagina.evaluate("window.aMesma = true")
    pagina.get_by_role("link", name="Seguintes").click()
    expect(linhas.filter(has_text="p17@x.com")).to_be_visible()
    pagina.get_by_role("link", name="Últimas").click()
    expect(linhas.filter(has_text="p59@x.com")).to_be_visible()
    busca = pagina.get_by_label("Nome ou e-mail")
    busca.fill("PESSOA 4")
    busca.press("Enter")
    expect(pagina.get_by_text("10 linhas com “PESSOA 4”").first).to_be_visible()
    assert "busca=PESSOA+4" in pagina.url
    busca.fill("ninguém")
    busca.press("Enter")
    expect(pagina.locator("#resultado").get_by_text("Ninguém com")).to_be_visible()
    pagina.go_back()
    expect(linhas.filter(has_text="p40@x.com")).to_be_visible()
    if not opcoes:
        assert pagina.evaluate("window.aMesma")
        expect(busca).to_have_value("PESSOA 4")
    visita.conferir_silencio()


def test_so_com_o_teclado(semeado: Path, visitar: Visitar) -> None:
    """Tab leva a tudo, na ordem em que se lê; Enter grava, e o foco vai para o recibo."""
    visita = visitar()
    pagina = visita.abrir()
    teclado = pagina.keyboard
    for _ in range(30):
        teclado.press("Tab")
        if pagina.evaluate("document.activeElement.id") == "nome":
            break
    teclado.type("Ana Costa")
    teclado.press("Tab")
    teclado.type("ana@example.com")
    teclado.press("Enter")
    expect(pagina.locator("#recibo")).to_be_focused()
    expect(pagina.get_by_role("heading", name="Gravado: Ana Costa")).to_be_visible()
    expect(pagina.get_by_role("status")).to_contain_text("Gravado")
    teclado.press("Tab")
    assert pagina.evaluate("document.activeElement.tagName") == "PRE"
    contorno = "getComputedStyle(document.activeElement).outlineStyle"
    assert pagina.evaluate(contorno) != "none"
    assert len(pessoa(semeado, "ana@example.com")) == 1
    visita.conferir_silencio()
