"""Cópias e volumes antigos com engine de verdade: o que o README manda rodar."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.contrato import AMOSTRA, INSERE_COMUM, VERSAO_COMUM
from tests.docker.apoio import PRAZO, Projeto, ambiente_limpo
from tests.docker.volume import ARQUIVO, UID, ler_banco
from tests.processos import RAIZ

pytestmark = pytest.mark.docker


def copiar(projeto: Projeto, *antes: str) -> bytes:
    """Roda `leitor copiar -` e devolve os bytes que saem em stdout."""
    comando = projeto.comando("run", "--rm", "--no-deps", "-T", *antes, "leitor", "copiar", "-")
    feito = subprocess.run(
        comando, cwd=RAIZ, env=ambiente_limpo(), capture_output=True, timeout=PRAZO, check=False
    )
    assert feito.returncode == 0, feito.stderr
    return feito.stdout


def test_a_copia_na_saida_padrao_e_o_arquivo_do_volume(projeto: Projeto) -> None:
    """Byte por byte, e um banco que se lê fora dali."""
    projeto.compose("up")
    dados = copiar(projeto)
    assert dados == projeto.volume.arquivos()[ARQUIVO]
    assert ler_banco(dados).pessoas == AMOSTRA


def test_copia_numa_pasta_montada_e_restauracao(projeto: Projeto, tmp_path: Path) -> None:
    """Uma pasta do hospedeiro recebe a cópia; ela volta ao volume, e o que havia fica datado."""
    tmp_path.chmod(0o755)
    pasta = tmp_path / "copias"
    pasta.mkdir()
    os.chown(pasta, UID, UID)
    projeto.compose("up")
    montagem = ("-v", f"{pasta}:/copias")
    projeto.compose(
        *("run", "--rm", "--no-deps", "-T", *montagem, "leitor", "copiar", "/copias/hoje.db")
    )
    assert [item.name for item in pasta.iterdir()] == ["hoje.db"]
    projeto.compose(
        *("run", "--rm", "-T", "escritor", "importar", "-"),
        entrada="nome,email\nInês Araújo,ines@example.com\n",
    )
    assert len(projeto.volume.banco().execucoes) == 2
    feito = projeto.compose(
        *("run", "--rm", "-T", *montagem, "escritor", "restaurar", "/copias/hoje.db")
    )
    assert "o banco que havia ficou em /data/desafio2.db.antes-de-" in feito.stderr
    arquivos = projeto.volume.arquivos()
    assert arquivos.pop(ARQUIVO) == (pasta / "hoje.db").read_bytes()
    [guardado] = arquivos.values()
    assert len(ler_banco(guardado).execucoes) == 2
    projeto.compose("run", "--rm", "--no-deps", "leitor")


def test_volume_da_versao_comum(projeto: Projeto) -> None:
    """O leitor diz 78; um `up` adota o volume e lista; a cópia do que era fica no volume."""
    with closing(sqlite3.connect(":memory:")) as con:
        con.execute(VERSAO_COMUM)
        for dia in (1, 2):
            for pessoa in AMOSTRA:
                con.execute(INSERE_COMUM, (*pessoa, f"2025-12-0{dia}T14:30:00.123456"))
        con.commit()
        antigo = con.serialize()
    projeto.compose("create")
    projeto.volume.gravar(ARQUIVO, antigo)
    recusa = projeto.compose("run", "--rm", "--no-deps", "leitor", codigo=os.EX_CONFIG)
    assert "é da versão comum deste exercício" in recusa.stderr
    feito = projeto.compose("up")
    assert "adotado: /data/desafio2.db era da versão comum" in feito.stdout + feito.stderr
    arquivos = projeto.volume.arquivos()
    banco = ler_banco(arquivos.pop(ARQUIVO))
    assert (banco.pessoas, [e["origem"] for e in banco.execucoes]) == (
        AMOSTRA,
        ["adocao"],
    )
    assert len(arquivos) == 1
