"""O que as campanhas dividem: os números, o relato e o que se confere depois de uma falha."""

import hashlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.conftest import Programa
from tests.contrato import AMOSTRA, INSERE_COMUM, VERSAO_COMUM, fotografar
from tests.processos import RAIZ, Saida, comando, rodar

SEMENTE = 20_261_122
# Quantas vezes: na forma curta, que `./testar` sempre roda, e na inteira, a de `--campanha`.
VEZES = {
    "morte": (24, 1_000),
    "morte em container": (2, 60),
    "morte sem transação": (2, 20),
    "chamadas": (24, 10_000),  # na inteira, todas as que houver
    "adoção": (10, 10_000),
    "erros de disco": (60, 10_000),
    "disco cheio": (3, 60),
    "energia": (20, 600),
    "energia sem sync": (2, 20),
    "dano": (450, 12_000),
    "diário alheio": (40, 400),
    "concorrência, linhas": (5_000, 100_000),
    "fuzz da entrada": (150, 10_000),
    "fuzz do banco": (150, 10_000),
}
MAGIA_DO_DIARIO = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"  # sqlite.org/fileformat2.html, seção 3
RESULTADO = RAIZ / "docs/confiabilidade.md"
COLUNAS = ["campanha", "o que se tentou", "o que se viu", "o que se perdeu", "controle negativo"]
LE_PESSOAS = "SELECT nome, email FROM usuarios ORDER BY id LIMIT ?"
E_MAILS_EM_DOBRO = "SELECT count(*) - count(DISTINCT lower(email)) FROM usuarios"

# Um escritor que confirma linha por linha, como quem esquece a transação: o controle negativo.
SEM_TRANSACAO = """
import contextlib, sqlite3, sys
with contextlib.closing(sqlite3.connect(sys.argv[1], isolation_level=None)) as con:
    con.execute("PRAGMA synchronous = OFF")
    for i in range(1_000_000):
        con.execute(
            "INSERT INTO usuarios (nome, email, criado_em) VALUES (?, ?, '2026-01-01T00:00:00Z')",
            (f"Pessoa {i}", f"p{i}@x.com"),
        )
"""


class Campanha:
    """Os números e a semente de uma campanha, e a linha dela no resultado."""

    def __init__(self, nome: str, inteira: bool, semente: int) -> None:
        self.inteira = inteira
        self.semente = semente
        self.linha: dict[str, list[str]] = {coluna: [] for coluna in COLUNAS}
        self.linha["campanha"].append(nome)

    def vezes(self, o_que: str) -> int:
        """Devolve quantas vezes, na forma que está sendo rodada."""
        return VEZES[o_que][self.inteira]

    def acaso(self, o_que: str, vez: int = 0) -> Random:
        """Devolve o acaso de uma vez só: repete-se sem repetir as anteriores."""
        return Random(f"{self.semente} {o_que} {vez}")

    def rotulo(self, o_que: str, *detalhes: object) -> str:
        """Diz que caso falhou, e com que semente ele se repete."""
        return f"{o_que} {' '.join(map(str, detalhes))}; repita com --semente {self.semente}"

    def anotar(self, tentou: str = "", viu: str = "", perdeu: str = "", controle: str = "") -> None:
        """Acrescenta frases à linha da campanha no resultado."""
        for coluna, frase in zip(COLUNAS[1:], (tentou, viu, perdeu, controle), strict=True):
            self.linha[coluna] += [frase] if frase and frase not in self.linha[coluna] else []

    def gravar(self) -> None:
        """Põe a linha na tabela de docs/confiabilidade.md, no lugar da que havia desta campanha."""
        linha = _celulas("; ".join(frases) for frases in self.linha.values())
        titulo = [_celulas(COLUNAS), _celulas(["---"] * len(COLUNAS))]
        [nome] = self.linha["campanha"]
        velhas = RESULTADO.read_text(encoding="utf-8").splitlines()
        onde = velhas.index(titulo[0])
        tabela = [velha for velha in velhas if velha.startswith("| ") and velha not in titulo]
        outras = [outra for outra in tabela if not outra.startswith(f"| {nome} |")]
        novas = [*velhas[:onde], *titulo, *sorted([*outras, linha])]
        novas += velhas[onde + len(titulo) + len(tabela) :]
        RESULTADO.write_text("\n".join(novas) + "\n", encoding="utf-8")


def _celulas(textos: Iterable[str]) -> str:
    return f"| {' | '.join(textos)} |"


class Estado(NamedTuple):
    """O que está confirmado num banco: quantas pessoas, quais (um resumo) e quantas execuções."""

    pessoas: int
    resumo: str
    execucoes: int
    em_dobro: int = 0


def estado(banco: Path, primeiras: int = -1) -> Estado:
    """Lê o que está confirmado numa cópia do banco e do diário, que o SQLite recupera sozinho."""
    with tempfile.TemporaryDirectory() as nome:
        copia = Path(nome, banco.name)
        for sufixo in ("", "-journal"):
            if (arquivo := banco.with_name(banco.name + sufixo)).exists():
                shutil.copyfile(arquivo, copia.with_name(arquivo.name))
        with closing(sqlite3.connect(copia)) as con:
            if not con.execute("SELECT * FROM sqlite_schema").fetchall():
                return VAZIO
            linhas = con.execute(LE_PESSOAS, (primeiras,)).fetchall()
            [(execucoes,)] = con.execute("SELECT count(*) FROM execucoes")
            [(em_dobro,)] = con.execute(E_MAILS_EM_DOBRO)
    return Estado(len(linhas), resumo(linhas), execucoes, em_dobro)


def resumo(linhas: list[tuple[str, str]]) -> str:
    """Resume as linhas: o pytest não acabaria de comparar listas tão compridas."""
    return hashlib.sha256(repr(linhas).encode()).hexdigest()[:16]


VAZIO = Estado(0, resumo([]), 0)


class Caso(NamedTuple):
    """Um comando do escritor, o banco em que ele roda (None: nenhum) e os estados possíveis."""

    nome: str
    modelo: Path | None
    argv: list[str]
    antes: Estado
    depois: Estado
    segundos: float

    def preparar(self, banco: Path) -> None:
        """Deixa na pasta do banco só o banco de antes."""
        limpar(banco.parent)
        if self.modelo:
            shutil.copyfile(self.modelo, banco)


def limpar(pasta: Path) -> None:
    """Deixa a pasta vazia, e a cria se falta; ela mesma pode ser um ponto de montagem."""
    pasta.mkdir(parents=True, exist_ok=True)
    for item in pasta.iterdir():
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        else:
            item.unlink()


def criar_comum(banco: Path) -> None:
    """O banco que a versão comum do exercício deixa depois de quatro vezes."""
    limpar(banco.parent)
    with closing(sqlite3.connect(banco)) as con:
        con.execute(VERSAO_COMUM)
        con.executemany(
            INSERE_COMUM, [(*pessoa, "2025-12-01T14:30:00.123456") for pessoa in AMOSTRA] * 4
        )
        con.commit()


def ensaiar(nome: str, modelo: Path | None, argv: list[str], pasta: Path) -> Caso:
    """Roda o caso uma vez até o fim, para saber como ele termina e quanto demora."""
    caso = Caso(nome, modelo, argv, estado(modelo) if modelo else VAZIO, VAZIO, 0)
    banco = pasta / "ensaio.db"
    caso.preparar(banco)
    inicio = time.monotonic()
    saida = rodar(comando("escritor", *argv, "--banco", str(banco)))
    segundos = time.monotonic() - inicio
    assert saida.codigo == 0, saida
    return caso._replace(depois=estado(banco), segundos=segundos)


def confirmou(saida: Saida) -> bool:
    """Diz se o escritor disse que gravou: saiu com 0, ou já tinha escrito o resumo."""
    return saida.codigo == 0 or any(
        f"[ESCRITOR] {feito}" in saida.stderr for feito in ("execução ", "restaurado: ")
    )


def quente(banco: Path) -> bool:
    """Diz se há um diário que alguém ainda tem de desfazer (pager.c, hasHotJournal)."""
    diario = banco.with_name(f"{banco.name}-journal")
    if not (diario.exists() and banco.exists() and banco.stat().st_size):
        return False
    return diario.read_bytes()[:8] == MAGIA_DO_DIARIO


def conferir_e_curar(
    banco: Path, possiveis: list[Estado], leitor: Programa, escritor: Programa, rotulo: str
) -> tuple[Estado, bool]:
    """Confere o que a falha deixou, o que o leitor diz disso, e que o próximo escritor cura.

    Devolve o estado em que o banco ficou e se havia um diário quente.
    """
    foto = fotografar(banco.parent)
    havia_diario = quente(banco)
    ficou = estado(banco)
    assert ficou in possiveis, rotulo
    assert not ficou.em_dobro, rotulo

    lido = leitor("listar", "--formato", "jsonl")
    esperado = 75 if havia_diario else 0 if ficou.execucoes else 66
    assert lido.codigo == esperado, f"{rotulo}: {lido.stderr}"
    assert lido.stdout.count("\n") == (ficou.pessoas if esperado == 0 else 0), rotulo
    assert esperado == 0 or "docker compose run --rm escritor" in lido.stderr, rotulo
    assert fotografar(banco.parent) == foto, f"{rotulo}: o leitor mudou algo"

    cura = escritor("semear")
    assert cura.codigo == 0, f"{rotulo}: {cura.stderr}"
    curado = estado(banco, ficou.pessoas)
    assert curado == ficou._replace(execucoes=ficou.execucoes + 1), rotulo
    assert not list(banco.parent.glob(f"{banco.name}-*")), rotulo
    assert leitor("verificar").codigo == 0, rotulo
    return ficou, havia_diario
