"""Com montagens de verdade: o que cabe entra, o que não cabe não deixa sobras, chattr é dito."""

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.campanhas.ext4 import Ext4, falta_no_kernel
from tests.contrato import AMOSTRA, fotografar, pessoas
from tests.processos import comando, rodar

NOME = "N" * 900  # linhas compridas: o índice é pouco ao lado delas


@pytest.fixture(name="tmpfs")
def _tmpfs(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Monta um disco em memória do tamanho pedido; pulado, e dito, para quem não é root."""
    ponto = tmp_path / "disco"
    ponto.mkdir()

    def montar(tamanho: str) -> Path:
        cmd = ["mount", "-t", "tmpfs", "-o", f"size={tamanho}", "tmpfs", str(ponto)]
        feito = subprocess.run(cmd, capture_output=True, check=False)
        if feito.returncode:
            pytest.skip("ATENÇÃO: não dá para montar um tmpfs; rode como root para este teste")
        return ponto

    yield montar
    if ponto.is_mount():
        subprocess.run(["umount", str(ponto)], check=True)


def test_o_que_cabe_entra(
    tmpfs: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """9 MB de nomes compridos, 30 MiB livres: nenhum palpite os recusa, nem de um arquivo."""
    monkeypatch.setenv("BANCO", f"{tmpfs('30m')}/desafio2.db")
    arquivo = tmp_path / "longos.csv"
    arquivo.write_text("nome,email\n" + "".join(f"{NOME},p{i}@x.com\n" for i in range(10_100)))
    saida = rodar(comando("escritor", "importar", str(arquivo)))
    assert saida.codigo == 0, saida.stderr
    assert len(pessoas(Path(os.environ["BANCO"]))) == 10_100


def test_a_copia_a_restaurar_que_nao_cabe(
    tmpfs: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quem diz que o disco encheu é o disco: 74, e nenhum pedaço fica."""
    grande = tmp_path / "grande.db"
    linhas = "".join(f"{NOME},p{i}@x.com\n" for i in range(3_000))
    cmd = comando("escritor", "importar", "-", "--banco", str(grande))
    assert rodar(cmd, f"nome,email\n{linhas}".encode()).codigo == 0
    banco = tmpfs("1m") / "desafio2.db"
    monkeypatch.setenv("BANCO", str(banco))
    assert rodar(comando("escritor")).codigo == 0
    antes = fotografar(banco.parent)
    saida = rodar(comando("escritor", "restaurar", str(grande)))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (74, "", 1)
    assert "disco cheio" in saida.stderr
    assert fotografar(banco.parent) == antes


def test_o_estado_do_vigia_que_nao_cabe(tmpfs: Callable[[str], Path], semeado: Path) -> None:
    """74, o estado anterior como estava, e nenhum .novo ao lado."""
    disco = tmpfs("64k")
    estado = disco / "vigia"
    vigiar = comando("leitor", "vigiar", "--vezes", "1", "--estado", str(estado))
    assert rodar(vigiar).codigo == 0
    (disco / "lastro").write_bytes(bytes(livre(disco)))
    antes = fotografar(disco)
    saida = rodar(vigiar)
    assert (saida.codigo, "não dá para gravar o estado (disco cheio)" in saida.stderr) == (74, True)
    assert fotografar(disco) == antes
    assert pessoas(semeado) == AMOSTRA


def livre(pasta: Path) -> int:
    """Devolve quantos bytes ainda cabem."""
    volume = os.statvfs(pasta)
    return volume.f_bavail * volume.f_frsize


@pytest.fixture(name="com_atributos")
def _com_atributos(tmp_path: Path) -> Iterator[Path]:
    """Uma pasta em que o chattr vale: a dos testes ou, se o disco dela não os tem, um ext4."""
    provado = tmp_path / "prova"
    provado.touch()
    if chattr("+i", provado):
        chattr("-i", provado)
        yield tmp_path
    elif os.getuid() or falta_no_kernel():
        pytest.skip("ATENÇÃO: não dá para usar chattr +i aqui; rode como root para este teste")
    else:
        with Ext4(tmp_path) as ext4:
            yield ext4.ponto


def chattr(qual: str, caminho: Path) -> bool:
    """Muda um atributo; devolve se deu."""
    try:
        cmd = ["chattr", qual, str(caminho)]
        return not subprocess.run(cmd, capture_output=True, check=False).returncode
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(("atributo", "preso"), [("i", "banco"), ("i", "pasta"), ("a", "banco")])
def test_chattr(atributo: str, preso: str, com_atributos: Path, modelos: Path) -> None:
    """73, e o que se aconselha é o chattr que funciona, e não um chown que não adianta."""
    banco = com_atributos / "dados" / "desafio2.db"
    banco.parent.mkdir()
    banco.write_bytes((modelos / "semeado").read_bytes())
    alvo = banco if preso == "banco" else banco.parent
    chattr(f"+{atributo}", alvo)
    try:
        importar = comando("escritor", "importar", "-", "--banco", str(banco))
        saida = rodar(importar, b"nome,email\n")
        remedio = saida.stderr.strip().rpartition(": sudo ")[2]
        subprocess.run(shlex.split(remedio), check=True)
        assert rodar(importar, b"nome,email\n").codigo == 0
    finally:
        chattr(f"-{atributo}", alvo)
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (73, "", 1), saida.stderr
    assert f"(veja-o com lsattr -d {alvo}); tire-o" in saida.stderr
    assert saida.stderr.endswith(f": sudo chattr -i -a {alvo}\n")
    assert "chown" not in saida.stderr
    assert pessoas(banco) == AMOSTRA
    assert rodar(comando("escritor", "--banco", str(banco))).codigo == 0
