"""O arquivo de âncoras: nasce, cresce, nunca perde uma linha, e só guarda o que se verificou."""

import fcntl
import os
import sys
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import ancora, fotografar
from tests.historia import Historia, por_uma_copia_antiga
from tests.processos import abriu, comando, esperar, iniciado, rodar, terminar
from tests.vigilia import Vigiar, avisos, ditas, importa


def test_o_arquivo_comeca_e_cresce(
    historia: Historia, repetir: Programa, leitor: Programa, tmp_path: Path
) -> None:
    """Não existe: nasce. Depois, uma linha por execução nova, e nenhuma repetida."""
    arquivo = tmp_path / "ancoras.txt"
    pedido = ["verificar", "--ancoras", str(arquivo)]
    codigo, stdout, _ = leitor(*pedido)
    assert (codigo, f"conferem: 0; guardada a 4 em {arquivo}" in stdout) == (0, True)
    codigo, stdout, _ = leitor(*pedido)
    assert (codigo, "conferem: 1\n" in stdout) == (0, True)
    assert repetir().codigo == 0
    codigo, stdout, _ = leitor(*pedido)
    assert (codigo, f"conferem: 1; guardada a 5 em {arquivo}" in stdout) == (0, True)
    assert arquivo.read_text() == f"{historia.ancoras[-1]}\n{ancora(historia.banco)}\n"
    assert [item.name for item in tmp_path.glob("ancoras*")] == [arquivo.name]


def test_o_arquivo_vem_da_variavel(
    historia: Historia, leitor: Programa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BANCO_ANCORAS vale também sem argumentos; a opção vale mais, e vazia é um engano."""
    arquivo = tmp_path / "ancoras.txt"
    monkeypatch.setenv("BANCO_ANCORAS", str(arquivo))
    assert leitor().codigo == 0
    assert arquivo.read_text() == f"{historia.ancoras[-1]}\n"
    por_uma_copia_antiga(historia)
    assert leitor().codigo == 65
    assert leitor("verificar", "--ancoras", "").codigo == 2, "vazia, não conferiria nada"
    outro = tmp_path / "outro.txt"
    assert leitor("verificar", "--ancoras", str(outro)).codigo == 0
    assert outro.read_text() == f"{historia.ancoras[2]}\n"


@pytest.mark.parametrize("fim", ["", "\n", "\r\n"])
def test_o_que_se_escreve_a_mao_fica(
    fim: str, historia: Historia, leitor: Programa, tmp_path: Path
) -> None:
    """Comentários, linhas vazias, o modo do arquivo e o link que leva a ele."""
    arquivo, link = tmp_path / "ancoras.txt", tmp_path / "link"
    antes = f"# produção\n\n  {historia.ancoras[0]}\r\n# não é \\xff: ".encode() + b"\xff"
    arquivo.write_bytes(antes + fim.encode())
    arquivo.chmod(0o640)
    link.symlink_to(arquivo)
    assert leitor("--ancoras", str(link)).codigo == 0
    meio = fim.encode() or b"\n"
    assert arquivo.read_bytes() == antes + meio + f"{historia.ancoras[-1]}\n".encode()
    assert (link.is_symlink(), arquivo.stat().st_mode & 0o777) == (True, 0o640)


@pytest.mark.parametrize(
    ("linha", "numero"), [(0, 1), (2, 3)], ids=["na primeira linha", "no meio"]
)
@pytest.mark.parametrize("lixo", ["lixo", "1", f"0 {'a' * 64}", "SQLite format 3\0", "{}"])
def test_um_arquivo_que_nao_e_de_ancoras(
    lixo: str, linha: int, numero: int, historia: Historia, leitor: Programa, tmp_path: Path
) -> None:
    """65, o número da linha, e nem um byte mudado."""
    arquivo = tmp_path / "ancoras.txt"
    linhas = ["# a primeira", historia.ancoras[0], historia.ancoras[1]]
    linhas.insert(linha, lixo)
    arquivo.write_text("\n".join(linhas))
    antes = fotografar(tmp_path)
    codigo, stdout, stderr = leitor("--ancoras", str(arquivo))
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)
    assert f"{arquivo}:{numero}: não é uma âncora (EXECUÇÃO ELO: " in stderr
    assert "o arquivo está como estava" in stderr
    assert fotografar(tmp_path) == antes


@pytest.mark.usefixtures("historia")
@pytest.mark.parametrize("tipo", ["pasta", "fifo", "dispositivo"])
def test_o_que_nao_e_um_arquivo_comum(tipo: str, leitor: Programa, tmp_path: Path) -> None:
    """65, sem esperar por quem nunca escreverá num FIFO."""
    caminho = tmp_path / "ancoras"
    if tipo == "pasta":
        caminho.mkdir()
    elif tipo == "fifo":
        os.mkfifo(caminho)
    else:
        caminho = Path("/dev/null")
    codigo, stdout, stderr = leitor("--ancoras", str(caminho))
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)
    assert f"{caminho}: não é um arquivo comum. Corrija --ancoras." in stderr


@pytest.mark.usefixtures("historia")
def test_onde_nao_da_para_guardar(leitor: Programa, tmp_path: Path) -> None:
    """Uma pasta que não há: 73, e o que fazer."""
    codigo, stdout, stderr = leitor("--ancoras", str(tmp_path / "nao" / "ancoras"))
    assert (codigo, stdout, stderr.count("\n")) == (73, "", 1)
    assert "não consegue ler e guardar âncoras aí (não existe)" in stderr


def test_disco_cheio_ao_guardar(
    historia: Historia, leitor: Programa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """74; o arquivo fica como estava e nada sobra ao lado."""
    arquivo = tmp_path / "ancoras.txt"
    arquivo.write_text(f"{historia.ancoras[0]}\n")
    antes = fotografar(tmp_path)

    def cheio(_: int) -> None:
        raise OSError(28, "cheio")

    monkeypatch.setattr(os, "fsync", cheio)
    codigo, stdout, stderr = leitor("--ancoras", str(arquivo))
    assert (codigo, stdout, stderr.count("\n")) == (74, "", 1)
    assert "(disco cheio)" in stderr
    assert fotografar(tmp_path) == antes


@pytest.mark.usefixtures("historia")
def test_so_ganha_o_nome_depois_do_disco(
    leitor: Programa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O arquivo ao disco, o nome, e a pasta ao disco: nesta ordem, uma queda não o deixa vazio."""
    arquivo = tmp_path / "ancoras.txt"
    feitos: list[str] = []
    fsync, replace = os.fsync, os.replace

    def firmar(descritor: int) -> None:
        feitos.append(Path(f"/proc/self/fd/{descritor}").readlink().name)
        fsync(descritor)

    def trocar(de: str, para: str) -> None:
        feitos.append(f"{Path(de).name} → {Path(para).name}")
        replace(de, para)

    monkeypatch.setattr(os, "fsync", firmar)
    monkeypatch.setattr(os, "replace", trocar)
    assert leitor("--ancoras", str(arquivo)).codigo == 0
    novo = "ancoras.txt.desafio2-novo"
    assert feitos == [novo, f"{novo} → ancoras.txt", tmp_path.name]


def test_outro_leitor_nao_perde_a_linha_dele(historia: Historia, tmp_path: Path) -> None:
    """Com o novo trancado por outro, espera-se; só depois se relê o arquivo, e se acrescenta."""
    arquivo = tmp_path / "ancoras.txt"
    argv = ["verificar", "--banco", str(historia.banco), "--espera", "20"]
    novo = Path(f"{arquivo}.desafio2-novo")
    outro = os.open(novo, os.O_RDWR | os.O_CREAT)
    fcntl.flock(outro, fcntl.LOCK_EX)
    with iniciado(comando("leitor", *argv, "--ancoras", str(arquivo))) as processo:
        esperar(lambda: abriu(processo, novo), "o leitor chegar ao novo")
        arquivo.write_text(f"{historia.ancoras[0]}\n")
        os.close(outro)
        saida = terminar(processo)
    assert (saida.codigo, "conferem: 1; guardada a 4" in saida.stdout) == (0, True), saida
    assert arquivo.read_text() == f"{historia.ancoras[0]}\n{historia.ancoras[3]}\n"


def test_outro_leitor_que_nao_larga(historia: Historia, leitor: Programa, tmp_path: Path) -> None:
    """Além de BANCO_ESPERA, 75, e nada foi escrito."""
    arquivo = tmp_path / "ancoras.txt"
    outro = os.open(f"{arquivo}.desafio2-novo", os.O_RDWR | os.O_CREAT)
    fcntl.flock(outro, fcntl.LOCK_EX)
    codigo, stdout, stderr = leitor("--ancoras", str(arquivo))
    os.close(outro)
    assert (codigo, stdout, stderr.count("\n")) == (75, "", 1)
    assert "outro leitor segurou as âncoras por mais de 0.2 s" in stderr
    assert not arquivo.exists()
    assert leitor("--ancoras", str(arquivo)).codigo == 0
    assert arquivo.read_text() == f"{historia.ancoras[3]}\n"


def test_o_vigia_guarda_cada_uma(
    semeado: Path, vigiar: Vigiar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cada leitura que passa, a de agora; uma cópia antiga é uma falha, e não uma notícia."""
    arquivo = tmp_path / "ancoras.txt"
    monkeypatch.setenv("BANCO_ANCORAS", str(arquivo))
    antiga = semeado.read_bytes()
    saida = vigiar(importa(1), importa(2), lambda: semeado.write_bytes(antiga))
    linhas = arquivo.read_text().splitlines()
    assert (saida.codigo, [int(linha.split()[0]) for linha in linhas]) == (65, [1, 2, 3])
    assert linhas[0] == ancora(semeado)
    [falha] = avisos(saida)
    assert "o livro acaba na execução 1, antes da âncora 2 " in falha
    assert "até a execução 1, é a mesma história" in falha
    assert "trocado" not in "".join(ditas(saida))


@pytest.mark.parametrize("argv", [[], ["verificar"], ["--ancora"]])
def test_so_quem_as_da_carrega_o_modulo(argv: list[str], semeado: Path) -> None:
    """A partida é orçada: sem âncoras, o módulo delas nem é importado."""
    programa = (
        "import sys; from leitor import app, banco; codigo = app.main(banco=banco); "
        "sys.exit(codigo or 'leitor.ancoras' in sys.modules)"
    )
    valor = [ancora(semeado)] if argv == ["--ancora"] else []
    saida = rodar([sys.executable, "-c", programa, *argv, *valor])
    assert saida.codigo == (argv == ["--ancora"]), saida.stderr
