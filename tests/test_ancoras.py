"""Âncoras: o que a corrente sozinha não acusa, cada ataque com uma e sem nenhuma."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import alterar, ancora, fotografar
from tests.historia import (
    Historia,
    cortar_o_fim,
    mudar_e_selar_de_novo,
    por_uma_copia_antiga,
    tomar_outro_rumo,
    trocar_tudo,
)
from tests.processos import RAIZ, comando, no_shell, rodar
from tests.verificacao import ORDEM

Ataque = Callable[[Historia], None]

# Com a última âncora, e o que se diz; com todas, e o que se diz.
ATAQUES: dict[Ataque, tuple[str, str, str]] = {
    cortar_o_fim: (
        "o livro acaba na execução 2, antes da âncora 4",
        "o livro acaba na execução 2, antes da âncora 3",
        "até a execução 2, é a mesma história",
    ),
    por_uma_copia_antiga: (
        "o livro acaba na execução 3, antes da âncora 4",
        "o livro acaba na execução 3, antes da âncora 4",
        "até a execução 3, é a mesma história",
    ),
    tomar_outro_rumo: (
        "é outro banco, ou outra história desde antes da 4: nenhuma",
        "é outra história depois da execução 3",
        "a 4 não é a da âncora 4 ",
    ),
    mudar_e_selar_de_novo: (
        "é outro banco, ou outra história desde antes da 4: nenhuma",
        "é outra história depois da execução 2",
        "a 3 não é a da âncora 3 ",
    ),
    trocar_tudo: (
        "é outro banco, ou outra história desde antes da 4: nenhuma",
        "é outro banco: nenhuma das âncoras está nele, a começar pela 1 ",
        "",
    ),
}
cada_ataque = pytest.mark.parametrize("ataque", ATAQUES, ids=lambda ataque: ataque.__name__)


@cada_ataque
def test_controle_sem_ancora_passa(ataque: Ataque, historia: Historia, leitor: Programa) -> None:
    """Controle negativo: a corrente continua inteira, e o leitor não tem como saber."""
    ataque(historia)
    codigo, _, stderr = leitor("verificar")
    assert (codigo, stderr) == (0, "")


@cada_ataque
@pytest.mark.parametrize("pedido", ["listar", "verificar", "copiar", "vigiar"])
def test_com_a_ultima_ancora_e_acusado(
    ataque: Ataque,
    pedido: str,
    historia: Historia,
    leitor: Programa,
    tmp_path: Path,
) -> None:
    """65 e o que houve, em cada comando; antes do ataque, a mesma âncora confere."""
    copia = tmp_path / "copia.db"
    fim = {"copiar": [str(copia), "--substituir"], "vigiar": ["--vezes", "1"]}.get(pedido, [])
    argv = [pedido, *fim, "--ancora", historia.ancoras[-1]]
    assert leitor(*argv).codigo == 0
    copia.unlink(missing_ok=True)
    ataque(historia)
    codigo, stdout, stderr = leitor(*argv)
    assert (codigo, "@" in stdout, copia.exists()) == (65, False, False)
    dito = stderr.splitlines()[-1]
    assert dito.startswith("[LEITOR] ERRO: ")
    assert f": {ATAQUES[ataque][0]}" in dito
    assert historia.ancoras[-1] in dito


@cada_ataque
def test_com_todas_diz_desde_quando(
    ataque: Ataque, historia: Historia, leitor: Programa, tmp_path: Path
) -> None:
    """As de antes dizem até onde a história é a mesma; o arquivo delas fica como estava."""
    arquivo = tmp_path / "ancoras.txt"
    arquivo.write_text("".join(f"{texto}\n" for texto in historia.ancoras))
    antes = fotografar(tmp_path)
    assert leitor("verificar", "--ancoras", str(arquivo)).codigo == 0
    ataque(historia)
    codigo, stdout, stderr = leitor("verificar", "--ancoras", str(arquivo))
    assert (codigo, stderr.count("\n")) == (65, 1)
    _, dito, desde = ATAQUES[ataque]
    assert dito in stderr
    assert desde in stderr
    assert stderr.endswith(
        "Se a troca foi de propósito, tire as âncoras que já não valem; se não, restaure uma "
        "cópia que as tenha.\n"
    )
    assert [linha.split()[:2] for linha in stdout.splitlines()] == [
        *(["ok", nome] for nome in ORDEM),
        ["falha", "âncoras"],
    ]
    assert fotografar(tmp_path) == antes


def test_uma_ancora_de_outro_banco_entre_as_deste(historia: Historia, leitor: Programa) -> None:
    """A última confere, e com ela tudo o que veio antes: a que sobra não é daqui."""
    alheia = f"2 {'0a' * 32}"
    codigo, _, stderr = leitor("--ancora", alheia, "--ancora", historia.ancoras[-1])
    assert codigo == 65
    assert f"a âncora {alheia} não é deste banco: a da execução 4 confere" in stderr


def test_o_que_falha_antes_vem_antes(historia: Historia, leitor: Programa, tmp_path: Path) -> None:
    """Com um lacre quebrado não se olham âncoras, nem se guarda nenhuma."""
    alterar(historia.banco, "UPDATE usuarios SET nome = 'X' WHERE id = 1")
    arquivo = tmp_path / "ancoras.txt"
    codigo, stdout, stderr = leitor("verificar", "--ancoras", str(arquivo))
    assert (codigo, "lacre quebrado na execução 1" in stderr) == (65, True)
    assert stdout.splitlines()[-1] == "não feita  âncoras"
    assert not arquivo.exists()


@pytest.mark.parametrize("silencio", [[], ["--silencioso"]])
def test_toda_execucao_diz_a_sua(
    silencio: list[str], banco: Path, escritor: Programa, tmp_path: Path
) -> None:
    """Uma linha só, que se copia inteira, também com --silencioso."""
    (tmp_path / "a.csv").write_text("nome,email\nAna,ana@x.com\n")
    for argv in (["semear"], ["importar", str(tmp_path / "a.csv"), *silencio]):
        codigo, _, stderr = escritor(*argv)
        assert codigo == 0
        assert stderr.splitlines()[-1] == f"[ESCRITOR] âncora: {ancora(banco)}"


def test_a_restauracao_diz_a_da_copia(
    historia: Historia, escritor: Programa, leitor: Programa, tmp_path: Path
) -> None:
    """Depois dela vale a da cópia; a de antes acusa a troca, mesmo de propósito."""
    copia = tmp_path / "copia.db"
    copia.write_bytes(historia.antiga)
    codigo, _, stderr = escritor("restaurar", str(copia))
    assert (codigo, stderr.splitlines()[-1]) == (0, f"[ESCRITOR] âncora: {historia.ancoras[2]}")
    assert leitor("--ancora", historia.ancoras[2]).codigo == 0
    assert leitor("--ancora", historia.ancoras[3]).codigo == 65


def test_o_leitor_a_mostra(historia: Historia, leitor: Programa) -> None:
    """Em texto, em JSON, em stderr ao listar e na página, inteira."""
    ultima = historia.ancoras[-1]
    assert f"âncora:  {ultima}\n" in leitor("verificar").stdout
    relatorio = json.loads(leitor("verificar", "--formato", "json", "--ancora", ultima).stdout)
    assert relatorio["prova"]["ancora"] == ultima
    assert relatorio["verificacoes"][-1] == {
        "nome": "âncoras",
        "resultado": "ok",
        "detalhe": "conferem: 1",
    }
    codigo, pagina, stderr = leitor("--formato", "html")
    assert (codigo, f"[LEITOR] âncora:  {ultima}\n" in stderr) == (0, True)
    assert f"<code><bdi>{ultima}</bdi></code> Guarde-a fora deste volume" in pagina


def test_a_copia_na_saida_padrao_tambem_as_confere(historia: Historia) -> None:
    """Nem um byte de uma cópia antiga."""
    argv = ["--banco", str(historia.banco), "copiar", "-", "--ancora", historia.ancoras[-1]]
    feito = subprocess.run(comando("leitor", *argv), cwd=RAIZ, capture_output=True, check=False)
    assert (feito.returncode, feito.stdout) == (0, historia.banco.read_bytes())
    por_uma_copia_antiga(historia)
    feito = subprocess.run(comando("leitor", *argv), cwd=RAIZ, capture_output=True, check=False)
    assert (feito.returncode, feito.stdout) == (65, b"")


def receita(comando_: str) -> str:
    """Devolve o bloco do contrato que usa o comando, com o par desta pasta no lugar do Docker."""
    contrato = (RAIZ / "docs/contrato.md").read_text(encoding="utf-8")
    [bloco] = [b for b in re.findall(r"```sh\n(.*?)```", contrato, re.DOTALL) if comando_ in b]
    programa = f"PYTHONPATH={RAIZ} {sys.executable} -m"
    return re.sub(r"docker compose run --rm( --no-deps)? -T", programa, bloco)


def test_a_receita_do_git(
    banco: Path,
    tmp_path: Path,
    leitor: Programa,
    repetir: Programa,
    ferramenta: Callable[[str], str],
) -> None:
    """O bloco do contrato guarda a âncora que o escritor diz, e a última confere."""
    git = ferramenta("git")
    for feito in (
        [git, "init", "--quiet", str(tmp_path)],
        [git, "-C", str(tmp_path), "config", "user.name", "Eu"],
        [git, "-C", str(tmp_path), "config", "user.email", "eu@example.com"],
    ):
        assert rodar(feito).codigo == 0
    for vez in (1, 2):
        assert vez == 1 or repetir().codigo == 0
        saida = rodar(no_shell(f"set -e -o pipefail\n{receita('git commit')}"), pasta=tmp_path)
        assert (saida.codigo, "ok         âncoras      conferem: 1" in saida.stdout) == (0, True)
        guardadas = (tmp_path / "ancoras.txt").read_text().splitlines()
        assert guardadas == [ancora(banco, n) for n in range(1, vez + 1)]
    assert rodar([git, "-C", str(tmp_path), "rev-list", "--count", "HEAD"]).stdout == "2\n"
    assert leitor("verificar", "--ancoras", str(tmp_path / "ancoras.txt")).codigo == 0


def test_a_receita_da_assinatura(
    historia: Historia, tmp_path: Path, ferramenta: Callable[[str], str]
) -> None:
    """O bloco do contrato assina e confere; com um algarismo trocado, a assinatura não vale."""
    ferramenta("ssh-keygen")
    arquivo = tmp_path / "ancoras.txt"
    arquivo.write_text("".join(f"{texto}\n" for texto in historia.ancoras))
    assinar = receita("ssh-keygen -Y sign")
    saida = rodar(no_shell(f"set -e\n{assinar}"), pasta=tmp_path)
    assert (saida.codigo, 'Good "desafio2" signature for eu' in saida.stdout) == (0, True), saida
    conferir = assinar.splitlines()[-1]
    assert rodar(no_shell(conferir), pasta=tmp_path).codigo == 0
    arquivo.write_text(arquivo.read_text().replace("4 ", "5 "))
    assert rodar(no_shell(conferir), pasta=tmp_path).codigo != 0
