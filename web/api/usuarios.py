"""Os usuários: em páginas ou em fluxo, um por um, um cadastro, ou um arquivo inteiro."""

from __future__ import annotations

import hashlib
import json
from typing import Any, BinaryIO, cast

from apiflask import APIBlueprint
from flask import Response, request

from escritor.entrada.fonte import Forma
from web import importacao
from web.api import pedido, resposta
from web.api.documento import entrada, problemas
from web.api.pedido import JSON
from web.bancos import Formato
from web.cache.corpo import Pedido
from web.esquemas import (
    MAIOR_ID,
    Cadastrado,
    Consulta,
    ConsultaDeImportacao,
    Importacao,
    Pessoa,
    Usuario,
    UsuarioSelado,
)
from web.problemas import Problema
from web.servico import atual

NDJSON = "application/x-ndjson"
CSV = "text/csv"
FLUXOS: dict[str, Formato] = {NDJSON: "jsonl", CSV: "csv"}
FORMAS = {
    CSV: Forma("csv"),
    NDJSON: Forma("jsonl"),
    "application/jsonl": Forma("jsonl"),
}
SEM_LIMITE = 1 << 62  # bytes; None seria o limite dos outros
MAIOR_CHAVE = 255  # caracteres

bp = APIBlueprint("usuarios", __name__, tag="Usuários")


@bp.get("/usuarios")
@entrada(bp, Consulta, "query")
@bp.output(Usuario(many=True), description="Uma página; Link diz onde está a seguinte.")
@bp.doc(responses=problemas(400, 409, 422, 429, 503))
def listar() -> Response:
    """Lista os usuários, na ordem do id.

    Em páginas, como JSON; com Accept application/x-ndjson ou text/csv, a tabela inteira em fluxo.
    """
    dito = pedido.consulta(Consulta)
    busca = dito["busca"].strip() or None
    tipo = pedido.tipo_aceito(JSON, NDJSON, CSV)
    if tipo != JSON:
        pedido.ancora()
        return resposta.em_fluxo(lambda: atual().banco.fluxo(FLUXOS[tipo], busca), tipo)
    limite, depois_de = dito["limite"], dito["depois_de"]

    def fazer() -> tuple[str, int | None, bytes]:
        pagina = atual().banco.pagina(limite, depois_de, busca)
        return pagina.ancora or pedido.VAZIO, pagina.proximo, pagina.corpo

    canonica = f"{limite}&{depois_de}&{busca or ''}"
    return resposta.do_cache(Pedido("/usuarios", canonica, JSON), fazer)


@bp.get("/usuarios/<int:id_>")
@bp.output(UsuarioSelado)
@bp.doc(responses=problemas(400, 404, 409, 503))
def mostrar(id_: int) -> Response:
    """Mostra um usuário, e a execução que o selou."""
    if not 1 <= id_ <= MAIOR_ID:
        raise Problema(404, f"não há usuário {id_}")

    def fazer() -> tuple[str, int | None, bytes]:
        achado = atual().banco.usuario(id_)
        if achado.usuario is None:
            raise Problema(404, f"não há usuário {id_}")
        inteiro = {**achado.usuario, "execucao": achado.execucao}
        return achado.ancora, None, json.dumps(inteiro, ensure_ascii=False).encode()

    return resposta.do_cache(Pedido("/usuarios/ID", str(id_), JSON), fazer)


@bp.post("/usuarios")
@entrada(bp, Pessoa, "json")
@bp.output(Cadastrado, 201, description="Gravado, e no disco.")
@bp.doc(responses=problemas(400, 409, 413, 415, 422, 429, 503))
def cadastrar() -> Response:
    """Cadastra uma pessoa; a resposta só sai depois do COMMIT, com o recibo.

    Com Idempotency-Key, repetir o pedido dá a mesma resposta, e não outra linha.
    """
    pessoa = pedido.carregar(Pessoa, pedido.corpo_json())
    chave = _chave()
    impressao = _impressao(pessoa) if chave else None
    feito = atual().gravar(pessoa["nome"], pessoa["email"], chave, impressao)
    corpo = {
        "id": feito.id,
        "nome": feito.nome,
        "email": feito.email,
        "criado_em": feito.criado_em,
        "recibo": {"execucao": feito.execucao, "elo": feito.elo},
    }
    ancora = f"{feito.execucao} {feito.elo}"
    return resposta.em_json(corpo, 201, Location=f"/usuarios/{feito.id}", Ancora=ancora)


@bp.post("/usuarios/importar")
@entrada(bp, ConsultaDeImportacao, "query")
@bp.output(Importacao, description="O arquivo inteiro entrou, numa execução.")
@bp.doc(responses=problemas(400, 409, 415, 422, 429, 503))
def importar() -> Response:
    """Importa um CSV ou JSON Lines de qualquer tamanho: tudo ou nada.

    O corpo é o arquivo (text/csv ou application/x-ndjson); `nome` fica no livro.
    """
    nome = pedido.consulta(ConsultaDeImportacao)["nome"]
    forma = FORMAS.get(request.mimetype)
    if forma is None:
        raise Problema(415, f"o corpo tem de ser {CSV} ou {NDJSON}; diga-o em Content-Type")
    request.max_content_length = SEM_LIMITE
    servico = atual()
    servico.inteira()
    liberar = servico.demorado()
    try:
        feita = importacao.importar(servico.banco, cast("BinaryIO", request.stream), forma, nome)
    finally:
        liberar()
    return resposta.em_json(
        {
            "execucao": feita.id,
            "lidos": feita.lidos,
            "inseridos": feita.inseridos,
            "repetidos": feita.repetidos,
            "total": feita.total,
            "lacre": feita.lacre,
            "elo": feita.elo,
        },
        Ancora=f"{feita.id} {feita.elo}",
    )


def _chave() -> str | None:
    chave = request.headers.get("Idempotency-Key")
    if chave is None:
        return None
    if not (1 <= len(chave) <= MAIOR_CHAVE and chave.isascii() and chave.isprintable()):
        raise Problema(400, f"Idempotency-Key tem de ter de 1 a {MAIOR_CHAVE} caracteres ASCII")
    return chave


def _impressao(pessoa: dict[str, Any]) -> str:
    """Devolve o resumo do que se pediu: o mesmo corpo, com outros espaços, é o mesmo pedido."""
    texto = json.dumps([pessoa["nome"], pessoa["email"]])
    return hashlib.sha256(texto.encode()).hexdigest()
