"""O leitor num terminal: o começo da tabela, oitenta colunas, cores, e o que se quis dizer."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leitor import console, erros
from leitor.progresso import Progresso
from tests.conftest import Programa
from tests.processos import PRAZO, RAIZ, Saida, comando, no_shell, rodar

CORES = re.compile(r"\x1b\[\d+m")


def num_terminal(*argv: str, **ambiente: str) -> Saida:
    """Roda o leitor com as duas saídas num terminal; devolve-as juntas em stdout."""
    mestre, escravo = os.openpty()
    feito = subprocess.run(
        comando("leitor", *argv),
        cwd=RAIZ,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80", **ambiente},
        stdin=subprocess.DEVNULL,
        stdout=escravo,
        stderr=escravo,
        timeout=PRAZO,
        check=False,
    )
    os.close(escravo)
    lido = os.read(mestre, 1 << 16).decode().replace("\r\n", "\n")
    os.close(mestre)
    return Saida(feito.returncode, lido, "")


@pytest.fixture
def cheio(semeado: Path, escritor: Programa, tmp_path: Path) -> Path:
    """Um banco com 1.203 usuários."""
    entrada = tmp_path / "muitos.csv"
    entrada.write_text("nome,email\n" + "".join(f"P{i},p{i}@x.com\n" for i in range(1_200)))
    assert escritor("importar", str(entrada)).codigo == 0
    return semeado


@pytest.mark.usefixtures("cheio")
def test_num_terminal_so_o_comeco() -> None:
    """As 20 primeiras, e como ver tudo."""
    saida = num_terminal()
    assert (saida.codigo, saida.stdout.count("@")) == (0, 20)
    assert saida.stdout.endswith("┘\n20 de 1.203; tudo: --limite tudo\n")


@pytest.mark.usefixtures("cheio")
@pytest.mark.parametrize(
    ("argv", "linhas"),
    [
        (["listar", "--formato", "jsonl", "--limite", "30"], 30),
        (["--limite", "25"], 25),
        (["--limite", "0"], 0),
    ],
)
def test_o_que_se_pediu(argv: list[str], linhas: int, leitor: Programa) -> None:
    """Com --limite, é ele que vale, e o corte é dito em todo lugar."""
    assert num_terminal(*argv).stdout.count("@") == linhas
    codigo, stdout, stderr = leitor(*argv)
    assert (codigo, stdout.count("@")) == (0, linhas)
    assert stderr.endswith(f"[LEITOR] {linhas} de 1.203; tudo: --limite tudo\n")


@pytest.mark.usefixtures("cheio")
@pytest.mark.parametrize("redireciona", ["> saida", "| cat > saida"])
def test_fora_de_um_terminal_tudo(redireciona: str, tmp_path: Path) -> None:
    """Num arquivo e num pipe, inteiro; e com LEITOR_SOB_UP, enquanto há uma entrada padrão."""
    linha = f'PYTHONPATH={RAIZ} LEITOR_SOB_UP=1 "$@" {redireciona}'
    saida = rodar(no_shell(linha, *comando("leitor")), pasta=tmp_path)
    assert (saida.codigo, "de 1.203" in saida.stderr) == (0, False)
    assert (tmp_path / "saida").read_text().count("@") == 1_203


@pytest.mark.usefixtures("cheio")
def test_sob_up_so_o_comeco() -> None:
    """No `up` não há terminal, nem entrada: /dev/null e a variável do docker-compose.yml."""
    saida = rodar(no_shell('LEITOR_SOB_UP=1 "$@" </dev/null', *comando("leitor")))
    assert (saida.codigo, saida.stdout.count("@")) == (0, 20)
    assert saida.stderr.endswith("[LEITOR] 20 de 1.203; tudo: --limite tudo\n")
    sem = rodar(no_shell('"$@" </dev/null', *comando("leitor")))
    assert sem.stdout.count("@") == 1_203, "sem a variável, tudo"


@pytest.mark.usefixtures("semeado")
@pytest.mark.parametrize("argv", [[], ["verificar"]], ids=["listar", "verificar"])
def test_cabe_em_oitenta_colunas(argv: list[str]) -> None:
    """No caso de três linhas, nada se quebra."""
    saida = num_terminal(*argv)
    linhas = CORES.sub("", saida.stdout).splitlines()
    assert saida.codigo == 0
    assert [linha for linha in linhas if len(linha) > 80] == []
    assert any(re.fullmatch(r"âncora:  1 [0-9a-f]{64}", linha) for linha in linhas)


@pytest.mark.usefixtures("semeado")
def test_cores_so_onde_cabem() -> None:
    """Verde no que passou, vermelho no erro; nada com NO_COLOR, TERM=dumb ou num pipe."""
    assert "\x1b[32m✓ 10 de 10 verificações\x1b[0m\n" in num_terminal().stdout
    assert num_terminal("verificar").stdout.count("\x1b[32mok") == 10
    assert num_terminal("nada").stdout.startswith("\x1b[31mERRO: ")
    for ambiente in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b" not in num_terminal("verificar", **ambiente).stdout
    assert "\x1b" not in "".join(map(str, rodar(comando("leitor", "verificar"))))


def test_silencioso(semeado: Path, leitor: Programa, tmp_path: Path) -> None:
    """Só o resultado, e os erros."""
    assert leitor("listar", "--silencioso").stderr == ""
    assert leitor("copiar", str(tmp_path / "c.db"), "--silencioso") == (0, "", "")
    vigiado = leitor("vigiar", "--vezes", "1", "--silencioso")
    assert (vigiado.codigo, vigiado.stderr, vigiado.stdout.count("\n")) == (0, "", 1)
    semeado.unlink()
    assert leitor("listar", "--silencioso").stderr.startswith("[LEITOR] ERRO: ")


@pytest.mark.parametrize("terminal", [True, False])
def test_o_andamento(
    terminal: bool, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quando demora, diz em que verificação está; no fim, o terminal fica limpo."""
    monkeypatch.setattr(console, "no_terminal", lambda _: terminal)
    antes = signal.getsignal(signal.SIGALRM)
    with Progresso("abrindo", calado=False) as progresso:
        [(_, fazer)] = progresso.na_ordem([("lacres", lambda _: "feita")])
        assert fazer(None) == "feita"
        assert capfd.readouterr().err == ""
        signal.raise_signal(signal.SIGALRM)
        dita = capfd.readouterr().err
    assert "verificando: lacres (1 de 1), 0 s" in dita
    assert dita.startswith("\r\x1b[K" if terminal else "[LEITOR] ")
    assert capfd.readouterr().err == ("\r\x1b[K" if terminal else "")
    assert signal.getsignal(signal.SIGALRM) == antes


@pytest.mark.parametrize(
    ("argv", "certa"),
    [
        (["verifcar"], "verificar"),
        (["listar", "--formatto", "json"], "--formato"),
        (["--formato", "jason"], "json"),
        (["verificar", "--anconra", "x"], "--ancora"),
    ],
)
def test_voce_quis_dizer(argv: list[str], certa: str, leitor: Programa) -> None:
    """Um engano de digitação: a palavra certa, e a ajuda."""
    codigo, _, stderr = leitor(*argv)
    assert (codigo, f"; você quis dizer {certa}? Veja: " in stderr) == (2, True), stderr


@pytest.mark.parametrize("casca", ["bash", "zsh"])
def test_completar(casca: str, ferramenta: Callable[[str], str]) -> None:
    """O script é feito do analisador, e a casca o aceita; no bash, completa de verdade."""
    saida = rodar(comando("leitor", "--completar", casca))
    assert (saida.codigo, saida.stderr) == (0, "")
    assert "verificar" in saida.stdout
    if casca == "bash":
        linha = (
            "COMP_WORDS=(leitor veri); COMP_CWORD=1; _leitor; echo ${COMPREPLY[@]}; "
            "COMP_WORDS=(leitor listar --formato js); COMP_CWORD=3; _leitor; echo ${COMPREPLY[@]}"
        )
        feito = rodar([ferramenta("bash"), "-c", f"{saida.stdout}\n{linha}"])
        assert feito.stdout.split() == ["verificar", "json", "jsonl"]


@pytest.mark.parametrize("no_container", [True, False])
def test_o_remedio_e_um_comando_que_se_cola(
    no_container: bool, banco: Path, leitor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sem banco, e com um estragado: o fim da mensagem é o comando; fora do Docker, ele roda."""
    monkeypatch.setattr(erros, "em_container", lambda: no_container)
    stderr = leitor().stderr
    pedido = stderr.rstrip("\n").rpartition("leia de novo: ")[2]
    if no_container:
        assert pedido == f"docker compose run --rm -e BANCO={banco} escritor"
        rodar(comando("escritor", "--banco", str(banco)))
    else:
        assert shlex.split(pedido)[:3] == ["python3", "-m", "escritor"]
        assert rodar([sys.executable, *shlex.split(pedido)[1:]]).codigo == 0
    assert leitor().codigo == 0
    copia = banco.with_name("copia.db")
    assert leitor("copiar", str(copia)).codigo == 0
    banco.write_bytes(banco.read_bytes()[:-1000])
    stderr = leitor().stderr
    pedido = stderr.rstrip("\n").rpartition("Restaure uma cópia: ")[2]
    if no_container:
        assert pedido == (
            f"docker compose run --rm -T -e BANCO={banco} escritor restaurar - < copia.db"
        )
    else:
        linha = f"cd {copia.parent} && PYTHONPATH={RAIZ} {pedido}"
        assert rodar(no_shell(linha.replace("python3", sys.executable))).codigo == 0
        assert leitor().codigo == 0


def test_sem_banco_nenhum_fora_de_um_container(
    leitor: Programa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fora de um container, sem BANCO, é um arquivo da pasta atual; e isso é dito."""
    monkeypatch.setattr(erros, "em_container", lambda: False)
    monkeypatch.delenv("BANCO")
    monkeypatch.chdir(tmp_path)
    codigo, _, stderr = leitor()
    aviso, erro = stderr.splitlines()
    assert (codigo, aviso) == (66, "[LEITOR] sem BANCO nem --banco, o banco é ./desafio2.db")
    assert erro.startswith("[LEITOR] ERRO: ./desafio2.db: não há banco. ")
    assert list(tmp_path.iterdir()) == []
