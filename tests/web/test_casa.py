"""A casa do serviço: ninguém o importa, não há círculos, e cada arquivo é pequeno."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

from tests.processos import RAIZ, rodar
from tests.test_casa import circulo, comodo, grafo
from tests.test_independencia import EXPLODE, importados, nome

DE_CASA = {"web", "postgres", "escritor", "leitor"}
# O nome com que se importa o que web/requirements.txt pede; o gunicorn, só quem roda nele.
DE_FORA = {
    *("apiflask", "flask", "gunicorn", "markupsafe", "marshmallow", "prometheus_client"),
    *("psycopg", "psycopg_pool", "redis", "werkzeug", "click", "_typeshed"),
}
MODULOS = sorted((RAIZ / "web").rglob("*.py"))


def test_ninguem_de_baixo_importa_o_servico() -> None:
    """`web` conhece o par; o par não conhece `web`."""
    for pacote in DE_CASA - {"web"}:
        for modulo in (RAIZ / pacote).rglob("*.py"):
            assert not [i for i in importados(modulo) if i.split(".")[0] == "web"], modulo


def test_so_o_que_a_lista_pede() -> None:
    """Cada import é da biblioteca padrão, da casa, ou de um pacote que web/requirements.txt tem."""
    topos = {i.split(".")[0] for modulo in MODULOS for i in importados(modulo)}
    assert topos - DE_CASA - {*sys.stdlib_module_names} == DE_FORA


def test_nenhum_circulo() -> None:
    """Nem tardio, nem só para os tipos."""
    assert circulo(grafo("web")) == []


def test_cada_comodo_so_conhece_os_de_baixo() -> None:
    """As rotas não se conhecem por outro lado: o cache e os bancos não sabem de quem os usa."""
    proibidos = {"api", "paginas", "app"}
    vizinhos = grafo("web")
    for modulo, de in vizinhos.items():
        if comodo(modulo) in {"bancos", "cache"}:
            assert not {comodo(i) for i in de if i.startswith("web.")} & proibidos, modulo


def test_importar_nao_le_o_ambiente() -> None:
    """O ambiente se lê em montar() e, na imagem, ao gunicorn começar."""
    nomes = ["web", "web.configuracao", "web.processos", "web.gravador", "web.ouvido"]
    assert rodar([sys.executable, "-c", EXPLODE, *nomes]) == (0, "importados\n", "")


def test_cada_modulo_cabe_de_uma_vez_na_cabeca() -> None:
    """Nenhum arquivo passa de 250 linhas, nem um cômodo de 12."""
    for modulo in MODULOS:
        assert modulo.read_text(encoding="utf-8").count("\n") <= 250, modulo
    for sala in {modulo.parent for modulo in MODULOS} - {RAIZ / "web"}:
        assert len([*sala.glob("*.py")]) <= 12, sala


def test_as_versoes_da_imagem_e_dos_testes_sao_as_mesmas() -> None:
    """O que requirements-dev.txt diz das bibliotecas do serviço é o que a imagem instala."""
    exata = re.compile(r"^([a-z-]+)(?:\[[a-z,]+\])?==([0-9.]+)", re.MULTILINE)
    imagem, testes = (
        dict(exata.findall((RAIZ / arquivo).read_text(encoding="utf-8")))
        for arquivo in ("web/requirements.txt", "requirements-dev.txt")
    )
    comuns = imagem.keys() & testes.keys()
    assert {"apiflask", "flask", "gunicorn", "psycopg", "redis"} <= comuns
    assert {n: imagem[n] for n in comuns} == {n: testes[n] for n in comuns}


def test_as_imagens_partem_da_mesma_base() -> None:
    """A de web/Dockerfile é a do par, que é a que .ci/imagens garante; e a do Redis tem a série."""
    bases = {
        re.findall(r"^ARG IMAGEM_BASE=(\S+)", (RAIZ / arquivo).read_text(), re.MULTILINE)[0]
        for arquivo in ("escritor/Dockerfile", "postgres/Dockerfile", "web/Dockerfile")
    }
    assert len(bases) == 1
    compose = (RAIZ / "web/docker-compose.yml").read_text(encoding="utf-8")
    assert re.findall(r"IMAGEM_REDIS:-([^}]*)}", compose) == ["redis:8"]


def test_controle_um_import_alheio_e_visto(tmp_path: Path) -> None:
    """Controle negativo: o que estes testes olham acha um import de fora, e diz de que módulo."""
    intruso = tmp_path / "web" / "intruso.py"
    intruso.parent.mkdir()
    intruso.write_text("def f():\n    import requests\n")
    assert [*importados(intruso)] == ["requests"]
    assert nome(intruso, tmp_path) == "web.intruso"
    assert ast.parse(intruso.read_text()).body
