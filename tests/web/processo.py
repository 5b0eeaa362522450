"""O serviço num processo nosso, sem Docker: o gunicorn da imagem sobre um arquivo SQLite."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.docker.apoio import esperar
from tests.processos import RAIZ

PRAZO = 60.0  # segundos; folga para uma máquina lenta
ESCUTA = re.compile(r"Listening at: http://127\.0\.0\.1:(\d+)")


class Resposta(NamedTuple):
    """O que voltou: o código, os cabeçalhos e o corpo."""

    codigo: int
    cabecalhos: Mapping[str, str]
    corpo: bytes

    @property
    def json(self) -> Any:
        """O corpo, que tem de ser JSON."""
        return json.loads(self.corpo)


def pedir(
    porta: int,
    metodo: str,
    caminho: str,
    corpo: bytes | dict[str, object] | None = None,
    **cabecalhos: str,
) -> Resposta:
    """Faz um pedido numa conexão própria; um `_` no nome de um cabeçalho é um hífen."""
    ditos = {nome.replace("_", "-"): valor for nome, valor in cabecalhos.items()}
    if isinstance(corpo, dict):
        corpo = json.dumps(corpo).encode()
        ditos.setdefault("Content-Type", "application/json")
    with closing(http.client.HTTPConnection("127.0.0.1", porta, timeout=PRAZO)) as conexao:
        conexao.request(metodo, caminho, corpo, ditos)
        veio = conexao.getresponse()
        return Resposta(veio.status, dict(veio.getheaders()), veio.read())


class Servico:
    """Um gunicorn no ar, a porta que o sistema lhe deu e o que ele escreveu."""

    def __init__(self, processo: subprocess.Popen[bytes], registro: Path) -> None:
        self.processo = processo
        self.registro = registro
        self.porta = 0

    def escrito(self) -> str:
        """Devolve tudo o que ele escreveu até agora."""
        return self.registro.read_text(encoding="utf-8", errors="replace")

    def subir(self) -> None:
        """Espera que escute e que esteja pronto."""
        esperar(lambda: ESCUTA.search(self.escrito()) is not None, "o serviço escutar")
        achada = ESCUTA.search(self.escrito())
        assert achada is not None
        self.porta = int(achada[1])
        esperar(lambda: self.pedir("GET", "/pronto").codigo == 200, "o serviço estar pronto")

    def pedir(
        self,
        metodo: str,
        caminho: str,
        corpo: bytes | dict[str, object] | None = None,
        **cabecalhos: str,
    ) -> Resposta:
        """Faz um pedido numa conexão própria."""
        return pedir(self.porta, metodo, caminho, corpo, **cabecalhos)

    def filhos(self) -> list[int]:
        """Devolve os processos que atendem."""
        dito = Path(f"/proc/{self.processo.pid}/task/{self.processo.pid}/children").read_text()
        return [int(pid) for pid in dito.split()]


@contextmanager
def no_ar(banco: Path, pasta: Path, *opcoes: str, **ambiente: str) -> Iterator[Servico]:
    """Põe o serviço no ar sobre o arquivo, numa porta livre, e o para no fim."""
    registro = pasta / "gunicorn.log"
    comando = [sys.executable, "-m", "gunicorn", "--config", "python:web.processos"]
    with registro.open("wb") as saida:
        processo = subprocess.Popen(
            [*comando, "--bind", "127.0.0.1:0", *opcoes],
            cwd=RAIZ,
            env={**os.environ, "BANCO": str(banco), "TMPDIR": str(pasta), **ambiente},
            stdout=saida,
            stderr=saida,
        )
    try:
        servico = Servico(processo, registro)
        servico.subir()
        yield servico
    finally:
        processo.send_signal(signal.SIGTERM)
        processo.wait(PRAZO)
