"""As partes que um processo do serviço tem, e o que se exige delas a cada pedido."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

from flask import current_app

from web import bancos, metricas
from web.bancos import Recibo
from web.cache import Cache
from web.cache.servidor import Servidor
from web.configuracao import Configuracao
from web.gravador import Gravador
from web.indexador import Indexador
from web.ouvido import Ouvido
from web.problemas import Problema
from web.registro import Pedidos
from web.verificador import Verificador

NOME = "desafio2"  # em app.extensions
PRIMEIRA = 10.0  # segundos que um pedido espera pela primeira verificação
DEMORADOS = 16  # fluxos e importações ao mesmo tempo, por processo: sobram threads para os outros
PASSO = 0.02  # segundos entre duas olhadas nela
# O que muda um corpo sem mudar os dados: o nosso código.
CODIGO = ("web", "postgres", "escritor", "leitor")


class Servico:
    """Banco, cache e as threads de um processo; nada conecta antes de `iniciar`."""

    def __init__(self, configuracao: Configuracao) -> None:
        self.configuracao = configuracao
        self.banco = bancos.abrir(
            configuracao.banco, configuracao.banco_leitura, configuracao.espera
        )
        self.gravador = Gravador(self.banco, configuracao.espera)
        self.verificador = Verificador(self.banco, configuracao.verifica_a_cada)
        self.indexador = Indexador(self.banco)
        self.ouvido = Ouvido(self.banco, self._mudou)
        servidor = None
        if configuracao.cache:
            servidor = Servidor(configuracao.cache, configuracao.cache_senha)
        self.cache = Cache(build(configuracao.versao), servidor, configuracao.cache_dura)
        self.pedidos = Pedidos()
        self._vagas = threading.BoundedSemaphore(configuracao.fila)
        self._demorados = threading.BoundedSemaphore(DEMORADOS)
        self._tranca = threading.Lock()
        self._iniciado = False

    def iniciar(self) -> None:
        """Põe as threads no ar, uma vez, no processo que atende: um fork não as levaria."""
        if self._iniciado:
            return
        with self._tranca:
            if not self._iniciado:
                partes = (self.verificador, self.indexador, self.ouvido, self.gravador)
                for parte in (*partes, self.pedidos):
                    parte.iniciar()
                self._iniciado = True

    def parar(self) -> None:
        """Termina o que está no meio e fecha tudo."""
        with self._tranca:
            if self._iniciado:
                for parte in (self.gravador, self.ouvido, self.indexador, self.verificador):
                    parte.parar()
            self.pedidos.escrever()
            if self.cache.servidor:
                self.cache.servidor.fechar()
            self.banco.fechar()
            self._iniciado = False

    def _mudou(self) -> None:
        self.verificador.avisar()
        self.indexador.avisar()

    def exigir_vivos(self) -> None:
        """Exige que grave quem grava e confira quem confere. Levanta Problema 503."""
        vivos = {"gravador": self.gravador.vivo, "verificador": self.verificador.vivo}
        if parados := [nome for nome, vivo in vivos.items() if not vivo]:
            raise Problema(503, f"parou: {', '.join(parados)}; reinicie o serviço", 1)

    def conferido(self) -> None:
        """Exige a corrente conferida; da primeira vez, espera por isso. Levanta Problema 503."""
        fim = time.monotonic() + PRIMEIRA
        while self.verificador.estado.resultado == "pendente":
            if time.monotonic() > fim:
                raise Problema(503, "a corrente ainda está sendo conferida", 1)
            time.sleep(PASSO)
        self.inteira()

    def inteira(self) -> None:
        """Exige que a última verificação não tenha achado nada quebrado. Levanta Problema 503."""
        estado = self.verificador.estado
        if estado.resultado == "falha":
            motivo = estado.motivo or "a corrente não confere"
            raise Problema(
                503, f"nada se mostra nem se grava: {motivo}", 60, verificado=estado._asdict()
            )

    def gravar(
        self, nome: str, email: str, chave: str | None = None, impressao: str | None = None
    ) -> Recibo:
        """Grava um cadastro, com outros que cheguem agora.

        Levanta Problema 429 se há demais, e 503 se a corrente está quebrada.
        """
        self.inteira()
        if not self._vagas.acquire(blocking=False):
            raise Problema(429, "há cadastros demais à espera; tente de novo em um segundo", 1)
        antes = time.monotonic()
        try:
            feito = self.gravador.gravar(nome, email, chave, impressao)
        finally:
            self._vagas.release()
        if isinstance(feito, Recibo):
            self.ouvido.saber(feito.execucao, feito.elo, antes)
            metricas.GRAVADOS.inc()
            metricas.JUNTOS.observe(feito.quantas)
        return feito

    def demorado(self) -> Callable[[], None]:
        """Ocupa um dos lugares do que demora; devolve a função que o libera. Levanta Problema."""
        if not self._demorados.acquire(blocking=False):
            raise Problema(429, "há fluxos e importações demais; tente de novo em um segundo", 1)
        return self._demorados.release


def atual() -> Servico:
    """Devolve as partes do serviço que atende este pedido."""
    return cast("Servico", current_app.extensions[NOME])


def build(versao: str) -> str:
    """Devolve a versão e o resumo do nosso código: um corpo não sobrevive a quem o fez."""
    raiz = Path(__file__).resolve().parent.parent
    resumo = hashlib.sha256()
    for arquivo in sorted(a for pasta in CODIGO for a in (raiz / pasta).rglob("*.py")):
        resumo.update(arquivo.read_bytes())
    return f"{versao} {resumo.hexdigest()[:16]}"
