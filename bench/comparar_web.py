"""Mede o serviço contra a versão comum (bench/web_simples.py), com wrk, na mesma rodada.

    .venv/bin/python bench/comparar_web.py                 # 5 rodadas de 3 s por caso
    .venv/bin/python bench/comparar_web.py --rodadas 1 --segundos 2 --clientes 8

O servidor PostgreSQL e o Redis são os de web/docker-compose.yml, descartáveis; os serviços rodam
nesta máquina, um por vez, com os mesmos processos e threads. Pede o wrk (Debian: wrk). Só as razões
dizem alguma coisa: os pedidos por segundo são desta máquina.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

RAIZ = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(RAIZ))

from web_simples import TABELA  # noqa: E402

from tests.docker.apoio import esperar  # noqa: E402
from tests.web.pilha import Pilha, porta_livre  # noqa: E402
from tests.web.processo import pedir  # noqa: E402

THREADS = "80"
NOSSO = "web:create_app()"
PAR = "web_simples:simples()"
SEM_CACHE = "web_simples:sem_cache()"
VAZIO = "web_simples:vazio()"
POST = """\
local prefixo, n = "", 0
function init(args) prefixo = args[1] end
function request()
  n = n + 1
  local corpo = '{"nome":"Ana Costa","email":"' .. prefixo .. n .. '@example.com"}'
  return wrk.format("POST", "/usuarios", {["Content-Type"] = "application/json"}, corpo)
end
"""
CASOS = {"par": PAR, "vazio": VAZIO, "sem cache": SEM_CACHE, "do cache": NOSSO}
MILISSEGUNDOS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


class Medida(NamedTuple):
    """Pedidos por segundo, e o percentil 99 em milissegundos."""

    por_segundo: float
    p99: float


class Bancada:
    """O banco e o cache no ar, e o que já se mediu de cada caso."""

    def __init__(self, pilha: Pilha, pasta: Path, segundos: int) -> None:
        self.pilha = pilha
        self.pasta = pasta
        self.segundos = segundos
        self.vezes = 0
        self.banco = "desafio2"
        self.consulta = ""
        self.lua = pasta / "post.lua"
        self.lua.write_text(POST)
        ler = ("docker", "exec")
        for papel in ("escritor", "leitor"):
            caminho = f"/run/segredos/{papel}.pgpass"
            dito = pilha.rodar(*ler, pilha.conteiner("db"), "cat", caminho).stdout
            self._segredo(papel, dito)
        acesso = pilha.rodar(*ler, pilha.conteiner("cache"), "cat", "/run/segredo/acesso.conf")
        self._segredo("cache", acesso.stdout.split()[1])

    def _segredo(self, nome: str, texto: str) -> None:
        arquivo = self.pasta / nome
        arquivo.write_text(texto)
        arquivo.chmod(0o600)

    def ip(self, servico: str) -> str:
        """Devolve onde o contêiner do serviço atende."""
        redes = self.pilha.inspecao(servico)["NetworkSettings"]["Networks"]
        return str(redes[f"{self.pilha.nome}_rede"]["IPAddress"])

    def ambiente(self) -> dict[str, str]:
        """Devolve o que os serviços leem."""
        banco = f"@{self.ip('db')}/{self.banco}?passfile={self.pasta}"
        return {
            **os.environ,
            "BANCO": f"postgresql://escritor{banco}/escritor",
            "BANCO_LEITURA": f"postgresql://leitor{banco}/leitor",
            "CACHE": f"redis://{self.ip('cache')}:6379/0",
            "CACHE_SENHA": str(self.pasta / "cache"),
            "TMPDIR": str(self.pasta),
        }

    @contextmanager
    def no_ar(self, app: str, processos: int) -> Iterator[int]:
        """Põe um serviço no ar com estes processos; devolve a porta."""
        porta = porta_livre()
        comando = [sys.executable, "-m", "gunicorn", app, "--bind", f"127.0.0.1:{porta}"]
        comando += ["--worker-class", "web.trabalhador.Trabalhador", "--threads", THREADS]
        comando += ["--workers", str(processos), "--worker-connections", "2000"]
        comando += ["--no-control-socket", "--pythonpath", "bench"]
        registro = (self.pasta / "gunicorn.log").open("ab")
        with (
            registro,
            subprocess.Popen(
                comando, cwd=RAIZ, env=self.ambiente(), stdout=registro, stderr=registro
            ) as processo,
        ):
            try:
                esperar(lambda: atende(porta), f"{app} atender")
                yield porta
            finally:
                processo.terminate()

    def wrk(
        self, porta: int, clientes: int, *opcoes: str, argumentos: tuple[str, ...] = ()
    ) -> Medida:
        """Carrega o serviço e devolve a medida; uma resposta que não é 2xx nem 3xx é um erro."""
        self.vezes += 1
        url = f"http://127.0.0.1:{porta}/usuarios{self.consulta}"
        comando = ["wrk", "-t1", f"-c{clientes}", f"-d{self.segundos}s", "--timeout", "30s"]
        feito = subprocess.run(
            [*comando, "--latency", *opcoes, url, *argumentos],
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        ).stdout
        assert "Non-2xx" not in feito, feito
        [p99] = re.findall(r"99%\s+([\d.]+)(us|ms|s)", feito)
        [por_segundo] = re.findall(r"Requests/sec:\s+([\d.]+)", feito)
        return Medida(float(por_segundo), float(p99[0]) * MILISSEGUNDOS[p99[1]])

    def cadastrar(self, porta: int, clientes: int) -> Medida:
        """Mede POST /usuarios, cada pedido com um e-mail novo."""
        prefixo = f"r{os.getpid()}v{self.vezes}n"
        lua = ("-s", str(self.lua))
        return self.wrk(porta, clientes, *lua, argumentos=("--", prefixo))

    def juntas(self, desde: int) -> float:
        """Devolve quantas linhas cada execução juntou, em média, depois da execução `desde`."""
        sql = f"SELECT avg(inseridos) FROM desafio2.execucoes WHERE origem = 'api' AND id > {desde}"
        return float(self.pilha.psql(sql)[0][0] or 0)

    def ultima(self) -> int:
        """Devolve o número da última execução."""
        return int(self.pilha.psql("SELECT max(id) FROM desafio2.execucoes")[0][0])


def atende(porta: int) -> bool:
    """Diz se há quem responda na porta."""
    try:
        return pedir(porta, "GET", "/usuarios").codigo == 200
    except OSError:
        return False


def medir_cadastros(bancada: Bancada, processos: int, clientes: int) -> dict[str, float]:
    """Uma rodada de POST: a versão comum e a nossa, uma depois da outra."""
    with bancada.no_ar(PAR, processos) as porta:
        par = bancada.cadastrar(porta, clientes)
    desde = bancada.ultima()
    with bancada.no_ar(NOSSO, processos) as porta:
        nosso = bancada.cadastrar(porta, clientes)
    nome = f"POST, {clientes} clientes, {processos} processo{'s' if processos > 1 else ''}"
    return {
        f"{nome}: pedidos por segundo": nosso.por_segundo / par.por_segundo,
        f"{nome}: p99": nosso.p99 / par.p99,
        f"{nome}: linhas por execução": bancada.juntas(desde),
    }


def medir_leituras(bancada: Bancada, clientes: int) -> dict[str, float]:
    """Uma rodada de GET de cem linhas, com dois processos: cada caso sobre a versão comum."""
    medidas = {}
    for caso, app in CASOS.items():
        with bancada.no_ar(app, 2) as porta:
            medidas[caso] = bancada.wrk(porta, clientes)
            if caso == "do cache":
                etag = pedir(porta, "GET", "/usuarios").cabecalhos["ETag"]
                dita = ("-H", f"If-None-Match: {etag}")
                medidas["304"] = bancada.wrk(porta, clientes, *dita)
    par = medidas.pop("par").por_segundo
    return {f"GET, {clientes} clientes: {c}": m.por_segundo / par for c, m in medidas.items()}


def mostrar(razoes: dict[str, list[float]]) -> None:
    """Escreve a tabela: a mediana de cada razão, a menor e a maior."""
    print("| caso, sobre a versão comum | mediana (menor–maior) |\n| --- | ---: |")
    for nome, valores in razoes.items():
        mediana, menor, maior = statistics.median(valores), min(valores), max(valores)
        print(f"| {nome} | {mediana:.2f} ({menor:.2f}–{maior:.2f}) |".replace(".", ","))


def main() -> None:
    """Roda tudo e mostra a tabela."""
    argumentos = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    argumentos.add_argument("--rodadas", type=int, default=5)
    argumentos.add_argument("--segundos", type=int, default=3)
    argumentos.add_argument("--clientes", type=int, nargs="+", default=[1, 8, 64])
    argumentos.add_argument("--processos", type=int, nargs="+", default=[1, 2])
    dito = argumentos.parse_args()
    razoes: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as nome, Pilha(Path(nome)) as pilha:
        pilha.subir()
        pessoas = "".join(f"Pessoa {n},p{n}@x.com\n" for n in range(1, 201)).encode()
        pilha.pedir(
            "POST", "/usuarios/importar", b"nome,email\n" + pessoas, Content_Type="text/csv"
        )
        pilha.compose("stop", "web")
        pilha.rodar(
            *("docker", "exec", pilha.conteiner("db"), "psql", "-qU", "postgres"),
            *("-c", TABELA, "desafio2"),
        )
        bancada = Bancada(pilha, Path(nome), dito.segundos)
        for _ in range(dito.rodadas):
            for clientes in dito.clientes:
                rodada = medir_leituras(bancada, clientes)
                for processos in dito.processos:
                    rodada |= medir_cadastros(bancada, processos, clientes)
                for caso, razao in rodada.items():
                    razoes.setdefault(caso, []).append(razao)
    mostrar(razoes)


if __name__ == "__main__":
    main()
