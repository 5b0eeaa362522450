"""As execuções que nada gravaram, dobradas: dezenas delas não escondem as que gravaram."""

from __future__ import annotations

from collections.abc import Sequence

from leitor.prova import Execucao, Prova
from leitor.texto import contar

Trecho = Execucao | range  # uma execução, ou os ids de várias que nada gravaram


def dobrar(execucoes: Sequence[Execucao], prova: Prova) -> list[Trecho]:
    """Põe um intervalo de ids no lugar de execuções seguidas que nada gravaram.

    Nem todas elas são mostradas: entre duas que são, as que faltam também nada gravaram,
    porque as que gravaram vêm antes, e as mais novas (porta.Leitura).
    """
    por_id = {e.id: e for e in execucoes}
    dobradas: list[Trecho] = []
    depois = execucoes[0].id
    for fica in [*com_linhas(execucoes, prova), None]:
        vazias = range(depois, fica.id if fica else prova.execucoes + 1)
        if len(vazias) == 1:
            dobradas.append(por_id.get(vazias[0], vazias))
        elif vazias:
            dobradas.append(vazias)
        if fica:
            dobradas.append(fica)
            depois = fica.id + 1
    return dobradas


def com_linhas(execucoes: Sequence[Execucao], prova: Prova) -> list[Execucao]:
    """Devolve as que gravaram, e a que o veredito cita, mesmo vazia."""
    return [e for e in execucoes if e.inseridos or e.id == prova.ultima_gravacao.id]


def quantas(vazias: range) -> str:
    """Conta as de uma dobra."""
    return f"{contar(len(vazias), 'execução', 'execuções')} sem linhas novas"


def ids(vazias: range) -> str:
    """Devolve os ids de uma dobra: `2 a 30`."""
    return f"{vazias[0]} a {vazias[-1]}" if len(vazias) > 1 else str(vazias[0])
