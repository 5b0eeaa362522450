"""Onde o escritor não pode gravar: 73, com o uid do processo e o comando exato."""

from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import fotografar
from tests.processos import GID, UID, rodar, sem_root


def conferir(banco: Path, pasta: Path) -> None:
    """Roda o escritor sem root e confere que nada mudou na pasta."""
    antes = fotografar(pasta)
    saida = rodar(sem_root("escritor", "--banco", str(banco)))
    assert (saida.codigo, saida.stdout) == (73, ""), saida.stderr
    assert saida.stderr.startswith(
        f"[ESCRITOR] ERRO: {banco}: o uid {UID} não consegue gravar em {pasta} ("
    )
    assert f"-R {UID}:{GID} " in saida.stderr
    assert "chown" in saida.stderr
    assert saida.stderr.endswith(f" {pasta}\n")
    assert saida.stderr.count("\n") == 1
    assert fotografar(pasta) == antes


def test_pasta_de_outro_dono(pasta_publica: Path) -> None:
    """Sem poder criar o arquivo."""
    pasta_publica.chmod(0o555)
    conferir(pasta_publica / "x.db", pasta_publica)


def test_pasta_que_nao_da_para_criar(pasta_publica: Path) -> None:
    """Sem poder criar a pasta: a mensagem fala da que existe."""
    pasta_publica.chmod(0o555)
    conferir(pasta_publica / "nova" / "outra" / "x.db", pasta_publica)


@pytest.mark.parametrize(("arquivo", "pasta"), [(0o444, 0o777), (0o666, 0o555), (0o444, 0o555)])
def test_banco_que_ja_existe(
    arquivo: int, pasta: int, pasta_publica: Path, escritor: Programa
) -> None:
    """Sem poder escrever no arquivo, ou sem poder pôr o diário ao lado dele."""
    banco = pasta_publica / "x.db"
    assert escritor("--banco", str(banco)).codigo == 0
    banco.chmod(arquivo)
    pasta_publica.chmod(pasta)
    conferir(banco, pasta_publica)


@pytest.mark.parametrize("caminho", ["arquivo/x.db", "arquivo/sub/x.db"])
def test_um_arquivo_no_lugar_da_pasta(caminho: str, tmp_path: Path, escritor: Programa) -> None:
    """Uma parte do caminho que não é pasta: 73, e o que corrigir."""
    (tmp_path / "arquivo").write_text("x")
    codigo, stdout, stderr = escritor("--banco", f"{tmp_path}/{caminho}")
    assert (codigo, stdout, stderr.count("\n")) == (73, "", 1)
    assert f"{tmp_path}/{caminho}: não dá para criar (" in stderr
    assert stderr.endswith("Corrija BANCO.\n")
    assert fotografar(tmp_path) == {"arquivo": b"x"}
