"""O verificador: tudo, pelo leitor; o que se acrescenta, logo; e o que se quebra, dito."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.processos import esperar
from tests.web.motores.apoio import Motor, gravar_todos
from web.bancos import Banco
from web.gravador import Gravador
from web.mural import Verificado
from web.verificador import Verificador

Abrir = Callable[[], Banco]
Vigiar = Callable[[float], Verificador]
PESSOAS = [("Ana", "ana@x.com"), ("Bia", "bia@x.com"), ("Caio", "caio@x.com")]


@pytest.fixture
def vigiar(
    abrir: Abrir, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Vigiar]:
    """Devolve a função que põe mais um verificador no ar, como mais um processo da máquina."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("mural")))
    with ExitStack() as pilha:

        def mais_um(a_cada: float) -> Verificador:
            verificador = Verificador(abrir(), a_cada)
            verificador.iniciar()
            pilha.callback(verificador.parar)
            return verificador

        yield mais_um


def chegar(verificador: Verificador, resultado: str, ate: int | None = None) -> Verificado:
    """Espera que o verificador diga isto."""

    def chegou() -> bool:
        estado = verificador.estado
        return estado.resultado == resultado and ate in {None, estado.ate}

    esperar(chegou, f"{resultado} {ate}")
    return verificador.estado


def test_o_que_se_acrescenta_se_confere_logo(gravador: Gravador, vigiar: Vigiar) -> None:
    """Pendente; conferido até a última; e até a seguinte, sem esperar pelo intervalo."""
    gravar_todos(gravador, PESSOAS)
    verificador = vigiar(3600)
    assert verificador.estado.resultado == "pendente"
    estado = chegar(verificador, "ok", 3)

    recibo = gravador.gravar("Duda", "duda@x.com", None, None)
    verificador.avisar()
    novo = chegar(verificador, "ok", 4)
    assert (novo.elo, novo.motivo) == (recibo.elo, None)
    assert novo.em >= estado.em
    assert novo.por


def test_um_banco_sem_ninguem_esta_em_ordem(vigiar: Vigiar, banco: Banco) -> None:
    """Senão, nunca se gravaria a primeira pessoa."""
    assert banco.ancora() is None
    assert chegar(vigiar(3600), "ok", 0).elo == "0" * 64


def test_uma_letra_trocada(motor: Motor, gravador: Gravador, vigiar: Vigiar) -> None:
    """Falha, com o motivo; e, desfeito o dano, em ordem outra vez."""
    gravar_todos(gravador, PESSOAS)
    verificador = vigiar(0.2)
    chegar(verificador, "ok", 3)
    motor.alterar("UPDATE usuarios SET nome = 'Anna' WHERE id = 1")
    motivo = chegar(verificador, "falha").motivo
    assert motivo is not None
    assert "lacre quebrado na execução 1" in motivo
    assert verificador.estado.ate == 3
    motor.alterar("UPDATE usuarios SET nome = 'Ana' WHERE id = 1")
    assert chegar(verificador, "ok", 3).motivo is None


def test_o_que_se_acrescentou_quebrado(motor: Motor, gravador: Gravador, vigiar: Vigiar) -> None:
    """A execução nova mente: a falha vem do aviso, e não do intervalo."""
    gravar_todos(gravador, PESSOAS)
    verificador = vigiar(3600)
    chegar(verificador, "ok", 3)
    gravador.gravar("Duda", "duda@x.com", None, None)
    motor.alterar("UPDATE usuarios SET nome = 'Eva' WHERE id = 4")
    verificador.avisar()
    assert "execução 4" in str(chegar(verificador, "falha").motivo)


def test_um_verifica_e_os_outros_leem(gravador: Gravador, vigiar: Vigiar) -> None:
    """Na mesma máquina, um só processo gasta com isso; parado ele, outro assume."""
    gravar_todos(gravador, PESSOAS)
    um, outro = vigiar(3600), vigiar(3600)
    assert chegar(um, "ok", 3) == chegar(outro, "ok", 3)
    gravador.gravar("Duda", "duda@x.com", None, None)
    outro.avisar()
    um.avisar()
    chegar(outro, "ok", 4)
    um.parar()
    gravador.gravar("Eva", "eva@x.com", None, None)
    outro.avisar()
    chegar(outro, "ok", 5)
