"""Mede o serviço com muitas linhas contra o par: importar, o fluxo inteiro e a busca.

    .venv/bin/python bench/comparar_web_grande.py      # 1.000.000 de linhas, 5 rodadas
    .venv/bin/python bench/comparar_web_grande.py --linhas 100000 --rodadas 1

Importar ÷ `escritor importar` e o fluxo em NDJSON ÷ `leitor listar --formato jsonl`, no mesmo
servidor; a busca, do cache ÷ feita de novo. Pede o wrk e o curl. Só as razões dizem alguma coisa.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RAIZ = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(RAIZ))

from comparar_web import NOSSO, SEM_CACHE, Bancada, mostrar  # noqa: E402

from tests.web.pilha import Pilha  # noqa: E402

CLIENTES = 8
BUSCA = "?busca=sa&limite=100"


@contextmanager
def banco_novo(bancada: Bancada, nome: str) -> Iterator[None]:
    """Cria um banco a partir do que o Compose fez, e o apaga no fim."""
    sql = ("docker", "exec", bancada.pilha.conteiner("db"), "psql", "-qU", "postgres", "-c")
    bancada.pilha.rodar(*sql, f"CREATE DATABASE {nome} TEMPLATE desafio2", "postgres")
    bancada.banco = nome
    try:
        yield
    finally:
        bancada.pilha.rodar(*sql, f"DROP DATABASE {nome} WITH (FORCE)", "postgres")


def demora(comando: list[str], ambiente: dict[str, str]) -> float:
    """Roda até o fim, com a saída jogada fora; devolve os segundos."""
    comeco = time.perf_counter()
    subprocess.run(
        comando,
        cwd=RAIZ,
        env=ambiente,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - comeco


def pico(bancada: Bancada) -> float:
    """Devolve o maior pico de memória de um processo do serviço, em MiB."""
    achados = []
    for estado in Path("/proc").glob("[0-9]*/status"):
        try:
            if str(bancada.pasta) in (estado.parent / "environ").read_text(errors="replace"):
                achados += re.findall(r"VmHWM:\s+(\d+)", estado.read_text())
        except OSError:
            continue  # terminou enquanto se olhava
    return max(map(int, achados)) / 1024


def rodada(bancada: Bancada, arquivo: Path, numero: int) -> dict[str, float]:
    """Uma rodada: o par num banco novo, e o serviço em outro."""
    python = [sys.executable, "-m"]
    with banco_novo(bancada, f"par{numero}"):
        ambiente = bancada.ambiente()
        par = demora([*python, "postgres.escritor", "importar", str(arquivo)], ambiente)
    with banco_novo(bancada, f"nosso{numero}"):
        ambiente = bancada.ambiente()
        with bancada.no_ar(NOSSO, 2) as porta:
            url = f"http://127.0.0.1:{porta}/usuarios"
            enviar = ["curl", "-sSf", "-H", "Content-Type: text/csv", "-T", str(arquivo)]
            nosso = demora([*enviar, "-X", "POST", f"{url}/importar"], ambiente)
            ler = {**ambiente, "BANCO": ambiente["BANCO_LEITURA"]}
            listar = demora([*python, "postgres.leitor", "listar", "--formato", "jsonl"], ler)
            fluxo = demora(["curl", "-sSf", "-H", "Accept: application/x-ndjson", url], ambiente)
            memoria = pico(bancada)
            bancada.consulta = BUSCA
            do_cache = bancada.wrk(porta, CLIENTES).por_segundo
        with bancada.no_ar(SEM_CACHE, 2) as porta:
            feita = bancada.wrk(porta, CLIENTES).por_segundo
        bancada.consulta = ""
    return {
        "importar ÷ escritor importar": nosso / par,
        "fluxo NDJSON ÷ leitor listar jsonl": fluxo / listar,
        "pico de um processo (MiB)": memoria,
        "busca do cache ÷ feita de novo": do_cache / feita,
    }


def main() -> None:
    """Roda tudo e mostra a tabela."""
    argumentos = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    argumentos.add_argument("--linhas", type=int, default=1_000_000)
    argumentos.add_argument("--rodadas", type=int, default=5)
    argumentos.add_argument("--segundos", type=int, default=3)
    dito = argumentos.parse_args()
    razoes: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(dir="/var/tmp") as nome, Pilha(Path(nome)) as pilha:
        pilha.subir()
        pilha.compose("stop", "web")
        bancada = Bancada(pilha, Path(nome), dito.segundos)
        arquivo = Path(nome) / "linhas.csv"
        with arquivo.open("wb") as saida:
            gerar = [sys.executable, "bench/gerar.py", str(dito.linhas)]
            subprocess.run(gerar, cwd=RAIZ, stdout=saida, check=True)
        for numero in range(dito.rodadas):
            for caso, razao in rodada(bancada, arquivo, numero).items():
                razoes.setdefault(caso, []).append(razao)
    mostrar(razoes)


if __name__ == "__main__":
    main()
