"""Uma falha depois de algo confirmado não diz que nada foi feito: diz o que ficou."""

import signal
import sys
from pathlib import Path

import pytest

from escritor.copias import restauracao
from leitor import destinos
from tests.conftest import Programa
from tests.contrato import AMOSTRA, alterar, pessoas
from tests.processos import Saida, alimentar, comando, esperar, iniciado, rodar, terminar

FICOU = "além da adoção nada foi gravado"
# O leitor, com um sinal a chegar durante o último fsync, o da pasta, ou logo antes do nome.
INTERROMPE_A_COPIA = """
import os, sys
from leitor import app, banco
from leitor.banco import copia
vezes = 0
original = copia._firmar
def firmar(caminho):
    global vezes
    vezes += 1
    if vezes == int(sys.argv[1]):
        os.kill(os.getpid(), int(sys.argv[2]))
    original(caminho)
copia._firmar = firmar
sys.exit(app.main(sys.argv[3:], banco=banco))
"""


@pytest.mark.parametrize(
    ("dados", "opcoes", "motivo"),
    [
        ("nome,email\nsem-arroba,x\n", [], "a.csv:2: email: 'x' não é um e-mail. Além da adoção"),
        ("nome,email\n,\n,\n", [], f"linhas recusadas: 2; {FICOU}"),
        ("nome,email\nA,joao@example.com\n", ["--conflito", "falhar"], f"já existe; {FICOU}"),
        ('nome,email\nA,"a@x.com\n', [], "aspas abertas e nunca fechadas. Além da adoção nada"),
    ],
)
def test_arquivo_recusado_depois_da_adocao(
    dados: str, opcoes: list[str], motivo: str, comum: Path, escritor: Programa, tmp_path: Path
) -> None:
    """65: a adoção ficou, e é dito; na segunda vez, já sem adoção, nada foi gravado mesmo."""
    (tmp_path / "a.csv").write_text(dados)
    argv = ["importar", str(tmp_path / "a.csv"), *opcoes]
    codigo, stdout, stderr = escritor(*argv)
    assert (codigo, stdout) == (65, "")
    assert stderr.startswith("[ESCRITOR] adotado: ")
    assert motivo in stderr.splitlines()[-1]
    assert pessoas(comum) == AMOSTRA
    codigo, _, stderr = escritor(*argv)
    assert (codigo, "adoção" in stderr, "ada foi gravado" in stderr) == (65, False, True)


@pytest.mark.parametrize(("sinal", "codigo"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_sinal_depois_da_adocao(sinal: signal.Signals, codigo: int, comum: Path) -> None:
    """Interrompido à espera das linhas, com o banco já adotado."""
    with iniciado(comando("escritor", "importar", "-")) as processo:
        alimentar(processo, b"nome,email\n")
        esperar(lambda: comum.read_bytes()[68:72] == b"DSF2", "a adoção")
        esperar(lambda: not Path(f"{comum}-journal").exists(), "o COMMIT dela")
        processo.send_signal(sinal)
        saida = terminar(processo)
    assert (saida.codigo, saida.stdout) == (codigo, "")
    assert saida.stderr.startswith("[ESCRITOR] adotado: ")
    assert saida.stderr.endswith(f"a transação foi desfeita e {FICOU}. Rode de novo.\n")
    assert pessoas(comum) == AMOSTRA


def test_disco_que_falha_depois_da_troca(
    semeado: Path, copia: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restauração já está no lugar quando o fsync da pasta falha: 74, e é o que se diz."""

    def falhar(_caminho: str) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(restauracao, "firmar", falhar)
    codigo, stdout, stderr = escritor("restaurar", str(copia))
    assert (codigo, stdout, stderr.count("\n")) == (74, "", 1)
    assert "a cópia já está no lugar" in stderr
    assert "nada" not in stderr
    assert len(pessoas(semeado)) == 5


def interrompida(vez: int, sinal: signal.Signals, *argv: str) -> Saida:
    """Copia com um sinal a chegar no fsync de número `vez`."""
    cmd = [sys.executable, "-c", INTERROMPE_A_COPIA, str(vez), str(int(sinal))]
    return rodar(["env", "--default-signal=INT", *cmd, "copiar", *argv])


@pytest.mark.parametrize("sinal", [signal.SIGINT, signal.SIGTERM])
def test_sinal_com_a_copia_ja_no_lugar(
    sinal: signal.Signals, gravado: Path, tmp_path: Path
) -> None:
    """O destino já é outro: o sinal chegou tarde, e o que se diz é o que se fez, com 0."""
    destino = tmp_path / "copia.db"
    destino.write_text("a de ontem")
    saida = interrompida(2, sinal, str(destino), "--substituir")
    assert (saida.codigo, saida.stdout) == (0, "")
    assert saida.stderr.startswith(f"[LEITOR] copiado: {gravado} → {destino}; ")
    assert saida.stderr.count("\n") == 1
    assert pessoas(destino) == pessoas(gravado)


@pytest.mark.parametrize(("sinal", "codigo"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.usefixtures("gravado")
def test_sinal_antes_de_a_copia_ter_o_nome(
    sinal: signal.Signals, codigo: int, tmp_path: Path
) -> None:
    """Um fsync antes: interrompe, e a cópia de ontem fica como estava, sem sobras."""
    destino = tmp_path / "copia.db"
    destino.write_text("a de ontem")
    saida = interrompida(1, sinal, str(destino), "--substituir")
    assert (saida.codigo, "copiado" in saida.stderr) == (codigo, False)
    assert destino.read_text() == "a de ontem"
    assert not Path(f"{destino}{destinos.PARCIAL}").exists()


def test_os_sinais_voltam_a_ser_o_que_eram(gravado: Path, leitor: Programa, tmp_path: Path) -> None:
    """Depois de uma cópia que falhou, um Ctrl-C é outra vez um Ctrl-C."""
    antes = [signal.getsignal(sinal) for sinal in (signal.SIGINT, signal.SIGTERM)]
    alterar(gravado, "UPDATE usuarios SET nome = 'Outra' WHERE id = 2")
    assert leitor("copiar", str(tmp_path / "copia.db")).codigo == 65
    assert [signal.getsignal(sinal) for sinal in (signal.SIGINT, signal.SIGTERM)] == antes
    assert not (tmp_path / "copia.db").exists()


DEPOIS_DE_MAIN = """
import os, runpy, signal
from leitor import console
def calar(_):
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
console.calar = calar
runpy.run_module("leitor", run_name="__main__", alter_sys=True)
"""


@pytest.mark.usefixtures("banco")
def test_um_sinal_depois_de_tudo_dito() -> None:
    """Entre o fim de main e o do processo, o código continua a ser o do que se fez."""
    saida = rodar(["env", "--default-signal=INT", sys.executable, "-c", DEPOIS_DE_MAIN])
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (66, "", 1)
    assert "interrompido" not in saida.stderr
