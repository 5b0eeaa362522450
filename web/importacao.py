"""Um corpo de qualquer tamanho vira uma execução, pelo caminho de `escritor importar`.

O corpo se guarda inteiro num temporário antes de se pedir a trava do banco: um cliente lento não
pode fazer esperar quem grava.
"""

from __future__ import annotations

import errno
import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from shutil import copyfileobj
from typing import Any, BinaryIO

from escritor import app, erros
from escritor.entrada.codificacao import em_texto
from escritor.entrada.fonte import Entrada, Forma, nome_da_origem
from escritor.entrada.pessoa import Lote, Problema
from escritor.entrada.recusas import Recusas
from escritor.erros import Erro
from escritor.execucao import Execucao, agora
from escritor.sinais import Sinais
from web.bancos import Banco, Indisponivel, TalvezGravado

TRECHO = 1 << 20  # bytes
SEM_LUGAR = {errno.ENOSPC, errno.EDQUOT}
MOSTRADAS = 100  # recusas numa resposta; as outras se contam


class Recusado(Exception):
    """O corpo tem o que não serve, e nada se gravou.

    `motivo`: uma linha. `recusas`: as primeiras, cada uma com linha, campo e motivo; `total`:
    quantas são. `mudar`: as opções de `escritor importar` com que serviria, se se sabe.
    """

    def __init__(self, erro: Erro, recusas: _Recusas) -> None:
        super().__init__(str(erro))
        self.motivo = str(erro)
        self.recusas = [
            {"linha": p.linha, "campo": p.campo, "motivo": p.motivo} for p in recusas.problemas
        ]
        self.total = recusas.total
        self.mudar: Mapping[str, str] = erro.mudar or {}


class _Recusas(Recusas):
    """As recusas do escritor, com as primeiras guardadas em campos."""

    def __init__(self, arquivo: str, codificacao: str) -> None:
        super().__init__(arquivo, codificacao=codificacao)
        self.problemas: list[Problema] = []

    def recusar(self, problemas: Iterable[Problema]) -> None:
        """Conta os problemas e guarda os primeiros."""
        achados = [*problemas]
        self.problemas += achados[: MOSTRADAS - len(self.problemas)]
        super().recusar(achados)


def importar(banco: Banco, fluxo: BinaryIO, forma: Forma, nome: str) -> Execucao:
    """Grava as pessoas do corpo, todas ou nenhuma; devolve a execução.

    `forma.formato`: `csv`, `json` ou `jsonl`; gzip se percebe. `nome`: o que o livro diz que se
    importou. Levanta Recusado, Indisponivel, TalvezGravado, e o que `fluxo` levantar.
    """
    with _guardado(fluxo) as binario:
        nome = nome_da_origem(nome)
        recusas = _Recusas(nome, forma.codificacao)
        with em_texto(binario, forma.codificacao) as texto:
            try:
                aberta = Entrada(nome, forma, binario, texto, recusas)
            except Erro as erro:
                raise Recusado(erro, recusas) from erro
            return _gravar(banco, aberta, recusas)


@contextmanager
def _guardado(fluxo: BinaryIO) -> Iterator[io.BufferedReader]:
    """Traz o corpo inteiro para um temporário. Levanta Indisponivel se não há lugar para ele."""
    with tempfile.TemporaryFile() as corpo:
        try:
            copyfileobj(fluxo, corpo, TRECHO)
        except OSError as erro:
            if erro.errno not in SEM_LUGAR:
                raise
            motivo = f"não há lugar para guardar o corpo ({erros.motivo(erro)}); nada foi gravado"
            raise Indisponivel(motivo, 60) from erro
        corpo.seek(0)
        yield io.BufferedReader(corpo.raw)


def _gravar(banco: Banco, aberta: Entrada, recusas: _Recusas) -> Execucao:
    iniciada_em = agora()
    motor = banco.escritor
    con: Any = None
    try:
        endereco = motor.endereco(banco.endereco)
        with motor.abrir(endereco, banco.espera, Sinais(), _calar) as con, con.transacao():
            app.criar_banco(motor, con)
            lotes = _triados(aberta, recusas)
            return app.inserir_dados(motor, con, lotes, f"importar:{aberta.nome}", iniciada_em)
    except Erro as erro:
        if con is not None and con.desfecho == "talvez":
            raise TalvezGravado(str(erro)) from erro
        raise Indisponivel(str(erro)) from erro


def _triados(aberta: Entrada, recusas: _Recusas) -> Iterator[Lote]:
    """Devolve os lotes bons; o que o corpo tem de ruim sai Recusado, e não falha do banco."""
    try:
        yield from recusas.filtrar(aberta.lotes)
    except Erro as erro:
        raise Recusado(erro, recusas) from erro


def _calar(*_: str) -> None:
    """O que o escritor diria em stderr."""
