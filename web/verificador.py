"""A corrente conferida sem que ninguém peça: inteira ao começar e a cada intervalo, e o que se
acrescenta, logo que se sabe.

Quem confere tudo é o leitor, noutro processo: outro programa é uma testemunha mais forte, e o
cálculo dele não disputa o interpretador com quem atende. De todos os processos de uma máquina, um
verifica, e os outros leem o que ele escreve.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from escritor.execucao import agora
from escritor.percurso import Ponto
from escritor.regras import Quebra
from leitor import erros
from web.bancos import Banco, Indisponivel
from web.mural import Mural, Verificado, conferido, pendente

__all__ = ["Verificado", "Verificador"]

RAIZ = Path(__file__).resolve().parent.parent
OUTRO = 0.5  # segundos entre duas leituras do que o outro processo escreveu
REPETE = 5.0  # segundos até tentar de novo o que falhou sem que se previsse
FOLEGO = 0.25  # segundos ao menos entre duas conferências do que se acrescentou
MUITAS = 20_000  # linhas novas a partir das quais conferir tudo, noutro processo, é melhor
GENTILEZA = 10  # o leitor cede o processador a quem atende
# Um estado vale até a próxima verificação ficar pronta, com folga para um banco que cresceu.
FOLGA, DEMORAS = 30.0, 10
QUEBRA = {erros.DADOS, erros.ESQUEMA}

registro = logging.getLogger("web")


class Verificador:
    """O que se sabe da corrente, e a thread que o mantém em dia."""

    def __init__(self, banco: Banco, a_cada: float) -> None:
        self._banco = banco
        self._a_cada = a_cada
        self._mural = Mural(banco.leitura)
        self._sabido = pendente()
        self._vale = float("inf")
        self._ponto = Ponto()
        self._proxima = 0.0  # quando conferir tudo de novo
        self._novidade = threading.Event()
        self._parar = threading.Event()
        self._leitor: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._rodar, name="verificador", daemon=True)

    @property
    def estado(self) -> Verificado:
        """O que a última verificação deu; pendente, se ela não diz nada há tempo demais."""
        if time.monotonic() > self._vale:
            motivo = f"a última verificação é de {self._sabido.em}, e a seguinte não acabou"
            return self._sabido._replace(resultado="pendente", motivo=motivo)
        return self._sabido

    @property
    def vivo(self) -> bool:
        """Diz se a thread está no ar."""
        return self._thread.is_alive()

    def iniciar(self) -> None:
        """Põe a thread no ar."""
        self._thread.start()

    def parar(self) -> None:
        """Para; uma verificação no meio se abandona."""
        self._parar.set()
        self._novidade.set()
        if self._leitor:
            self._leitor.terminate()
        self._thread.join()
        self._mural.fechar()

    def avisar(self) -> None:
        """A âncora mudou: há o que conferir."""
        self._novidade.set()

    def _rodar(self) -> None:
        while not self._parar.is_set():
            espera = REPETE
            try:
                espera = self._olhar()
            except Exception as erro:  # noqa: BLE001 - morta ela, a tranca ficaria sem dono
                registro.exception("verificador: erro não previsto")
                self._dizer_que_falhou(erro)
            self._parar.wait(FOLEGO)
            self._novidade.wait(espera)

    def _olhar(self) -> float:
        """Confere, ou lê o que outro processo conferiu; devolve quanto esperar, em segundos."""
        if not self._mural.assumir():
            self._saber(*self._mural.ler())
            return OUTRO
        self._conferir()
        return max(FOLEGO, self._proxima - time.monotonic())

    def _dizer_que_falhou(self, erro: Exception) -> None:
        motivo = f"a verificação não pôde ser feita ({type(erro).__name__}); o registro diz onde"
        self._saber(self._sem_resposta(motivo), time.monotonic() + self._a_cada + FOLGA)
        self._proxima = 0.0  # a próxima é inteira
        self._mural.escrever(self._sabido, self._vale)

    def _sem_resposta(self, motivo: str) -> Verificado:
        """Devolve o estado de quem não pôde conferir; o que se viu quebrado continua quebrado."""
        if self._sabido.resultado == "falha":
            return self._sabido
        return self._sabido._replace(
            em=agora(), por=os.uname().nodename, resultado="indisponivel", motivo=motivo
        )

    def _saber(self, sabido: Verificado, vale: float) -> None:
        self._sabido, self._vale = sabido, vale

    def _conferir(self) -> None:
        """Confere o que se acrescentou ou, se é hora ou aquilo não basta, tudo."""
        self._novidade.clear()
        inicio = time.monotonic()
        sabido = None if inicio >= self._proxima else self._seguir()
        if sabido is None:
            sabido = self._inteira()
            self._proxima = time.monotonic() + self._a_cada
        demora = DEMORAS * (time.monotonic() - inicio)
        self._saber(sabido, time.monotonic() + self._a_cada + demora + FOLGA)
        self._mural.escrever(sabido, self._vale)

    def _seguir(self) -> Verificado | None:
        """Confere só o que veio depois; None se isso não basta para dizer que está tudo certo."""
        if self._sabido.resultado != "ok":
            return self._sabido
        try:
            total, _ = self._banco.totais()
            if total - self._ponto.total > MUITAS:
                return None
            self._ponto = self._banco.seguir(self._ponto)
        except (Quebra, Indisponivel):  # talvez um restore: quem diz é a verificação inteira
            return None
        return conferido(self._ponto)

    def _inteira(self) -> Verificado:
        """Roda o leitor; devolve o que ele diz."""
        comando = [sys.executable, "-m", self._banco.leitor, "verificar", "--formato", "json"]
        ambiente = {**os.environ, "BANCO": self._banco.leitura, "BANCO_ANCORAS": ""}
        with subprocess.Popen(  # noqa: S603 - o comando é todo nosso
            [*comando, "--silencioso"],
            cwd=RAIZ,
            env=ambiente,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        ) as self._leitor:
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._leitor.pid, GENTILEZA)
            texto, _ = self._leitor.communicate()
        try:
            return self._entender(json.loads(texto))
        except (ValueError, KeyError):  # morreu antes de dizer alguma coisa
            return self._sem_resposta(f"o leitor não acabou (código {self._leitor.returncode})")

    def _entender(self, relatorio: dict[str, Any]) -> Verificado:
        """Traduz o relatório do leitor; de um banco inteiro, guarda até onde ele vai."""
        codigo = relatorio["codigo"]
        if codigo == os.EX_OK:
            execucao, elo = relatorio["prova"]["ancora"].split()
            fim = relatorio["prova"]["ultima_gravacao"]["ultimo_id"] or 0
            self._ponto = Ponto(int(execucao), elo, relatorio["prova"]["usuarios"], fim)
            return conferido(self._ponto)
        if codigo == erros.SEM_ENTRADA:  # um banco que ainda não tem nada a conferir
            self._ponto = Ponto()
            return conferido(self._ponto)
        falhas = (v["detalhe"] for v in relatorio["verificacoes"] if v["resultado"] == "falha")
        motivo = next(falhas, f"o leitor recusou o banco (código {codigo})")
        if codigo not in QUEBRA:
            return self._sem_resposta(motivo)
        return self._sabido._replace(
            em=agora(), por=os.uname().nodename, resultado="falha", motivo=motivo
        )
