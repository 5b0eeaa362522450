"""Refaz as imagens do README com o que o par e o serviço mostram agora.

    ./testar --version && .venv/bin/python docs/capturar.py

`docs/imagens/up.svg` é o que `docker compose up --build` escreve, num projeto descartável;
`docs/imagens/relatorio.png` é a página do mesmo banco, aberta no Chromium do sistema. Pede um
engine Docker no ar. `docs/imagens/servico.png` é a página do serviço sobre um arquivo, logo
depois de acrescentar alguém; só ela, sem Docker:

    .venv/bin/python docs/capturar.py servico
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from io import StringIO
from pathlib import Path

from playwright.sync_api import Error as Falha
from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.text import Text

RAIZ = Path(__file__).parent.parent
IMAGENS = RAIZ / "docs/imagens"
COLUNAS = 104
LARGURA, ALTURA, ALTURA_DO_SERVICO = 1_000, 1_420, 1_500  # pixels das capturas
PORTA = "5079"
PRAZO = 60.0  # segundos, até o serviço escutar
# O molde do rich pede uma fonte de fora; este não pede nada, e o <desc> traz o texto inteiro.
MOLDE = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" \
role="img">
<title>docker compose up --build</title>
<desc>DESCRICAO</desc>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas,
  "DejaVu Sans Mono", monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def compose(projeto: str, *argumentos: str, juntos: bool = False) -> str:
    """Roda o Compose num projeto só desta captura; devolve stdout, ou os dois fluxos juntos."""
    ambiente = {n: v for n, v in os.environ.items() if not n.startswith(("COMPOSE_", "BANCO"))}
    feito = subprocess.run(
        ["docker", "compose", "--ansi", "always", "-p", projeto, *argumentos],
        cwd=RAIZ,
        env=ambiente,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if juntos else None,
        encoding="utf-8",
        check=True,
    )
    return feito.stdout


def desenhar(saida: str) -> str:
    """Devolve um SVG com a saída de um terminal, cores incluídas."""
    terminal = Console(record=True, width=COLUNAS, file=StringIO(), color_system="standard")
    texto = Text.from_ansi(saida.replace("\x1b[2K", "").replace("\r", ""))
    terminal.print(texto, soft_wrap=False, no_wrap=False, overflow="fold")
    svg = terminal.export_svg(
        title="docker compose up --build", code_format=MOLDE, unique_id="terminal"
    )
    return svg.replace("DESCRICAO", escape(texto.plain))


@contextmanager
def aba(altura: int) -> Iterator[Page]:
    """Abre uma aba do Chromium do sistema."""
    with sync_playwright() as motor:
        chromium = motor.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield chromium.new_page(viewport={"width": LARGURA, "height": altura})
        chromium.close()


def fotografar(pagina: Path, destino: Path) -> None:
    """Fotografa o alto da página, que é o que cabe num README."""
    with aba(ALTURA) as aberta:
        aberta.goto(pagina.as_uri())
        aberta.screenshot(path=destino)


def fotografar_servico(destino: Path) -> None:
    """Põe o serviço no ar sobre um arquivo novo, acrescenta Ana e fotografa o recibo dela."""
    with tempfile.TemporaryDirectory() as pasta:
        ambiente = os.environ | {"BANCO": f"{pasta}/desafio2.db", "TMPDIR": pasta}
        subprocess.run([sys.executable, "-m", "escritor"], cwd=RAIZ, env=ambiente, check=True)
        servico = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "web", "run", "--port", PORTA],
            cwd=RAIZ,
            env=ambiente,
        )
        try:
            with aba(ALTURA_DO_SERVICO) as aberta:
                _acrescentar(aberta)
                aberta.screenshot(path=destino)
        finally:
            servico.terminate()
            servico.wait()


def _acrescentar(aberta: Page) -> None:
    fim = time.monotonic() + PRAZO
    while True:
        try:
            aberta.goto(f"http://127.0.0.1:{PORTA}/")
            break
        except Falha:
            if time.monotonic() > fim:
                raise
    aberta.wait_for_selector("html.aceita.vivo")
    aberta.get_by_label("Nome", exact=True).fill("Ana Costa")
    aberta.get_by_label("E-mail", exact=True).fill("ana@example.com")
    aberta.get_by_role("button", name="Gravar e selar").click()
    aberta.wait_for_selector("#recibo pre")
    aberta.get_by_text("4 linhas de 2 execuções").wait_for()


def main() -> int:
    """Refaz as imagens; devolve 0."""
    IMAGENS.mkdir(exist_ok=True)
    fotografar_servico(IMAGENS / "servico.png")
    if sys.argv[1:] == ["servico"]:
        return 0
    projeto = f"desafio2-captura-{uuid.uuid4().hex[:8]}"
    try:
        saida = compose(projeto, "up", "--build", juntos=True)
        _, attaching, linhas = saida.partition("Attaching to")  # antes disto, só a construção
        (IMAGENS / "up.svg").write_text(desenhar(attaching + linhas), encoding="utf-8")
        listar = ["leitor", "listar", "--formato", "html"]
        pagina = compose(projeto, "run", "--rm", "-T", "--no-deps", *listar)
    finally:
        compose(projeto, "--profile", "vigia", "down", "--volumes", "--rmi", "local")
    with tempfile.TemporaryDirectory() as pasta:
        arquivo = Path(pasta) / "relatorio.html"
        arquivo.write_text(pagina, encoding="utf-8")
        fotografar(arquivo, IMAGENS / "relatorio.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
