"""O que os processos de uma máquina sabem da verificação: um deles a faz, os outros a leem."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from escritor.execucao import agora
from escritor.percurso import Ponto

PARA_TRANCAR = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC

Resultado = Literal["ok", "falha", "pendente", "indisponivel"]


class Verificado(NamedTuple):
    """Até que execução, com que elo, quando e por que máquina; e o que deu.

    `motivo`, numa linha, se não é "ok". `ate` é a última que se conferiu, 0 se nenhuma.
    """

    ate: int
    elo: str
    em: str
    por: str
    resultado: Resultado
    motivo: str | None


def pendente() -> Verificado:
    """Devolve o que se sabe antes da primeira verificação."""
    return Verificado(0, "", "", "", "pendente", "a primeira verificação ainda não acabou")


def conferido(ponto: Ponto) -> Verificado:
    """Devolve o que dizer agora de uma corrente que está inteira até ali."""
    return Verificado(ponto.execucao, ponto.elo, agora(), os.uname().nodename, "ok", None)


class Mural:
    """Um arquivo com o estado, e outro que tranca quem o escreve; morto ele, outro assume.

    Onde não se pode escrever, cada processo verifica por si.
    """

    def __init__(self, endereco: str) -> None:
        resumo = hashlib.sha256(endereco.encode()).hexdigest()[:16]
        self._pasta = Path(tempfile.gettempdir()) / f"desafio2-web-{os.getuid()}"
        self._arquivo = self._pasta / resumo
        self._tranca: int | None = None

    def assumir(self) -> bool:
        """Diz se é este processo que verifica, e o será até parar."""
        if self._tranca is not None:
            return True
        try:
            self._pasta.mkdir(mode=0o700, exist_ok=True)
            if self._pasta.stat().st_uid != os.getuid():
                return True
            tranca = os.open(self._arquivo.with_suffix(".tranca"), PARA_TRANCAR, 0o600)
        except OSError:
            return True
        try:
            fcntl.flock(tranca, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(tranca)
            return False
        self._tranca = tranca
        self.escrever(pendente(), float("inf"))  # o que havia é de quem já morreu
        return True

    def escrever(self, sabido: Verificado, vale: float) -> None:
        """Escreve o estado de uma vez: quem lê nunca vê metade.

        `vale`: até quando, no relógio monotônico, que é o mesmo em todos os processos.
        """
        if self._tranca is None:
            return
        with suppress(OSError):  # sem lugar, os outros dão por vencido o que leram
            novo = self._arquivo.with_suffix(".novo")
            novo.write_text(json.dumps([vale, *sabido]), encoding="utf-8")
            novo.replace(self._arquivo)

    def ler(self) -> tuple[Verificado, float]:
        """Devolve o estado que outro escreveu, e até quando vale."""
        try:
            vale, *campos = json.loads(self._arquivo.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return pendente(), float("inf")
        return Verificado(*campos), vale

    def fechar(self) -> None:
        """Deixa que outro assuma."""
        if self._tranca is not None:
            os.close(self._tranca)
            self._tranca = None
