"""Mede importar no PostgreSQL contra `psql \\copy`, na mesma rodada, num servidor descartável.

    .venv/bin/python bench/comparar_postgres.py                # 1.000.000 de linhas, 3 rodadas
    .venv/bin/python bench/comparar_postgres.py --linhas 100000 --rodadas 1

A é o \\copy na mesma tabela, com os índices no lugar; B, com os índices feitos depois. Os casos se
alternam, cada um num banco novo (`outra vez` e `por cima`, no que outro deixou), e só as razões
dizem alguma coisa: os segundos são desta máquina.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RAIZ = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(RAIZ))

from tests.postgres.apoio import Servidor  # noqa: E402
from tests.postgres.bancos import Acesso, Banco  # noqa: E402

COPY = "\\copy desafio2.usuarios from pstdin with (format csv, header)"
SOLTA = (
    "ALTER TABLE desafio2.usuarios DROP CONSTRAINT usuarios_pkey; "
    "DROP INDEX desafio2.usuarios_email"
)
REFAZ = (
    "ALTER TABLE desafio2.usuarios ADD CONSTRAINT usuarios_pkey PRIMARY KEY (id); "
    'CREATE UNIQUE INDEX usuarios_email ON desafio2.usuarios (lower(email COLLATE "C"))'
)
INSERE = {"A": ["BEGIN", COPY, "COMMIT"], "B": ["BEGIN", SOLTA, COPY, REFAZ, "COMMIT"]}


class Bancada:
    """Os arquivos, o servidor, e quanto cada caso durou em cada rodada."""

    def __init__(self, acesso: Acesso, pasta: Path, linhas: int) -> None:
        self.acesso = acesso
        self.tempos: dict[str, list[float]] = {}
        self.picos: dict[str, int] = {}
        gerar = (sys.executable, "bench/gerar.py", str(linhas))
        self.csv = {
            nome: self._gerar(pasta / f"{nome}.csv", *gerar, *argumentos)
            for nome, argumentos in {
                "comuns": (),
                "mistos": ("--nomes", "mistos"),
                "outros": ("--desde", str(linhas)),
                "tabela": ("--colunas", "4"),
            }.items()
        }
        # Por awk: o que este processo ocupasse contaria no pico de memória dos que ele cria.
        for nome, programa in {
            "2% repetidas": "1; NR % 50 == 2",
            "repetidas no fim": f"1; NR > 1 && NR <= {linhas // 50} {{ r[NR] = $0 }} "
            "END { for (n in r) print r[n] }",
        }.items():
            comuns = str(self.csv["comuns"])
            self.csv[nome] = self._gerar(pasta / f"{nome}.csv", "awk", programa, comuns)

    @staticmethod
    def _gerar(destino: Path, *comando: str) -> Path:
        with destino.open("wb") as arquivo:
            subprocess.run(comando, cwd=RAIZ, stdout=arquivo, check=True)
        return destino

    def medir(self, caso: str, entrada: Path, *comando: str) -> None:
        """Roda o comando com o arquivo na entrada padrão; guarda a duração e o pico de memória."""
        inicio = time.perf_counter()
        with entrada.open("rb") as arquivo:
            processo = subprocess.Popen(
                comando,
                cwd=RAIZ,
                stdin=arquivo,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            _, estado, uso = os.wait4(processo.pid, 0)
        duracao = time.perf_counter() - inicio
        processo.returncode = os.waitstatus_to_exitcode(estado)
        assert processo.returncode == 0, f"{caso}: falhou com {processo.returncode}"
        self.tempos.setdefault(caso, []).append(duracao)
        self.picos[caso] = max(uso.ru_maxrss, self.picos.get(caso, 0))

    @contextmanager
    def banco(self) -> Iterator[Banco]:
        """Um banco novo, com o disco do servidor sossegado antes de a medida começar."""
        with self.acesso.banco() as banco:
            banco.no_servidor("CHECKPOINT")
            yield banco

    def psql(self, caso: str, banco: Banco) -> None:
        """Mede o par: psql dentro do contêiner do servidor, pelo socket dele."""
        comandos = [parte for sql in INSERE[caso] for parte in ("-c", sql)]
        self.medir(
            caso,
            self.csv["tabela"],
            *("docker", "exec", "-i", f"{self.acesso.servidor.nome}-db-1", "psql", "-Xq"),
            *("-v", "ON_ERROR_STOP=1", "-U", "postgres", *comandos, banco.nome),
        )

    def importar(self, caso: str, arquivo: str, banco: Banco) -> None:
        """Mede o escritor, de fora, por TCP e com senha."""
        comando = (sys.executable, "-m", "postgres.escritor", "--banco", banco.uri())
        self.medir(caso, self.csv[arquivo], *comando, "importar", "-", "--silencioso")

    def rodada(self) -> None:
        """Cada caso uma vez."""
        for caso in INSERE:
            with self.banco() as banco:
                self.psql(caso, banco)
        with self.banco() as banco:
            self.importar("banco vazio", "comuns", banco)
            self.importar("outra vez", "comuns", banco)
            self.importar("por cima", "outros", banco)
        for arquivo in ("mistos", "2% repetidas", "repetidas no fim"):
            with self.banco() as banco:
                self.importar(arquivo, arquivo, banco)

    def mostrar(self) -> None:
        """Uma linha por caso: mediana, e as razões para A e B da mesma rodada."""
        sys.stdout.write(f"{'caso':18} {'s':>7} {'× A':>6} {'× B':>6} {'MiB':>6}\n")
        for caso, tempos in self.tempos.items():
            razoes = [
                statistics.median(t / par for t, par in zip(tempos, self.tempos[nome], strict=True))
                for nome in INSERE
            ]
            pico = self.picos[caso] / 1024
            mediana = statistics.median(tempos)
            sys.stdout.write(
                f"{caso:18} {mediana:7.2f} {razoes[0]:6.2f} {razoes[1]:6.2f} {pico:6.0f}\n"
            )


def main() -> int:
    """Sobe o servidor, roda e mostra."""
    analisador = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    analisador.add_argument("--linhas", type=int, default=1_000_000)
    analisador.add_argument("--rodadas", type=int, default=3)
    opcoes = analisador.parse_args()
    with tempfile.TemporaryDirectory() as nome, Servidor(Path(nome)) as servidor:
        servidor.subir()
        acesso = Acesso(servidor, Path(nome))
        os.environ["PGPASSFILE"] = str(acesso.pgpass)
        bancada = Bancada(acesso, Path(nome), opcoes.linhas)
        for _ in range(opcoes.rodadas):
            bancada.rodada()
        bancada.mostrar()
    return 0


if __name__ == "__main__":
    sys.exit(main())
