"""Um servidor que congela: a conexão fica aberta, ninguém responde, e o escritor o larga."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest

from escritor.erros import Erro
from escritor.sinais import Sinais
from postgres.escritor import batimento, conexao
from tests.postgres.bancos import Banco

pytestmark = pytest.mark.docker

DORME = "SELECT pg_sleep(4)"


class Congelador:
    """Um intermediário que, congelado, aceita tudo e já não entrega nada."""

    def __init__(self, servidor: tuple[str, int]) -> None:
        self.servidor = servidor
        self.congelado = threading.Event()
        self.escuta = socket.create_server(("127.0.0.1", 0))
        self.porta = self.escuta.getsockname()[1]

    def atender(self) -> None:
        """Aceita conexões até que a escuta se feche."""
        with suppress(OSError):
            while True:
                cliente, _ = self.escuta.accept()
                servidor = socket.create_connection(self.servidor)
                for de, para in ((cliente, servidor), (servidor, cliente)):
                    threading.Thread(target=self._levar, args=(de, para), daemon=True).start()

    def _levar(self, de: socket.socket, para: socket.socket) -> None:
        with suppress(OSError), de:
            while dados := de.recv(1 << 16):
                if not self.congelado.is_set():
                    para.sendall(dados)
            if not self.congelado.is_set():
                para.shutdown(socket.SHUT_RDWR)


@contextmanager
def congelador(ip: str) -> Iterator[Congelador]:
    """Um intermediário no ar enquanto durar."""
    novo = Congelador((ip, 5432))
    laco = threading.Thread(target=novo.atender)
    laco.start()
    try:
        yield novo
    finally:
        novo.escuta.shutdown(socket.SHUT_RDWR)
        novo.escuta.close()
        laco.join()


@pytest.mark.parametrize("congela", [True, False])
def test_de_varios_servidores_um_que_congela_e_largado(
    congela: bool, banco_pg: Banco, monkeypatch: pytest.MonkeyPatch
) -> None:
    """75 e nada gravado, em vez de esperar sem fim; um que só demora, espera-se (controle)."""
    monkeypatch.setattr(batimento, "CADA", 0.2)
    monkeypatch.setattr(batimento, "PRAZO", 2)
    with congelador(banco_pg.acesso.ip) as meio:
        onde = f"127.0.0.1:{meio.porta},127.0.0.1:1"

        def gravar() -> None:
            with conexao.abrir(banco_pg.uri(onde=onde), 1, Sinais()) as con, con.transacao():
                if congela:
                    meio.congelado.set()
                con.executar(DORME)
                raise Erro(0, "só demorou")

        with pytest.raises(Erro) as dito:
            gravar()
    if congela:
        assert dito.value.codigo == 75
        assert "a conexão com o servidor se perdeu" in str(dito.value)
        assert "; nada foi gravado. " in str(dito.value)
    else:
        assert str(dito.value) == "só demorou"
    assert banco_pg.tudo() == [[], []]


@pytest.mark.parametrize(
    ("respostas", "cortada"),
    [([False, True, False, True], False), ([True, False, False], True)],
    ids=["uma de cada vez", "duas seguidas"],
)
def test_uma_tentativa_muda_nao_basta(
    respostas: list[bool], cortada: bool, banco_pg: Banco, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Um servidor que só se atrasou numa tentativa não perde a sessão; em duas seguidas, sim."""
    restam = iter(respostas)
    acabaram = threading.Event()

    def atende(*_: object) -> bool:
        if (resposta := next(restam, None)) is None:
            acabaram.set()
        return resposta is not False

    monkeypatch.setattr(batimento, "CADA", 0.05)
    monkeypatch.setattr(batimento, "_atende", atende)
    with banco_pg.conexao("escritor") as pg, batimento.vigiada(pg, ""):
        perdeu = False
        try:
            pg.execute("SELECT pg_sleep(2)")
        except psycopg.OperationalError:
            perdeu = True
        assert perdeu == cortada
        assert acabaram.is_set() != cortada
