"""O Chromium do sistema, sem rede, e o detector de tudo o que uma página não deve fazer."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.navegador.visita import CAPTURAS, Visita
from tests.web.processo import Servico, no_ar

Visitar = Callable[..., Visita]
Subir = Callable[[], AbstractContextManager[Servico]]


class Aberta:
    """Uma página aberta do disco: o que ela pediu, e de que o navegador se queixou."""

    def __init__(self, pagina: Page, arquivo: Path) -> None:
        self.pagina = pagina
        self.pedidos: list[str] = []
        self.queixas: list[str] = []
        endereco = arquivo.as_uri()

        def interceptar(rota: Route) -> None:
            if rota.request.url == endereco:
                rota.continue_()
            else:
                self.pedidos.append(rota.request.url)
                rota.abort()

        pagina.route("**/*", interceptar)
        pagina.on("console", lambda m: self.queixas.append(m.text))
        pagina.on("pageerror", lambda erro: self.queixas.append(str(erro)))
        pagina.goto(endereco)

    def conferir_silencio(self) -> None:
        """Falha se a página pediu algo ou se o navegador se queixou dela."""
        assert (self.pedidos, self.queixas) == ([], [])

    def fotografar(self, nome: str) -> Path:
        """Guarda a página inteira em capturas/; o README também pode usá-la."""
        CAPTURAS.mkdir(exist_ok=True)
        caminho = CAPTURAS / f"{nome}.png"
        self.pagina.screenshot(path=caminho, full_page=True)
        return caminho


@contextmanager
def navegador(executavel: str) -> Iterator[Browser]:
    """Inicia o Chromium do sistema, sem a caixa de areia, que o root não tem."""
    with sync_playwright() as motor:
        chromium = motor.chromium.launch(executable_path=executavel, args=["--no-sandbox"])
        try:
            yield chromium
        finally:
            chromium.close()


@pytest.fixture
def abrir(ferramenta: Callable[[str], str]) -> Iterator[Callable[..., Aberta]]:
    """Abre um arquivo do disco com a rede desligada, num contexto só dele."""
    with navegador(ferramenta("chromium")) as chromium:

        def abrir_arquivo(arquivo: Path, **opcoes: Any) -> Aberta:
            contexto = chromium.new_context(offline=True, **opcoes)
            return Aberta(contexto.new_page(), arquivo)

        yield abrir_arquivo


@pytest.fixture(scope="module")
def chromium(ferramenta: Callable[[str], str]) -> Iterator[Browser]:
    """Um Chromium; cada visita tem um contexto só dela."""
    with navegador(ferramenta("chromium")) as aberto:
        yield aberto


@pytest.fixture
def subir(semeado: Path, tmp_path: Path) -> Subir:
    """Devolve a função que põe o serviço no ar sobre o banco do teste."""
    return partial(no_ar, semeado, tmp_path, "--workers", "1", VERIFICA_A_CADA="1")


@pytest.fixture
def servico(subir: Subir) -> Iterator[Servico]:
    """O serviço no ar, com três usuários."""
    with subir() as no_ar_:
        yield no_ar_


@pytest.fixture
def visitar(chromium: Browser, servico: Servico) -> Iterator[Visitar]:
    """Devolve a função que abre uma visita ao serviço; no fim, nenhuma se queixou."""
    with ExitStack() as pilha:

        def abrir(**opcoes: object) -> Visita:
            visita = Visita(chromium, f"http://127.0.0.1:{servico.porta}", **opcoes)
            pilha.callback(visita.contexto.close)
            return visita

        yield abrir
