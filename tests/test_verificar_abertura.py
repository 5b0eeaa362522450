"""O leitor não fica à espera do que não é um arquivo, e diz a verdade do que não se abre."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import fotografar
from tests.processos import comando, rodar
from tests.verificacao import conferir


@pytest.mark.parametrize("criar", [Path.mkdir, os.mkfifo], ids=["pasta", "fifo"])
def test_o_que_nao_e_arquivo(criar: Callable[[Path], None], banco: Path) -> None:
    """Uma pasta ou um FIFO no lugar do banco: 65 na hora, sem ficar à espera."""
    banco.parent.mkdir()
    criar(banco)
    antes = fotografar(banco.parent)
    saida = rodar(comando("leitor"))
    assert (saida.codigo, saida.stdout) == (65, "")
    assert saida.stderr == f"[LEITOR] ERRO: {banco}: não é um arquivo comum. Corrija BANCO.\n"
    assert fotografar(banco.parent) == antes


@pytest.mark.parametrize("sufixo", ["-journal", "-wal"])
@pytest.mark.parametrize("conteudo", [b"", None], ids=["sem dados", "com o banco"])
def test_fifo_ao_lado_do_banco(sufixo: str, conteudo: bytes | None, gravado: Path) -> None:
    """Um FIFO com o nome do diário: 65 na hora, sem ficar à espera de quem lhe escreva."""
    if conteudo is not None:
        gravado.write_bytes(b"texto\n" * 100)  # nem para decidir se o começo se perdeu
    os.mkfifo(f"{gravado}{sufixo}")
    antes = fotografar(gravado.parent)
    saida = rodar(comando("leitor"))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (65, "", 1)
    if conteudo is None or sufixo == "-journal":
        assert f"ao lado, {gravado.name}{sufixo} não é um arquivo comum" in saida.stderr
    assert fotografar(gravado.parent) == antes


def test_wal_vazio_nao_quer_dizer_nada(gravado: Path, leitor: Programa) -> None:
    """Ao lado de um banco em diário de rollback, um -wal de 0 byte é como se não houvesse."""
    gravado.with_name(f"{gravado.name}-wal").touch()
    conferir(leitor, gravado, 0, None)
    gravado.with_name(f"{gravado.name}-wal").write_bytes(b"x")
    assert "modo WAL" in conferir(leitor, gravado, 75, "abertura")


def test_erro_ao_ler_o_comeco(gravado: Path, ferramenta: Callable[[str], str]) -> None:
    """Um EIO na primeira leitura é uma falha do disco em que o banco está, e não da saída."""
    strace = [ferramenta("strace"), "-qq", "-o", "/dev/null", "-P", str(gravado)]
    for chamadas in ("read", "pread64"):
        injetado = ["-e", f"inject={chamadas}:error=EIO"]
        saida = rodar([*strace, "-e", f"trace={chamadas}", *injetado, *comando("leitor")])
        assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (74, "", 1)
        assert saida.stderr.startswith(f"[LEITOR] ERRO: {gravado}: erro de ")
        assert "a saída padrão" not in saida.stderr
