"""Mede importar, verificar e listar contra seus pares, na mesma rodada.

    python3 -m venv /tmp/medir && /tmp/medir/bin/pip install -r bench/requirements.txt
    /tmp/medir/bin/python bench/comparar.py                    # 1.000.000 de linhas
    /tmp/medir/bin/python bench/comparar.py --linhas 10000000 --so-o-par

Com nomes comuns e com nomes mistos (bench/gerar.py), e onde o par já foi lento. Em cada
rodada os casos se alternam, para que uma oscilação da máquina pese em todos. O resultado
vai para bench/resultado-LINHAS.json; bench/grafico.py faz dele as tabelas e o gráfico.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RAIZ = Path(__file__).parent.parent
PYTHON = sys.executable
TABELA = """PRAGMA synchronous = EXTRA;
CREATE TABLE usuarios (id INTEGER PRIMARY KEY, nome TEXT NOT NULL, email TEXT NOT NULL,
criado_em TEXT NOT NULL) STRICT;
"""
INDICE = "CREATE UNIQUE INDEX usuarios_email ON usuarios (email COLLATE NOCASE);\n"
COLUNAS = "SELECT id, nome, email, criado_em FROM usuarios"
RECEITA = (
    "sqlite3 -separator $'\\x1f' -newline $'\\x1e' {0} "
    '"SELECT id,nome,email,criado_em FROM usuarios ORDER BY id" | sha256sum'
)

NOMES = ("comuns", "mistos")
LARGO = "um nome largo em 100.000"
REGISTRO = 1_000_000  # caracteres: quase o maior que se lê
ESPALHADOS = {"ids de 600 em 600": 600, "ids de 10⁹ em 10⁹": 10**9}

Medida = tuple[float, int]  # segundos de relógio, pico de memória em KiB


def medir(comando: str) -> Medida:
    """Roda `comando` no bash e devolve quanto durou e o pico de memória do maior processo."""
    inicio = time.perf_counter()
    processo = subprocess.Popen(["bash", "-c", comando], cwd=RAIZ)
    _, estado, uso = os.wait4(processo.pid, 0)
    duracao = time.perf_counter() - inicio
    processo.returncode = os.waitstatus_to_exitcode(estado)
    if processo.returncode:
        raise SystemExit(f"falhou com {processo.returncode}: {comando}")
    return duracao, uso.ru_maxrss


class Bancada:
    """Uma pasta com os arquivos gerados e um banco, e as medidas por caso."""

    def __init__(self, pasta: Path) -> None:
        pasta.mkdir()
        self.pasta = pasta
        self.banco = pasta / "par.db"
        self.medidas: dict[str, list[Medida]] = {}

    def gerar(self, nome: str, *argumentos: str | int) -> Path:
        """Gera um CSV com bench/gerar.py."""
        caminho = self.pasta / nome
        comando = [PYTHON, str(RAIZ / "bench/gerar.py"), *map(str, argumentos)]
        with caminho.open("w") as saida:
            subprocess.run(comando, stdout=saida, check=True)
        return caminho

    def gerar_todos(self, linhas: int, nomes: str) -> None:
        """Gera os três arquivos que se importam."""
        self.csv = self.gerar("dados.csv", linhas, "--nomes", nomes)
        self.inteiro = self.gerar("inteiro.csv", linhas, "--nomes", nomes, "--colunas", 4)
        self.novas = self.gerar("novas.csv", linhas // 10, "--nomes", nomes, "--desde", linhas)

    def gerar_dificeis(self, linhas: int, nomes: str) -> None:
        """Gera o que já foi lento importar; o das aspas tem os bytes do CSV."""
        self.jsonl = self.gerar("a.jsonl", linhas, "--nomes", nomes, "--formato", "jsonl")
        self.array = self.gerar("a.json", linhas, "--nomes", nomes, "--formato", "json")
        self.aspas, self.iguais = self.pasta / "aspas.csv", self.pasta / "iguais.csv.gz"
        registro = 'A,"\n' + '","\n' * (REGISTRO // 4) + '"\n'
        vezes = 1 + self.csv.stat().st_size // len(registro)
        # Aos poucos: o pico de memória de um filho começa no tamanho de quem o criou.
        with self.aspas.open("w") as saida:
            saida.writelines(["nome,email\n", *[registro] * vezes])
        with gzip.open(self.iguais, "wt") as saida:
            mil = "Ana Lima,ana@exemplo.com.br\n" * 1_000
            saida.writelines(["nome,email\n", *[mil] * (linhas // 1_000)])

    def caso(self, nome: str, comando: str) -> None:
        """Mede um caso e guarda a medida. A sujeira dos anteriores já foi para o disco."""
        os.sync()
        self.medidas.setdefault(nome, []).append(medir(comando))

    def novo(self, nome: str) -> Path:
        """Devolve o caminho de um banco que ainda não existe."""
        caminho = self.pasta / nome
        caminho.unlink(missing_ok=True)
        return caminho

    def script(self, texto: str) -> Path:
        """Escreve um roteiro para o programa sqlite3."""
        caminho = self.pasta / "roteiro.sql"
        caminho.write_text(texto)
        return caminho

    def resultado(self) -> dict[str, dict[str, object]]:
        """Devolve, de cada caso, os segundos de cada rodada e o maior pico de memória."""
        return {
            nome: {
                "segundos": [round(duracao, 3) for duracao, _ in medidas],
                "memoria_mib": round(max(memoria for _, memoria in medidas) / 1024, 1),
            }
            for nome, medidas in self.medidas.items()
        }


def escritor(banco: Path, arquivo: Path | str) -> str:
    """Devolve o comando que importa `arquivo`."""
    return f"{PYTHON} -m escritor --banco {banco} importar --silencioso {arquivo} 2>/dev/null"


def importar(b: Bancada, pares: bool) -> None:
    """Uma rodada das importações."""
    b.caso("importar", escritor(b.novo("par.db"), b.csv))
    if pares:
        importar_dificeis(b)
    b.caso("importar de novo (tudo repetido)", escritor(b.banco, b.csv))
    b.caso("importar mais 10 % num banco cheio", escritor(b.banco, b.novas))
    b.caso("importar os mesmos 10 % num banco vazio", escritor(b.novo("vazio.db"), b.novas))
    if pares:
        importar_com_os_pares(b)


def importar_dificeis(b: Bancada) -> None:
    """O que já foi lento, e semear no banco que acabou de nascer, com uma execução só."""
    b.caso("importar JSON Lines", escritor(b.novo("outro.db"), b.jsonl))
    b.caso("importar um array de JSON", escritor(b.novo("outro.db"), b.array))
    aspas = f"{b.aspas} --rejeitados /dev/null"
    b.caso("recusar aspas que se reabrem", escritor(b.novo("outro.db"), aspas))
    b.caso("importar linhas todas iguais", escritor(b.novo("outro.db"), b.iguais))
    cheio = shutil.copyfile(b.banco, b.pasta / "cheio.db")
    b.caso("semear num banco cheio", f"{PYTHON} -m escritor --banco {cheio} >/dev/null 2>&1")


def importar_com_os_pares(b: Bancada) -> None:
    """O mesmo arquivo, pelos quatro pares."""
    carga = f".import --csv --skip 1 {b.inteiro} usuarios\n"
    for nome, roteiro in (
        ("A: sqlite3 .import com o índice", TABELA + INDICE + carga),
        ("B: sqlite3 .import, índice depois", TABELA + carga + INDICE),
    ):
        b.caso(nome, f"sqlite3 {b.novo('peer.db')} < {b.script(roteiro)} >/dev/null")
    utils = Path(PYTHON).parent / "sqlite-utils"
    destino = b.novo("utils.db")
    b.caso(
        "C: sqlite-utils insert --csv",
        f"{utils} insert {destino} usuarios {b.csv} --csv --pk email --silent",
    )
    laco = RAIZ / "bench/laco.py"
    destino = b.novo("laco.db")
    b.caso("D: laço com execute e print", f"{PYTHON} {laco} {b.csv} {destino} >/dev/null")


def ler(b: Bancada, pares: bool) -> None:
    """Uma rodada das leituras."""
    leitor = f"{PYTHON} -m leitor --banco {b.banco}"
    b.caso("verificar", f"{leitor} verificar >/dev/null")
    for formato in ("json", "jsonl", "csv", "tabela", "markdown"):
        b.caso(f"listar {formato}", f"{leitor} listar --formato {formato} >/dev/null 2>&1")
        b.caso(
            f"listar {formato}, sem verificar",
            f"{PYTHON} {RAIZ / 'bench/so_listar.py'} {b.banco} {formato} >/dev/null",
        )
    if pares:
        ler_com_os_pares(b)


def ler_com_os_pares(b: Bancada) -> None:
    """O mesmo banco, pelos pares."""
    banco = b.banco
    integra = f"sqlite3 {banco} 'PRAGMA integrity_check' >/dev/null"
    receita = f"{RECEITA.format(banco)} >/dev/null"
    b.caso("V: sqlite3 integrity_check + receita do lacre", f"{integra} && {receita}")
    for modo in ("json", "csv", "box"):
        b.caso(f"L: sqlite3 -{modo}", f"sqlite3 -{modo} {banco} '{COLUNAS}' >/dev/null")
    utils = Path(PYTHON).parent / "sqlite-utils"
    b.caso("sqlite-utils rows", f"{utils} rows {banco} usuarios >/dev/null")


def dificeis(pasta: Path, comuns: Bancada, linhas: int) -> dict[str, Bancada]:
    """Devolve os bancos em que só a leitura se mede, feitos do que já se importou."""
    bancadas: dict[str, Bancada] = {}
    for nome in (LARGO, *ESPALHADOS):
        bancadas[nome] = b = Bancada(pasta / str(len(bancadas)))
        if nome == LARGO:
            medir(escritor(b.banco, b.gerar("raros.csv", linhas, "--nomes", "raros")))
        else:
            medir(escritor(b.novo("seguidos.db"), comuns.csv))
            espalhar = f"{PYTHON} {RAIZ / 'bench/espalhar.py'}"
            medir(f"{espalhar} {b.pasta / 'seguidos.db'} {b.banco} {ESPALHADOS[nome]}")
    return bancadas


def rodada(bancadas: dict[str, Bancada], pares: bool, leituras: bool) -> None:
    """Mede tudo uma vez."""
    for nome, bancada in bancadas.items():
        if nome in NOMES:
            importar(bancada, pares)
        if leituras:
            ler(bancada, pares and nome in NOMES)


def main() -> int:
    """Mede, guarda o resultado e devolve 0."""
    analisador = argparse.ArgumentParser(description=__doc__)
    analisador.add_argument("--linhas", type=int, default=1_000_000)
    analisador.add_argument("--rodadas", type=int, default=5)
    analisador.add_argument("--so-o-par", action="store_true", help="pula os pares de fora")
    analisador.add_argument("--pasta", type=Path, default=Path(tempfile.gettempdir()))
    opcoes = analisador.parse_args()
    pasta = Path(tempfile.mkdtemp(prefix="desafio2-bench-", dir=opcoes.pasta))
    try:
        bancadas = {nomes: Bancada(pasta / nomes) for nomes in NOMES}
        for nomes, bancada in bancadas.items():
            bancada.gerar_todos(opcoes.linhas, nomes)
            if not opcoes.so_o_par:
                bancada.gerar_dificeis(opcoes.linhas, nomes)
        if not opcoes.so_o_par:
            bancadas |= dificeis(pasta, bancadas["comuns"], opcoes.linhas)
        for n in range(opcoes.rodadas):
            # Sem os pares, de ler só se quer a memória: uma vez basta.
            rodada(bancadas, not opcoes.so_o_par, leituras=not (opcoes.so_o_par and n))
            print(f"rodada {n + 1} de {opcoes.rodadas}", file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(pasta)
    resultado = {nome: bancada.resultado() for nome, bancada in bancadas.items()}
    destino = RAIZ / f"bench/resultado-{opcoes.linhas}.json"
    destino.write_text(json.dumps(resultado, ensure_ascii=False, indent=1) + "\n")
    print(destino)
    return 0


if __name__ == "__main__":
    sys.exit(main())
