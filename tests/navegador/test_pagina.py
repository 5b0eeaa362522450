"""A página do leitor no Chromium: sem rede, sem queixas, legível em toda tela e para todos."""

import json
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import alterar
from tests.navegador.conftest import Aberta

pytestmark = pytest.mark.navegador
Abrir = Callable[..., Aberta]
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
TELEFONE = {"viewport": {"width": 360, "height": 740}}


@pytest.fixture
def verde(gravado: Path, escritor: Programa, leitor: Programa, tmp_path: Path) -> Path:
    """A página de um banco inteiro, com um nome que é uma marca."""
    entrada = tmp_path / "x.csv"
    entrada.write_text("nome,email\n<script>alert(1)</script>,s@x.com\n", encoding="utf-8")
    assert escritor("importar", str(entrada)).codigo == 0
    return gravar(leitor, gravado.parent / "verde.html", 0)


@pytest.fixture
def vermelha(semeado: Path, leitor: Programa) -> Path:
    """A página de um banco com um lacre quebrado."""
    alterar(semeado, "UPDATE usuarios SET nome = 'Outro' WHERE id = 2")
    return gravar(leitor, semeado.parent / "vermelha.html", 65)


def gravar(leitor: Programa, arquivo: Path, codigo: int) -> Path:
    """Grava a página num arquivo, conferido o código de saída."""
    saida = leitor("listar", "--formato", "html")
    assert saida.codigo == codigo, saida.stderr
    arquivo.write_text(saida.stdout, encoding="utf-8")
    return arquivo


def graves(aberta: Aberta) -> list[str]:
    """Devolve o que o axe-core acha de sério ou crítico."""
    aberta.pagina.evaluate(f"{AXE}\n;null")
    achados = aberta.pagina.evaluate("axe.run().then(r => JSON.stringify(r.violations))")
    return [a["id"] for a in json.loads(achados) if a["impact"] in {"serious", "critical"}]


def test_veredito_e_linhas_pelo_papel(verde: Path, abrir: Abrir) -> None:
    """Quem usa um leitor de tela acha o veredito, as tabelas e as linhas; nada é pedido."""
    aberta = abrir(verde)
    pagina = aberta.pagina
    assert pagina.get_by_role("heading", level=1, name="Verificado", exact=True).is_visible()
    regiao = pagina.get_by_role("region", name="6 linhas", exact=True)
    assert regiao.get_by_role("row").count() == 7
    assert regiao.get_by_role("cell", name="João Silva").is_visible()
    assert regiao.get_by_text("<script>alert(1)</script>", exact=True).is_visible()
    assert pagina.get_by_role("list", name="Linha do tempo das execuções").is_visible()
    for evento in ("Fim da gravação", "Começo da leitura"):
        assert pagina.get_by_text(evento, exact=True).is_visible()
    assert pagina.get_by_role("navigation").get_by_role("link").count() == 5
    aberta.fotografar("verde-clara")
    aberta.conferir_silencio()


@pytest.mark.parametrize("cor", ["verde", "vermelha"])
@pytest.mark.parametrize("esquema", ["light", "dark"])
@pytest.mark.parametrize("tela", ["telefone", "mesa"])
def test_acessivel_em_toda_tela(
    cor: str, esquema: str, tela: str, request: pytest.FixtureRequest, abrir: Abrir
) -> None:
    """Claro e escuro, larga e estreita: nada de sério no axe-core, nem rolagem da página."""
    opcoes = TELEFONE if tela == "telefone" else {}
    arquivo = request.getfixturevalue(cor)
    # O axe-core é um script, que a política da página recusa: só aqui ela é contornada.
    aberta = abrir(arquivo, color_scheme=esquema, bypass_csp=True, **opcoes)
    assert aberta.pagina.evaluate("document.documentElement.scrollWidth <= innerWidth")
    claro = aberta.pagina.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g)[0] > 127"
    )
    assert claro == (esquema == "light")
    aberta.fotografar(f"{cor}-{esquema}-{tela}")
    assert graves(aberta) == []
    aberta.conferir_silencio()


def test_vermelha(vermelha: Path, abrir: Abrir) -> None:
    """O veredito é a falha, com palavras além da cor, e nenhuma linha aparece."""
    aberta = abrir(vermelha)
    pagina = aberta.pagina
    assert pagina.get_by_role("heading", level=1, name="Não verificado", exact=True).is_visible()
    assert pagina.get_by_text("lacre quebrado na execução 1").first.is_visible()
    assert pagina.get_by_role("cell", name="falha", exact=True).count() == 1
    assert pagina.get_by_text("joao@example.com").count() == 0
    fundo = pagina.locator(".veredito").evaluate("e => getComputedStyle(e).backgroundColor")
    vermelho, verde, azul = map(int, re.findall(r"\d+", fundo))
    assert vermelho > 3 * max(verde, azul)
    aberta.conferir_silencio()


def test_impressa(verde: Path, abrir: Abrir) -> None:
    """No papel, mesmo de um sistema escuro: fundo branco, sem navegação, tabelas inteiras."""
    aberta = abrir(verde, color_scheme="dark")
    aberta.pagina.emulate_media(media="print")
    assert aberta.pagina.get_by_role("navigation").count() == 0
    corpo = aberta.pagina.evaluate("getComputedStyle(document.body).backgroundColor")
    assert corpo == "rgb(255, 255, 255)"
    rolagens = aberta.pagina.locator(".rolagem").evaluate_all(
        "es => es.map(e => getComputedStyle(e).overflowX)"
    )
    assert {*rolagens} == {"visible"}
    aberta.fotografar("verde-impressa")
    aberta.conferir_silencio()


@pytest.mark.parametrize(
    ("trecho", "sem_politica"),
    [
        ('<script src="https://exemplo.invalid/x.js"></script>', False),
        ('<img src="https://exemplo.invalid/x.png" alt="">', False),
        ("<p style='color: red'>x</p>", False),
        ('<img src="https://exemplo.invalid/x.png" alt="">', True),
    ],
)
def test_controle_uma_pagina_adulterada_e_pega(
    trecho: str, sem_politica: bool, verde: Path, abrir: Abrir
) -> None:
    """Controle negativo: a política barra, e se queixa; sem ela, o pedido é visto."""
    texto = verde.read_text(encoding="utf-8")
    verde.write_text(texto.replace("<main>", f"<main>{trecho}", 1), encoding="utf-8")
    aberta = abrir(verde, bypass_csp=sem_politica)
    with pytest.raises(AssertionError):
        aberta.conferir_silencio()
    assert bool(aberta.pedidos) == sem_politica
    assert aberta.queixas


def test_controle_o_axe_acha(verde: Path, abrir: Abrir) -> None:
    """Controle negativo: uma imagem sem texto e uma letra apagada são achadas."""
    aberta = abrir(verde, bypass_csp=True)
    aberta.pagina.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend',"
        '\'<img src="data:,"><p style="color:#eee;background:#fff">pálida</p>\')'
    )
    assert {"image-alt", "color-contrast"} <= {*graves(aberta)}
