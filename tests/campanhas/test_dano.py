"""Dano no arquivo: o que muda uma resposta é acusado, e nada derruba nem prende o leitor."""

import os
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import pytest

from leitor.texto import milhar
from tests.campanhas.apoio import MAGIA_DO_DIARIO, limpar
from tests.campanhas.danos import danificar
from tests.campanhas.relato import Campanha, contas_em_texto, quantos
from tests.conftest import Programa
from tests.contrato import alterar, fotografar
from tests.motores import ESCRITOR
from tests.processos import Saida, comando, rodar

RECUSAS = {65, 66, 74, 75, 78}  # nunca 70 (defeito), 2 (uso) nem 73 (permissão)
PRAZO_DO_LEITOR = 10  # segundos; um banco de 100 kB se lê em milissegundos
MIUDA = 512  # bytes da menor página do SQLite: o mesmo banco em dezenas delas
RESPOSTAS = (
    "SELECT * FROM usuarios NOT INDEXED ORDER BY id",
    "SELECT * FROM execucoes ORDER BY id",
    "SELECT count(*) FROM usuarios",
)
PROCURA = "SELECT id FROM usuarios INDEXED BY usuarios_email WHERE email = ? COLLATE NOCASE"

Respostas = list[list[tuple[Any, ...]]] | None


@pytest.fixture(scope="module", name="bases")
def _bases(modelos: Path, entradas: Path) -> list[Path]:
    """Bancos inteiros: de uma página por tabela; de várias; de dezenas, com nomes que as vazam."""
    varias = modelos / "várias páginas"
    shutil.copyfile(modelos / "gravado", varias)
    compridos = entradas / "compridos.csv"
    linhas = [f"{'Comprido ' * 90}{i},c{i}@x.com\n" for i in range(8)]
    compridos.write_text("nome,email\n" + "".join(linhas), encoding="utf-8")
    for arquivo in (entradas / "poucas.csv", compridos):
        argv = ["importar", str(arquivo), "--banco", str(varias)]
        assert ESCRITOR(argv) == 0
    miudo = modelos / "páginas miúdas"
    shutil.copyfile(varias, miudo)
    alterar(miudo, f"PRAGMA page_size = {MIUDA}", "VACUUM")
    assert miudo.stat().st_size > 50 * MIUDA
    return [modelos / "gravado", varias, miudo]


@contextmanager
def dentro_do_prazo(rotulo: str) -> Iterator[None]:
    """Faz o teste falhar, em vez de ficar preso, se o que há dentro não termina."""

    def desistir(_sinal: int, _quadro: FrameType | None) -> None:
        pytest.fail(f"{rotulo}: não terminou em {PRAZO_DO_LEITOR} s")

    anterior = signal.signal(signal.SIGALRM, desistir)
    signal.alarm(PRAZO_DO_LEITOR)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, anterior)


def respostas(banco: Path, emails: list[bytes]) -> Respostas:
    """As linhas das duas tabelas e cada busca pelo índice, por fora; None se algo não se lê."""
    try:
        with closing(sqlite3.connect(f"{banco.as_uri()}?mode=ro", uri=True)) as con:
            con.text_factory = bytes
            lidas = [con.execute(sql).fetchall() for sql in RESPOSTAS]
            buscas = [con.execute(PROCURA, (email.decode(),)).fetchone() for email in emails]
            return [*lidas, buscas]
    except (sqlite3.Error, UnicodeDecodeError):  # o segundo, do nome de uma coluna
        return None


def integridade(banco: Path) -> bool:
    """O que o SQLite, sozinho, diz do arquivo."""
    try:
        with closing(sqlite3.connect(f"{banco.as_uri()}?mode=ro", uri=True)) as con:
            con.text_factory = bytes
            return bool(con.execute("PRAGMA integrity_check").fetchall() == [(b"ok",)])
    except (sqlite3.Error, UnicodeDecodeError):
        return False


class Alvo:
    """Um banco inteiro: o que se responde dele antes de danificá-lo."""

    def __init__(self, base: Path, banco: Path, leitor: Programa) -> None:
        self.dados = base.read_bytes()
        self.pagina = int.from_bytes(self.dados[16:18], "big")
        self.banco = banco
        self.leitor = leitor
        shutil.copyfile(base, banco)
        self.inteiro = leitor("listar", "--formato", "jsonl")
        assert (self.inteiro.codigo, integridade(banco)) == (0, True)
        [pessoas, *_] = respostas(banco, []) or [[]]
        self.emails = [email for _, _, email, _ in pessoas]
        self.certas = respostas(banco, self.emails)

    def danificar(self, acaso: Random, rotulo: str) -> tuple[Saida, bool, bool]:
        """Danifica e lê; devolve o que o leitor disse, se uma resposta mudou e a integridade."""
        dados = danificar(self.dados, self.pagina, acaso)
        self.banco.write_bytes(dados)
        with dentro_do_prazo(rotulo):
            lido = self.leitor("listar", "--formato", "jsonl")
        assert fotografar(self.banco.parent) == {self.banco.name: dados}, rotulo
        return lido, respostas(self.banco, self.emails) != self.certas, integridade(self.banco)

    def queixas(self, lido: Saida, mudou: bool, integro: bool) -> Iterator[str]:
        """O que o leitor fez de errado diante deste dano; nada, se agiu bem."""
        if lido.codigo == 0:
            if mudou or lido.stdout != self.inteiro.stdout:
                yield "saiu com 0 e uma resposta mudou"
            if not integro:
                yield "saiu com 0 e o integrity_check acusa"
        elif lido.codigo not in RECUSAS:
            yield f"saiu com {lido.codigo}: {lido.stderr}"
        elif lido.stdout:
            yield "recusou e mostrou linhas"
        elif lido.stderr.count("\n") != 1 or not lido.stderr.startswith("[LEITOR] ERRO: "):
            yield f"não disse uma linha: {lido.stderr}"


def test_todo_dano_que_muda_uma_resposta_e_acusado(
    campanha: Campanha, bases: list[Path], banco: Path, leitor: Programa
) -> None:
    """Bits, trechos, páginas e cortes sorteados; o controle é um leitor que só confere a estrutura.

    Só o que muda uma resposta tem de ser acusado: um bit no espaço livre de uma
    página não muda nada. E o que o integrity_check acusa, o leitor também acusa.
    """
    limpar(banco.parent)
    vezes = campanha.vezes("dano")
    alvos = [Alvo(base, banco, leitor) for base in bases]
    mudavam = despercebidos = 0
    codigos: Counter[int] = Counter()
    erradas = []
    for vez in range(vezes):
        alvo = alvos[vez % len(alvos)]
        rotulo = campanha.rotulo("dano", vez)
        lido, mudou, integro = alvo.danificar(campanha.acaso("dano", vez), rotulo)
        erradas += [f"{queixa} [{rotulo}]" for queixa in alvo.queixas(lido, mudou, integro)]
        mudavam += mudou
        despercebidos += mudou and integro
        codigos[lido.codigo] += 1
    assert erradas == []
    assert mudavam > vezes / 4
    assert despercebidos, "o controle negativo não perdeu nada"
    campanha.anotar(
        tentou=f"{milhar(vezes)} danos em três bancos (bits, trechos, páginas, cortes)",
        viu=f"{milhar(mudavam)} mudavam uma resposta; "
        f"códigos do leitor: {contas_em_texto(codigos)}",
        perdeu="nenhuma resposta errada com 0",
        controle=f"só com integrity_check, {milhar(despercebidos)} dos {milhar(mudavam)} passariam",
    )


def test_diario_alheio_ao_lado(
    campanha: Campanha, bases: list[Path], banco: Path, leitor: Programa
) -> None:
    """Lixo no lugar do diário: 75 se parece um diário quente, senão as linhas certas."""
    codigos: Counter[int] = Counter()
    vezes = campanha.vezes("diário alheio")
    for vez in range(vezes):
        acaso = campanha.acaso("diário", vez)
        limpar(banco.parent)
        shutil.copyfile(bases[vez % len(bases)], banco)
        certo = leitor("listar", "--formato", "jsonl").stdout
        lixo = acaso.choice([b"", b"\0", MAGIA_DO_DIARIO]) + acaso.randbytes(acaso.randrange(2000))
        banco.with_name(f"{banco.name}-journal").write_bytes(lixo)
        antes = fotografar(banco.parent)
        rotulo = campanha.rotulo("diário", vez)
        with dentro_do_prazo(rotulo):
            lido = leitor("listar", "--formato", "jsonl")
        assert (lido.codigo, lido.stdout) in {(0, certo), (75, "")}, f"{rotulo}: {lido}"
        assert fotografar(banco.parent) == antes, rotulo
        codigos[lido.codigo] += 1
    assert len(codigos) == 2, codigos
    campanha.anotar(
        tentou=f"{milhar(vezes)} diários de lixo", viu=f"{quantos(codigos[75], 'vez', 'vezes')} 75"
    )


def alheio(banco: Path) -> None:
    """O banco de outro programa."""
    alterar(banco, "CREATE TABLE notas (texto)", "INSERT INTO notas VALUES ('x')")


def circulo(banco: Path) -> None:
    """Um link simbólico para si mesmo."""
    banco.symlink_to(banco)


@pytest.mark.parametrize(
    ("por", "codigo"),
    [
        (lambda b: b.write_bytes(b""), 66),
        (lambda b: b.write_text("nome,email\nAna,ana@x.com\n"), 65),
        (lambda b: b.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5000)), 65),
        (lambda b: b.write_bytes(b"SQLite format 3\0" + bytes(8176)), 65),
        (lambda b: b.write_bytes(b"SQLite format 3\0"), 65),
        (alheio, 65),
        (Path.mkdir, 65),
        (os.mkfifo, 65),
        (lambda b: b.symlink_to("/dev/zero"), 65),
        (lambda b: b.symlink_to(b.parent), 65),
        (lambda b: b.symlink_to(b.with_name("nenhum")), 66),
        (circulo, 74),
    ],
    ids=["0 byte", "texto", "imagem", "só a magia e zeros", "só a magia", "banco alheio", "pasta",
         "fifo", "link para dispositivo", "link para pasta", "link para nada", "link em círculo"],
)  # fmt: skip
def test_outra_coisa_no_lugar_do_banco(
    por: Callable[[Path], object], codigo: int, banco: Path, campanha: Campanha
) -> None:
    """O que não é um banco nosso é recusado com o seu código, num processo que tem de terminar."""
    banco.parent.mkdir()
    por(banco)
    antes = fotografar(banco.parent)
    saida = rodar(comando("leitor"))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (codigo, "", 1), saida.stderr
    assert saida.stderr.startswith(f"[LEITOR] ERRO: {banco}: ")
    assert fotografar(banco.parent) == antes
    campanha.anotar(tentou="outra coisa no lugar do banco")


def test_link_simbolico_para_um_banco_bom(semeado: Path, leitor: Programa) -> None:
    """Um link não é dano: lê-se o banco para onde ele aponta."""
    verdadeiro = semeado.rename(semeado.with_name("outro.db"))
    semeado.symlink_to(verdadeiro)
    codigo, stdout, _ = leitor("listar", "--formato", "jsonl")
    assert (codigo, stdout.count("\n")) == (0, 3)
