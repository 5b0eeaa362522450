"""O que entra e o que sai, como o OpenAPI o diz; o que entra se confere por eles mesmos."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from apiflask import Schema
from marshmallow import EXCLUDE, RAISE, ValidationError, validate
from marshmallow.fields import Dict, Field, Integer, List, Nested, String

MAIOR_ID = 2**62
ELO = r"^[0-9a-f]{64}$"
ANCORA = r"^[1-9][0-9]{0,18} [0-9a-f]{64}$"
MOMENTO = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
CONTROLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
FALTA: dict[str, str | list[Any] | dict[Any, Any]] = {
    "required": "falta",
    "null": "falta",
    "invalid": "tem de ser um texto",
}


class Inteiro(Integer):
    """Um número escrito só com algarismos ASCII, como um endereço o diz."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if not re.fullmatch(r"[0-9]{1,19}", str(value), re.ASCII):
            raise ValidationError("tem de ser um número inteiro")
        return int(value)


def _faixa(minimo: int, maximo: int) -> validate.Range:
    return validate.Range(minimo, maximo, error=f"tem de estar entre {minimo} e {maximo}")


def _sem_controle(texto: str) -> None:
    if CONTROLE.search(texto):
        raise ValidationError("tem um caractere de controle")


class Consulta(Schema):
    """Que usuários se pedem."""

    class Meta:
        unknown = EXCLUDE

    limite = Inteiro(load_default=100, validate=_faixa(1, 1000))
    depois_de = Inteiro(load_default=0, validate=_faixa(0, MAIOR_ID))
    busca = String(
        load_default="",
        validate=[validate.Length(max=200, error="passa de 200 caracteres"), _sem_controle],
        metadata={"description": "parte do nome ou do e-mail"},
    )


class ConsultaDeExecucoes(Schema):
    """Que execuções se pedem; da mais nova para a mais antiga."""

    class Meta:
        unknown = EXCLUDE

    limite = Inteiro(load_default=100, validate=_faixa(1, 1000))
    antes_de = Inteiro(load_default=None, validate=_faixa(1, MAIOR_ID))


class ConsultaDeImportacao(Schema):
    """O nome que o livro guarda do arquivo enviado."""

    class Meta:
        unknown = EXCLUDE

    nome = String(
        load_default="-",
        validate=[validate.Length(1, 200, error="tem de ter de 1 a 200 caracteres"), _sem_controle],
    )


class Pessoa(Schema):
    """Quem se cadastra."""

    class Meta:
        unknown = RAISE

    error_messages: ClassVar[dict[str, str]] = {  # type: ignore[misc]
        "unknown": "não se conhece este campo",
        "type": "tem de ser um objeto",
    }
    nome = String(required=True, error_messages=FALTA, metadata={"minLength": 1})
    email = String(required=True, error_messages=FALTA, metadata={"examples": ["ana@example.com"]})


class Recibo(Schema):
    """A âncora que o cliente guarda."""

    execucao = Integer(required=True)
    elo = String(required=True, validate=validate.Regexp(ELO))


class Usuario(Schema):
    """Uma linha gravada; não muda mais."""

    id = Integer(required=True)
    nome = String(required=True)
    email = String(required=True)
    criado_em = String(required=True, validate=validate.Regexp(MOMENTO))


class Cadastrado(Usuario):
    """A linha nova e o recibo dela."""

    recibo: Field[Any] = Nested(Recibo, required=True)


class Execucao(Schema):
    """Uma execução do livro: quem gravou o quê, onde, quando, e o selo disso."""

    id = Integer(required=True)
    origem = String(required=True)
    container = String(required=True)
    versao = String(required=True)
    iniciada_em = String(required=True)
    concluida_em = String(required=True)
    lidos = Integer(required=True)
    inseridos = Integer(required=True)
    repetidos = Integer(required=True)
    primeiro_id = Integer(allow_none=True)
    ultimo_id = Integer(allow_none=True)
    total = Integer(required=True)
    lacre = String(required=True, validate=validate.Regexp(ELO))
    elo = String(required=True, validate=validate.Regexp(ELO))


class UsuarioSelado(Usuario):
    """A linha e a execução que a selou."""

    execucao: Field[Any] = Nested(Execucao, required=True)


class Importacao(Schema):
    """O que uma importação fez."""

    execucao = Integer(required=True)
    lidos = Integer(required=True)
    inseridos = Integer(required=True)
    repetidos = Integer(required=True)
    total = Integer(required=True)
    lacre = String(required=True)
    elo = String(required=True)


class Ancora(Schema):
    """A corrente tem esta execução, com este elo."""

    execucao = Integer(required=True)
    elo = String(required=True, validate=validate.Regexp(ELO))
    detalhe = String(required=True)


class Verificado(Schema):
    """Até onde a corrente foi conferida, quando, por quem, e o que deu."""

    ate = Integer(required=True)
    elo = String(required=True)
    em = String(required=True)
    por = String(required=True)
    resultado = String(
        required=True, validate=validate.OneOf(["ok", "falha", "pendente", "indisponivel"])
    )
    motivo = String(allow_none=True)


class Status(Schema):
    """O serviço inteiro, com o nome do que está fora."""

    servico = String(required=True)
    status = String(required=True)
    banco = String(required=True)
    cache = String(required=True)
    usuarios = Integer(required=True, allow_none=True)
    execucoes = Integer(required=True, allow_none=True)
    ancora = String(required=True, allow_none=True)
    verificado: Field[Any] = Nested(Verificado, required=True)
    versao = String(required=True)


class Raiz(Schema):
    """Quem responde, e as partes de que depende."""

    servico = String(required=True)
    status = String(required=True)
    timestamp = String(required=True)
    servicos = Dict(required=True)


class Vivo(Schema):
    """Uma palavra."""

    status = String(required=True)


class TesteDoBanco(Schema):
    """Um acesso contado no banco."""

    status = String(required=True)
    acesso_id = Integer(required=True)
    total_acessos = Integer(required=True)
    mensagem = String(required=True)


class TesteDoCache(Schema):
    """Um acesso contado no cache."""

    status = String(required=True)
    contador = Integer(required=True)
    ultimo_acesso = String(required=True)
    mensagem = String(required=True)


class Integracao(Schema):
    """O que se fez em cada parte."""

    status = String(required=True)
    operacoes = List(Dict(), required=True)
