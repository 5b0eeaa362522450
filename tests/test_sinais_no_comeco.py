"""Um Ctrl-C antes de o programa começar: 130, uma linha ou nenhuma, e nunca um traceback."""

import itertools
import signal
import time
from pathlib import Path

import pytest

from tests.contrato import fotografar
from tests.processos import RAIZ, comando, iniciado, no_shell, rodar, terminar

# Ao se procurar o módulo, o próprio processo se manda um SIGINT.
NA_CARGA = """
import os, sys
class Interrompe:
    def find_spec(self, nome, *_):
        if nome == {0!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), 2)
sys.meta_path.insert(0, Interrompe())
"""
DITO = {"escritor": "", "leitor": "[LEITOR] interrompido; nada foi alterado.\n"}


@pytest.mark.parametrize(
    ("programa", "modulo"),
    [
        ("escritor", "signal"),  # o leitor, na partida, não carrega este nem o seguinte
        ("escritor", "hashlib"),
        *itertools.product(DITO, ["console", "app", "sqlite3", "erros"]),
    ],
)
def test_enquanto_os_modulos_se_carregam(
    programa: str, modulo: str, semeado: Path, tmp_path: Path
) -> None:
    """Não há o que desfazer: 130, e o banco está como estava."""
    nome = modulo if modulo in {"signal", "sqlite3", "hashlib"} else f"{programa}.{modulo}"
    (tmp_path / "sitecustomize.py").write_text(NA_CARGA.format(nome))
    antes = fotografar(semeado.parent)
    linha = f'PYTHONPATH={tmp_path}:{RAIZ} "$@"; echo $?'
    saida = rodar(no_shell(linha, *comando(programa, "--espera", "1")), pasta=tmp_path)
    assert (saida.codigo, saida.stdout, saida.stderr) == (0, "130\n", DITO[programa])
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize("programa", ["escritor", "leitor"])
def test_nos_primeiros_cem_milissegundos(programa: str, semeado: Path) -> None:
    """De 5 em 5 ms: do programa, nunca um traceback; o que o interpretador diz antes é dele."""
    for atraso in range(0, 100, 5):
        with iniciado(comando(programa, "--banco", str(semeado))) as processo:
            time.sleep(atraso / 1000)
            processo.send_signal(signal.SIGINT)
            saida = terminar(processo)
        assert "__main__.py" not in saida.stderr, (atraso, saida.stderr)
        if "Traceback" not in saida.stderr:
            assert saida.codigo in {0, 130, -signal.SIGINT}, (atraso, saida)
