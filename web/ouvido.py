"""O ouvido: cada processo aprende a última âncora assim que ela muda, sem perguntar a cada pedido.

Uma thread escuta o banco e, se nada ouve, pergunta-lhe a cada batida. O que se promete: com o
banco e o processo bem, `ancora` nunca está mais de LIMITE atrás do banco. Passada a validade da
última batida, quem quer a âncora pergunta ele mesmo.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from web import registro
from web.bancos import Banco, Indisponivel

LIMITE = 0.1  # segundos que uma resposta do banco vale
BATIDA = 0.04  # segundos entre duas perguntas, se nada se ouve
FOLEGO = 0.01  # segundos ao menos entre duas: sob carga, há uma novidade a cada milissegundo
SURDO = 0.5  # segundos até tentar de novo uma escuta que se perdeu


class _Sabida(NamedTuple):
    """Uma âncora que o banco disse, e quando se lhe perguntou.

    `desde`: a quem perguntou antes disso, e ouviu menos, não se dá ouvidos.
    """

    ancora: str | None
    em: float
    desde: float

    @property
    def execucao(self) -> int:
        """O número dela; 0 se não há nenhuma."""
        return int((self.ancora or "0").partition(" ")[0])


class Ouvido:
    """A última âncora, e a thread que a mantém em dia."""

    def __init__(self, banco: Banco, ao_mudar: Callable[[], None]) -> None:
        self._banco = banco
        self._ao_mudar = ao_mudar
        self._sabida = _Sabida(None, float("-inf"), float("-inf"))
        self._tranca = threading.Lock()
        self._parar = threading.Event()
        self._thread = threading.Thread(target=self._rodar, name="ouvido", daemon=True)

    def iniciar(self) -> None:
        """Põe a thread no ar."""
        self._thread.start()

    def parar(self) -> None:
        """Para de escutar."""
        self._parar.set()
        self._thread.join()

    def ancora(self) -> str | None:
        """Devolve a âncora de há LIMITE segundos, no máximo. Levanta Indisponivel."""
        sabida = self._sabida
        if time.monotonic() - sabida.em <= LIMITE:
            return sabida.ancora
        return self.perguntar()

    def perguntar(self) -> str | None:
        """Pergunta ao banco a âncora de agora. Levanta Indisponivel."""
        antes = time.monotonic()
        return self._aprender(self._banco.ancora(), antes)

    def saber(self, execucao: int, elo: str, em: float) -> None:
        """Guarda a âncora de um recibo deste processo, se é mais nova do que a que se ouviu.

        `em`: um instante antes do COMMIT dele; depois, outro já pode ter gravado. Uma resposta
        mais velha, a quem perguntou antes de agora, já não o apaga.
        """
        with self._tranca:
            mudou = execucao > self._sabida.execucao
            if mudou:
                self._sabida = _Sabida(f"{execucao} {elo}", em, time.monotonic())
        if mudou:
            self._ao_mudar()

    def _aprender(self, ancora: str | None, em: float) -> str | None:
        """Guarda o que o banco disse, se é mais novo do que o que se sabe; devolve o que disse."""
        with self._tranca:
            dita = _Sabida(ancora, em, em)
            vale = em >= self._sabida.desde or dita.execucao > self._sabida.execucao
            mudou = vale and ancora != self._sabida.ancora
            if vale:
                self._sabida = dita._replace(desde=max(em, self._sabida.desde))
        if mudou:
            self._ao_mudar()
        return ancora

    def _rodar(self) -> None:
        while not self._parar.is_set():
            with registro.sem_morrer("ouvido"), suppress(Indisponivel):
                self._escutar()
            self._parar.wait(SURDO)

    def _escutar(self) -> None:
        with self._banco.escuta() as escuta:
            while not self._parar.wait(FOLEGO):
                antes = time.monotonic()
                self._aprender(escuta.ancora(), antes)
                escuta.esperar(BATIDA)
