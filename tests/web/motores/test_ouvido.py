"""O ouvido: sabe a âncora sem perguntar a cada pedido, e pergunta se não a ouviu há pouco."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.processos import esperar
from web.bancos import Banco, Indisponivel
from web.gravador import Gravador
from web.ouvido import LIMITE, Ouvido

Abrir = Callable[[], Banco]
Ligar = Callable[[Banco], Gravador]


@pytest.fixture
def escutando(abrir: Abrir) -> Iterator[tuple[Ouvido, threading.Event]]:
    """Um ouvido no ar, e o que ele avisa quando a âncora muda."""
    mudou = threading.Event()
    ouvido = Ouvido(abrir(), mudou.set)
    ouvido.iniciar()
    yield ouvido, mudou
    ouvido.parar()


def test_ouve_o_que_outro_processo_grava(
    escutando: tuple[Ouvido, threading.Event], abrir: Abrir, ligar: Ligar
) -> None:
    """Sem que ninguém lhe pergunte, avisa e passa a dizer a âncora nova."""
    ouvido, mudou = escutando
    gravador = ligar(abrir())
    for n in range(3):
        mudou.clear()
        recibo = gravador.gravar(f"P{n}", f"p{n}@x.com", None, None)
        esperar(mudou.is_set, "o ouvido avisar")
        esperar(
            lambda esperada=f"{recibo.execucao} {recibo.elo}": ouvido.ancora() == esperada,  # type: ignore[misc]
            "o ouvido dizer a âncora nova",
        )


def test_perguntar_sabe_na_hora(abrir: Abrir, ligar: Ligar) -> None:
    """Quem não pode estar atrás do banco pergunta, e com isso todos ficam sabendo."""
    ouvido = Ouvido(abrir(), lambda: None)
    recibo = ligar(abrir()).gravar("Ana", "ana@x.com", None, None)
    esperada = f"{recibo.execucao} {recibo.elo}"
    assert ouvido.perguntar() == esperada
    assert ouvido.ancora() == esperada


class _Banco:
    """Um banco que conta as perguntas, e pode estar fora do ar."""

    def __init__(self) -> None:
        self.dito: str | None = "1 a"
        self.perguntas = 0

    def ancora(self) -> str | None:
        self.perguntas += 1
        if self.dito == "fora":
            raise Indisponivel("fora do ar")
        return self.dito

    @contextmanager
    def escuta(self) -> Iterator[None]:
        raise Indisponivel("fora do ar")
        yield


def test_passado_o_limite_pergunta(monkeypatch: pytest.MonkeyPatch) -> None:
    """Surdo, o que se sabe vale LIMITE segundos; depois, cada pedido pergunta ao banco."""
    agora = [100.0]
    monkeypatch.setattr("web.ouvido.time.monotonic", lambda: agora[0])
    banco = _Banco()
    ouvido = Ouvido(banco, lambda: None)  # type: ignore[arg-type]
    assert (ouvido.ancora(), ouvido.ancora(), banco.perguntas) == ("1 a", "1 a", 1)
    banco.dito = "2 b"
    agora[0] += LIMITE
    assert (ouvido.ancora(), banco.perguntas) == ("1 a", 1)
    agora[0] += 0.001
    assert (ouvido.ancora(), banco.perguntas) == ("2 b", 2)
    banco.dito = "fora"
    agora[0] += LIMITE + 0.001
    with pytest.raises(Indisponivel):
        ouvido.ancora()


def test_uma_resposta_atrasada_nao_apaga_a_mais_nova(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quem perguntou antes e recebeu depois não faz ninguém voltar atrás."""
    agora = [100.0]
    monkeypatch.setattr("web.ouvido.time.monotonic", lambda: agora[0])
    banco = _Banco()
    ouvido = Ouvido(banco, lambda: None)  # type: ignore[arg-type]

    def demorada() -> str:
        agora[0] += 0.05
        banco.ancora = lambda: "2 b"  # type: ignore[method-assign]
        ouvido.perguntar()
        return "1 a"

    banco.ancora = demorada  # type: ignore[method-assign]
    assert ouvido.perguntar() == "1 a"
    assert ouvido.ancora() == "2 b"


def test_um_recibo_daqui_se_sabe_na_hora(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quem gravou por este processo lê o que gravou; um recibo velho não faz voltar atrás."""
    monkeypatch.setattr("web.ouvido.time.monotonic", lambda: 100.0)
    ouvido = Ouvido(_Banco(), lambda: None)  # type: ignore[arg-type]
    assert ouvido.ancora() == "1 a"
    ouvido.saber(3, "c", 100.0)
    ouvido.saber(2, "b", 100.0)
    assert ouvido.ancora() == "3 c"


def test_o_recibo_vale_desde_antes_do_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quem acorda tarde não diz que o que sabe é de agora; e o mais novo nunca se joga fora."""
    agora = [100.0]
    monkeypatch.setattr("web.ouvido.time.monotonic", lambda: agora[0])
    banco = _Banco()
    ouvido = Ouvido(banco, lambda: None)  # type: ignore[arg-type]
    agora[0] += 1
    ouvido.saber(3, "c", 100.0)
    banco.dito = "4 d"
    assert ouvido.ancora() == "4 d"  # já passou o LIMITE: pergunta
    ouvido.saber(5, "e", 101.0)
    agora[0] += 0.01
    ouvido._aprender("4 d", 100.9)
    assert ouvido.ancora() == "5 e"
    ouvido._aprender("6 f", 100.95)
    assert ouvido.ancora() == "6 f"
