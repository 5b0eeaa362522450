"""As falhas do PostgreSQL traduzidas em Erro: uma tabela de SQLSTATE, e as de quem nem conectou.

https://www.postgresql.org/docs/17/errcodes-appendix.html
"""

from __future__ import annotations

import re
from typing import NamedTuple

import psycopg

from escritor import erros
from escritor.erros import Erro
from escritor.texto import numa_linha
from postgres.escritor.endereco import Endereco


class Prevista(NamedTuple):
    """O código de saída, o que aconteceu e o que fazer."""

    codigo: int
    motivo: str
    remedio: str


REPITA = "Rode de novo."
SETUP = "psql -v ON_ERROR_STOP=1 -f postgres/setup.sql {}"  # e o DSN do dono
RESTAURE = "Rode o leitor com `verificar` e ponha uma cópia boa num banco novo."
ESPACO = "Libere espaço no servidor e rode de novo."
DIREITO = "Use o papel escritor, ou dê-lhe os direitos de volta, como o dono do banco: " + SETUP

TRAVA = Prevista(
    erros.TENTE_DE_NOVO,
    "outra sessão segurou a trava por mais de {espera:g} s",
    "Rode de novo ou aumente BANCO_ESPERA.",
)
PERDIDA = Prevista(
    erros.TENTE_DE_NOVO,
    "a conexão com o servidor se perdeu",
    "Espere que ele volte (docker compose ps) e rode de novo.",
)
CHEIO = Prevista(erros.ENTRADA_SAIDA, "o servidor está sem espaço", ESPACO)
ESTRAGADO = Prevista(erros.DADOS, "banco corrompido; regra A5 do contrato", RESTAURE)
OUTRO_ESQUEMA = Prevista(
    erros.ESQUEMA, "o esquema não é o do contrato; regra A4", "Rode o leitor com `verificar`."
)
SO_LEITURA = Prevista(
    erros.NAO_CRIA,
    "a sessão é só de leitura",
    "Use o papel escritor, no servidor que aceita gravar.",
)
# Pelo SQLSTATE inteiro ou pela classe dele, os dois primeiros caracteres.
TABELA = {
    "42501": Prevista(erros.NAO_CRIA, "o papel não tem direito a isso", DIREITO),
    "25006": SO_LEITURA,
    "28": Prevista(erros.NAO_CRIA, "o servidor não deixa entrar", DIREITO),
    "55P03": TRAVA,
    "40": Prevista(erros.TENTE_DE_NOVO, "outra sessão gravava ao mesmo tempo", REPITA),
    "23505": Prevista(erros.TENTE_DE_NOVO, "alguém gravou ao mesmo tempo, sem a trava", REPITA),
    "57014": Prevista(erros.TENTE_DE_NOVO, "o servidor cancelou o que se pedia", REPITA),
    "08": PERDIDA,
    "57P": PERDIDA,
    "25P03": PERDIDA,  # a sessão foi encerrada por um prazo do servidor
    "25P04": PERDIDA,
    "53100": CHEIO,
    "53400": CHEIO,  # temp_file_limit
    "53": Prevista(erros.TENTE_DE_NOVO, "o servidor está sem recursos", REPITA),
    "58": Prevista(erros.ENTRADA_SAIDA, "o servidor não leu ou não gravou um arquivo", ESPACO),
    "XX001": ESTRAGADO,
    "XX002": ESTRAGADO,
    "22021": ESTRAGADO,  # bytes que não são UTF-8
    "3F000": OUTRO_ESQUEMA,
    "42P01": OUTRO_ESQUEMA,
    "42703": OUTRO_ESQUEMA,
    "42883": OUTRO_ESQUEMA,
}

ENTRADA = "Confira o papel e a senha: PGPASSFILE, ou ~/.pgpass, legível só por quem roda (0600)."
# Quem não conecta não recebe o SQLSTATE: só o texto, do libpq ou do servidor.
SEM_CONEXAO = (
    (
        "password|authentication|pg_hba|role .* does not exist|not permitted to log in|pgpass",
        Prevista(erros.NAO_CRIA, "o servidor não deixa entrar", ENTRADA),
    ),
    (
        "permission denied",
        Prevista(erros.NAO_CRIA, "o papel não pode usar este banco", DIREITO),
    ),
    (
        "database .* does not exist",
        Prevista(
            erros.ESQUEMA,
            "o banco não existe",
            "Crie-o: createdb --encoding=UTF8 -T template0 NOME",
        ),
    ),
    (
        "certificate|SSL",
        Prevista(
            erros.NAO_CRIA,
            "não se chegou a um acordo sobre o TLS",
            "Confira sslmode e sslrootcert em BANCO.",
        ),
    ),
    (
        "read-only|recovery|standby",
        Prevista(
            erros.TENTE_DE_NOVO,
            "nenhum servidor aceita gravar agora",
            "Espere um primário; " + REPITA,
        ),
    ),
    (
        "starting up|shutting down|too many|slots|not .*accepting",
        Prevista(erros.TENTE_DE_NOVO, "o servidor não aceita conexões agora", REPITA),
    ),
)
FORA_DO_AR = Prevista(
    erros.TENTE_DE_NOVO,
    "não deu para conectar",
    "Confira BANCO e se o servidor está no ar (docker compose ps), e rode de novo.",
)


def ao_conectar(erro: psycopg.Error, onde: Endereco) -> Erro:
    """Traduz uma falha de quem ainda não entrou no servidor."""
    texto = numa_linha(erro)
    sem_nomes = re.sub(r'"[^"]*"', '""', texto)  # um servidor pode chamar-se standby
    achadas = (prevista for padrao, prevista in SEM_CONEXAO if re.search(padrao, sem_nomes))
    prevista = next(achadas, FORA_DO_AR)
    remedio = prevista.remedio.format(onde.do_dono)
    return Erro(
        prevista.codigo, f"{onde}: {prevista.motivo} ({texto}); nada foi gravado. {remedio}"
    )


def traduzir(erro: psycopg.Error, onde: Endereco, espera: float, desfecho: str) -> Erro:
    """Traduz uma falha de depois; uma que não é prevista volta a ser lançada.

    `desfecho` é o da transação. Antes de se mandar o COMMIT, uma conexão que se perde
    não deixa nada gravado: o servidor desfaz o que ninguém confirmou.
    """
    if desfecho == "talvez":
        return talvez(onde, f"a resposta da confirmação não chegou ({_do_servidor(erro)})")
    prevista = _procurar(erro)
    if desfecho == "gravada":
        texto = f"gravado, mas não deu para reler ({_do_servidor(erro)}). Rode o leitor."
        return Erro(prevista.codigo, f"{onde}: {texto}")
    motivo = prevista.motivo.format(espera=espera)
    if prevista is not TRAVA:
        motivo += f" ({_do_servidor(erro)})"
    remedio = prevista.remedio.format(onde.do_dono)
    return Erro(prevista.codigo, f"{onde}: {motivo}; nada foi gravado. {remedio}")


def talvez(onde: str, causa: str) -> Erro:
    """A falha de um COMMIT sem resposta, ou que não esperou pela réplica: só quem reler sabe."""
    return Erro(
        erros.TENTE_DE_NOVO,
        f"{onde}: {causa}; a execução foi talvez gravada. Rode de novo: o que já está gravado não "
        "se repete.",
    )


def sem_replica(onde: str) -> Erro:
    """A falha de quem gravaria numa máquina só onde se pediram duas."""
    return Erro(
        erros.TENTE_DE_NOVO,
        f"{onde}: nenhuma réplica confirma o que se grava, e sem ela o que se confirmasse morreria "
        "com esta máquina; nada foi gravado. Espere que uma volte (docker compose ps) e rode de "
        "novo.",
    )


def _procurar(erro: psycopg.Error) -> Prevista:
    estado = erro.sqlstate
    if estado is None:
        # Sem SQLSTATE, é o libpq que fala: ou a conexão caiu, ou o defeito é nosso.
        if isinstance(erro, psycopg.OperationalError):
            return PERDIDA
        raise erro
    for chave in (estado, estado[:3], estado[:2]):
        if chave in TABELA:
            return TABELA[chave]
    raise erro


def _do_servidor(erro: psycopg.Error) -> str:
    """O que o servidor disse, com o SQLSTATE, numa linha; ou o que o libpq disse por ele."""
    if erro.sqlstate is None:
        return numa_linha(erro)
    return f"{erro.sqlstate}: {' '.join((erro.diag.message_primary or '').split())}"
