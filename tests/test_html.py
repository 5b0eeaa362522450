"""A página de `listar --formato html`: estrutura, escapes, política, limites, a vermelha."""

import base64
import hashlib
import html
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from leitor.banco.relato import _no_shell
from tests.conftest import Programa
from tests.contrato import alterar, consultar, reselar
from tests.pagina import Pagina, pedir
from tests.processos import Saida, comando, no_shell, rodar

FORA = re.compile(
    r"<script|<link|<img|<iframe|<object|\s(?:src|style|on\w+)=|href=\"(?!#)|@import|url\("
)


def ids_das_linhas(pagina: str) -> list[int]:
    """Devolve os ids mostrados na tabela das linhas."""
    trecho = pagina.partition('id="linhas"')[2].partition("</section>")[0]
    return [int(id_) for id_ in re.findall(r'<th scope="row"[^>]*><bdi>(\d+)<', trecho)]


@pytest.fixture
def pagina(leitor: Programa) -> Callable[..., str]:
    """Pede a página, confere que deu certo e que ela é bem formada, e a devolve."""
    return partial(pedir, leitor)


@pytest.mark.usefixtures("gravado")
def test_estrutura_e_nada_de_fora(pagina: Callable[..., str]) -> None:
    """Um h1, que é o veredito; títulos em ordem; nenhum pedido, script ou estilo em atributo."""
    texto = pagina()
    assert '<html lang="pt-BR" class="aceita">' in texto
    marcas = Pagina(texto).marcas
    assert [marca for marca in marcas if re.fullmatch(r"h\d", marca)] == ["h1"] + ["h2"] * 5
    assert marcas.count("main") == marcas.count("nav") == marcas.count("footer") == 1
    assert marcas.count("caption") == marcas.count("table") == 4
    assert FORA.findall(texto) == []
    assert ids_das_linhas(texto) == [1, 2, 3, 4, 5]
    assert "5 linhas de 3 execuções" in texto


def test_controle_a_busca_acusa_o_que_vem_de_fora() -> None:
    """Controle negativo: cada forma de pedir algo é achada, e a marca aberta é acusada."""
    for trecho in ('<script src="x">', '<a href="http://x">', '<p style="a">', "@import x", "<img"):
        assert FORA.search(trecho), trecho
    with pytest.raises(AssertionError, match="ficou por fechar"):
        Pagina("<main><p></p>")


@pytest.mark.usefixtures("semeado")
def test_a_politica_so_permite_o_proprio_estilo(pagina: Callable[..., str]) -> None:
    """O hash da política é o do <style>, e nada mais é permitido."""
    texto = pagina()
    [estilo] = re.findall(r"<style>(.*?)</style>", texto, re.DOTALL)
    resumo = base64.b64encode(hashlib.sha256(estilo.encode()).digest()).decode()
    [politica] = re.findall(r'Content-Security-Policy" content="([^"]*)"', texto)
    assert {*politica.split("; ")} == {
        "default-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        f"style-src 'sha256-{resumo}'",
    }


def test_os_dados_sao_texto(
    banco: Path, importar: Callable[[str], Saida], pagina: Callable[..., str]
) -> None:
    """Marcas, entidades e letras que invertem a direção aparecem, isoladas, como texto."""
    nomes = ["<script>alert(1)</script>", "a&lt;b", "xgpj.exe", "A\"s'pas"]
    corpo = "".join(
        f'"{nome.replace(chr(34), chr(34) * 2)}",p{i}@x.com\n' for i, nome in enumerate(nomes)
    )
    assert importar(f"nome,email\n{corpo}").codigo == 0
    nomes[2] = "x\u202egpj.exe"  # o escritor já o recusa, mas um banco selado pode tê-lo
    alterar(banco, f"UPDATE usuarios SET nome = '{nomes[2]}' WHERE id = 3")
    reselar(banco)
    texto = pagina()
    achados = re.findall(r"<td[^>]*><bdi>((?:(?!</bdi>).)*)</bdi></td><td[^>]*><bdi>p\d@", texto)
    assert [html.unescape(achado) for achado in achados] == nomes
    assert "script" not in Pagina(texto).marcas


def test_o_livro_tambem_e_texto(semeado: Path, pagina: Callable[..., str]) -> None:
    """Um livro forjado e selado de novo não põe marcas na página, nem no SVG, nem a derruba."""
    alterar(semeado, "UPDATE execucoes SET container = '<b>\"x', versao = '<i>ontem'")
    reselar(semeado)
    texto = pagina()
    assert texto.count("&lt;i&gt;ontem") >= 2
    assert texto.count("&lt;b&gt;") >= 4
    assert {"b", "i"} & {*Pagina(texto).marcas} == set()


def test_a_receita_da_pagina_da_o_lacre(
    gravado: Path, leitor: Programa, ferramenta: Callable[[str], str]
) -> None:
    """O comando, copiado como se vê, roda no bash mesmo com um caminho difícil."""
    ferramenta("sqlite3")
    dificil = gravado.parent / 'it\'s a "$HOME" \u202e.db'
    gravado.rename(dificil)
    codigo, stdout, stderr = leitor("--banco", str(dificil), "--formato", "html")
    assert codigo == 0, stderr
    [receita] = re.findall(r"<pre[^>]*><code><bdi>(.*?)</bdi></code></pre>", stdout, re.DOTALL)
    feito = subprocess.run(
        ["bash", "-c", html.unescape(receita)], capture_output=True, text=True, check=True
    )
    [(lacre,)] = consultar(dificil, "SELECT lacre FROM execucoes WHERE id = 3")
    assert feito.stdout.split()[0] == lacre
    assert f'Deve dar <code class="lacre"><bdi>{lacre}</bdi>' in stdout


@pytest.mark.parametrize("caminho", ["/data/a b.db", "/data/'x'.db", "/data/ol\udcff\u202e\r.db"])
def test_o_caminho_escapado_e_o_mesmo_no_bash(caminho: str) -> None:
    """O que o bash entende é, byte por byte, o caminho."""
    linha = f"printf %s {_no_shell(caminho)}"
    assert linha.isprintable()
    feito = subprocess.run(["bash", "-c", linha], capture_output=True, check=True)
    assert feito.stdout == caminho.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("argv", "mostradas", "legenda"),
    [
        ([], 1_000, "As primeiras 1.000 de 1.203 linhas, pelo id"),
        (["--limite", "5000"], 1_000, "As primeiras 1.000 de 1.203 linhas, pelo id"),
        (["--limite", "2"], 2, "As primeiras 2 de 1.203 linhas, pelo id"),
        (["--limite", "0"], 0, "As primeiras 0 de 1.203 linhas, pelo id"),
    ],
)
def test_limites(
    argv: list[str],
    mostradas: int,
    legenda: str,
    importar: Callable[[str], Saida],
    pagina: Callable[..., str],
) -> None:
    """No máximo mil linhas, ou menos se pedido; a página diz quantas há."""
    corpo = "".join(f"P{i},p{i}@x.com\n" for i in range(1_203))
    assert importar(f"nome,email\n{corpo}").codigo == 0
    texto = pagina(*argv)
    assert ids_das_linhas(texto) == list(range(1, mostradas + 1))
    assert legenda in texto


def test_sem_linhas(importar: Callable[[str], Saida], pagina: Callable[..., str]) -> None:
    """Uma execução que nada gravou: não há o que conferir à mão nem o que listar."""
    assert importar("nome,email\n").codigo == 0
    texto = pagina()
    assert "<p>0 linhas.</p>" in texto
    assert "<pre" not in texto


def conferir_vermelha(saida: Saida, codigo: int) -> None:
    """Confere a tripla da falha: a página vermelha, a linha de ERRO e o código."""
    assert saida.codigo == codigo, saida.stderr
    Pagina(saida.stdout)
    assert '<html lang="pt-BR" class="recusada">' in saida.stdout
    assert f"<dd>{codigo}: " in saida.stdout
    assert "João" not in saida.stdout
    assert saida.stderr.count("\n") == 1
    mensagem = saida.stderr.removeprefix("[LEITOR] ERRO: ").rstrip("\n")
    assert f'class="resumo"><bdi>{html.escape(mensagem)}</bdi>' in saida.stdout


def test_lacre_quebrado(semeado: Path, leitor: Programa) -> None:
    """65, a página vermelha com o que foi e o que não foi verificado, e nenhuma linha."""
    alterar(semeado, "UPDATE usuarios SET nome = 'João <b>' WHERE id = 1")
    saida = leitor("--formato", "html")
    conferir_vermelha(saida, 65)
    assert "lacre quebrado na execução 1" in saida.stdout
    resultados = re.findall(r"</svg> (ok|falha|não feita)</span>", saida.stdout)
    assert resultados == sorted(resultados, key=["ok", "falha", "não feita"].index)
    assert (resultados.count("falha"), resultados.count("não feita") > 0) == (1, True)


def test_sem_banco(banco: Path, leitor: Programa) -> None:
    """66, a página vermelha, e nada é criado."""
    conferir_vermelha(leitor("--formato", "html"), 66)
    assert not banco.parent.exists()


@pytest.mark.parametrize("desvio", [">/dev/full", ">&-"])
def test_a_falha_vence_a_da_saida(desvio: str, semeado: Path) -> None:
    """Sem ter onde pôr a página vermelha, o código e a linha de ERRO ainda são os da falha."""
    alterar(semeado, "UPDATE usuarios SET nome = 'Outro' WHERE id = 1")
    saida = rodar(no_shell(f'"$@" {desvio}', *comando("leitor", "--formato", "html")))
    assert (saida.codigo, saida.stdout) == (65, "")
    assert saida.stderr.count("\n") == 1
    assert "lacre quebrado na execução 1" in saida.stderr


@pytest.mark.parametrize("formato", ["tabela", "html"])
@pytest.mark.usefixtures("semeado")
def test_so_quem_pede_a_pagina_a_carrega(formato: str) -> None:
    """A partida é orçada: os módulos da página só são importados com `--formato html`."""
    programa = (
        "import sys; from leitor import app, banco; app.main(banco=banco); "
        "sys.exit('leitor.pagina.relatorio' in sys.modules)"
    )
    saida = rodar([sys.executable, "-c", programa, "--formato", formato])
    assert saida.codigo == (formato == "html"), saida.stderr
