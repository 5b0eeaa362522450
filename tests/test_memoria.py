"""A memória não cresce com as linhas: o dobro ou o triplo de usuários, quase o mesmo pico."""

import sys
from pathlib import Path

import pytest

from tests.contrato import consultar
from tests.processos import comando, rodar

FOLGA = 4 * 1024  # KiB; guardar 100 mil linhas a mais custaria o dobro, ou mais
FORMATOS = ("tabela", "json", "jsonl", "csv", "markdown", "html")
# O pico é o VmHWM do próprio processo: o ru_maxrss de um filho herda o do pai.
PICO = """
import os, runpy, sys
saida = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
try:
    runpy.run_module("{0}", run_name="__main__", alter_sys=True)
except SystemExit as fim:
    codigo = fim.code
with open("/proc/self/status") as estado:
    pico = next(linha.split()[1] for linha in estado if linha.startswith("VmHWM"))
os.write(saida, f"{{codigo}} {{pico}}".encode())
"""


def pico(programa: str, *argv: str, entrada: bytes = b"") -> int:
    """Roda o programa até o fim e devolve o pico de memória dele, em KiB."""
    saida = rodar([sys.executable, "-c", PICO.format(programa), *argv], entrada)
    codigo, kib = saida.stdout.split()
    assert codigo == "0", saida.stderr
    return int(kib)


def linhas(quantas: int) -> bytes:
    """Um CSV com tantas pessoas."""
    corpo = "".join(f"Pessoa da Silva {i},pessoa{i}@exemplo.com.br\n" for i in range(quantas))
    return f"nome,email\n{corpo}".encode()


def crescimento(picos: list[int]) -> int:
    """Devolve quanto o último pico passa do primeiro, em KiB."""
    return picos[-1] - picos[0]


def test_escritor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """O importador, de 150 mil para 350 mil linhas: antes disso os caches ainda enchem."""
    picos = []
    for quantas in (150_000, 350_000):
        banco = tmp_path / f"{quantas}.db"
        monkeypatch.setenv("BANCO", str(banco))
        picos.append(pico("escritor", "importar", "-", entrada=linhas(quantas)))
        assert consultar(banco, "SELECT count(*) FROM usuarios") == [(quantas,)]
    assert crescimento(picos) < FOLGA, picos


def test_leitor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """O leitor, em cada formato, de 50 mil para 150 mil linhas."""
    picos: dict[str, list[int]] = {formato: [] for formato in FORMATOS}
    for quantas in (50_000, 150_000):
        monkeypatch.setenv("BANCO", str(tmp_path / f"{quantas}.db"))
        assert rodar(comando("escritor", "importar", "-"), linhas(quantas)).codigo == 0
        for formato in FORMATOS:
            picos[formato].append(pico("leitor", "listar", "--formato", formato))
    assert {formato: kib for formato, kib in picos.items() if crescimento(kib) >= FOLGA} == {}
    assert rodar(comando("leitor", "verificar")).codigo == 0


def test_controle_guardar_as_linhas_passaria_da_folga(tmp_path: Path) -> None:
    """Controle negativo: a mesma medida acusa um programa que guarda o que lê."""
    modulo = tmp_path / "guloso"
    modulo.mkdir()
    (modulo / "__init__.py").touch()
    (modulo / "__main__.py").write_text(
        "import sys\n"
        "quantas = range(int(sys.argv[1]))\n"
        "guardadas = [(i, f'Pessoa da Silva {i}', f'p{i}@x.com') for i in quantas]\n"
        "sys.exit(0 if guardadas else 1)\n"
    )
    python = [sys.executable, "-c", PICO.format("guloso")]
    poucas, muitas = (
        int(rodar([*python, quantas], pasta=tmp_path).stdout.split()[1])
        for quantas in ("10000", "80000")
    )
    assert muitas - poucas > FOLGA
