"""A corrente conferida sem que ninguém peça: inteira ao começar e a cada intervalo, e o que se
acrescenta, logo que se sabe.

Quem confere tudo é o leitor, noutro processo: outro programa é uma testemunha mais forte, e o
cálculo dele não disputa o interpretador com quem atende. De todos os processos de uma máquina, um
verifica, e os outros leem o que ele escreve.
"""

from __future__ import annotations

import json
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
from web.mural import Mural, Resultado, Verificado, conferido, pendente

__all__ = ["Verificado", "Verificador"]

RAIZ = Path(__file__).resolve().parent.parent
OUTRO = 0.5  # segundos entre duas leituras do que o outro processo escreveu
FOLEGO = 0.25  # segundos ao menos entre duas conferências do que se acrescentou
MUITAS = 20_000  # linhas novas a partir das quais conferir tudo, noutro processo, é melhor
GENTILEZA = 10  # o leitor cede o processador a quem atende
# Um estado vale até a próxima verificação ficar pronta, com folga para um banco que cresceu.
FOLGA, DEMORAS = 30.0, 10
QUEBRA = {erros.DADOS, erros.ESQUEMA}


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
            if self._mural.assumir():
                self._conferir()
                espera = max(FOLEGO, self._proxima - time.monotonic())
            else:
                self._saber(*self._mural.ler())
                espera = OUTRO
            self._parar.wait(FOLEGO)
            self._novidade.wait(espera)

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
            motivo = f"o leitor não acabou (código {self._leitor.returncode})"
            return self._sabido._replace(resultado="indisponivel", motivo=motivo)

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
        motivo = next(v["detalhe"] for v in relatorio["verificacoes"] if v["resultado"] == "falha")
        resultado: Resultado = "falha" if codigo in QUEBRA else "indisponivel"
        return self._sabido._replace(
            em=agora(), por=os.uname().nodename, resultado=resultado, motivo=motivo
        )
