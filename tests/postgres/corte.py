"""Um intermediário entre o escritor e o servidor, que corta a conexão onde o teste manda."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Corte:
    """Repassa os bytes dos dois lados; ao ver `gatilho` vindo do cliente, corta.

    `entrega`: se o servidor ainda recebe o que trazia o gatilho, e só a resposta se perde.
    """

    def __init__(self, servidor: tuple[str, int], gatilho: bytes, *, entrega: bool) -> None:
        self.servidor = servidor
        self.gatilho = gatilho
        self.entrega = entrega
        self.cortou = threading.Event()
        self.escuta = socket.create_server(("127.0.0.1", 0))
        self.onde = f"127.0.0.1:{self.escuta.getsockname()[1]}"

    def atender(self) -> None:
        """Aceita conexões até que a escuta se feche."""
        with suppress(OSError):
            while True:
                cliente, _ = self.escuta.accept()
                servidor = socket.create_connection(self.servidor)
                threading.Thread(target=self._ida, args=(cliente, servidor)).start()
                threading.Thread(target=self._volta, args=(cliente, servidor)).start()

    def _ida(self, cliente: socket.socket, servidor: socket.socket) -> None:
        with suppress(OSError):
            while dados := cliente.recv(1 << 16):
                if self.gatilho in dados:
                    self._cortar(cliente, servidor, dados)
                    return
                servidor.sendall(dados)
        _fechar(servidor)

    def _volta(self, cliente: socket.socket, servidor: socket.socket) -> None:
        with suppress(OSError):
            while dados := servidor.recv(1 << 16):
                if self.cortou.is_set():
                    break
                cliente.sendall(dados)
        _fechar(servidor, cliente)

    def _cortar(self, cliente: socket.socket, servidor: socket.socket, dados: bytes) -> None:
        self.cortou.set()
        if self.entrega:
            servidor.sendall(dados)
            servidor.settimeout(20)
            with suppress(OSError):  # a resposta: quem a espera é o teste, e não o cliente
                servidor.recv(1 << 16)
        _fechar(cliente, servidor)


def _fechar(*pontas: socket.socket) -> None:
    """Fecha já: um `close` sozinho espera pela thread que ainda estiver lendo a mesma ponta."""
    for ponta in pontas:
        with suppress(OSError):
            ponta.shutdown(socket.SHUT_RDWR)
        ponta.close()


@contextmanager
def corte(ip: str, gatilho: bytes, *, entrega: bool) -> Iterator[Corte]:
    """Um intermediário no ar enquanto durar."""
    novo = Corte((ip, 5432), gatilho, entrega=entrega)
    laco = threading.Thread(target=novo.atender)
    laco.start()
    try:
        yield novo
    finally:
        novo.escuta.shutdown(socket.SHUT_RDWR)
        novo.escuta.close()
        laco.join()
