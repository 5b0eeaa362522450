"""A cópia, a restauração e a mudança de um motor para o outro: a prova vai junto."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.nos_dois_motores.conftest import MOTORES, Vazio
from tests.nos_dois_motores.motor import Motor, NoSQLite
from tests.processos import comando, no_shell, rodar


@pytest.mark.parametrize("para", MOTORES)
def test_ida_e_volta(para: str, historia: Motor, vazio: Vazio, tmp_path: Path) -> None:
    """Copiada, restaurada no outro e copiada de volta: cada byte de cada linha, e a âncora."""
    ida, volta = tmp_path / "ida.db", tmp_path / "volta.db"
    ancora = historia.leitor("verificar").stdout.splitlines()[-2].removeprefix("âncora:  ")
    assert historia.leitor("copiar", str(ida)).codigo == 0
    outro = vazio(para)
    assert outro.gravar("restaurar", str(ida)) == ancora
    assert outro.leitor("copiar", str(volta)).codigo == 0

    assert outro.tudo() == historia.tudo()
    for copia in (ida, volta):
        assert NoSQLite(copia).tudo() == historia.tudo()
    em_linhas = ("listar", "--formato", "jsonl", "--ancora", ancora)
    assert outro.leitor(*em_linhas)[:2] == (0, historia.leitor(*em_linhas).stdout)
    outro.gravar("importar", "-", entrada="nome,email\nNova,nova@x.com\n")  # e dali se continua
    assert len(outro.provado()) == 5


def test_pelos_canos(historia: Motor, vazio: Vazio, tmp_path: Path) -> None:
    """`copiar - > copia.db` e `restaurar - < copia.db`; nada fica na pasta temporária."""
    copia, temporaria = tmp_path / "copia.db", tmp_path / "temporaria"
    temporaria.mkdir()
    linha = 'TMPDIR="$1" "${@:3}" > "$2"'
    saida = rodar(
        no_shell(linha, str(temporaria), str(copia), *historia.comando("leitor", "copiar", "-"))
    )
    assert saida.codigo == 0, saida
    assert (
        saida.stderr
        == f"[LEITOR] copiado: {historia.mostrado}, verificado antes do primeiro byte\n"
    )
    assert list(temporaria.iterdir()) == []
    outro = vazio("postgres" if historia.pacote else "sqlite")
    assert rodar(outro.comando("escritor", "restaurar", "-"), copia.read_bytes()).codigo == 0
    assert outro.tudo() == historia.tudo()


def test_uma_copia_mexida_e_recusada(mexida: Motor, vazio: Vazio, tmp_path: Path) -> None:
    """65, com a regra, e o banco que a receberia continua como estava."""
    copia = tmp_path / "copia.db"
    assert mexida.leitor("copiar", str(copia)).codigo == 0
    NoSQLite(copia).alterar("UPDATE usuarios SET nome = 'Outra' WHERE id = 2")
    outro = vazio("postgres" if mexida.pacote else "sqlite")
    outro.gravar()
    antes = outro.tudo()
    codigo, stdout, stderr = outro.escritor("restaurar", str(copia))
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)
    assert "; não foi restaurado, o banco está como estava. Use outra.\n" in stderr
    assert outro.tudo() == antes


def test_a_copia_nao_passa_por_cima(historia: Motor, tmp_path: Path) -> None:
    """73 se já existe algo lá; com --substituir, troca."""
    copia = tmp_path / "copia.db"
    copia.write_text("precioso")
    codigo, stdout, stderr = historia.leitor("copiar", str(copia))
    assert (codigo, stdout, stderr.count("\n")) == (73, "", 1)
    assert copia.read_text() == "precioso"
    assert historia.leitor("copiar", str(copia), "--substituir").codigo == 0
    assert NoSQLite(copia).tudo() == historia.tudo()
    assert rodar(comando("leitor", "verificar", "--banco", str(copia))).codigo == 0
