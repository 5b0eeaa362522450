"""O recibo: quem entrou, em que execução, e se uma âncora guardada ainda é desta história."""

from __future__ import annotations

import re
from typing import NamedTuple

from web.api.pedido import VAZIO, diferente
from web.bancos import Objeto
from web.esquemas import ANCORA
from web.servico import Servico

MUDOU = "o livro mudou enquanto se conferia; confira de novo"
FORMA = "uma âncora é o número da execução, um espaço e os 64 hexadecimais do elo"


class Recibo(NamedTuple):
    """Uma âncora conferida agora: `motivo` diz por que não vale, e é vazio se vale."""

    ancora: str
    motivo: str
    execucao: Objeto | None = None
    usuario: Objeto | None = None  # quem o recibo diz que entrou nela


def conferir(servico: Servico, ancora: str, pessoa: str) -> Recibo:
    """Confere a âncora e acha o que ela prova. Levanta Indisponivel.

    `pessoa`: o id de quem entrou; só se mostra se a execução da âncora é a que a selou.
    """
    ancora = " ".join(ancora.split())
    if not re.fullmatch(ANCORA, ancora):
        return Recibo(ancora[:200], FORMA)
    conhecida = servico.ouvido.perguntar() or VAZIO
    if motivo := diferente(servico, ancora, conhecida):
        return Recibo(ancora, motivo)
    numero = int(ancora.partition(" ")[0])
    _, execucoes = servico.banco.execucoes(1, numero + 1)
    if not execucoes or execucoes[0]["id"] != numero:
        return Recibo(ancora, MUDOU)
    return Recibo(ancora, "", execucoes[0], _quem(servico, pessoa, numero))


def _quem(servico: Servico, pessoa: str, execucao: int) -> Objeto | None:
    if not re.fullmatch(r"[0-9]{1,18}", pessoa, re.ASCII):
        return None
    achado = servico.banco.usuario(int(pessoa))
    selou = achado.execucao is not None and achado.execucao["id"] == execucao
    return achado.usuario if selou else None
