"""Mede o par no PostgreSQL contra seus pares, na mesma rodada, num servidor descartável.

    apt-get install postgresql-client pgloader
    python3 -m venv /tmp/medir && /tmp/medir/bin/pip install -r bench/requirements.txt
    /tmp/medir/bin/python bench/comparar_postgres.py                    # 1.000.000 de linhas
    /tmp/medir/bin/python bench/comparar_postgres.py --linhas 10000000 --rodadas 1 --so-o-par

O servidor é o do postgres/docker-compose.yml, com os limites dele; quem grava e quem lê está fora,
por TCP e com senha, os pares também. Em cada rodada os casos se alternam, para que uma oscilação da
máquina pese em todos, cada importação num banco novo e depois de um CHECKPOINT. Só as razões dizem
alguma coisa: os segundos são desta máquina. O resultado vai para bench/postgres-LINHAS.json, e
bench/tabela_postgres.py faz dele as tabelas.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RAIZ = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(RAIZ))

from tests.postgres.apoio import Servidor  # noqa: E402
from tests.postgres.bancos import Acesso, Banco  # noqa: E402

PYTHON = sys.executable
NOMES = ("comuns", "mistos")
COPY = r"\copy desafio2.usuarios from '{}' with (format csv, header)"
SOLTA = (
    "ALTER TABLE desafio2.usuarios DROP CONSTRAINT usuarios_pkey; "
    "DROP INDEX desafio2.usuarios_email"
)
REFAZ = (
    "ALTER TABLE desafio2.usuarios ADD CONSTRAINT usuarios_pkey PRIMARY KEY (id); "
    'CREATE UNIQUE INDEX usuarios_email ON desafio2.usuarios (lower(email COLLATE "C"))'
)
PARES = {
    "A: psql copy, com os índices": ("BEGIN", COPY, "COMMIT"),
    "B: psql copy, índices depois": ("BEGIN", SOLTA, COPY, REFAZ, "COMMIT"),
}
PGLOADER = r"""LOAD CSV FROM '{}' (id, nome, email, criado_em)
INTO {} TARGET TABLE desafio2.usuarios (id, nome, email, criado_em)
WITH skip header = 1, fields terminated by ',', fields optionally enclosed by '"',
    fields escaped by double-quote;
"""
COLUNAS = "SELECT id, nome, email, criado_em FROM desafio2.usuarios ORDER BY id"
LEITURAS = {
    "COPY: psql COPY | sha256sum": f'psql -X {{}} -c "COPY ({COLUNAS}) TO STDOUT" | sha256sum',
    "R: psql row_to_json": f'psql -X {{}} -Atc "SELECT row_to_json(u) FROM ({COLUNAS}) AS u"',
    "C: psql --csv": f'psql -X {{}} --csv -c "{COLUNAS}"',
}


class Bancada:
    """Os arquivos de uns nomes, o servidor, e as medidas por caso."""

    def __init__(self, acesso: Acesso, pasta: Path, linhas: int, nomes: str) -> None:
        pasta.mkdir()
        self.acesso, self.pasta, self.linhas, self.nomes = acesso, pasta, linhas, nomes
        self.medidas: dict[str, list[tuple[float, int]]] = {}
        um_decimo = linhas // 10
        self.csv = self.gerar("dados.csv", linhas)
        self.novas = self.gerar("novas.csv", um_decimo, "--desde", linhas)
        self.inteiro = self.gerar("inteiro.csv", linhas, "--colunas", 4)
        self.decimo = self.gerar("decimo.csv", um_decimo, "--colunas", 4)
        self.repetidas = self.pasta / "repetidas.csv"
        with self.repetidas.open("w") as saida:
            subprocess.run(["awk", "1; NR % 50 == 2", self.csv], stdout=saida, check=True)

    def gerar(self, nome: str, *argumentos: str | int) -> Path:
        """Gera um CSV com bench/gerar.py."""
        caminho = self.pasta / nome
        comando = [PYTHON, "bench/gerar.py", *map(str, argumentos), "--nomes", self.nomes]
        with caminho.open("w") as saida:
            subprocess.run(comando, cwd=RAIZ, stdout=saida, check=True)
        return caminho

    def medir(self, caso: str, comando: str) -> None:
        """Roda o comando no bash; guarda os segundos e o pico de memória, em KiB."""
        argv = [PYTHON, "bench/cronometro.py", comando]
        feito = subprocess.run(argv, cwd=RAIZ, capture_output=True, text=True, check=False)
        if feito.returncode:
            raise SystemExit(f"{caso}: falhou com {feito.returncode}\n{feito.stderr}")
        segundos, pico = feito.stdout.split()
        self.medidas.setdefault(caso, []).append((float(segundos), int(pico)))

    @contextmanager
    def banco(self) -> Iterator[Banco]:
        """Um banco novo, com o disco do servidor sossegado antes de a medida começar."""
        with self.acesso.banco() as banco:
            banco.no_servidor("CHECKPOINT")
            yield banco

    def importar(self, caso: str, banco: Banco, arquivo: Path) -> None:
        """Mede o escritor."""
        programa = f"{PYTHON} -m postgres.escritor --banco {banco.uri()}"
        self.medir(caso, f"{programa} importar --silencioso {arquivo}")

    def resultado(self) -> dict[str, dict[str, object]]:
        """Devolve, de cada caso, os segundos de cada rodada e o maior pico de memória."""
        return {
            caso: {
                "segundos": [round(duracao, 3) for duracao, _ in medidas],
                "memoria_mib": round(max(memoria for _, memoria in medidas) / 1024, 1),
            }
            for caso, medidas in self.medidas.items()
        }


def gravar_com_os_pares(b: Bancada) -> None:
    """O mesmo arquivo, pelos pares; aos lentos, só um décimo do de nomes comuns."""
    for caso, partes in PARES.items():
        with b.banco() as banco:
            comandos = " ".join(f"-c {_citado(parte.format(b.inteiro))}" for parte in partes)
            b.medir(caso, f"psql -Xq -v ON_ERROR_STOP=1 {banco.uri('postgres')} {comandos}")
    if b.nomes != "comuns":
        return
    roteiro = b.pasta / "pgloader.load"
    with b.banco() as banco:
        roteiro.write_text(PGLOADER.format(b.decimo, banco.uri()))
        b.medir("pgloader, um décimo das linhas", f"pgloader --on-error-stop {roteiro}")
    for caso, par in (("pandas.to_sql", "pandas"), ("um INSERT por linha", "insert")):
        with b.banco() as banco:
            programa = f"{PYTHON} bench/pares_postgres.py {par} {banco.uri()} {b.decimo}"
            b.medir(f"{caso}, um décimo das linhas", programa)


def _citado(texto: str) -> str:
    return "'" + texto.replace("'", "'\\''") + "'"


def gravar(b: Bancada) -> None:
    """As importações que não são num banco vazio, e a volta de uma cópia."""
    with b.banco() as banco:
        b.importar("importar com 2 % de repetidas", banco, b.repetidas)
    with b.banco() as banco:
        b.importar("importar os mesmos 10 % num banco vazio", banco, b.novas)
    with b.banco() as banco:
        programa = f"{PYTHON} -m postgres.escritor --banco {banco.uri()}"
        b.medir("restaurar", f"{programa} restaurar {b.pasta / 'copia.db'}")


def ler(b: Bancada, banco: Banco, pares: bool) -> None:
    """O banco que acaba de se importar, por nós e pelos pares."""
    uri = banco.uri("leitor")
    leitor = f"{PYTHON} -m postgres.leitor --banco {uri}"
    b.medir("verificar", f"{leitor} verificar")
    b.medir("só os lacres", f"{PYTHON} bench/so_ler_postgres.py {uri} lacres")
    b.medir("listar json", f"{leitor} listar --formato json")
    for formato in ("json", "jsonl", "csv"):
        caso = f"listar {formato}, sem verificar"
        b.medir(caso, f"{PYTHON} bench/so_ler_postgres.py {uri} {formato}")
    b.medir("copiar", f"{leitor} copiar --substituir {b.pasta / 'copia.db'}")
    for caso, comando in LEITURAS.items() if pares else ():
        b.medir(caso, comando.format(uri))


def rodada(b: Bancada, pares: bool) -> None:
    """Mede tudo uma vez."""
    if pares:
        gravar_com_os_pares(b)
    with b.banco() as banco:
        b.importar("importar", banco, b.csv)
        ler(b, banco, pares)
        b.importar("importar de novo (tudo repetido)", banco, b.csv)
        b.importar("importar mais 10 % num banco cheio", banco, b.novas)
    gravar(b)


def main() -> int:
    """Mede, guarda o resultado e devolve 0."""
    analisador = argparse.ArgumentParser(description=__doc__)
    analisador.add_argument("--linhas", type=int, default=1_000_000)
    analisador.add_argument("--rodadas", type=int, default=5)
    analisador.add_argument("--so-o-par", action="store_true", help="pula os pares de fora")
    opcoes = analisador.parse_args()
    with tempfile.TemporaryDirectory() as nome, Servidor(Path(nome)) as servidor:
        servidor.subir()
        acesso = Acesso(servidor, Path(nome))
        os.environ["PGPASSFILE"] = str(acesso.pgpass)
        nomes = NOMES[:1] if opcoes.so_o_par else NOMES
        bancadas = [Bancada(acesso, Path(nome) / n, opcoes.linhas, n) for n in nomes]
        for n in range(opcoes.rodadas):
            for bancada in bancadas:
                rodada(bancada, pares=not opcoes.so_o_par)
            guardar(bancadas, opcoes.linhas)  # quem para no meio fica com as rodadas inteiras
            print(f"rodada {n + 1} de {opcoes.rodadas}", file=sys.stderr, flush=True)
    return 0


def guardar(bancadas: list[Bancada], linhas: int) -> None:
    """Guarda o que se mediu até aqui."""
    resultado = {bancada.nomes: bancada.resultado() for bancada in bancadas}
    destino = RAIZ / f"bench/postgres-{linhas}.json"
    destino.write_text(json.dumps(resultado, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
