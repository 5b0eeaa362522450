"""O leitor nunca escreve no que não é dele: o banco, o que há ao lado, um link, um FIFO."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from leitor import destinos, troca
from tests.conftest import Programa
from tests.contrato import fotografar, pessoas
from tests.processos import comando, no_shell, rodar

Alvo = Callable[[Path], Path]


def link(para: Path) -> Path:
    """Um link simbólico para o arquivo, noutra pasta."""
    caminho = para.parent.parent / "link.db"
    caminho.symlink_to(para)
    return caminho


def outro_nome(de: Path) -> Path:
    """O mesmo arquivo, com outro nome."""
    caminho = de.parent.parent / "outro-nome.db"
    os.link(de, caminho)
    return caminho


ALVOS: dict[str, Alvo] = {
    "o banco": lambda banco: banco,
    "um link para ele": link,
    "outro nome dele": outro_nome,
    "o diário": lambda banco: banco.with_name(f"{banco.name}-journal"),
    "o -wal": lambda banco: banco.with_name(f"{banco.name}-wal"),
}


@pytest.mark.parametrize("alvo", ALVOS.values(), ids=ALVOS)
@pytest.mark.parametrize(
    "pedido",
    [
        ["vigiar", "--vezes", "1", "--estado"],
        ["verificar", "--ancoras"],
        ["listar", "--ancoras"],
        ["copiar", "--substituir"],
    ],
    ids=" ".join,
)
def test_o_banco_nao(pedido: list[str], alvo: Alvo, gravado: Path, leitor: Programa) -> None:
    """Nem ele, nem o que o SQLite põe ao lado, por nome nenhum: 2, e nada muda."""
    caminho = alvo(gravado)
    antes = fotografar(gravado.parent)
    codigo, stdout, stderr = leitor(*pedido, str(caminho))
    assert (codigo, stdout, stderr.count("\n")) == (2, "", 1)
    assert f"{caminho}: é o banco, ou um arquivo que o SQLite põe ao lado dele" in stderr
    assert fotografar(gravado.parent) == antes


def test_ao_lado_do_link(gravado: Path, leitor: Programa) -> None:
    """Com BANCO um link, nem o que tem o nome dele."""
    atalho = link(gravado)
    argv = ["verificar", "--banco", str(atalho), "--ancoras", f"{atalho}-shm"]
    assert leitor(*argv).codigo == 2
    assert not Path(f"{atalho}-shm").exists()


def test_o_banco_com_o_nome_do_que_se_escreveria(gravado: Path, leitor: Programa) -> None:
    """Um banco chamado `a.desafio2-novo`, e as âncoras em `a`."""
    banco = gravado.rename(gravado.with_name("a.desafio2-novo"))
    antes = fotografar(banco.parent)
    saida = leitor("verificar", "--banco", str(banco), "--ancoras", str(banco.with_name("a")))
    assert (saida.codigo, saida.stdout) == (2, "")
    assert fotografar(banco.parent) == antes


@pytest.mark.usefixtures("gravado")
@pytest.mark.parametrize(
    "pedido",
    [
        ["vigiar", "--vezes", "1", "--estado", "x", "--ancoras", "x"],
        ["vigiar", "--vezes", "1", "--estado", "x.desafio2-novo", "--ancoras", "x"],
        ["copiar", "x", "--ancoras", "x", "--substituir"],
        ["copiar", "x", "--ancoras", "x-journal"],
    ],
    ids=" ".join,
)
def test_um_o_outro_tambem_nao(
    pedido: list[str], leitor: Programa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dois destinos que são um só: 2, e as âncoras guardadas continuam lá."""
    monkeypatch.chdir(tmp_path)
    Path("x").write_text("# as minhas\n")
    antes = fotografar(tmp_path)
    codigo, stdout, stderr = leitor(*pedido)
    assert (codigo, stdout, stderr.count("\n")) == (2, "", 1)
    assert "nada foi alterado. Use outro nome em --" in stderr
    assert fotografar(tmp_path) == antes


@pytest.mark.usefixtures("gravado")
@pytest.mark.parametrize("tipo", ["fifo", "pasta", "dispositivo"])
def test_estado_que_nao_e_um_arquivo(tipo: str, leitor: Programa, tmp_path: Path) -> None:
    """Um FIFO ou um dispositivo não se troca por um arquivo: 2."""
    caminho = tmp_path / "estado"
    if tipo == "fifo":
        os.mkfifo(caminho)
    elif tipo == "pasta":
        caminho.mkdir()
    else:
        caminho = Path("/dev/null")
    codigo, _, stderr = leitor("vigiar", "--vezes", "1", "--estado", str(caminho))
    assert (codigo, "não é um arquivo comum. Corrija --estado." in stderr) == (2, True)
    assert caminho.exists()
    assert not caminho.is_file()


def como_link(caminho: Path, banco: Path) -> None:
    """Um link simbólico para o banco."""
    caminho.symlink_to(banco)


def como_outro_nome(caminho: Path, banco: Path) -> None:
    """Um link físico para o banco."""
    os.link(banco, caminho)


def como_fifo(caminho: Path, _: Path) -> None:
    """Um FIFO, que aberto sem cuidado espera para sempre."""
    os.mkfifo(caminho)


@pytest.mark.parametrize("plantar", [como_link, como_outro_nome, como_fifo])
@pytest.mark.parametrize(
    ("pedido", "codigo"),
    [
        (["copiar", "{}"], 73),
        (["verificar", "--ancoras", "{}"], 73),
        (["vigiar", "--vezes", "1", "--estado", "{}"], 73),
    ],
    ids=["copiar", "ancoras", "estado"],
)
def test_o_que_plantaram_no_lugar(
    pedido: list[str],
    codigo: int,
    plantar: Callable[[Path, Path], None],
    gravado: Path,
    leitor: Programa,
    tmp_path: Path,
) -> None:
    """O nome do que se escreveria, já de outro: nem truncado, nem apagado, nem esperado."""
    destino = tmp_path / "x"
    sufixo = destinos.PARCIAL if pedido[0] == "copiar" else troca.NOVO
    plantado = Path(f"{destino}{sufixo}")
    plantar(plantado, gravado)
    antes = gravado.read_bytes()
    saida = leitor(*(parte.format(destino) for parte in pedido))
    assert saida.codigo == codigo, saida.stderr
    assert f"{plantado}: está no lugar de um arquivo que o leitor criaria" in saida.stderr
    assert gravado.read_bytes() == antes
    assert plantado.lstat()
    assert not destino.exists()


@pytest.mark.usefixtures("gravado")
def test_um_arquivo_meu_com_o_nome_antigo(leitor: Programa, tmp_path: Path) -> None:
    """`X.novo` é um nome de qualquer um: fica como está."""
    meu = tmp_path / "ancoras.novo"
    meu.write_text("meu")
    assert leitor("verificar", "--ancoras", str(tmp_path / "ancoras")).codigo == 0
    assert fotografar(tmp_path)["ancoras.novo"] == b"meu"


@pytest.mark.parametrize("argv", [["copiar", "-"], ["listar"], ["verificar"]], ids=" ".join)
@pytest.mark.parametrize("redireciona", ['>> "$BANCO"', '2>> "$BANCO" >/dev/null'])
def test_a_saida_no_proprio_banco(argv: list[str], redireciona: str, gravado: Path) -> None:
    """Sem isto, `copiar - >> banco` copiaria o que acrescenta, até acabar o disco: 2."""
    antes = gravado.read_bytes()
    saida = rodar(no_shell(f'"$@" {redireciona}', *comando("leitor", *argv)))
    assert saida.codigo == 2
    assert gravado.read_bytes() == antes
    if redireciona.startswith(">>"):
        assert "a saída padrão é o próprio banco. Redirecione" in saida.stderr


def test_a_saida_que_ja_esvaziou_o_banco(gravado: Path) -> None:
    """`> banco` o esvazia antes de o leitor começar: ele diz o que aconteceu, e o que resta."""
    saida = rodar(no_shell('"$@" > "$BANCO"', *comando("leitor")))
    assert saida.codigo == 2
    assert "`>` já o esvaziou" in saida.stderr
    assert "Restaure uma cópia: " in saida.stderr
    assert gravado.read_bytes() == b""


@pytest.mark.usefixtures("gravado")
def test_um_fifo_no_meio_do_caminho(leitor: Programa, tmp_path: Path) -> None:
    """`f/x.txt`, com `f` um FIFO: 73, sem esperar."""
    fifo = tmp_path / "f"
    os.mkfifo(fifo)
    for opcao in (["verificar", "--ancoras"], ["copiar"]):
        assert leitor(*opcao, f"{fifo}/x").codigo == 73
    assert leitor("vigiar", "--vezes", "1", "--estado", f"{fifo}/x").codigo == 74
    assert leitor("saude", f"{fifo}/x").codigo == 74


@pytest.mark.parametrize("opcao", ["--ancoras", "--estado"])
def test_um_nome_vazio_e_um_engano(opcao: str, gravado: Path, leitor: Programa) -> None:
    """`--ancoras "$VAZIA"` não conferiria nada, calado."""
    codigo, stdout, stderr = leitor("vigiar", "--vezes", "1", opcao, "")
    assert (codigo, stdout) == (2, "")
    assert f"{opcao}: deve ser o nome de um arquivo; veio vazio" in stderr
    assert len(pessoas(gravado)) == 5


def test_a_pasta_atual_que_sumiu(semeado: Path, tmp_path: Path) -> None:
    """Um banco relativo a uma pasta apagada: 66, e a verdade, que não é a saída padrão."""
    pasta = tmp_path / "sai"
    linha = f'mkdir {pasta}; cd {pasta}; rmdir {pasta}; PYTHONPATH={Path.cwd()} "$@"'
    saida = rodar(no_shell(linha, *comando("leitor", "--banco", "x.db")))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (66, "", 1)
    assert "a pasta atual já não existe" in saida.stderr
    inteiro = rodar(no_shell(linha, *comando("leitor", "--banco", str(semeado))))
    assert inteiro.codigo == 0, inteiro.stderr
