"""Muitos pedidos, uma execução: o que a thread de quem grava faz com os que juntou, num arquivo."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from escritor import sqlite as escritor
from escritor.banco.conexao import Conexao
from escritor.erros import Erro
from escritor.execucao import Execucao, agora, seguinte
from escritor.sinais import Sinais
from web.bancos import (
    ChaveDeOutroPedido,
    Existe,
    Indisponivel,
    Pedido,
    Recibo,
    Resposta,
    TalvezGravado,
)
from web.bancos.juntos import ORIGEM, VALE, VENCEM, Linha, recibo, selar
from web.bancos.sqlite import consultas, servico
from web.bancos.sqlite.conexoes import calar, objetos, traduzidas

LIGA = "ATTACH ? AS servico"
INSERE = """\
INSERT INTO usuarios (nome, email, criado_em) VALUES (?, ?, ?)
ON CONFLICT DO NOTHING RETURNING id"""
CHAVE = """\
SELECT c.impressao, u.id, u.nome, u.email, u.criado_em, e.id, e.elo, e.inseridos
FROM servico.chaves AS c
JOIN main.usuarios AS u ON u.id = c.usuario
JOIN main.execucoes AS e ON e.id = c.execucao AND e.elo = c.elo
WHERE c.chave = ?"""
GUARDA = "INSERT OR REPLACE INTO servico.chaves VALUES (?, ?, ?, ?, ?, ?)"
VENCE = """\
DELETE FROM servico.chaves WHERE chave IN (
    SELECT chave FROM servico.chaves WHERE criada_em < ? ORDER BY criada_em LIMIT ?
)"""


class Gravacao:
    """Abre o banco a cada execução: um restore pode tê-lo trocado entre duas."""

    def __init__(self, caminho: str, espera: float, preparar: Callable[[], None]) -> None:
        self._caminho = caminho
        self._espera = espera
        self._preparar = preparar
        self._conferido: tuple[int, str] | None = None

    def conferir(self) -> None:
        """Confere o banco inteiro, uma vez. Levanta Indisponivel."""
        with self._aberto() as con, con.transacao():
            self._conferir(con)

    def _conferir(self, con: Conexao) -> None:
        ponto = escritor.conferir(con, self._conferido)
        self._conferido = (ponto.execucao, ponto.elo) if ponto.execucao else None

    def gravar(self, pedidos: Sequence[Pedido]) -> list[Resposta]:
        """Grava os pedidos numa execução só, ou nenhuma se nada entra; as respostas na ordem.

        Levanta Indisponivel se nada ficou gravado, e TalvezGravado se não se sabe.
        """
        with self._aberto() as con:
            # Só então: um COMMIT em dois arquivos custa mais alguns fsync.
            if any(pedido.chave for pedido in pedidos):
                con.execute(LIGA, (servico.uri(servico.arquivo(self._caminho), "rw"),))
            with con.transacao():
                escritor.garantir_esquema(con)
                self._conferir(con)
                respostas, execucao = _gravar(con, pedidos)
            if execucao:
                self._conferido = (execucao.id, execucao.elo)
            return respostas

    @contextmanager
    def _aberto(self) -> Iterator[Conexao]:
        with traduzidas(self._caminho, self._espera):
            self._preparar()
        con: Conexao | None = None
        try:
            with escritor.abrir(self._caminho, self._espera, Sinais(), calar) as con:
                yield con
        except Erro as erro:
            self._conferido = None  # talvez um restore: da próxima vez, tudo
            if con is not None and con.desfecho == "talvez":
                raise TalvezGravado(str(erro)) from erro
            raise Indisponivel(str(erro)) from erro

    def fechar(self) -> None:
        """Nada fica aberto."""


def _gravar(con: Conexao, pedidos: Sequence[Pedido]) -> tuple[list[Resposta], Execucao | None]:
    """Insere os que faltam, na transação de quem chama; devolve a execução, se houve uma."""
    quando = agora()
    respostas: dict[int, Resposta] = {}
    novas: dict[int, Linha] = {}
    for onde, pedido in enumerate(pedidos):
        if guardada := _guardada(con, pedido):
            respostas[onde] = guardada
        elif inserida := con.execute(INSERE, (pedido.nome, pedido.email, quando)).fetchone():
            novas[onde] = (inserida[0], pedido.nome, pedido.email, quando)
        else:
            [usuario] = objetos(con, consultas.POR_EMAIL, (pedido.email,))
            respostas[onde] = Existe(usuario)
    if not novas:
        return [respostas[onde] for onde in range(len(pedidos))], None
    execucao = seguinte(escritor.ultima_execucao(con), selar([*novas.values()]), ORIGEM, quando)
    escritor.registrar(con, execucao)
    _guardar(con, [(pedidos[onde], linha[0]) for onde, linha in novas.items()], execucao)
    respostas |= {onde: recibo(linha, execucao) for onde, linha in novas.items()}
    return [respostas[onde] for onde in range(len(pedidos))], execucao


def _guardada(con: Conexao, pedido: Pedido) -> Resposta | None:
    """Devolve a resposta que a chave do pedido já teve; None se ela é nova, ou não há chave."""
    if not pedido.chave or not (achada := con.execute(CHAVE, (pedido.chave,)).fetchone()):
        return None
    impressao, *campos = achada
    return Recibo(*campos) if impressao == pedido.impressao else ChaveDeOutroPedido()


def _guardar(con: Conexao, gravados: Sequence[tuple[Pedido, int]], execucao: Execucao) -> None:
    """Guarda as chaves dos pedidos, cada uma com a linha dele, e apaga umas tantas vencidas."""
    hoje = int(time.time())
    chaves = [
        (pedido.chave, pedido.impressao or "", linha, execucao.id, execucao.elo, hoje)
        for pedido, linha in gravados
        if pedido.chave
    ]
    if chaves:
        con.executemany(GUARDA, chaves)
        con.execute(VENCE, (hoje - VALE, VENCEM * len(chaves)))
