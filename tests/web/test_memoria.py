"""O corpo guardado sob o que o determina: nunca misturado, e nunca mais do que cabe."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import MagicMock

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from web.cache import Cache, contadores, corpo
from web.cache.corpo import Corpo, Pedido
from web.cache.memoria import CADA, Memoria
from web.cache.servidor import Fora, Servidor

PEDIDO = Pedido("/usuarios", "100&0&", "application/json")
CHAVE = corpo.chave("b", "1 a", PEDIDO)


@given(st.text(), st.none() | st.integers(1), st.binary())
def test_o_que_se_sela_se_abre(ancora: str, proximo: int | None, conteudo: bytes) -> None:
    """De volta, o mesmo corpo; sob outra chave, nada."""
    selado = Corpo(
        CHAVE, ancora.replace("\n", "").encode("utf-8", "ignore").decode(), proximo, conteudo
    )
    assert corpo.abrir(CHAVE, corpo.selar(selado)) == selado
    assert corpo.abrir("0" * 32, corpo.selar(selado)) is None


@given(st.binary(max_size=200), st.integers(0, 199))
def test_um_byte_trocado_nao_abre(conteudo: bytes, onde: int) -> None:
    """Em qualquer lugar do que o Redis guarda; e também o que foi cortado."""
    selado = bytearray(corpo.selar(Corpo(CHAVE, "1 a", None, conteudo)))
    onde %= len(selado)
    assert corpo.abrir(CHAVE, bytes(selado[:onde])) is None
    selado[onde] ^= 1
    assert corpo.abrir(CHAVE, bytes(selado)) is None


def test_cada_parte_muda_a_chave() -> None:
    """Build, elo, rota, consulta e tipo: cada um é outra chave."""
    outras = [
        corpo.chave("c", "1 a", PEDIDO),
        corpo.chave("b", "2 a", PEDIDO),
        *(corpo.chave("b", "1 a", PEDIDO._replace(**{campo: "x"})) for campo in Pedido._fields),
    ]
    assert len({CHAVE, *outras}) == 6


def test_a_memoria_nao_cresce() -> None:
    """Passado o que cabe, sai o que há mais tempo não se usa."""
    memoria = Memoria(cabem=3 * (CADA + 10))
    for n in range(4):
        memoria.guardar(str(n), Corpo(str(n), "1 a", None, b"x" * 10))
        memoria.pegar("0")
    assert [memoria.pegar(str(n)) is not None for n in range(4)] == [True, False, True, True]


def test_corpos_vazios_tambem_ocupam() -> None:
    """Muitos sem conteúdo: ficam os que cabem com o que cada um custa."""
    memoria = Memoria(cabem=10 * CADA)
    for n in range(1_000):
        memoria.guardar(str(n), Corpo(str(n), "1 a", None, b""))
    assert len([n for n in range(1_000) if memoria.pegar(str(n))]) == 10


def test_um_so_faz_o_corpo_e_os_outros_esperam_por_ele() -> None:
    """Trinta pedidos ao mesmo tempo, um corpo feito; e o de um elo mais novo serve a todos."""
    cache = Cache("b", None, 300)
    feitos = []
    juntos = threading.Barrier(30)

    def fazer() -> tuple[str, int | None, bytes]:
        feitos.append(1)
        return "2 b", None, b"[]"

    def pedir() -> Corpo:
        juntos.wait()
        return cache.obter("1 a", PEDIDO, fazer)

    with ThreadPoolExecutor(30) as threads:
        corpos = {futuro.result() for futuro in [threads.submit(pedir) for _ in range(30)]}
    assert len(feitos) == 1
    assert corpos == {Corpo(corpo.chave("b", "2 b", PEDIDO), "2 b", None, b"[]")}


def test_um_corpo_mais_velho_nao_serve_a_quem_pediu_um_mais_novo() -> None:
    """O de um banco que voltou atrás não fica sob a chave pedida."""
    cache = Cache("b", None, 300)
    feitos = iter(["1 a", "3 c"])
    ancoras = [
        cache.obter("2 b", PEDIDO, lambda: (next(feitos), None, b"[]")).ancora for _ in range(3)
    ]
    assert ancoras == ["1 a", "3 c", "3 c"]


def test_um_contador_que_nao_e_numero() -> None:
    """Diz o que apagar, e o cache continua no ar; outra recusa do servidor é dele."""
    juntos = MagicMock()
    cliente = MagicMock()
    cliente.pipeline.return_value.__enter__.return_value = juntos
    servidor = Servidor("redis://127.0.0.1:1/0", None)
    servidor._cliente = cliente
    juntos.execute.side_effect = redis.ResponseError("value is not an integer or out of range")
    with pytest.raises(Fora, match="DEL desafio2:contador"):
        contadores.acessar(servidor)
    assert not servidor.fora
    juntos.execute.side_effect = redis.ResponseError("OOM command not allowed")
    with pytest.raises(Fora, match="o cache está fora"):
        contadores.acessar(servidor)
    assert servidor.fora
    servidor.fechar()
