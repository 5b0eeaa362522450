"""A página com a pilha inteira no ar, no Chromium: quem se acrescenta fica."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from tests.navegador.conftest import navegador
from tests.navegador.visita import PRAZO, Visita
from tests.web.pilha import Pilha

pytestmark = [pytest.mark.docker, pytest.mark.navegador]
expect.set_options(timeout=PRAZO)


def abrir(chromium: Browser, pilha: Pilha) -> Visita:
    """Abre a página verificada."""
    visita = Visita(chromium, f"http://127.0.0.1:{pilha.porta}")
    visita.abrir()
    return visita


def test_ana_fica_depois_de_down_e_up(outra_pilha: Pilha, ferramenta: Callable[[str], str]) -> None:
    """Acrescentada pela página; `down`, `up`, e ela está lá, e o recibo dela ainda vale."""
    with navegador(ferramenta("chromium")) as chromium:
        outra_pilha.subir()
        visita = abrir(chromium, outra_pilha)
        visita.acrescentar("Ana Costa", "ana@example.com")
        expect(visita.pagina.get_by_role("heading", name="Gravado: Ana Costa")).to_be_visible()
        recibo = visita.ancora()
        visita.conferir_silencio()
        visita.contexto.close()
        outra_pilha.compose("down")
        outra_pilha.subir()
        visita = abrir(chromium, outra_pilha)
        expect(visita.pagina.get_by_role("cell", name="ana@example.com")).to_be_visible()
        visita.pagina.get_by_label("Âncora", exact=True).fill(recibo)
        visita.pagina.get_by_role("button", name="Conferir").click()
        achada = visita.pagina.get_by_role("heading", name="está no livro")
        expect(achada).to_be_visible()
        expect(visita.pagina.get_by_text("no ar", exact=True)).to_be_visible()  # o cache
        visita.conferir_silencio()
    numero, elo = recibo.split()
    sql = f"SELECT elo FROM desafio2.execucoes WHERE id = {numero}"
    dito = ("exec", "-T", "db", "psql", "-XAt", "-U", "leitor", "-d", "desafio2", "-c", sql)
    assert outra_pilha.compose(*dito).stdout.strip() == elo
