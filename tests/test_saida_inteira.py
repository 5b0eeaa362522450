"""O que sai em stdout chega inteiro, ou o código é 74: disco cheio, limite, pipe, terminal."""

import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contrato import fotografar
from tests.processos import PRAZO, RAIZ, Saida, comando, no_shell, rodar

LIMITE = 1 << 20  # bytes: maior que o banco, para que só a saída o encontre
CABEM = 10  # bytes da saída, até o limite
COMANDOS = {
    "semear": ["escritor"],
    "rejeitados": ["escritor", "importar", "ruim.csv", "--rejeitados", "-"],
    "ajuda do escritor": ["escritor", "--help"],
    "ajuda de importar": ["escritor", "importar", "--help"],
    "versão do escritor": ["escritor", "--version"],
    "tabela": ["leitor"],
    "json": ["leitor", "listar", "--formato", "json"],
    "jsonl": ["leitor", "listar", "--formato", "jsonl"],
    "csv": ["leitor", "listar", "--formato", "csv"],
    "markdown": ["leitor", "listar", "--formato", "markdown"],
    "html": ["leitor", "listar", "--formato", "html"],
    "verificar": ["leitor", "verificar"],
    "verificar em json": ["leitor", "verificar", "--formato", "json"],
    "copiar": ["leitor", "copiar", "-"],
    "vigiar": ["leitor", "vigiar", "--vezes", "1"],
    "saude": ["leitor", "saude", "estado"],
    "ajuda do leitor": ["leitor", "--help"],
    "ajuda de listar": ["leitor", "listar", "--help"],
    "versão do leitor": ["leitor", "--version"],
}
PAR_1_0_0 = RAIZ / "tests/dados/par-1.0.0.zip"

pytestmark = pytest.mark.parametrize("sem_buffer", ["", "1"], ids=["terminal", "imagem"])


@pytest.fixture(name="pasta")
def _pasta(gravado: Path, tmp_path: Path) -> Path:
    """Onde os comandos rodam: há uma linha ruim a importar e o estado de um vigia."""
    pasta = tmp_path / "trabalho"
    pasta.mkdir()
    (pasta / "ruim.csv").write_text("nome,email\nAna,sem-arroba\n")
    argv = ["--banco", str(gravado), "vigiar", "--vezes", "1", "--estado", str(pasta / "estado")]
    assert rodar(comando("leitor", *argv)).codigo == 0
    return pasta


@pytest.fixture(name="disco")
def _disco(tmp_path: Path) -> Iterator[Path]:
    """Um disco de 28 KiB; só o root monta um."""
    pasta = tmp_path / "disco"
    pasta.mkdir()
    montar = ["mount", "-t", "tmpfs", "-o", "size=28k", "tmpfs", str(pasta)]
    feito = subprocess.run(montar, capture_output=True, text=True, check=False)
    if feito.returncode:
        pytest.skip(f"ATENÇÃO: sem montar um tmpfs ({feito.stderr.strip()}) este teste não vale")
    yield pasta
    subprocess.run(["umount", str(pasta)], check=True)


def no_par(nome: str, sem_buffer: str, pasta: Path, redireciona: str, antes: str = "") -> Saida:
    """Roda o comando na pasta, com a saída padrão redirecionada pelo bash."""
    programa, *argv = COMANDOS[nome]
    linha = f'{antes} PYTHONPATH={RAIZ} PYTHONUNBUFFERED={sem_buffer} "$@" {redireciona}'
    return rodar(no_shell(linha, *comando(programa, *argv)), pasta=pasta)


def para(descritor: int, nome: str, sem_buffer: str, pasta: Path, *, juntos: bool = False) -> Saida:
    """Roda o comando com o descritor no lugar da saída padrão, e o fecha; `juntos`, das duas."""
    programa, *argv = COMANDOS[nome]
    feito = subprocess.run(
        comando(programa, *argv),
        cwd=pasta,
        env={**os.environ, "PYTHONPATH": str(RAIZ), "PYTHONUNBUFFERED": sem_buffer},
        stdout=descritor,
        stderr=descritor if juntos else subprocess.PIPE,
        timeout=PRAZO,
        check=False,
    )
    os.close(descritor)
    return Saida(feito.returncode, "", (feito.stderr or b"").decode())


def conferir_falha(nome: str, saida: Saida, motivo: str) -> None:
    """74, e a última linha diz a verdade; nada do Python aparece."""
    assert (saida.codigo, saida.stdout) == (74, ""), saida.stderr
    *_, fim = saida.stderr.splitlines()
    assert fim.startswith(f"[{COMANDOS[nome][0].upper()}] ERRO: ")
    assert motivo in fim
    assert "Traceback" not in saida.stderr
    assert "Exception ignored" not in saida.stderr


@pytest.mark.parametrize("nome", COMANDOS)
def test_cortada_pelo_limite(nome: str, sem_buffer: str, pasta: Path, banco: Path) -> None:
    """A última escrita coube só em parte: o sistema devolve quanto, e não um erro."""
    arquivo = pasta / "saida"
    with arquivo.open("wb") as aberto:
        aberto.truncate(LIMITE - CABEM)
    antes = fotografar(banco.parent)
    limitar = f"ulimit -f {LIMITE // 1024};"
    conferir_falha(nome, no_par(nome, sem_buffer, pasta, ">> saida", limitar), "tamanho permitido")
    assert arquivo.stat().st_size == LIMITE
    assert fotografar(banco.parent) == antes
    arquivo.unlink()
    inteira = no_par(nome, sem_buffer, pasta, "> saida")
    assert (inteira.codigo, inteira.stdout) == (0, ""), inteira.stderr
    assert arquivo.stat().st_size > CABEM


@pytest.mark.parametrize("nome", COMANDOS)
def test_disco_cheio(nome: str, sem_buffer: str, pasta: Path) -> None:
    """Nem o primeiro byte cabe."""
    conferir_falha(nome, no_par(nome, sem_buffer, pasta, "> /dev/full"), "disco cheio")


@pytest.mark.parametrize("nome", COMANDOS)
def test_quem_lia_ja_saiu(nome: str, sem_buffer: str, pasta: Path) -> None:
    """Quem saiu no meio ficou sem o resto."""
    leitura, escrita = os.pipe()
    os.close(leitura)
    conferir_falha(nome, para(escrita, nome, sem_buffer, pasta), "quem lia já saiu")


@pytest.mark.parametrize("nome", ["copiar", "jsonl"])
def test_disco_pequeno(nome: str, sem_buffer: str, pasta: Path, disco: Path, banco: Path) -> None:
    """O disco enche no meio: o que coube está lá, e não se diz que está tudo."""
    linhas = "".join(f"Pessoa {i},p{i}@example.com\n" for i in range(2_000))
    gravar = comando("escritor", "--banco", str(banco), "importar", "-")
    assert rodar(gravar, f"nome,email\n{linhas}".encode()).codigo == 0
    saida = no_par(nome, sem_buffer, pasta, f"> {disco}/saida")
    conferir_falha(nome, saida, "disco cheio")
    assert (disco / "saida").stat().st_size == 28 * 1024
    assert "copiado" not in saida.stderr


def test_controle_o_1_0_0_dava_o_corte_por_feito(
    sem_buffer: str, pasta: Path, disco: Path, tmp_path: Path
) -> None:
    """Controle negativo: sem buffer, a mesma cópia cortada no mesmo disco saía com 0."""
    with zipfile.ZipFile(PAR_1_0_0) as par:
        par.extractall(tmp_path / "par")
    [pacote] = (tmp_path / "par").rglob("leitor/__main__.py")
    linha = f'PYTHONPATH={pacote.parent.parent} PYTHONUNBUFFERED={sem_buffer} "$@" > {disco}/copia'
    saida = rodar(no_shell(linha, *comando("leitor", "copiar", "-")), pasta=pasta)
    assert (disco / "copia").stat().st_size == 28 * 1024
    assert (saida.codigo, "copiado" in saida.stderr) == ((0, True) if sem_buffer else (74, False))


def test_um_pipe_que_nao_espera(sem_buffer: str, pasta: Path, banco: Path) -> None:
    """Um pipe em O_NONBLOCK, cheio, recusa o resto: é 74, e não uma lista cortada e calada."""
    linhas = "".join(f"Pessoa {i},p{i}@example.com\n" for i in range(5_000))
    gravar = comando("escritor", "--banco", str(banco), "importar", "-")
    assert rodar(gravar, f"nome,email\n{linhas}".encode()).codigo == 0
    leitura, escrita = os.pipe()
    os.set_blocking(escrita, False)
    feito = para(escrita, "jsonl", sem_buffer, pasta)
    os.close(leitura)
    conferir_falha("jsonl", feito, "está cheia, e não espera")


@pytest.mark.parametrize("nome", ["semear", "tabela", "verificar", "versão do leitor"])
def test_num_terminal(nome: str, sem_buffer: str, pasta: Path) -> None:
    """Num terminal sai o mesmo que num arquivo, e na ordem em que foi dito."""
    mestre, escravo = os.openpty()
    saida = para(escravo, nome, sem_buffer, pasta, juntos=True)
    assert saida.codigo == 0
    havidas = os.read(mestre, 1 << 16).decode().replace("\r\n", "\n").splitlines()
    os.close(mestre)
    em_arquivo = no_par(nome, sem_buffer, pasta, "")
    assert len(havidas) == len((em_arquivo.stderr + em_arquivo.stdout).splitlines())
    ditas = [linha.startswith("[") for linha in havidas]
    assert ditas == sorted(ditas, reverse=True), "o que se diz do trabalho vem antes do resultado"
