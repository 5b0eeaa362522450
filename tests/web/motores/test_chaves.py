"""A chave de idempotência: o mesmo pedido outra vez tem a mesma resposta, e nada se grava."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.contrato import alterar, consultar
from tests.web.motores.apoio import LINHAS, LIVRO, Arquivo, Motor, Servidor, conferir, juntos
from web.bancos import Banco
from web.gravador import ChaveDeOutroPedido, Gravador, Indisponivel, Recibo

Ligar = Callable[[Banco], Gravador]
Abrir = Callable[[], Banco]
ANA = ("Ana", "ana@x.com", "chave-1", "resumo-1")


def chaves(motor: Motor) -> list[str]:
    """Lê as chaves guardadas na sala do serviço, por fora."""
    sql = "SELECT chave FROM {} ORDER BY chave"
    if isinstance(motor, Arquivo):
        linhas = consultar(Path(f"{motor.caminho}-servico"), sql.format("chaves"))
    else:
        linhas = motor.consultar(sql.format("servico.chaves"))
    return [chave for (chave,) in linhas]


def test_a_mesma_resposta(motor: Motor, gravador: Gravador, abrir: Abrir, ligar: Ligar) -> None:
    """O recibo de então, também noutro processo e depois de outras execuções."""
    recibo = gravador.gravar(*ANA)
    gravador.gravar("Bia", "bia@x.com", None, None)
    assert gravador.gravar(*ANA) == recibo
    assert ligar(abrir()).gravar(*ANA) == recibo
    assert len(motor.consultar(LIVRO)) == 2
    conferir(motor)


def test_outro_corpo_com_a_mesma_chave(motor: Motor, gravador: Gravador) -> None:
    """Não é o mesmo pedido: nem se grava, nem se dá a resposta do outro."""
    gravador.gravar(*ANA)
    with pytest.raises(ChaveDeOutroPedido):
        gravador.gravar("Bia", "bia@x.com", "chave-1", "resumo-2")
    assert len(motor.consultar(LINHAS)) == 1
    assert chaves(motor) == ["chave-1"]


def test_ao_mesmo_tempo_em_dois_processos(motor: Motor, abrir: Abrir, ligar: Ligar) -> None:
    """Repetido antes de haver resposta, o pedido entra uma vez, e todos têm o mesmo recibo."""
    gravadores = [ligar(abrir()) for _ in range(2)]
    recibos = juntos(*(partial(gravadores[n % 2].gravar, *ANA) for n in range(10)))
    assert isinstance(recibos[0], Recibo)
    assert recibos == recibos[:1] * 10
    assert len(motor.consultar(LINHAS)) == 1
    conferir(motor)


def test_com_e_sem_chave_na_mesma_execucao(motor: Motor, gravador: Gravador) -> None:
    """A chave se guarda na transação das linhas, e só a de quem entrou."""
    feitos = juntos(
        *(
            partial(gravador.gravar, f"P{n}", f"p{n}@x.com", f"k{n}" if n % 2 else None, "r")
            for n in range(20)
        )
    )
    assert all(isinstance(feito, Recibo) for feito in feitos), feitos
    assert chaves(motor) == sorted(f"k{n}" for n in range(1, 20, 2))
    conferir(motor)


def test_as_velhas_se_apagam(motor: Motor, gravador: Gravador) -> None:
    """Passado o prazo, cada chave nova leva algumas velhas: a tabela não cresce sem fim."""
    for n in range(3):
        gravador.gravar(f"P{n}", f"p{n}@x.com", f"velha-{n}", "r")
    if isinstance(motor, Servidor):
        motor.banco.acesso.servidor.psql(
            "postgres",
            "UPDATE servico.chaves SET criada_em = now() - interval '25 hours'",
            banco=motor.banco.nome,
        )
    elif isinstance(motor, Arquivo):
        sala = Path(f"{motor.caminho}-servico")
        alterar(sala, "UPDATE chaves SET criada_em = criada_em - 90000")
    gravador.gravar("Nova", "nova@x.com", "nova", "r")
    assert len(chaves(motor)) == 2
    assert "nova" in chaves(motor)


def test_a_chave_de_outra_historia_nao_vale(motor: Motor, gravador: Gravador) -> None:
    """Depois de um restore, os números se repetem: o recibo não pode ser o de outra pessoa."""
    gravador.gravar("Zoé", "zoe@x.com", None, None)
    gravador.gravar(*ANA)
    motor.alterar("DELETE FROM usuarios WHERE id = 2", "DELETE FROM execucoes WHERE id = 2")
    with pytest.raises(Indisponivel):
        gravador.gravar("Bia", "bia@x.com", None, None)
    gravador.gravar("Bia", "bia@x.com", None, None)

    recibo = gravador.gravar(*ANA)
    assert (recibo.id, recibo.execucao, recibo.nome) == (3, 3, "Ana")
    assert gravador.gravar(*ANA) == recibo
    assert chaves(motor) == ["chave-1"]
    conferir(motor)
