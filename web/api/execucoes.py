"""O livro: as execuções, e se uma âncora guardada ainda é desta história."""

from __future__ import annotations

import re

from apiflask import APIBlueprint
from flask import Response

from web.api import pedido, resposta
from web.api.documento import entrada, problemas
from web.esquemas import ANCORA, Ancora, ConsultaDeExecucoes, Execucao
from web.problemas import Problema
from web.servico import atual

bp = APIBlueprint("execucoes", __name__, tag="Execuções")


@bp.get("/logs")
@entrada(bp, ConsultaDeExecucoes, "query")
@bp.output(Execucao(many=True))
@bp.doc(responses=problemas(400, 409, 422, 503))
def listar() -> Response:
    """Lista as execuções, da mais nova para a mais antiga: quem gravou o quê, onde, quando."""
    dito = pedido.consulta(ConsultaDeExecucoes)
    pedido.ancora()
    ancora, execucoes = atual().banco.execucoes(dito["limite"], dito["antes_de"])
    feita = resposta.em_json(execucoes, Cache_Control="no-store")
    if ancora:
        feita.headers["Ancora"] = ancora
    if execucoes and (ultima := execucoes[-1]["id"]) > 1:
        resposta.ligar(feita, limite=dito["limite"], antes_de=ultima)
    return feita


@bp.get("/ancoras/<execucao>/<elo>")
@bp.output(Ancora, description="A corrente tem esta execução, com este elo.")
@bp.doc(responses=problemas(400, 404, 503))
def conferir(execucao: str, elo: str) -> Response:
    """Diz se a história ainda é a da âncora que alguém guardou."""
    if not re.fullmatch(ANCORA, f"{execucao} {elo}"):
        raise Problema(400, "diga /ancoras/EXECUCAO/ELO, o elo com 64 hexadecimais")
    servico = atual()
    servico.conferido()
    cabeca = servico.ouvido.perguntar() or pedido.VAZIO
    if motivo := pedido.diferente(servico, f"{execucao} {elo}", cabeca):
        raise Problema(404, motivo, ancora=cabeca)
    detalhe = f"a corrente tem a execução {execucao}, com este elo"
    dados = {"execucao": int(execucao), "elo": elo, "detalhe": detalhe}
    return resposta.em_json(dados, Cache_Control="no-store", Ancora=cabeca)
