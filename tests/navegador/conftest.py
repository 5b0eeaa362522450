"""O Chromium do sistema, sem rede, e o detector de tudo o que uma página não deve fazer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

CAPTURAS = Path(__file__).parent / "capturas"


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
