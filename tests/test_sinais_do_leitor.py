"""O leitor interrompido: não tem o que desfazer, mas não finge que terminou."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import fotografar
from tests.processos import PRAZO, comando, esperar, fluxo, iniciado

LINHAS = "nome,email\n" + "".join(f"Pessoa {i},p{i}@x.com\n" for i in range(20_000))


@contextmanager
def lista_pela_metade(banco: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Um leitor parado no meio da lista, porque ninguém lê o resto do pipe."""
    with iniciado(comando("leitor", "listar", "--formato", "jsonl", "--banco", str(banco))) as p:
        assert fluxo(p.stdout).read(1) == b"{"
        esperar(lambda: "State:\tS" in Path(f"/proc/{p.pid}/status").read_text(), "o pipe encher")
        yield p


@pytest.fixture(name="longo")
def _longo(banco: Path, escritor: Programa, tmp_path: Path) -> Path:
    """Um banco cuja lista não cabe num pipe."""
    arquivo = tmp_path / "longo.csv"
    arquivo.write_text(LINHAS)
    assert escritor("importar", str(arquivo)).codigo == 0
    return banco


def test_sigint(longo: Path) -> None:
    """Ctrl-C no meio da lista: 130 e uma linha, sem traceback."""
    antes = fotografar(longo.parent)
    with lista_pela_metade(longo) as processo:
        processo.send_signal(signal.SIGINT)
        resto, erro = processo.communicate(timeout=PRAZO)
    assert processo.returncode == 130
    assert resto.count(b"\n") < 20_000
    *prova, fim = erro.decode().splitlines()
    assert fim == "[LEITOR] interrompido; o banco não foi alterado."
    assert len(prova) == 5
    assert fotografar(longo.parent) == antes


def test_sigterm(longo: Path) -> None:
    """`docker stop` no meio da lista: morre pelo sinal, que para quem espera é 143."""
    antes = fotografar(longo.parent)
    with lista_pela_metade(longo) as processo:
        processo.send_signal(signal.SIGTERM)
        resto, erro = processo.communicate(timeout=PRAZO)
    assert processo.returncode in {-signal.SIGTERM, 143}
    assert resto.count(b"\n") < 20_000
    assert "Traceback" not in erro.decode()
    assert fotografar(longo.parent) == antes
