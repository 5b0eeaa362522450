"""SIGTERM e SIGINT: o escritor para logo, desfaz o que começou e diz 143 ou 130."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from escritor import app
from escritor.porta import Banco, Conexao, Linha
from escritor.sinais import Interrompido, Sinais
from tests.conftest import Programa
from tests.contrato import AMOSTRA, consultar, fotografar, pessoas
from tests.processos import (
    PARADA,
    alimentar,
    comando,
    esperar,
    fluxo,
    iniciado,
    rodar,
    terminar,
)

LINHAS = "nome,email\n" + "".join(f"Pessoa {i},p{i}@x.com\n" for i in range(60_000))
INTERROMPIDO = (
    "[ESCRITOR] interrompido: a transação foi desfeita e nada foi gravado. Rode de novo.\n"
)
SINAIS = [(signal.SIGTERM, 143), (signal.SIGINT, 130)]
# Uma instrução SQL que não termina nunca, numa conexão aberta como o escritor a abre ou como
# qualquer um abriria (o controle negativo); nos dois casos os tratadores estão instalados.
SEM_FIM = """
import contextlib, sqlite3, sys
from escritor.banco import conexao
from escritor.sinais import Sinais
sinais = Sinais()
with sinais.instalados():
    abrir = {
        "vigiada": lambda: conexao.abrir(sys.argv[1], 1, sinais),
        "comum": lambda: contextlib.closing(sqlite3.connect(sys.argv[1])),
    }[sys.argv[2]]
    with abrir() as con:
        print("aberta", flush=True)
        try:
            con.execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                        "SELECT count(*) FROM n")
        except sqlite3.OperationalError as erro:
            print(erro, sinais.recebido, flush=True)
"""


@contextmanager
def importacao_em_curso(banco: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Um `importar -` que já gravou no diário e ainda espera linhas da entrada padrão."""
    diario = banco.with_name(f"{banco.name}-journal")
    with iniciado(comando("escritor", "importar", "-")) as processo:
        alimentar(processo, LINHAS.encode())
        esperar(lambda: diario.exists() and diario.stat().st_size > 0, "o diário ter conteúdo")
        assert processo.poll() is None
        yield processo


@pytest.mark.parametrize(("sinal", "codigo"), SINAIS)
def test_no_meio_da_importacao(sinal: signal.Signals, codigo: int, semeado: Path) -> None:
    """Interrompido com linhas já inseridas: volta ao que era, byte a byte e sem diário."""
    antes = fotografar(semeado.parent)
    with importacao_em_curso(semeado) as processo:
        processo.send_signal(sinal)
        saida = terminar(processo, PARADA)
    assert saida == (codigo, "", INTERROMPIDO)
    assert fotografar(semeado.parent) == antes


def test_no_meio_da_primeira_importacao(banco: Path, leitor: Programa) -> None:
    """Sem banco antes, não fica esquema: o leitor não tem o que ler, e o escritor recomeça."""
    with importacao_em_curso(banco) as processo:
        processo.send_signal(signal.SIGTERM)
        saida = terminar(processo, PARADA)
    assert saida == (143, "", INTERROMPIDO)
    assert fotografar(banco.parent) in ({}, {banco.name: b""})
    assert leitor().codigo == 66
    assert rodar(comando("escritor")).codigo == 0
    assert pessoas(banco) == AMOSTRA


@pytest.mark.parametrize(("sinal", "codigo"), SINAIS)
def test_a_espera_da_entrada(sinal: signal.Signals, codigo: int, semeado: Path) -> None:
    """À espera do resto do cabeçalho, antes de tocar no banco, o sinal também é atendido."""
    antes = fotografar(semeado.parent)
    with iniciado(comando("escritor", "importar", "-")) as processo:
        alimentar(processo, b"nome,")
        esperar(lambda: bloqueado_lendo(processo.pid), "o escritor esperar a entrada")
        processo.send_signal(sinal)
        saida = terminar(processo, PARADA)
    assert saida == (codigo, "", INTERROMPIDO)
    assert fotografar(semeado.parent) == antes


def bloqueado_lendo(pid: int) -> bool:
    """Diz se o processo dorme e já trata o SIGTERM (o bit dele na máscara SigCgt)."""
    estado = Path(f"/proc/{pid}/status").read_text()
    tratados = int(estado.split("SigCgt:")[1].split()[0], 16)
    return "State:\tS" in estado and bool(tratados >> (signal.SIGTERM - 1) & 1)


@contextmanager
def instrucao_sem_fim(banco: Path, conexao: str) -> Iterator[subprocess.Popen[bytes]]:
    """Um processo que está há algum tempo de CPU dentro da instrução que não termina."""
    with iniciado([sys.executable, "-c", SEM_FIM, str(banco), conexao]) as processo:
        assert fluxo(processo.stdout).readline() == b"aberta\n"
        antes = cpu(processo.pid)
        esperar(lambda: cpu(processo.pid) > antes + 5, "a instrução gastar CPU")
        yield processo


def cpu(pid: int) -> int:
    """Devolve o tempo de usuário do processo, em tiques (centésimos de segundo)."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])


def test_dentro_de_uma_instrucao_sql_sem_fim(semeado: Path) -> None:
    """Na conexão que o escritor abre, o sinal para também uma instrução que não terminaria."""
    with instrucao_sem_fim(semeado, "vigiada") as processo:
        processo.send_signal(signal.SIGTERM)
        saida = terminar(processo, PARADA)
    assert saida == (0, f"interrupted {signal.SIGTERM:d}\n", "")


def test_controle_a_instrucao_sem_fim_numa_conexao_comum(semeado: Path) -> None:
    """Controle negativo: sem o escritor a vigiar, o mesmo sinal não para a mesma instrução."""
    with instrucao_sem_fim(semeado, "comum") as processo:
        processo.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            terminar(processo, PARADA / 2)


@pytest.mark.parametrize(("sinal", "codigo"), SINAIS)
def test_antes_do_commit(
    sinal: signal.Signals,
    codigo: int,
    semeado: Path,
    escritor: Programa,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Um sinal no último passo antes do COMMIT ainda desfaz tudo."""
    antes = fotografar(semeado.parent)
    criar_banco = app.criar_banco

    def criar_e_receber(banco: Banco, con: Conexao) -> bool:
        criado = criar_banco(banco, con)
        os.kill(os.getpid(), sinal)
        return criado

    monkeypatch.setattr(app, "criar_banco", criar_e_receber)
    assert escritor() == (codigo, "", INTERROMPIDO)
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize("sinal", [signal.SIGTERM, signal.SIGINT])
def test_depois_do_commit(
    sinal: signal.Signals, banco: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Um sinal depois do COMMIT chega tarde: 0 quer dizer gravado, e está gravado."""
    listar_dados = app.listar_dados

    def receber_e_listar(banco: Banco, con: Conexao, limite: int = -1) -> Iterable[Linha]:
        os.kill(os.getpid(), sinal)
        return listar_dados(banco, con, limite)

    monkeypatch.setattr(app, "listar_dados", receber_e_listar)
    codigo, stdout, stderr = escritor()
    assert (codigo, stdout.count("@example.com")) == (0, 3)
    assert "[ESCRITOR] execução 1 (semear): inseridos: 3" in stderr
    assert consultar(banco, "SELECT count(*) FROM execucoes") == [(1,)]


def test_irrevogavel_adia_e_esquece() -> None:
    """Dentro de `irrevogavel` o sinal espera; se o bloco vinga, não interrompe mais."""
    sinais = Sinais()
    with sinais.instalados():
        with sinais.irrevogavel():
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
    assert sinais.recebido == signal.SIGTERM


@pytest.mark.parametrize("quando", ["durante o COMMIT", "depois dele"])
def test_irrevogavel_que_falha_deixa_o_sinal_valer(quando: str) -> None:
    """Se o COMMIT falha, o sinal interrompe: o adiado, em `conferir`; um novo, na hora."""
    sinais = Sinais()

    def commit_que_falha() -> None:
        with sinais.irrevogavel():
            if quando == "durante o COMMIT":
                os.kill(os.getpid(), signal.SIGTERM)
            raise sqlite3.OperationalError

    with sinais.instalados():
        with pytest.raises(sqlite3.OperationalError):
            commit_que_falha()
        with pytest.raises(Interrompido) as interrompido:
            sinais.conferir() if sinais.recebido else os.kill(os.getpid(), signal.SIGTERM)
    assert interrompido.value.numero == signal.SIGTERM


def test_os_tratadores_voltam_a_ser_os_de_antes(semeado: Path, escritor: Programa) -> None:
    """Quem importa o pacote e chama main continua dono dos sinais do processo."""
    antes = [signal.getsignal(sinal) for sinal in (signal.SIGTERM, signal.SIGINT)]
    assert (escritor().codigo, escritor("--banco").codigo) == (0, 2)
    assert [signal.getsignal(sinal) for sinal in (signal.SIGTERM, signal.SIGINT)] == antes
    assert pessoas(semeado) == AMOSTRA


def test_kill_9_deixa_um_diario_quente_que_o_escritor_desfaz(
    semeado: Path, escritor: Programa, leitor: Programa
) -> None:
    """Controle negativo: sem tempo de desfazer, a gravação fica pela metade até o próximo."""
    with importacao_em_curso(semeado) as processo:
        processo.kill()
        assert processo.wait() == -signal.SIGKILL
    meio = fotografar(semeado.parent)
    assert list(meio) == [semeado.name, f"{semeado.name}-journal"]
    assert (meio[f"{semeado.name}-journal"] or b"").startswith(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7")

    codigo, stdout, stderr = leitor()
    assert (codigo, stdout, stderr.count("\n")) == (75, "", 1)
    assert "diário quente" in stderr
    assert "Rode o escritor, e depois leia de novo: " in stderr
    assert fotografar(semeado.parent) == meio, "o leitor não desfaz nem cria nada"

    codigo, _, stderr = escritor()
    assert (codigo, "o banco já tem usuários (3): nada a semear" in stderr) == (0, True)
    assert list(fotografar(semeado.parent)) == [semeado.name]
    assert pessoas(semeado) == AMOSTRA
    codigo, stdout, _ = leitor("listar", "--formato", "jsonl")
    assert (codigo, stdout.count("\n")) == (0, 3)


def test_kill_9_na_primeira_importacao(banco: Path, leitor: Programa) -> None:
    """Morto antes do primeiro COMMIT: não há o que ler, e o escritor recomeça do nada."""
    with importacao_em_curso(banco) as processo:
        processo.kill()
        assert processo.wait() == -signal.SIGKILL
    codigo, stdout, stderr = leitor()
    assert (codigo in {66, 75}, stdout, stderr.count("\n")) == (True, "", 1)
    assert "Rode o escritor, e depois leia de novo: " in stderr
    assert rodar(comando("escritor")).codigo == 0
    assert list(fotografar(banco.parent)) == [banco.name]
    assert pessoas(banco) == AMOSTRA
    assert leitor("verificar").codigo == 0
