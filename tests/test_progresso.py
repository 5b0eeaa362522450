"""O andamento do que demora: só em stderr, só quando demora, e calado se pedido."""

import sys
import threading
from pathlib import Path

import pytest

from escritor.copias import linhagem
from escritor.entrada import progresso
from tests.conftest import Programa
from tests.contrato import consultar, pessoas

LINHAS = "nome,email\n" + "".join(f"Pessoa {i},p{i}@x.com\n" for i in range(30_000))


@pytest.fixture
def grande(tmp_path: Path) -> Path:
    """Um arquivo de vários trechos."""
    arquivo = tmp_path / "grande.csv"
    arquivo.write_text(LINHAS)
    return arquivo


def sem_pressa(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    """Faz de conta que cada trecho demora, e que stderr é ou não um terminal."""
    monkeypatch.setattr(progresso, "SILENCIO_INICIAL", 0.0)
    monkeypatch.setattr(progresso, "ENTRE_LINHAS", 0.0)
    monkeypatch.setattr(progresso, "ENTRE_QUADROS", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)


def test_curta_nao_mostra_nada(grande: Path, escritor: Programa) -> None:
    """Uma importação que acaba antes do silêncio inicial só diz o resultado."""
    codigo, stdout, stderr = escritor("importar", str(grande))
    assert (codigo, stdout, stderr.count("\n")) == (0, "", 4)


def test_linhas_fora_do_terminal(
    grande: Path, banco: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linhas simples, com fração, quantidade, ritmo e o que falta; nada em stdout."""
    sem_pressa(monkeypatch, terminal=False)
    codigo, stdout, stderr = escritor("importar", str(grande))
    assert (codigo, stdout) == (0, "")
    linhas = stderr.splitlines()
    assert all(linha.startswith("[ESCRITOR] ") for linha in linhas)
    assert "linhas: " in linhas[0]
    assert "faltam" in linhas[0]
    assert "\r" not in stderr
    assert any("linhas lidas: 30.000; ordenando e selando" in linha for linha in linhas)
    assert consultar(banco, "SELECT count(*) FROM usuarios") == [(30_000,)]


def test_uma_linha_viva_no_terminal(
    grande: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No terminal, a mesma linha se refaz e some no fim; o resumo vem limpo."""
    sem_pressa(monkeypatch, terminal=True)
    codigo, stdout, stderr = escritor("importar", str(grande))
    assert (codigo, stdout) == (0, "")
    quadros, _, resumo = stderr.rpartition("\r\x1b[K")
    assert "█" in quadros
    assert "░" in quadros
    assert "\n" not in quadros
    assert resumo.count("\n") == 4


def test_silencioso(grande: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch) -> None:
    """--silencioso cala o andamento, e só ele."""
    sem_pressa(monkeypatch, terminal=True)
    codigo, stdout, stderr = escritor("importar", str(grande), "--silencioso")
    assert (codigo, stdout, stderr.count("\n")) == (0, "", 4)
    assert "\r" not in stderr


def test_um_arquivo_ja_recusado_mostra_que_o_resto_e_lido(
    grande: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enquanto se contam as outras recusas, o andamento segue; e não promete selar nada."""
    grande.write_text(LINHAS.replace("p0@x.com", "sem-arroba"))
    sem_pressa(monkeypatch, terminal=False)
    codigo, stdout, stderr = escritor("importar", str(grande))
    assert (codigo, stdout) == (65, "")
    *andamento, recusa = stderr.splitlines()
    assert len(andamento) > 1
    assert "100%  linhas: 30.000" in andamento[-1]
    assert "grande.csv:2: email: 'sem-arroba' não é um e-mail" in recusa
    assert "selando" not in stderr


def test_restaurar_que_demora_diz_ha_quanto_tempo(
    semeado: Path, copia: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Depois de DEMORA, uma linha; o que acaba antes não diz nada."""
    assert "há " not in escritor("restaurar", str(copia)).stderr
    dita = threading.Event()
    escrever = progresso.Espera._escrever

    def avisar(espera: progresso.Espera, texto: str) -> None:
        escrever(espera, texto)
        dita.set()

    def esperar_ser_dita(*_: object) -> str:
        assert dita.wait(20), "o andamento não apareceu"
        return ""

    monkeypatch.setattr(progresso, "DEMORA", 0.01)
    monkeypatch.setattr(progresso.Espera, "_escrever", avisar)
    monkeypatch.setattr(linhagem, "comparar", esperar_ser_dita)
    codigo, _, stderr = escritor("restaurar", str(copia))
    assert (codigo, pessoas(semeado)) == (0, pessoas(copia))
    assert stderr.startswith("[ESCRITOR] recebendo e conferindo a cópia: há 0 s\n")
