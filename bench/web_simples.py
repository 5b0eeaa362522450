"""A versão comum do serviço, para comparar: Flask e psycopg, um INSERT por pedido, sem lacre.

O mesmo gunicorn, os mesmos processos e threads, o mesmo banco, outra tabela. `sem_cache` é o nosso
serviço, com cada leitura feita de novo; `vazio`, o teto: um Flask que não faz nada.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask, Response, jsonify, request
from psycopg.errors import UniqueViolation
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from web import create_app
from web.cache import Cache, Fazer
from web.cache.corpo import Corpo, Pedido
from web.servico import NOME

TABELA = """\
CREATE SCHEMA IF NOT EXISTS simples;
CREATE TABLE IF NOT EXISTS simples.usuarios (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    nome text NOT NULL, email text NOT NULL, criado_em text NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS usuarios_email ON simples.usuarios (lower(email COLLATE "C"));
GRANT USAGE ON SCHEMA simples TO escritor;
GRANT SELECT, INSERT ON simples.usuarios TO escritor;
INSERT INTO simples.usuarios (nome, email, criado_em)
    SELECT 'Pessoa ' || n, 'p' || n || '@x.com', '2026-01-01T00:00:00Z'
    FROM generate_series(1, 200) AS n
    ON CONFLICT DO NOTHING;"""
INSERE = """\
INSERT INTO simples.usuarios (nome, email, criado_em) VALUES (%s, %s, %s)
RETURNING id, nome, email, criado_em"""
CEM = "SELECT id, nome, email, criado_em FROM simples.usuarios ORDER BY id LIMIT 100"


def simples() -> Flask:
    """Monta a versão comum."""
    app = Flask(__name__)
    poco = ConnectionPool(os.environ["BANCO"], min_size=4, max_size=16, open=True)

    @app.post("/usuarios")
    def cadastrar() -> tuple[Response, int]:
        dito = request.get_json()
        agora = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            with poco.connection() as con, con.cursor(row_factory=dict_row) as cursor:
                linha = cursor.execute(INSERE, (dito["nome"], dito["email"], agora)).fetchone()
        except UniqueViolation:
            return jsonify(erro="o e-mail já existe"), 409
        return jsonify(linha), 201

    @app.get("/usuarios")
    def listar() -> Response:
        with poco.connection() as con, con.cursor(row_factory=dict_row) as cursor:
            return jsonify(cursor.execute(CEM).fetchall())

    return app


def vazio() -> Flask:
    """Monta um serviço que não faz nada."""
    app = Flask(__name__)
    app.add_url_rule("/usuarios", "nada", lambda: "[]")
    return app


def sem_cache() -> Flask:
    """Monta o nosso, com cada corpo feito de novo."""
    app = create_app()

    def obter(self: Cache, _: str, pedido: Pedido, fazer: Fazer) -> Corpo:
        ancora, proximo, conteudo = fazer()
        return Corpo(self.chave(ancora, pedido), ancora, proximo, conteudo)

    trocar(app.extensions[NOME].cache, obter)
    return app


def trocar(cache: Cache, obter: Callable[[Cache, str, Pedido, Fazer], Corpo]) -> None:
    """Põe outra função no lugar de `obter`."""
    cache.obter = obter.__get__(cache)  # type: ignore[method-assign]
