"""O que as campanhas dividem: os casos, e o que se confere depois de uma falha."""

import hashlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.conftest import Programa
from tests.contrato import fotografar
from tests.processos import RAIZ, Saida, comando, rodar
from tests.test_restaurar import datadas

MAGIA_DO_DIARIO = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"  # sqlite.org/fileformat2.html, seção 3
LE_PESSOAS = "SELECT nome, email FROM usuarios ORDER BY id LIMIT ?"
# Um comando qualquer, depois de uma falha; a entrada é um arquivo alheio a todos os casos.
CURAS = [["semear"], ["importar", str(RAIZ / "tests/dados/clientes-chinook.csv")]]
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


class Estado(NamedTuple):
    """O que está confirmado num banco: quantas pessoas, quais (um resumo) e quantas execuções."""

    pessoas: int
    resumo: str
    execucoes: int
    em_dobro: int = 0


@contextmanager
def recuperado(banco: Path) -> Iterator[sqlite3.Connection]:
    """Abre uma cópia do banco e do diário, que o SQLite recupera sozinho."""
    with tempfile.TemporaryDirectory() as nome:
        copia = Path(nome, banco.name)
        for sufixo in ("", "-journal"):
            if (arquivo := banco.with_name(banco.name + sufixo)).exists():
                shutil.copyfile(arquivo, copia.with_name(arquivo.name))
        with closing(sqlite3.connect(copia)) as con:
            yield con


def estado(banco: Path, primeiras: int = -1) -> Estado:
    """Lê o que está confirmado no banco; das pessoas, só as `primeiras`."""
    with recuperado(banco) as con:
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


def possiveis(saida: Saida, caso: Caso) -> list[Estado]:
    """Em que estado o banco pode estar, conforme o que o escritor disse."""
    if saida.codigo == 0 or "gravado, mas" in saida.stderr:
        return [caso.depois]
    if "nada foi gravado" in saida.stderr or "está como estava" in saida.stderr:
        return [caso.antes]
    return [caso.antes, caso.depois]


def quente(banco: Path) -> bool:
    """Diz se há um diário que alguém ainda tem de desfazer (pager.c, hasHotJournal)."""
    diario = banco.with_name(f"{banco.name}-journal")
    if not (diario.exists() and banco.exists() and banco.stat().st_size):
        return False
    return diario.read_bytes()[:8] == MAGIA_DO_DIARIO


def sobras(pasta: Path) -> list[str]:
    """O que só existe enquanto um programa trabalha, e depois não pode ficar na pasta."""
    return [item.name for item in pasta.iterdir() if ".desafio2-" in item.name]


def conferir_e_curar(
    banco: Path,
    caso: Caso,
    possiveis: list[Estado],
    leitor: Programa,
    escritor: Programa,
    rotulo: str,
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
    assert esperado == 0 or "Rode o escritor, e depois leia de novo: " in lido.stderr, rotulo
    assert fotografar(banco.parent) == foto, f"{rotulo}: o leitor mudou algo"

    _curar(banco, caso, ficou, escritor, rotulo)
    assert leitor("verificar").codigo == 0, rotulo
    return ficou, havia_diario


def _curar(banco: Path, caso: Caso, ficou: Estado, escritor: Programa, rotulo: str) -> None:
    """Roda um comando sorteado do escritor: qualquer um acaba o que a falha interrompeu."""
    restaura = caso.argv[0] == "restaurar"
    cura = Random(rotulo).choice([*CURAS, caso.argv] if restaura else CURAS)
    de_novo = restaura and cura == caso.argv
    rotulo = f"{rotulo}; curado por {cura[0]}"
    feito = escritor(*cura)
    assert feito.codigo == 0, f"{rotulo}: {feito.stderr}"
    semeia = cura == ["semear"] and ficou.pessoas > 0  # aí não há o que gravar
    depois = ficou if semeia else ficou._replace(execucoes=ficou.execucoes + 1)
    curado = caso.depois if de_novo else depois
    assert estado(banco, curado.pessoas) == curado, rotulo
    assert not list(banco.parent.glob(f"{banco.name}-*")), rotulo
    assert not sobras(banco.parent), rotulo
    if restaura:  # o banco que saiu está inteiro: no lugar, ou numa cópia datada
        guardados = [estado(datada) for datada in datadas(banco)]
        no_lugar = [] if de_novo else [ficou]
        assert {caso.antes, ficou} <= {*guardados, *no_lugar}, rotulo


def conferir_copia(
    destino: Path, havia: bytes | None, saida: Saida, leitor: Programa, rotulo: str
) -> None:
    """Confere que `copiar` deixou a cópia inteira, ou o que havia; e que a próxima limpa."""
    ficou = destino.read_bytes() if destino.exists() else None
    assert saida.codigo or ficou != havia, rotulo
    assert ficou == havia or "nenhuma cópia ficou" not in saida.stderr, f"{rotulo}: {saida.stderr}"
    if ficou != havia:
        assert leitor("verificar", "--banco", str(destino)).codigo == 0, rotulo
    feito = leitor("copiar", str(destino), "--substituir")
    assert feito.codigo == 0, f"{rotulo}: {feito.stderr}"
    assert leitor("verificar", "--banco", str(destino)).codigo == 0, rotulo
    assert not sobras(destino.parent), rotulo
