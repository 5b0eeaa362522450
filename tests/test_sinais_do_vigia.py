"""O vigia parado por um sinal: logo, limpo, e com o código do que viu por último."""

import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import leitor.app
import leitor.banco
from tests.contrato import alterar, fotografar
from tests.processos import (
    PARADA,
    PRAZO,
    Saida,
    abriu,
    comando,
    esperar,
    fluxo,
    iniciado,
    terminar,
    trava,
)

SINAIS = pytest.mark.parametrize("sinal", [signal.SIGTERM, signal.SIGINT])
# Um banco em que uma verificação não acaba nunca: a instrução SQL só para se alguém a interrompe.
SEM_FIM = """
import sys
from leitor import app, banco
from leitor.banco import consultas
consultas.{0} = '''
    WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)
    SELECT n, 1, 1, 1 FROM c WHERE n < 0'''
sys.exit(app.main(["vigiar"], banco=banco))
"""


@contextmanager
def vigiando(cmd: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Um vigia que já disse o que vigia: os tratadores estão no lugar."""
    with iniciado(cmd) as processo:
        assert b"vigiando " in fluxo(processo.stderr).readline()
        yield processo


def parar(processo: subprocess.Popen[bytes], sinal: int) -> Saida:
    """Manda o sinal e espera o fim no prazo que a especificação promete."""
    processo.send_signal(sinal)
    return terminar(processo, PARADA)


def linha(processo: subprocess.Popen[bytes], saida: str) -> str:
    """Espera, com prazo, a próxima linha de `stdout` ou `stderr`."""
    pipe = fluxo(getattr(processo, saida))
    prontos, _, _ = select.select([pipe], [], [], PRAZO)
    assert prontos, f"nada em {saida} em {PRAZO:g} s"
    return pipe.readline().decode()


def dormindo(processo: subprocess.Popen[bytes]) -> None:
    """Espera o vigia, que já disse o que leu, parar entre duas leituras."""
    esperar(
        lambda: "State:\tS" in Path(f"/proc/{processo.pid}/status").read_text(), "o vigia dormir"
    )


@SINAIS
def test_dormindo_depois_de_uma_leitura_boa(sinal: int, semeado: Path) -> None:
    """`docker stop` é o fim normal de quem não tem fim: 0, na hora, e diz que parou."""
    antes = fotografar(semeado.parent)
    with vigiando(comando("leitor", "vigiar", "--intervalo", "3600")) as processo:
        assert "primeira leitura" in linha(processo, "stdout")
        dormindo(processo)
        saida = parar(processo, sinal)
    assert saida == (0, "", "[LEITOR] parado por um sinal; leituras feitas: 1.\n")
    assert fotografar(semeado.parent) == antes


@SINAIS
def test_dormindo_depois_de_uma_falha(sinal: int, semeado: Path) -> None:
    """O código é o da falha que estava à vista: quem parou o serviço fica sabendo."""
    alterar(semeado, "UPDATE usuarios SET nome = 'Outra' WHERE id = 2")
    with vigiando(comando("leitor", "vigiar", "--intervalo", "3600")) as processo:
        assert "lacre quebrado" in linha(processo, "stderr")
        dormindo(processo)
        saida = parar(processo, sinal)
    assert saida == (65, "", "[LEITOR] parado por um sinal; leituras feitas: 1.\n")


@SINAIS
@pytest.mark.parametrize("consulta", ["INTEGRIDADE", "LACRES"])
def test_no_meio_da_primeira_verificacao(consulta: str, sinal: int, semeado: Path) -> None:
    """Sem nenhuma leitura terminada, nada se sabe: 130 ou 143, mesmo dentro do SQLite."""
    antes = fotografar(semeado.parent)
    cmd = [*comando("leitor")[:2], sys.executable, "-X", "utf8", "-c", SEM_FIM.format(consulta)]
    with vigiando(cmd) as processo:
        esperar(lambda: gastou(processo, 0.3), "a consulta sem fim rodar")
        saida = parar(processo, sinal)
    assert saida == (128 + sinal, "", "[LEITOR] parado por um sinal; leituras feitas: 0.\n")
    assert fotografar(semeado.parent) == antes


def gastou(processo: subprocess.Popen[bytes], segundos: float) -> bool:
    """Diz se o processo já usou tanto de processador, ou se terminou."""
    campos = Path(f"/proc/{processo.pid}/stat").read_text().rpartition(")")[2].split()
    return int(campos[11]) + int(campos[12]) >= segundos * 100 or processo.poll() is not None


@SINAIS
def test_esperando_uma_trava(sinal: int, semeado: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Também enquanto espera por um escritor que não solta o banco."""
    monkeypatch.setenv("BANCO_ESPERA", "3600")
    with trava(semeado, "EXCLUSIVE"), vigiando(comando("leitor", "vigiar")) as processo:
        esperar(lambda: abriu(processo, semeado), "o vigia abrir o banco")
        saida = parar(processo, sinal)
    assert saida == (128 + sinal, "", "[LEITOR] parado por um sinal; leituras feitas: 0.\n")


def test_sinais_a_qualquer_instante(semeado: Path) -> None:
    """Um vigia que quase não dorme, parado em instantes diversos: sempre 0, sempre limpo."""
    antes = fotografar(semeado.parent)
    for vez in range(20):
        with vigiando(comando("leitor", "vigiar", "--intervalo", "0.1")) as processo:
            assert "primeira leitura" in linha(processo, "stdout")
            with pytest.raises(subprocess.TimeoutExpired):  # vive até o instante do sinal
                processo.wait(0.007 * vez)
            saida = parar(processo, signal.SIGTERM)
        assert (saida.codigo, saida.stdout) == (0, ""), saida.stderr
        assert saida.stderr.splitlines()[-1].startswith("[LEITOR] parado por um sinal; leituras")
        assert "Traceback" not in saida.stderr
    assert fotografar(semeado.parent) == antes


def test_vezes_de_verdade(semeado: Path) -> None:
    """`--vezes` com a espera de verdade: três leituras, duas esperas, e termina sozinho."""
    inicio = time.monotonic()
    with vigiando(comando("leitor", "vigiar", "--intervalo", "0.2", "--vezes", "3")) as processo:
        saida = terminar(processo)
    assert time.monotonic() - inicio >= 0.4
    assert (saida.codigo, saida.stdout.count("\n")) == (0, 1)
    assert saida.stderr == "[LEITOR] nada mudou; daqui em diante, só digo o que mudar\n"
    assert semeado.exists()


def test_os_tratadores_sao_devolvidos(semeado: Path) -> None:
    """Quem importa o leitor como biblioteca não fica com os sinais do vigia."""
    antes = [signal.getsignal(sinal) for sinal in (signal.SIGTERM, signal.SIGINT)]
    argv = ["vigiar", "--vezes", "1", "--banco", str(semeado)]
    assert leitor.app.main(argv, banco=leitor.banco) == 0
    assert [signal.getsignal(sinal) for sinal in (signal.SIGTERM, signal.SIGINT)] == antes
