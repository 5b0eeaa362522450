"""Quem visita a página do serviço: o que ela pediu fora dele, e de que o navegador se queixou."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Request

CAPTURAS = Path(__file__).parent / "capturas"
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
PRAZO = 60_000  # milissegundos; folga para uma máquina lenta


class Visita:
    """Uma aba, num contexto só dela, aberta na página do serviço."""

    def __init__(self, chromium: Browser, endereco: str, **opcoes: object) -> None:
        self.endereco = endereco
        self.contexto: BrowserContext = chromium.new_context(**opcoes)  # type: ignore[arg-type]
        self.contexto.set_default_timeout(PRAZO)
        self.pagina: Page = self.contexto.new_page()
        self.pedidos: list[str] = []  # fora do serviço
        self.queixas: list[str] = []
        self.pagina.on("request", self._anotar)
        self.pagina.on("console", lambda m: self.queixas.append(m.text))
        self.pagina.on("pageerror", lambda erro: self.queixas.append(str(erro)))
        self.pagina.on("dialog", lambda d: self.queixas.append(f"diálogo: {d.message}"))

    def _anotar(self, pedido: Request) -> None:
        if urlsplit(pedido.url).netloc != urlsplit(self.endereco).netloc:
            self.pedidos.append(pedido.url)

    def abrir(self, caminho: str = "/", estado: str = "aceita") -> Page:
        """Abre a página e espera por um veredito desta cor."""
        self.pagina.goto(f"{self.endereco}{caminho}")
        self.pagina.wait_for_selector(f"html.{estado}")
        return self.pagina

    def acrescentar(self, nome: str, email: str) -> None:
        """Preenche o formulário e o manda."""
        self.pagina.get_by_label("Nome", exact=True).fill(nome)
        self.pagina.get_by_label("E-mail", exact=True).fill(email)
        self.pagina.get_by_role("button", name="Gravar e selar").click()

    def ancora(self) -> str:
        """Espera pelo recibo e devolve a âncora que ele mostra."""
        return self.pagina.locator("#recibo pre").inner_text().strip()

    def conferir_silencio(self) -> None:
        """Falha se a página pediu algo fora do serviço, ou se o navegador se queixou dela."""
        assert (self.pedidos, self.queixas) == ([], [])

    def cabe(self) -> bool:
        """Diz se a página não rola para o lado."""
        cabe: bool = self.pagina.evaluate("document.documentElement.scrollWidth <= innerWidth")
        return cabe

    def graves(self) -> list[str]:
        """Devolve o que o axe-core acha de sério ou crítico; pede um contexto sem a política."""
        self.pagina.evaluate(f"{AXE}\n;null")
        achados = self.pagina.evaluate("axe.run().then(r => JSON.stringify(r.violations))")
        return [
            f"{a['id']}: {no['html']}"
            for a in json.loads(achados)
            if a["impact"] in {"serious", "critical"}
            for no in a["nodes"]
        ]

    def fotografar(self, nome: str) -> Path:
        """Guarda a página inteira em capturas/."""
        CAPTURAS.mkdir(exist_ok=True)
        caminho = CAPTURAS / f"{nome}.png"
        self.pagina.screenshot(path=caminho, full_page=True)
        return caminho
