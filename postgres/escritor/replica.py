"""A réplica que confirma o que se grava: se o banco ou o servidor a pede, e se há uma."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import psycopg

from escritor import erros
from escritor.erros import Erro
from postgres.escritor import falhas

# Se o banco exige uma réplica, se o servidor espera por uma, e quantas das que confirmam há agora;
# NULL se este papel não as vê.
SITUACAO = """\
SELECT coalesce(current_setting('desafio2.exige_replica', true) = 'on', false),
    current_setting('synchronous_standby_names') <> '',
    CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') THEN (
        SELECT count(*) FROM pg_stat_replication
        WHERE state = 'streaming' AND sync_state IN ('sync', 'quorum')
    ) END"""
# Só o COMMIT de quem escreveu no WAL espera pela réplica: sem isto, o de quem só achou o que outro
# deixou talvez gravado voltaria na hora, e confirmaria o que ainda está numa máquina só.
ESCREVE = "SELECT pg_logical_emit_message(true, 'desafio2', '')"
# O aviso de um COMMIT que não esperou pela réplica: a execução está só neste servidor.
NAO_ESPEROU = {"01000", "57P01"}
CANCELAR = 2.0  # segundos para o servidor atender a quem desiste


class Situacao(NamedTuple):
    """Uma linha de SITUACAO."""

    exigida: bool
    esperada: bool
    confirmam: int | None

    def falta(self, onde: str) -> Erro | None:
        """Devolve por que não se pode gravar agora; None se se pode.

        Onde ninguém a exige e não se vê se há uma, quem sabe é o servidor, e o COMMIT espera.
        """
        if self.confirmam is None and self.exigida:
            return Erro(
                erros.NAO_CRIA,
                f"{onde}: este papel não vê se há uma réplica, e o banco a exige; nada foi "
                "gravado. Rode, como superusuário: GRANT pg_read_all_stats TO escritor",
            )
        if self.confirmam == 0 and (self.exigida or self.esperada):
            return falhas.sem_replica(onde)
        return None


@contextmanager
def com_prazo(pg: psycopg.Connection[Any], segundos: float | None) -> Iterator[None]:
    """Passado o prazo, se há um, desiste da réplica: o COMMIT volta, e avisa que não esperou."""
    if segundos is None:
        yield
        return
    relogio = threading.Timer(max(segundos, CANCELAR), _desistir, (pg,))
    relogio.daemon = True
    relogio.start()
    try:
        yield
    finally:
        relogio.cancel()


def _desistir(pg: psycopg.Connection[Any]) -> None:
    with suppress(psycopg.Error):  # a conexão também pode ter acabado
        pg.cancel_safe(timeout=CANCELAR)
