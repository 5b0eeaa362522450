"""Um corpo inteiro, ou nada dele."""

from __future__ import annotations

import gzip
import io
import threading
from functools import partial
from typing import Any

import pytest

from escritor.entrada.fonte import Forma
from tests.web.motores.apoio import LINHAS, LIVRO, Motor, conferir, juntos
from web.bancos import Banco
from web.gravador import Gravador, Recibo
from web.importacao import Recusado, importar

CSV = "nome,email\n" + "".join(f"P{n},p{n}@x.com\n" for n in range(40))
JSONL = "".join(f'{{"nome": "P{n}", "email": "p{n}@x.com"}}\n' for n in range(40))
JSON = f"[{','.join(JSONL.splitlines())}]"


@pytest.mark.parametrize(("formato", "texto"), [("csv", CSV), ("jsonl", JSONL), ("json", JSON)])
def test_cada_formato(formato: str, texto: str, motor: Motor, banco: Banco) -> None:
    """Uma execução, com os números dela e o nome do que se importou."""
    execucao = importar(banco, io.BytesIO(texto.encode()), Forma(formato), "gente.csv")
    assert (execucao.origem, execucao.lidos, execucao.inseridos) == ("importar:gente.csv", 40, 40)
    assert tuple(execucao) == motor.consultar(LIVRO)[0]
    assert len(motor.consultar(LINHAS)) == 40
    conferir(motor)


def test_gzip_e_repetidos(motor: Motor, banco: Banco, gravador: Gravador) -> None:
    """O gzip se percebe; quem já está fica como está."""
    gravador.gravar("Outro", "P7@x.com", None, None)
    corpo = io.BytesIO(gzip.compress(CSV.encode()))
    execucao = importar(banco, corpo, Forma("csv"), "-")
    assert (execucao.inseridos, execucao.repetidos, execucao.total) == (39, 1, 40)
    assert gravador.gravar("Mais", "mais@x.com", None, None).execucao == 3
    conferir(motor)


def test_muitas_linhas(motor: Motor, banco: Banco, gravador: Gravador) -> None:
    """Mais do que o gravador pergunta junto: ele confere à parte, e continua."""
    gravador.gravar("Ana", "ana@x.com", None, None)
    corpo = "nome,email\n" + "".join(f"P{n},p{n}@x.com\n" for n in range(12_000))
    assert importar(banco, io.BytesIO(corpo.encode()), Forma("csv"), "-").inseridos == 12_000
    recibo = gravador.gravar("Bia", "bia@x.com", None, None)
    assert (recibo.id, recibo.execucao) == (12_002, 3)
    assert motor.leitor("verificar").codigo == 0


RUINS: list[tuple[bytes, list[dict[str, Any]], int, dict[str, str]]] = [
    (
        b"nome,email\nAna,ana@x.com\nBia,bia\n,c@x.com\n",
        [
            {"linha": 3, "campo": "email", "motivo": "'bia' não é um e-mail"},
            {"linha": 4, "campo": "nome", "motivo": "vazio"},
        ],
        2,
        {},
    ),
    (
        b"name;mail\nAna;ana@x.com\n",
        [{"linha": 1, "campo": "", "motivo": "faltam as colunas nome e email; há name, mail"}],
        1,
        {"--colunas": "nome=name,email=mail"},
    ),
    (
        "nome,email\nJoão,joao@x.com\n".encode("utf-16"),
        [],
        0,
        {"--codificacao": "utf-16"},
    ),
    (gzip.compress(CSV.encode())[:-20], [], 0, {}),
]


@pytest.mark.parametrize(("corpo", "recusas", "total", "mudar"), RUINS)
def test_o_que_nao_serve(
    corpo: bytes,
    recusas: list[dict[str, Any]],
    total: int,
    mudar: dict[str, str],
    motor: Motor,
    banco: Banco,
) -> None:
    """Nada se grava; cada recusa com a linha, o campo e o motivo, e o remédio, se há um."""
    with pytest.raises(Recusado) as recusado:
        importar(banco, io.BytesIO(corpo), Forma("csv"), "gente.csv")
    assert recusado.value.recusas == recusas
    assert recusado.value.total == total
    assert dict(recusado.value.mudar) == mudar
    assert "ada foi gravado" in recusado.value.motivo or mudar
    assert banco.totais() == (0, 0)
    assert motor.consultar(LINHAS) == []


def test_as_recusas_tem_limite(banco: Banco) -> None:
    """De um corpo todo ruim, contam-se todas e mostram-se cem."""
    corpo = b"nome,email\n" + b"Ana,ruim\n" * 5_000
    with pytest.raises(Recusado) as recusado:
        importar(banco, io.BytesIO(corpo), Forma("csv"), "-")
    assert (len(recusado.value.recusas), recusado.value.total) == (100, 5_000)


class _Lento(io.RawIOBase):
    """Um corpo que para no meio até que o deixem seguir."""

    def __init__(self, corpo: bytes) -> None:
        self._resto = io.BytesIO(corpo)
        self.no_meio, self.seguir = threading.Event(), threading.Event()

    def readable(self) -> bool:
        return True

    def readinto(self, destino: Any) -> int:
        if self._resto.tell():
            self.no_meio.set()
            assert self.seguir.wait(60)
        return self._resto.readinto(memoryview(destino)[:16])


def test_um_cliente_lento_nao_faz_esperar(motor: Motor, banco: Banco, gravador: Gravador) -> None:
    """A trava só se pede com o corpo já inteiro."""
    lento = _Lento(CSV.encode())

    def gravar_no_meio() -> Recibo:
        assert lento.no_meio.wait(60)
        try:
            return gravador.gravar("Ana", "ana@x.com", None, None)
        finally:
            lento.seguir.set()

    fluxo = io.BufferedReader(lento)
    importada, recibo = juntos(partial(importar, banco, fluxo, Forma("csv"), "-"), gravar_no_meio)
    assert isinstance(recibo, Recibo), recibo
    assert recibo.execucao == 1
    assert getattr(importada, "id", importada) == 2
    conferir(motor)


class _Cortado(io.RawIOBase):
    """Um corpo cujo cliente foi embora."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: Any) -> int:
        raise ConnectionResetError("o cliente foi embora")


def test_um_cliente_que_vai_embora(banco: Banco) -> None:
    """A falha é a do corpo, e o banco nem soube."""
    with pytest.raises(ConnectionResetError):
        importar(banco, io.BufferedReader(_Cortado()), Forma("csv"), "-")
    assert banco.totais() == (0, 0)
