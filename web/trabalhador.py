"""O processo do gunicorn que não se deixa prender: um cliente lento não segura uma thread.

O gthread lê o começo de um pedido sem prazo, dentro de uma das threads. Aqui a conexão nova espera
fora delas, o pedido tem prazo para chegar, e se faltam lugares as ociosas dão o seu.
"""

from __future__ import annotations

import errno
import json
import socket
import struct
import time
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http import errors
from gunicorn.workers.gthread import TConn, ThreadWorker

CHEGAR = 10.0  # segundos para um pedido chegar inteiro, sem o corpo
CORPO = 30.0  # segundos para o corpo de um pedido comum chegar, e para atendê-lo
PARADO = 30  # segundos sem um byte, numa conexão que está sendo lida ou escrita
SEM_PRAZO = ("/usuarios/importar", "/pessoas/importar")  # um arquivo de qualquer tamanho
RESERVA = 16  # conexões que se abrem mesmo com todas as outras ociosas
PRAZOS = struct.pack("ll", PARADO, 0)
RECUSAS: dict[type[Exception], tuple[int, str]] = {
    errors.LimitRequestLine: (414, "o endereço é comprido demais"),
    errors.LimitRequestHeaders: (431, "os cabeçalhos são grandes demais"),
    errors.UnsupportedTransferCoding: (501, "esta codificação do corpo não se aceita"),
    errors.ExpectationFailed: (417, "este Expect não se aceita"),
}


class Trabalhador(ThreadWorker):  # type: ignore[misc]
    """O gthread, com prazos."""

    def __init__(self, *partes: Any, **mais: Any) -> None:
        super().__init__(*partes, **mais)
        self._prazos: dict[TConn, float] = {}  # conexões que uma thread está lendo

    def accept(self, listener: socket.socket) -> None:
        """Aceita e deixa esperando fora das threads, até que o cliente diga algo."""
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
        conexao.timeout = time.monotonic() + CHEGAR
        self.pending_conns.append(conexao)
        ouvir = partial(self.on_pending_socket_readable, conexao)
        self.poller.register(conexao.sock, EVENT_READ, ouvir)

    def handle(self, conn: TConn) -> Any:
        """Atende, com prazo para o pedido chegar."""
        self._prazos[conn] = time.monotonic() + CHEGAR
        try:
            return super().handle(conn)
        finally:
            self._prazos.pop(conn, None)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """O pedido chegou: daqui em diante o prazo é o do corpo, se ele tem um."""
        self._prazos.pop(conn, None)
        if req.method in {"POST", "PUT", "PATCH"} and req.path not in SEM_PRAZO:
            self._prazos[conn] = time.monotonic() + CORPO
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """A cada volta: corta quem passou do prazo e, se faltam lugares, as mais ociosas."""
        super().murder_pending()
        agora = time.monotonic()
        for conexao, prazo in [*self._prazos.items()]:
            if prazo < agora:
                _cortar(conexao.sock)
        excesso = self.nr_conns - (self.worker_connections - RESERVA)
        for conexao in [*self.keepalived_conns][: max(0, excesso)]:
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


def _cortar(sock: socket.socket) -> None:
    """Acorda a thread que lê desta conexão: para ela, é como se o cliente tivesse saído."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # já saiu
