"""Na rede: bytes que não são HTTP, clientes lentos, corpos enormes e conexões demais."""

from __future__ import annotations

import random
import re
import socket
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.web.processo import Servico

LENTOS = 200  # clientes que nunca acabam de pedir; mais do que as threads do serviço
OCIOSAS = 3_000  # conexões abertas sem nada a dizer; mais do que as que um processo aceita
ENORME = 100 << 20  # bytes
CABE = 160 << 20  # bytes que um processo pode ocupar, com tudo isto
LINHA = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
DOCUMENTADOS = {200, 201, 304, 400, 404, 405, 409, 413, 414, 415, 417, 422, 429, 431, 501, 503}
PEDACOS = [
    *(b"GET ", b"POST ", b"/usuarios", b"/../..", b"%00", b"%ff", b" HTTP/1.1", b" HTTP/9.9"),
    *(b"\r\n", b"\n", b"\r\n\r\n", b"\x00", b"\xff\xfe", b"Host: x", b"Content-Length: ", b"-1"),
    *(b"99999999999999999999", b"Transfer-Encoding: chunked", b"5\r\nabc", b"Expect: 100-continue"),
    *(b"Ancora: ", b'If-None-Match: "', b"Accept: */*;q=", b": ", b"a" * 5000, b"Range: bytes=0-"),
    *(b'{"nome":', b"GET http://[::1", b"Connection: Upgrade, HTTP2-Settings", b"Cookie: \x7f"),
]


def conectar(porta: int) -> socket.socket:
    """Abre uma conexão crua, com prazo."""
    return socket.create_connection(("127.0.0.1", porta), timeout=30)


def resposta_crua(porta: int, dados: bytes) -> bytes:
    """Manda os bytes, fecha o lado de quem escreve e devolve o que vier até o fim."""
    veio = b""
    with closing(conectar(porta)) as ligada:
        try:
            ligada.sendall(dados)
            ligada.shutdown(socket.SHUT_WR)
            while pedaco := ligada.recv(65536):
                veio += pedaco
        except ConnectionError:
            pass  # o serviço desistiu do pedido antes de lê-lo inteiro: é um direito dele
    return veio


def responde(servico: Servico) -> bool:
    """Diz se o serviço atende um pedido comum, em poucos segundos."""
    comeco = time.monotonic()
    return servico.pedir("GET", "/usuarios").codigo == 200 and time.monotonic() - comeco < 10


def ocupada(servico: Servico) -> int:
    """Devolve o maior pico de memória dos processos que atendem, em bytes."""
    estados = [Path(f"/proc/{pid}/status").read_text() for pid in servico.filhos()]
    return max(int(re.findall(r"VmHWM:\s+(\d+) kB", estado)[0]) for estado in estados) * 1024


def test_bytes_ao_acaso(gunicorn: Servico) -> None:
    """Cada punhado de bytes tem um código documentado ou nenhum; nunca um traço."""
    acaso = random.Random(13)  # noqa: S311 - tem de se repetir
    for _ in range(400):
        dados = b"".join(acaso.choices(PEDACOS, k=acaso.randint(1, 12)))
        veio = resposta_crua(gunicorn.porta, dados)
        assert b"Traceback" not in veio
        codigos = {int(codigo) for codigo in LINHA.findall(veio)}
        assert codigos <= DOCUMENTADOS, (dados, veio[:300])
    assert "Traceback" not in gunicorn.escrito()
    assert responde(gunicorn)


@pytest.mark.parametrize(
    ("dados", "codigo"),
    [
        (b"GET / HTTP/1.1\r\nHost x\r\n\r\n", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
    ],
)
def test_um_pedido_que_nem_se_le(gunicorn: Servico, dados: bytes, codigo: int) -> None:
    """O código dele, como problem+json, e a conexão fechada."""
    veio = resposta_crua(gunicorn.porta, dados)
    assert LINHA.findall(veio) == [str(codigo).encode()], veio[:300]
    assert b"application/problem+json" in veio


def test_clientes_que_nunca_acabam_de_pedir(gunicorn: Servico) -> None:
    """Mais deles do que threads, e os outros continuam atendidos; depois, são cortados."""
    with ExitStack() as pilha:
        lentos = [pilha.enter_context(closing(conectar(gunicorn.porta))) for _ in range(LENTOS)]
        for lento in lentos:
            lento.sendall(b"GET /usuarios HTTP/1.1\r\nHost: x\r\nX-Lento: ")
        fim = time.monotonic() + 60
        while not responde(gunicorn):
            assert time.monotonic() < fim, "os clientes lentos pararam o serviço"
        for lento in lentos:
            assert lento.recv(1) == b""
    assert responde(gunicorn)


def test_um_corpo_que_nao_acaba(gunicorn: Servico) -> None:
    """Cem MiB para um cadastro: 413 sem ler tudo, com a memória no lugar."""
    cabeca = b"POST /usuarios HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    dito = resposta_crua(gunicorn.porta, cabeca + b"Content-Length: %d\r\n\r\n{" % ENORME)
    assert LINHA.findall(dito) == [b"413"]
    blocos = b"100000\r\n" + b"a" * (1 << 20) + b"\r\n"
    veio = resposta_crua(
        gunicorn.porta, cabeca + b"Transfer-Encoding: chunked\r\n\r\n" + blocos * 100
    )
    assert LINHA.findall(veio) in ([b"413"], [])
    assert ocupada(gunicorn) < CABE
    assert responde(gunicorn)


def test_cem_mib_de_linhas_ruins(gunicorn: Servico) -> None:
    """Uma importação enorme e recusada: 422, com as primeiras recusas, e a memória no lugar."""
    linha = b"Pessoa de Nome Comprido,sem arroba " + b"x" * 60 + b"\n"
    corpo = b"nome,email\n" + linha * (ENORME // len(linha) // 5)
    dito = gunicorn.pedir("POST", "/usuarios/importar", corpo, Content_Type="text/csv")
    assert dito.codigo == 422, dito
    assert len(dito.json["recusas"]) == 100
    assert ocupada(gunicorn) < CABE


def test_conexoes_ociosas_demais(gunicorn: Servico) -> None:
    """Abertas sem dizer nada, ou depois de um pedido: quem chega continua atendido."""
    with ExitStack() as pilha:
        for n in range(OCIOSAS):
            ociosa = pilha.enter_context(closing(conectar(gunicorn.porta)))
            if n % 10 == 0:
                ociosa.sendall(b"GET /saude HTTP/1.1\r\nHost: x\r\n\r\n")
        fim = time.monotonic() + 60
        while not responde(gunicorn):
            assert time.monotonic() < fim, "as conexões ociosas pararam o serviço"
        assert ocupada(gunicorn) < CABE
