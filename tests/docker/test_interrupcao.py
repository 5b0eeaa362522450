"""Um escritor interrompido no meio do trabalho, de um jeito que avisa e de um que não avisa."""

from __future__ import annotations

import os
import re
import shlex
import signal
import time
from collections.abc import Callable

import pytest
from docker.models.containers import Container

from tests.contrato import AMOSTRA
from tests.docker.apoio import GRANDE, Projeto, esperar, no_meio_do_trabalho
from tests.docker.volume import ARQUIVO, DIARIO
from tests.processos import PARADA

pytestmark = pytest.mark.docker

INTERROMPIDO = "[ESCRITOR] interrompido: a transação foi desfeita e nada foi gravado."
MAGIA_DO_DIARIO = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"  # sqlite.org/fileformat2.html, seção 3


def parar(conteiner: Container) -> None:
    """Faz o que `docker stop -t 10` faz: SIGTERM, e SIGKILL dez segundos depois."""
    conteiner.stop(timeout=10)


def ctrl_c(conteiner: Container) -> None:
    """Manda o SIGINT de um Ctrl-C e espera o fim."""
    conteiner.kill(signal.SIGINT)
    conteiner.wait(timeout=10)


@pytest.mark.parametrize(("interromper", "codigo"), [(parar, 143), (ctrl_c, 130)])
def test_interrompido_termina_logo_e_desfaz(
    projeto: Projeto, interromper: Callable[[Container], None], codigo: int
) -> None:
    """No meio da transação: menos de 2 s, 143 ou 130, e o arquivo volta a ser o mesmo."""
    with no_meio_do_trabalho(projeto) as (importacao, antes):
        inicio = time.monotonic()
        interromper(importacao.conteiner)
        duracao = time.monotonic() - inicio
        resultado = importacao.terminar()
        estado = importacao.conteiner.wait(timeout=10)

    assert duracao < PARADA
    assert estado["StatusCode"] == resultado.codigo == codigo
    assert INTERROMPIDO in resultado.stderr
    assert resultado.stdout == ""
    assert projeto.volume.arquivos() == {ARQUIVO: antes}
    banco = projeto.volume.banco()
    assert (banco.pessoas, len(banco.execucoes)) == (AMOSTRA, 1)


def test_quem_espera_a_trava_tambem_para_logo(projeto: Projeto) -> None:
    """Um segundo escritor, parado na fila: 143 em menos de 2 s, e o primeiro nem percebe."""
    with (
        no_meio_do_trabalho(projeto) as (primeira, _),
        projeto.importacao("nome,email\nNa fila,fila@example.com\n") as segunda,
    ):
        esperar(segunda.abriu_o_banco, "o segundo escritor abrir o banco")
        inicio = time.monotonic()
        parar(segunda.conteiner)
        duracao = time.monotonic() - inicio
        parada, gravada = segunda.terminar(), primeira.terminar()

    assert duracao < PARADA
    assert (parada.codigo, gravada.codigo) == (143, 0)
    assert INTERROMPIDO in parada.stderr
    banco = projeto.volume.banco()
    assert [e["inseridos"] for e in banco.execucoes] == [3, len(GRANDE)]
    assert ("Na fila", "fila@example.com") not in set(banco.pessoas)


@pytest.mark.parametrize(
    ("semear", "motivo"),
    [(True, "há um diário quente"), (False, "gravação interrompida no começo")],
    ids=["com banco antes", "no nascimento do banco"],
)
def test_morto_deixa_um_diario_que_o_escritor_seguinte_desfaz(
    projeto: Projeto, semear: bool, motivo: str
) -> None:
    """O controle negativo, com SIGKILL: o leitor recusa com 75, e o remédio que ele diz cura."""
    with no_meio_do_trabalho(projeto, semear=semear) as (importacao, antes):
        importacao.conteiner.kill(signal.SIGKILL)
        resultado = importacao.terminar()
        estado = importacao.conteiner.wait(timeout=10)
    assert estado["StatusCode"] == resultado.codigo == 137
    assert resultado.stderr.count("[ESCRITOR]") == 0
    sobra = projeto.volume.arquivos()
    assert sobra[DIARIO].startswith(MAGIA_DO_DIARIO)
    assert len(sobra[ARQUIVO]) > len(antes)

    recusa = projeto.compose("run", "--rm", "--no-deps", "leitor", codigo=os.EX_TEMPFAIL)
    assert recusa.stdout == ""
    assert motivo in recusa.stderr
    assert projeto.volume.arquivos() == sobra

    remedio = re.search(r": docker compose (.+)$", recusa.stderr, re.MULTILINE)
    assert remedio, recusa.stderr
    projeto.compose(*shlex.split(remedio[1]))
    banco = projeto.volume.banco()
    assert (banco.pessoas, [e["inseridos"] for e in banco.execucoes]) == (AMOSTRA, [3])
    lido = projeto.compose("run", "--rm", "--no-deps", "leitor")
    assert all(nome in lido.stdout for nome, _ in AMOSTRA)
