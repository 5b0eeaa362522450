"""Concorrência: oito escritores e quatro leitores no mesmo banco, ao mesmo tempo."""

import re
import sqlite3
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from leitor.texto import milhar
from tests.campanhas.adocao import criar_comum
from tests.campanhas.relato import Campanha, quantos
from tests.conftest import Programa
from tests.contrato import AMOSTRA, consultar, fotografar, pessoas
from tests.processos import RAIZ, Saida, abriu, comando, esperar, iniciado, terminar, trava

ESCRITORES, LEITORES = 8, 4
PRAZO = 900  # segundos; a forma inteira, numa máquina lenta
TOTAIS = "SELECT id, total, lidos, inseridos FROM execucoes ORDER BY id"
ESPERA = 0.5  # segundos


def rodar(programa: str, *argv: str) -> Saida:
    """Roda até o fim, com o prazo da campanha."""
    feito = subprocess.run(
        comando(programa, *argv),
        cwd=RAIZ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PRAZO,
        check=False,
    )
    return Saida(feito.returncode, feito.stdout.decode(), feito.stderr.decode())


def emails_de(escritor: int, linhas: int) -> list[str]:
    """Cada escritor divide metade dos e-mails com o seguinte."""
    return [f"p{escritor * linhas // 2 + i}@x.com" for i in range(linhas)]


def perdidos_e_em_dobro(banco: Path, esperados: set[str]) -> tuple[int, int]:
    """Quantos dos e-mails esperados faltam, e quantas linhas sobram, fora a amostra."""
    gravados = [email for (email,) in consultar(banco, "SELECT email FROM usuarios WHERE id > 3")]
    assert set(gravados) <= esperados
    return len(esperados - set(gravados)), len(gravados) - len(set(gravados))


def ler_em_laco(acabou: Callable[[], bool]) -> list[tuple[int, int]]:
    """Lê até acabar, e uma vez mais; devolve (execuções, usuários) de cada leitura."""
    vistos = []
    ultima = False
    while not ultima:
        ultima = acabou()
        lido = rodar("leitor", "listar", "--formato", "jsonl")
        assert lido.codigo == 0, lido.stderr
        achado = re.search(r"([\d.]+) usuários?, (\d+) execuç", lido.stderr)
        assert achado, lido.stderr
        usuarios = int(achado[1].replace(".", ""))
        assert lido.stdout.count("\n") == usuarios
        vistos.append((int(achado[2]), usuarios))
    return vistos


def test_oito_escritores_e_quatro_leitores(
    campanha: Campanha,
    semeado: Path,
    leitor: Programa,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nada perdido, nada em dobro, e cada leitura é um estado que foi confirmado."""
    monkeypatch.setenv("BANCO_ESPERA", str(PRAZO))
    linhas = campanha.vezes("concorrência, linhas")
    with ThreadPoolExecutor(ESCRITORES + LEITORES) as pilha:
        gravando: list[Future[Saida]] = []
        for n in range(ESCRITORES):
            texto = "".join(f"Pessoa {n},{email}\n" for email in emails_de(n, linhas))
            (tmp_path / f"{n}.csv").write_text("nome,email\n" + texto)
            argv = ("importar", str(tmp_path / f"{n}.csv"), "--silencioso")
            gravando.append(pilha.submit(rodar, "escritor", *argv))
        lendo = [
            pilha.submit(ler_em_laco, lambda: all(escrita.done() for escrita in gravando))
            for _ in range(LEITORES)
        ]
        assert [escrita.result().codigo for escrita in gravando] == [0] * ESCRITORES
        leituras = [visto for leitura in lendo for visto in leitura.result()]

    esperados = {email for n in range(ESCRITORES) for email in emails_de(n, linhas)}
    execucoes = consultar(semeado, TOTAIS)
    assert len(esperados) == (ESCRITORES + 1) * linhas // 2
    assert perdidos_e_em_dobro(semeado, esperados) == (0, 0)
    assert [lidos for _, _, lidos, _ in execucoes] == [3] + [linhas] * ESCRITORES
    assert sum(inseridos for *_, inseridos in execucoes) == len(esperados) + 3
    totais = {id_: total for id_, total, *_ in execucoes}
    assert [total for execucao, total in leituras if totais[execucao] != total] == []
    assert len(set(leituras)) > 2, "os leitores não viram estados do meio"
    assert list(fotografar(semeado.parent)) == [semeado.name]
    assert leitor("verificar").codigo == 0
    campanha.anotar(
        tentou=f"{ESCRITORES} escritores com {milhar(linhas)} linhas cada, metade repetidas, "
        f"e {LEITORES} leitores em laço",
        viu=f"{quantos(len(leituras), 'leitura', 'leituras')}, "
        f"{milhar(len(set(leituras)))} estados diferentes, todos confirmados",
        perdeu=f"nenhuma das {milhar(len(esperados))} pessoas; nenhuma em dobro",
    )


def test_todos_desistem_no_prazo(campanha: Campanha, semeado: Path) -> None:
    """Com uma trava de fora, cada um espera BANCO_ESPERA, sai com 75 e nada muda."""
    antes = fotografar(semeado.parent)

    def desistir(programa: str) -> tuple[int, float]:
        inicio = time.monotonic()
        saida = rodar(programa, "--espera", str(ESPERA))
        assert f"por mais de {ESPERA} s" in saida.stderr
        return saida.codigo, time.monotonic() - inicio

    programas = ["escritor"] * ESCRITORES + ["leitor"] * LEITORES
    with trava(semeado, "EXCLUSIVE"), ThreadPoolExecutor(len(programas)) as pilha:
        saidas = list(pilha.map(desistir, programas))
    assert {codigo for codigo, _ in saidas} == {75}
    assert min(segundos for _, segundos in saidas) >= ESPERA
    assert fotografar(semeado.parent) == antes
    campanha.anotar(viu=f"com o banco trancado por fora, os {len(programas)} saem com 75")


def test_varios_adotam_ao_mesmo_tempo(
    banco: Path, leitor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quatro que viram o mesmo banco da versão comum: um adota, os outros seguem."""
    monkeypatch.setenv("BANCO_ESPERA", "20")
    criar_comum(banco)
    with ExitStack() as pilha, trava(banco, "IMMEDIATE") as soltar:
        processos = [pilha.enter_context(iniciado(comando("escritor"))) for _ in range(4)]
        esperar(lambda: all(abriu(processo, banco) for processo in processos), "abrirem o banco")
        soltar()
        saidas = [terminar(processo) for processo in processos]
    assert [saida.codigo for saida in saidas] == [0] * 4, saidas
    assert sum("adotado: " in saida.stderr for saida in saidas) == 1
    assert consultar(banco, "SELECT origem FROM execucoes") == [("adocao",)]
    assert pessoas(banco) == AMOSTRA
    assert leitor("verificar").codigo == 0


def test_controle_quem_procura_antes_e_grava_depois(campanha: Campanha, semeado: Path) -> None:
    """Controle negativo: procurar e inserir, sem uma transação só, grava em dobro.

    Quem o vê é o mesmo que, na campanha, não vê nada.
    """
    with closing(sqlite3.connect(semeado, isolation_level=None)) as con:
        con.execute("DROP INDEX usuarios_email")
    procura = "SELECT count(*) FROM usuarios WHERE email = 'eva@x.com'"
    grava = "INSERT INTO usuarios (nome, email, criado_em) VALUES ('Eva', 'eva@x.com', '')"
    with (
        closing(sqlite3.connect(semeado, isolation_level=None)) as um,
        closing(sqlite3.connect(semeado, isolation_level=None)) as outro,
    ):
        faltam = [con for con in (um, outro) if con.execute(procura).fetchone() == (0,)]
        for con in faltam:
            con.execute(grava)
    assert perdidos_e_em_dobro(semeado, {"eva@x.com"}) == (0, 1)
    campanha.anotar(controle="procurar e gravar sem uma transação só: em dobro")
