"""O processo do gunicorn que não se deixa prender: um cliente lento não segura uma thread.

O gthread lê o pedido dentro de uma das threads, sem prazo. Aqui ele chega inteiro antes de ocupar
uma: quem o junta é o laço que espera por todas as conexões. O que não se pode esperar ali, um corpo
grande ou em pedaços, tem prazo; e se faltam lugares, as conexões ociosas dão o seu.
"""

from __future__ import annotations

import errno
import json
import re
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http import errors
from gunicorn.workers.gthread import TConn, ThreadWorker

CHEGAR = 10.0  # segundos para um pedido chegar inteiro
CORPO = 15.0  # segundos para o resto de um corpo chegar
PARADO = 30  # segundos sem um byte, numa conexão que está sendo lida ou escrita
SEM_PRAZO = ("/usuarios/importar", "/pessoas/importar")  # um arquivo de qualquer tamanho
CABE = 96 << 10  # bytes que se esperam fora das threads: os cabeçalhos e um cadastro
TRECHO = 64 << 10  # bytes
RESERVA = 16  # conexões que se abrem mesmo com todas as outras ociosas
PRAZOS = struct.pack("ll", PARADO, 0)
FIM = b"\r\n\r\n"
CORPO_DE = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,6})[ \t]*\r\n", re.IGNORECASE)
ESPERA_RESPOSTA = re.compile(rb"\r\nexpect:", re.IGNORECASE)
RECUSAS: dict[type[Exception], tuple[int, str]] = {
    errors.LimitRequestLine: (414, "o endereço é comprido demais"),
    errors.LimitRequestHeaders: (431, "os cabeçalhos são grandes demais"),
    errors.UnsupportedTransferCoding: (501, "esta codificação do corpo não se aceita"),
    errors.ExpectationFailed: (417, "este Expect não se aceita"),
}


class _AteOFim:
    """A leitura de um corpo, que avisa quando ele acaba."""

    def __init__(self, leitura: Any, ao_acabar: Callable[[], object]) -> None:
        self._leitura = leitura
        self._ao_acabar = ao_acabar

    def read(self, quantos: int) -> bytes:
        """Lê até `quantos` bytes."""
        veio: bytes = self._leitura.read(quantos)
        if quantos and not veio:
            self._ao_acabar()
        return veio


class Trabalhador(ThreadWorker):  # type: ignore[misc]
    """O gthread, com prazos."""

    def __init__(self, *partes: Any, **mais: Any) -> None:
        super().__init__(*partes, **mais)
        self._prazos: dict[TConn, float] = {}  # conexões que uma thread está lendo
        self._chegou: dict[TConn, bytes] = {}  # o que já veio de cada pedido incompleto

    def accept(self, listener: socket.socket) -> None:
        """Aceita e deixa esperando fora das threads, até que o pedido chegue."""
        try:
            cliente, endereco = listener.accept()
        except OSError as erro:
            if erro.errno not in {errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK}:
                raise
            return
        for opcao in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            cliente.setsockopt(socket.SOL_SOCKET, opcao, PRAZOS)
        self.nr_conns += 1
        conexao = TConn(self.cfg, cliente, endereco, listener.getsockname())
        self._esperar(conexao)
        ouvir = partial(self.on_pending_socket_readable, conexao)
        self.poller.register(conexao.sock, EVENT_READ, ouvir)

    def on_pending_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Junta o que veio; se o pedido está inteiro, entrega-o a uma thread."""
        if self._juntar(conn):
            self._entregar(conn, client, self.pending_conns)

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """O mesmo, numa conexão que já fez outro pedido; se falta algo, passa a ter prazo."""
        if self._juntar(conn):
            self._entregar(conn, client, self.keepalived_conns)
        else:
            self.keepalived_conns.remove(conn)
            self._esperar(conn)
            self.poller.modify(client, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def handle(self, conn: TConn) -> Any:
        """Atende; o pedido que vem grudado no anterior também tem prazo para chegar."""
        self._prazos[conn] = time.monotonic() + CHEGAR
        try:
            return super().handle(conn)
        finally:
            self._prazos.pop(conn, None)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """O pedido chegou: daqui até o fim do corpo, se ele tem um, o prazo é o dele.

        Depois já não se corta: quem espera pela trava do banco talvez grave, e tem de o saber.
        """
        self._prazos.pop(conn, None)
        if req.method in {"POST", "PUT", "PATCH"} and req.path not in SEM_PRAZO:
            self._prazos[conn] = time.monotonic() + CORPO
            req.body.reader = _AteOFim(req.body.reader, partial(self._prazos.pop, conn, None))
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """A cada volta: corta quem passou do prazo e, se faltam lugares, as mais ociosas."""
        super().murder_pending()
        agora = time.monotonic()
        for conexao, prazo in [*self._prazos.items()]:
            if prazo < agora:
                _cortar(conexao.sock)
        if len(self._chegou) > len(self.pending_conns):
            vivas = {*self.pending_conns}
            self._chegou = {c: veio for c, veio in self._chegou.items() if c in vivas}
        excesso = max(0, self.nr_conns - (self.worker_connections - RESERVA))
        for conexao in [*self.keepalived_conns][:excesso]:
            conexao.timeout = agora
        self.murder_keepalived()

    def handle_error(self, _: Any, client: socket.socket, _addr: Any, exc: Exception) -> None:
        """Responde a um pedido que nem se lê; o que for defeito nosso fica no registro."""
        codigo, motivo = RECUSAS.get(type(exc), (400, "isto não é um pedido HTTP que se entenda"))
        if not isinstance(exc, (errors.ParseException, errors.ConfigurationProblem)):
            codigo, motivo = 500, "o serviço falhou ao atender; o registro dele diz onde"
            self.log.exception("erro não previsto")
        corpo = json.dumps(
            {"type": "about:blank", "title": "Pedido recusado", "status": codigo, "detail": motivo},
            ensure_ascii=False,
        ).encode()
        cabeca = (
            f"HTTP/1.1 {codigo} Recusado\r\nConnection: close\r\n"
            f"Content-Type: application/problem+json\r\nContent-Length: {len(corpo)}\r\n\r\n"
        )
        try:
            client.sendall(cabeca.encode() + corpo)
        except OSError:
            self.log.debug("o cliente não esperou a resposta")

    def _esperar(self, conn: TConn) -> None:
        conn.timeout = time.monotonic() + CHEGAR
        self.pending_conns.append(conn)

    def _juntar(self, conn: TConn) -> bool:
        """Lê o que há; diz se já é hora de uma thread cuidar do pedido, ou do fim dele."""
        try:
            veio = conn.sock.recv(TRECHO)
        except BlockingIOError:
            return False
        except OSError:
            veio = b""
        antes = self._chegou.pop(conn, b"")
        self._chegou[conn] = antes + veio
        return not veio or _inteiro(antes + veio)

    def _entregar(self, conn: TConn, client: socket.socket, fila: deque[TConn]) -> None:
        self.poller.unregister(client)
        fila.remove(conn)
        veio = self._chegou.pop(conn)
        if not veio:
            self.nr_conns -= 1
            conn.close()
            return
        conn.data_ready = True
        conn.init()
        conn.parser.unreader.unread(veio)
        self.enqueue_req(conn)


def _inteiro(veio: bytes) -> bool:
    """Diz se os cabeçalhos chegaram e, com eles, o corpo; o que não cabe não se espera aqui."""
    if len(veio) > CABE:
        return True
    cabeca, fim, corpo = veio.partition(FIM)
    if not fim:
        return False
    dito = CORPO_DE.search(cabeca + FIM)
    if dito is None or ESPERA_RESPOSTA.search(cabeca):
        return True
    return len(corpo) >= int(dito[1]) or int(dito[1]) > CABE - len(cabeca) - len(FIM)


def _cortar(sock: socket.socket) -> None:
    """Acorda a thread que lê desta conexão: para ela, é como se o cliente tivesse saído."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # já saiu
