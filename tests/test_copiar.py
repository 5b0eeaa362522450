"""`leitor copiar`: uma cópia inteira e verificada, ou nenhuma."""

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from leitor import destinos, verificacao
from leitor.banco import copia
from leitor.banco.leitura import Leitura
from tests.conftest import Programa
from tests.contrato import alterar, consultar, fotografar, pessoas
from tests.processos import (
    Saida,
    comando,
    esperar,
    iniciado,
    no_shell,
    rodar,
    sem_root,
    terminar,
    trava,
)


@pytest.fixture
def destino(tmp_path: Path) -> Path:
    """Onde pôr a cópia: outra pasta, que já existe."""
    pasta = tmp_path / "copias"
    pasta.mkdir()
    return pasta / "copia.db"


def test_a_copia_e_um_banco_igual(
    gravado: Path, destino: Path, leitor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As mesmas linhas e o mesmo livro; o leitor a verifica, e a origem nem muda."""
    antes = fotografar(gravado.parent)
    codigo, stdout, stderr = leitor("copiar", str(destino))
    assert (codigo, stdout) == (0, "")
    assert stderr == (
        f"[LEITOR] copiado: {gravado} → {destino}; usuários: 5, cada um em uma execução\n"
    )
    for tabela in ("usuarios", "execucoes"):
        sql = f"SELECT * FROM {tabela} ORDER BY id"
        assert consultar(destino, sql) == consultar(gravado, sql)
    assert list(fotografar(destino.parent)) == [destino.name]
    assert fotografar(gravado.parent) == antes
    monkeypatch.setenv("BANCO", str(destino))
    assert leitor("verificar").codigo == 0


@pytest.mark.parametrize("destino_diz", ["arquivo", "-"])
def test_um_banco_estragado_nao_se_copia(
    destino_diz: str, gravado: Path, destino: Path, leitor: Programa
) -> None:
    """65, e nem sombra de cópia; o controle é a mesma cópia antes do estrago."""
    alterar(gravado, "UPDATE usuarios SET nome = 'X' WHERE id = 1")
    onde = str(destino) if destino_diz == "arquivo" else "-"
    codigo, stdout, stderr = leitor("copiar", onde)
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)
    assert "lacre quebrado na execução 1" in stderr
    assert list(destino.parent.iterdir()) == []


def test_nunca_por_cima_sem_dizer(gravado: Path, destino: Path, leitor: Programa) -> None:
    """Um destino que existe fica como estava, 73; com --substituir, é trocado."""
    destino.write_text("precioso")
    codigo, stdout, stderr = leitor("copiar", str(destino))
    assert (codigo, stdout, stderr.count("\n")) == (73, "", 1)
    assert "já existe. Use outro nome, ou --substituir" in stderr
    assert fotografar(destino.parent) == {destino.name: b"precioso"}
    assert leitor("copiar", str(destino), "--substituir").codigo == 0
    assert pessoas(destino) == pessoas(gravado)


@pytest.mark.usefixtures("gravado")
def test_destino_que_aparece_durante_a_copia(
    destino: Path, leitor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quem criou o destino nesse meio-tempo não o perde."""
    publicar = copia._publicar

    def alguem_chega_antes(parcial: str, final: str, *, substituir: bool) -> None:
        destino.write_text("de outro")
        publicar(parcial, final, substituir=substituir)

    monkeypatch.setattr(copia, "_publicar", alguem_chega_antes)
    codigo, stdout, stderr = leitor("copiar", str(destino))
    assert (codigo, stdout) == (73, "")
    assert "já existe" in stderr
    assert fotografar(destino.parent) == {destino.name: b"de outro"}


@pytest.mark.parametrize(
    ("nome", "codigo"),
    [
        ("desafio2.db", 2),
        ("desafio2.db-journal", 2),
        (".", 2),
        ("x/", 2),
        ("nao/ha/x.db", 73),
    ],
)
def test_destinos_que_nao_servem(nome: str, codigo: int, gravado: Path, leitor: Programa) -> None:
    """O próprio banco, o diário dele, uma pasta, uma pasta que falta: nada muda."""
    antes = fotografar(gravado.parent)
    saida = leitor("copiar", f"{gravado.parent}/{nome}", "--substituir")
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (codigo, "", 1)
    assert fotografar(gravado.parent) == antes


@pytest.mark.usefixtures("gravado")
def test_diario_de_outro_banco_ao_lado(destino: Path, leitor: Programa) -> None:
    """Um diário com o nome da cópia seria aplicado a ela: recusa, 73."""
    (destino.parent / "copia.db-journal").write_bytes(b"x")
    codigo, _, stderr = leitor("copiar", str(destino))
    assert (codigo, "há um diário de outro banco ao lado" in stderr) == (73, True)
    assert not destino.exists()


def test_na_saida_padrao(gravado: Path, destino: Path) -> None:
    """`copiar - > copia.db` dá os bytes do banco, e só eles, em stdout."""
    saida = rodar(no_shell('"$@" > ' + str(destino), *comando("leitor", "copiar", "-")))
    assert (saida.codigo, saida.stdout) == (0, "")
    assert destino.read_bytes() == gravado.read_bytes()
    assert "verificado antes do primeiro byte" in saida.stderr


@pytest.mark.usefixtures("gravado")
def test_quem_recebia_saiu(importar: Callable[[str], Saida]) -> None:
    """Um pipe fechado no meio não é uma cópia: 74, ao contrário de uma lista."""
    linhas = "".join(f"Pessoa {i},p{i}@example.com\n" for i in range(5_000))  # mais que um pipe
    assert importar(f"nome,email\n{linhas}").codigo == 0
    linha = 'set -o pipefail; "$@" | head -c 10 >/dev/null'
    saida = rodar(no_shell(linha, *comando("leitor", "copiar", "-")))
    assert saida.codigo == 74
    assert "A cópia não está inteira" in saida.stderr


def test_trocado_no_meio(
    gravado: Path, leitor: Programa, modelos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Um banco restaurado entre verificar e copiar: 75, e nenhum byte do que não se verificou."""
    verificar = verificacao.verificar

    def trocar_depois(leitura: Leitura, *resto: Any) -> object:
        feito = verificar(leitura, *resto)
        novo = gravado.with_name("novo.db")
        novo.write_bytes((modelos / "semeado").read_bytes())
        novo.replace(gravado)
        return feito

    monkeypatch.setattr(copia, "verificar", trocar_depois)
    codigo, stdout, stderr = leitor("copiar", "-")
    assert (codigo, stdout) == (75, "")
    assert "foi restaurado durante a cópia" in stderr


@pytest.mark.usefixtures("gravado")
def test_num_terminal_nao(leitor: Programa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Um banco despejado no terminal não serve a ninguém: 2."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    codigo, stdout, stderr = leitor("copiar", "-")
    assert (codigo, stdout) == (2, "")
    assert "leitor copiar - > copia.db" in stderr


def test_enquanto_o_escritor_trabalha(gravado: Path, destino: Path, leitor: Programa) -> None:
    """Com uma transação aberta ao lado, a cópia é a do último estado confirmado."""
    with closing(sqlite3.connect(gravado, isolation_level=None)) as con:
        con.execute("BEGIN IMMEDIATE")
        con.execute("DELETE FROM usuarios")
        assert leitor("copiar", str(destino)).codigo == 0
        assert len(pessoas(destino)) == 5
        con.execute("ROLLBACK")


def test_com_a_trava_exclusiva_espera_e_desiste(
    gravado: Path, destino: Path, leitor: Programa
) -> None:
    """Além de BANCO_ESPERA, 75, e nada no destino."""
    with trava(gravado, "EXCLUSIVE"):
        codigo, _, stderr = leitor("copiar", str(destino))
    assert (codigo, "segurou a trava" in stderr) == (75, True)
    assert list(destino.parent.iterdir()) == []


@pytest.mark.usefixtures("gravado")
def test_o_resto_de_uma_copia_morta_nao_atrapalha(destino: Path, leitor: Programa) -> None:
    """Um parcial maior que o banco, de um kill -9, é recomeçado e some."""
    Path(f"{destino}{destinos.PARCIAL}").write_bytes(b"lixo" * 100_000)
    assert leitor("copiar", str(destino)).codigo == 0
    assert list(fotografar(destino.parent)) == [destino.name]
    assert consultar(destino, "PRAGMA integrity_check") == [("ok",)]


def test_duas_copias_para_o_mesmo_lugar(gravado: Path, destino: Path, leitor: Programa) -> None:
    """A segunda diz 75 e não toca na primeira, que termina inteira."""
    with copia._parcial(str(destino), str(destino)) as parcial:
        codigo, _, stderr = leitor("copiar", str(destino))
        assert (codigo, "outra cópia para ele está em curso" in stderr) == (75, True)
        assert Path(parcial).exists()
    assert leitor("copiar", str(destino)).codigo == 0
    assert pessoas(destino) == pessoas(gravado)


@pytest.mark.usefixtures("gravado")
def test_sigterm_nao_deixa_sobras(destino: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parada no meio, com 143, a cópia some; aqui ela espera por uma trava."""
    monkeypatch.setenv("BANCO_ESPERA", "30")
    parcial = Path(f"{destino}{destinos.PARCIAL}")
    with (
        trava(Path(os.environ["BANCO"]), "EXCLUSIVE"),
        iniciado(comando("leitor", "copiar", str(destino))) as processo,
    ):
        esperar(parcial.exists, "a cópia começar")
        processo.send_signal(signal.SIGTERM)
        assert terminar(processo).codigo == 143
    assert list(destino.parent.iterdir()) == []


def test_sem_permissao_no_destino(pasta_publica: Path, escritor: Programa) -> None:
    """73 com o uid e o que fazer."""
    banco = pasta_publica / "x.db"
    assert escritor("--banco", str(banco)).codigo == 0
    pasta_publica.chmod(0o555)
    saida = rodar(sem_root("leitor", "--banco", str(banco), "copiar", str(pasta_publica / "c.db")))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (73, "", 1)
    assert "não consegue criar a cópia (permissão negada)" in saida.stderr


@pytest.mark.usefixtures("gravado")
def test_disco_cheio(destino: Path) -> None:
    """Sem lugar para a cópia: 74 e nada no destino (aqui, o limite de tamanho do processo)."""
    cmd = comando("leitor", "copiar", str(destino))
    saida = rodar(no_shell('ulimit -f 8; trap "" XFSZ; "$@"', *cmd))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (74, "", 1), saida.stderr
    assert list(destino.parent.iterdir()) == []


def test_morta_ao_publicar_nao_poe_em_risco_a_copia_boa(
    gravado: Path, destino: Path, leitor: Programa
) -> None:
    """O parcial que já é a cópia, com outro nome, não é reescrito: a boa fica como está."""
    assert leitor("copiar", str(destino)).codigo == 0
    boa = destino.read_bytes()
    os.link(destino, f"{destino}{destinos.PARCIAL}")
    alterar(gravado, "UPDATE usuarios SET nome = 'X' WHERE id = 1")
    assert leitor("copiar", str(destino), "--substituir").codigo == 65
    assert fotografar(destino.parent) == {destino.name: boa}
