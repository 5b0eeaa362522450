"""Sem Docker e sem Redis: `flask --app web run` sobre um arquivo, e o gunicorn da imagem."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docker.apoio import esperar
from tests.processos import RAIZ
from tests.web.processo import PRAZO, Servico, no_ar, pedir

FLASK = ["-m", "flask", "--app", "web", "run", "--port", "0"]
GUNICORN = ["-m", "gunicorn", "--config", "python:web.processos", "--bind", "127.0.0.1:0"]


@contextmanager
def flask(pasta: Path, banco: Path) -> Iterator[int]:
    """Roda o comando do README, numa porta livre; devolve a porta."""
    registro = pasta / "flask.log"
    ambiente = {**os.environ, "BANCO": str(banco), "TMPDIR": str(pasta)}
    with registro.open("wb") as saida:
        processo = subprocess.Popen(
            [sys.executable, *FLASK], cwd=RAIZ, env=ambiente, stdout=saida, stderr=saida
        )

    def porta() -> int:
        achada = re.search(r"Running on http://127\.0\.0\.1:(\d+)", registro.read_text())
        return int(achada[1]) if achada else 0

    try:
        esperar(porta, "o flask escutar")
        yield porta()
    finally:
        processo.terminate()
        processo.wait(PRAZO)


def test_o_comando_do_readme_num_arquivo_novo(tmp_path: Path) -> None:
    """Nasce vazio, grava, e o par lê o que ele gravou."""
    banco = tmp_path / "desafio2.db"
    with flask(tmp_path, banco) as porta:
        assert pedir(porta, "GET", "/usuarios").json == []
        feito = pedir(porta, "POST", "/usuarios", {"nome": "Ana", "email": "ana@x.com"})
        assert feito.codigo == 201, feito
        lidos = pedir(porta, "GET", "/usuarios", Ancora=feito.cabecalhos["Ancora"]).json
        assert [u["email"] for u in lidos] == ["ana@x.com"]
        assert pedir(porta, "GET", "/status").json["cache"] == "só na memória"
        assert pedir(porta, "GET", "/cache/test").codigo == 503
    leitor = subprocess.run(
        [sys.executable, "-m", "leitor", "listar", "--formato", "jsonl", "--banco", str(banco)],
        cwd=RAIZ,
        capture_output=True,
        encoding="utf-8",
        timeout=PRAZO,
        check=True,
    )
    assert '"email": "ana@x.com"' in leitor.stdout


@pytest.mark.parametrize("comando", [FLASK, GUNICORN], ids=["flask", "gunicorn"])
@pytest.mark.parametrize(
    ("ambiente", "diz"),
    [({}, "BANCO: falta dizer onde"), ({"BANCO": "x.db", "WEB_FILA": "muitos"}, "WEB_FILA: ")],
)
def test_um_ambiente_que_nao_serve(
    comando: list[str], ambiente: dict[str, str], diz: str, tmp_path: Path
) -> None:
    """Uma linha que diz a variável e o que fazer, sem traço, e o programa acaba."""
    limpo = {n: v for n, v in os.environ.items() if n != "BANCO"}
    feito = subprocess.run(
        [sys.executable, *comando],
        cwd=RAIZ,
        env={**limpo, **ambiente, "TMPDIR": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
        timeout=PRAZO,
        check=False,
    )
    assert feito.returncode == 1
    assert f"Error: {diz}" in feito.stderr
    assert "Traceback" not in feito.stderr


def test_as_metricas_de_todos_os_processos(modelos: Path, tmp_path: Path) -> None:
    """Dois processos, uma conta só; e o que uma execução anterior deixou não entra nela."""
    banco = tmp_path / "desafio2.db"
    banco.write_bytes((modelos / "semeado").read_bytes())
    pasta = tmp_path / "metricas"
    ambiente = {"PROMETHEUS_MULTIPROC_DIR": str(pasta), "WEB_PROCESSOS": "2"}
    for _ in range(2):
        with no_ar(banco, tmp_path, **ambiente) as servico:
            assert len(servico.filhos()) == 2
            for _ in range(20):
                assert servico.pedir("GET", "/saude").codigo == 200
            assert contada(servico, 'rota="/saude"') == 20


def contada(servico: Servico, rotulo: str) -> float:
    """Devolve quantos pedidos as métricas contam com este rótulo."""
    linhas = servico.pedir("GET", "/metrics").corpo.decode().splitlines()
    nossas = [n for n in linhas if n.startswith("desafio2_pedidos_total{") and rotulo in n]
    return sum(float(linha.rpartition(" ")[2]) for linha in nossas)


def test_o_registro_nao_guarda_o_que_se_busca(gunicorn: Servico) -> None:
    """Uma linha por pedido, com a rota; nem a consulta, nem o corpo, nem um caminho alheio."""
    gunicorn.pedir("GET", "/usuarios?busca=segredo-da-busca")
    gunicorn.pedir("GET", "/segredo-do-caminho%0aFALSO")
    gunicorn.pedir("POST", "/usuarios", {"nome": "segredo", "email": "segredo-do-corpo"})
    esperar(lambda: "POST /usuarios 422" in gunicorn.escrito(), "a linha do cadastro recusado")
    assert re.search(r"^\S+Z GET /usuarios 200 [\d.]+ ms$", gunicorn.escrito(), re.MULTILINE)
    assert re.search(r"^\S+Z GET \(nenhuma\) 404 [\d.]+ ms$", gunicorn.escrito(), re.MULTILINE)
    assert "segredo" not in gunicorn.escrito()
    assert "FALSO" not in gunicorn.escrito()
