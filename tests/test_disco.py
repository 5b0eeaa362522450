"""Erros de disco e de saída: 74, e o que já estava gravado continua inteiro."""

import os
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import AMOSTRA, consultar, fotografar, pessoas
from tests.processos import comando, fluxo, iniciado, no_shell, rodar, terminar

MUITAS = "nome,email\n" + "".join(f"Pessoa {i},p{i}@x.com\n" for i in range(20_000))


def test_sem_espaco_para_gravar(semeado: Path, escritor: Programa, leitor: Programa) -> None:
    """Um limite de tamanho de arquivo faz as vezes do disco cheio: 74, e nada se perde."""
    cmd = no_shell('ulimit -f 64; exec "$@"', *comando("escritor", "importar", "-"))
    saida = rodar(cmd, MUITAS.encode())
    assert (saida.codigo, saida.stdout) == (74, ""), saida.stderr
    assert saida.stderr.startswith(f"[ESCRITOR] ERRO: {semeado}: ")
    assert "nada foi gravado e os dados antigos estão inteiros" in saida.stderr
    assert saida.stderr.count("\n") == 1
    # Um diário quente pode ficar: o escritor o recupera ao abrir, e só então é que se lê.
    assert escritor().codigo == 0
    assert list(fotografar(semeado.parent)) == [semeado.name]
    assert pessoas(semeado) == AMOSTRA
    assert consultar(semeado, "SELECT origem FROM execucoes") == [("semear",)]
    assert leitor("verificar").codigo == 0


def test_sem_espaco_para_o_primeiro_byte(banco: Path, leitor: Programa) -> None:
    """Sem caber nada, o banco não nasce pela metade."""
    saida = rodar(no_shell('ulimit -f 0; exec "$@"', *comando("escritor")))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (74, "", 1), saida.stderr
    assert leitor().codigo in {66, 75}
    assert rodar(comando("escritor")).codigo == 0
    assert pessoas(banco) == AMOSTRA
    assert leitor("verificar").codigo == 0


@pytest.mark.parametrize(
    ("programa", "argv"),
    [
        ("escritor", []),
        ("leitor", []),
        ("leitor", ["verificar"]),
        ("leitor", ["verificar", "--formato", "json"]),
        ("leitor", ["listar", "--formato", "csv"]),
    ],
)
@pytest.mark.parametrize("saida_ruim", [">/dev/full", ">&-"], ids=["cheia", "fechada"])
@pytest.mark.parametrize("sem_buffer", ["", "1"], ids=["terminal", "imagem"])
def test_saida_padrao_que_falha(
    sem_buffer: str, saida_ruim: str, programa: str, argv: list[str], semeado: Path
) -> None:
    """Se o resultado não chega à saída, não é 0, nem defeito nosso; o banco fica bem."""
    if programa == "escritor":
        semeado.unlink()  # há o que gravar, e fica gravado
    linha = f'PYTHONUNBUFFERED={sem_buffer} exec "$@" {saida_ruim}'
    saida = rodar(no_shell(linha, *comando(programa, *argv)))
    assert (saida.codigo, saida.stdout) == (74, ""), saida.stderr
    assert "saída padrão falhou" in saida.stderr
    assert "Traceback" not in saida.stderr
    assert "Exception ignored" not in saida.stderr
    assert consultar(semeado, "SELECT count(*) FROM execucoes") == [(1,)]


def test_saida_cheia_no_meio_de_muitas_linhas(
    semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """Também quando a falha vem de uma escrita no meio da lista, e não só do fim."""
    (tmp_path / "muitas.csv").write_text(MUITAS)
    assert escritor("importar", str(tmp_path / "muitas.csv")).codigo == 0
    saida = rodar(no_shell('exec "$@" >/dev/full', *comando("leitor")))
    assert (saida.codigo, saida.stdout) == (74, "")
    assert saida.stderr.endswith(
        "[LEITOR] ERRO: a saída padrão falhou (disco cheio): não saiu tudo. Leia de novo.\n"
    )
    assert len(pessoas(semeado)) == 20_003


def test_head_nao_leu_tudo(semeado: Path, escritor: Programa, tmp_path: Path) -> None:
    """`leitor | head -1` com 20 mil linhas: o leitor diz que falta o resto, com 74."""
    (tmp_path / "muitas.csv").write_text(MUITAS)
    assert escritor("importar", str(tmp_path / "muitas.csv")).codigo == 0
    linha = '"$@" | head -1; echo "${PIPESTATUS[0]}"'
    saida = rodar(no_shell(linha, *comando("leitor", "listar", "--formato", "jsonl")))
    primeira, codigo_do_leitor = saida.stdout.splitlines()
    assert (saida.codigo, codigo_do_leitor) == (0, "74")
    assert '"nome": "João Silva"' in primeira
    *_, fim = saida.stderr.splitlines()
    assert all(linha.startswith("[LEITOR] ") for linha in saida.stderr.splitlines())
    assert saida.stderr.count("ERRO") == 1
    assert fim == (
        "[LEITOR] ERRO: a saída padrão falhou (quem lia já saiu): não saiu tudo. Leia de novo."
    )
    assert len(pessoas(semeado)) == 20_003


@pytest.mark.parametrize("programa", ["escritor", "leitor"])
def test_quem_leria_a_saida_ja_foi(programa: str, semeado: Path) -> None:
    """Um pipe fechado antes da primeira escrita: 74, e o escritor, que já gravou, o diz."""
    if programa == "escritor":
        semeado.unlink()
    leitura, escrita = os.pipe()
    os.close(leitura)
    with iniciado(no_shell(f'exec "$@" >&{escrita}', *comando(programa)), escrita) as processo:
        os.close(escrita)
        fluxo(processo.stdin).close()
        saida = terminar(processo)
    *_, fim = saida.stderr.splitlines()
    assert (saida.codigo, "quem lia já saiu" in fim) == (74, True), saida.stderr
    assert ("gravado, mas" in fim) == (programa == "escritor")
    assert "Broken" not in saida.stderr
    assert consultar(semeado, "SELECT count(*) FROM execucoes") == [(1,)]


@pytest.mark.parametrize("erro_ruim", ["2>/dev/full", "2>&-"])
@pytest.mark.parametrize("programa", ["escritor", "leitor"])
def test_stderr_que_falha(programa: str, erro_ruim: str, semeado: Path) -> None:
    """Sem onde dizer, o trabalho é feito do mesmo jeito, e o código o diz."""
    saida = rodar(no_shell(f'exec "$@" {erro_ruim}', *comando(programa)))
    assert (saida.codigo, saida.stderr) == (0, "")
    assert saida.stdout.count("@example.com") == 3
    saida = rodar(no_shell(f'exec "$@" {erro_ruim}', *comando(programa, "nada")))
    assert (saida.codigo, saida.stdout, saida.stderr) == (2, "", "")
    assert pessoas(semeado) == AMOSTRA
