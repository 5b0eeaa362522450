"""A entrada que não se lê, ou se lê pela metade: diz-se dela, e não da saída nem do banco."""

import gzip
import os
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import AMOSTRA, fotografar, pessoas
from tests.processos import comando, no_shell, rodar

CSV = "nome,email\n" + "".join(f"Pessoa {i},p{i}@x.com\n" for i in range(2_000))


@pytest.mark.parametrize("pedido", ["importar", "restaurar"])
def test_a_primeira_leitura_falha(pedido: str, semeado: Path) -> None:
    """/proc/self/mem abre e não se lê: 74, uma linha sobre a entrada, e nada muda."""
    antes = fotografar(semeado.parent)
    saida = rodar(comando("escritor", pedido, "/proc/self/mem"))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (74, "", 1)
    assert "mem: falha ao ler (erro de entrada e saída). Nada foi" in saida.stderr
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize("pedido", ["importar", "restaurar"])
@pytest.mark.parametrize(
    ("entrada", "codigo", "motivo"),
    [("<&-", 66, "a entrada padrão está fechada"), ("0>/dev/null", 74, "não está aberta para")],
)
def test_entrada_padrao_que_nao_se_le(
    entrada: str, codigo: int, motivo: str, pedido: str, semeado: Path
) -> None:
    """Fechada, ou aberta só para escrita."""
    antes = fotografar(semeado.parent)
    saida = rodar(no_shell(f'exec "$@" {entrada}', *comando("escritor", pedido, "-")))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (codigo, "", 1)
    assert "entrada padrão" in saida.stderr
    assert motivo in saida.stderr
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize("pedido", ["importar", "restaurar"])
def test_uma_pasta(pedido: str, semeado: Path, escritor: Programa, tmp_path: Path) -> None:
    """66, e é dela que se fala."""
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor(pedido, str(tmp_path))
    assert (codigo, stdout, stderr.count("\n")) == (66, "", 1)
    assert f"{tmp_path}: " in stderr
    assert "é uma pasta" in stderr
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize(
    ("sobra", "codigo", "motivo"),
    [
        (b"", 0, ""),
        (bytes(1_000), 0, ""),
        (gzip.compress(b"Ana,ana@x.com\n"), 0, ""),
        (b"\xff\xff\xff\xff", 65, "há bytes depois do fim do gzip"),
        (b"x", 65, "há bytes depois do fim do gzip"),
        (gzip.compress(b"Ana,ana@x.com\n")[:15], 65, "gzip corrompido ou cortado"),
    ],
    ids=["nada", "zeros", "outro membro", "quatro bytes", "um byte", "outro, cortado"],
)
def test_depois_do_gzip(
    sobra: bytes, codigo: int, motivo: str, semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """Zeros e outro membro fazem parte (RFC 1952); o resto é 65, e não falta de espaço."""
    arquivo = tmp_path / "a.csv.gz"
    arquivo.write_bytes(gzip.compress(CSV.encode()) + sobra)
    saida = escritor("importar", str(arquivo))
    assert saida.codigo == codigo, saida.stderr
    assert motivo in saida.stderr
    assert (len(pessoas(semeado)) > 2_000) == (codigo == 0)


@pytest.mark.parametrize("cortados", [1, 4, 8, 20, 1_000])
def test_gzip_cortado(cortados: int, semeado: Path, escritor: Programa, tmp_path: Path) -> None:
    """Onde quer que acabe, e digam o que disserem os quatro últimos bytes: 65."""
    arquivo = tmp_path / "a.csv.gz"
    aleatorio = "".join(f"{os.urandom(8).hex()},{os.urandom(8).hex()}@x.com\n" for _ in range(999))
    arquivo.write_bytes(gzip.compress(f"nome,email\n{aleatorio}".encode())[:-cortados] + b"")
    codigo, stdout, stderr = escritor("importar", str(arquivo))
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)
    assert "a.csv.gz: gzip corrompido ou cortado. Nada foi gravado" in stderr
    assert pessoas(semeado) == AMOSTRA


def test_o_tamanho_que_o_gzip_diz_nao_conta(
    semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """Um fim que promete 4 GiB não é lido antes da hora: é o gzip que está estragado."""
    arquivo = tmp_path / "a.csv.gz"
    arquivo.write_bytes(gzip.compress(CSV.encode())[:-4] + b"\xff\xff\xff\xff")
    codigo, _, stderr = escritor("importar", str(arquivo))
    assert (codigo, "gzip corrompido ou cortado" in stderr) == (65, True)
    assert pessoas(semeado) == AMOSTRA
