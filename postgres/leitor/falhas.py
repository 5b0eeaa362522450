"""As falhas do PostgreSQL: uma tabela de SQLSTATE, cada um com um código e uma linha.

https://www.postgresql.org/docs/17/errcodes-appendix.html
"""

from __future__ import annotations

import re
import shlex

import psycopg

from leitor import erros
from leitor.erros import Erro, em_container
from postgres.leitor.endereco import Partes, do_dono, sem_segredos

LEIA = "Leia de novo."
SETUP = "psql -v ON_ERROR_STOP=1 -f postgres/setup.sql"
DIREITO = f"Use o papel leitor, ou dê-lhe os direitos, como o dono do banco: {SETUP} {{dsn}}"
CRIE = f"Crie-o, como quem pode criar papéis: {SETUP} {{dsn}}"
NO_AR = "Confira BANCO e se o servidor está no ar (docker compose ps), e leia de novo."
ENTRADA = "Confira o papel e a senha: PGPASSFILE, ou ~/.pgpass, legível só por quem roda (0600)."
COPIA = "{copia}"
# Outro projeto do Compose é outro servidor: o que está estragado fica para quem o investigar.
NOUTRO_PROJETO = "docker compose -p desafio2-novo run --rm -T escritor restaurar - < copia.db"
# O código de saída, o que houve e o que fazer, pelo SQLSTATE inteiro ou pelo começo dele.
TABELA = {
    "08": (erros.TENTE_DE_NOVO, "a conexão com o servidor se perdeu", NO_AR),
    "08001": (erros.TENTE_DE_NOVO, "não deu para conectar", NO_AR),
    "22021": (erros.DADOS, "texto que não é UTF-8; regra U5 do contrato", COPIA),
    "25P": (erros.TENTE_DE_NOVO, "o servidor encerrou a sessão", LEIA),
    "28": (erros.SEM_ACESSO, "o servidor não deixa entrar", ENTRADA),
    "3D": (erros.ESQUEMA, "o banco não existe", "Crie-o: createdb --encoding=UTF8 -T template0"),
    "3F": (erros.ESQUEMA, "falta o esquema do contrato", CRIE),
    "40": (erros.TENTE_DE_NOVO, "o servidor desfez a leitura", LEIA),
    "42501": (erros.SEM_ACESSO, "o papel não pode ler", DIREITO),
    "42703": (erros.ESQUEMA, "o esquema não é o do contrato; regra A4", COPIA),
    "42P01": (erros.ESQUEMA, "o esquema não é o do contrato; regra A4", COPIA),
    "53": (erros.TENTE_DE_NOVO, "o servidor está sem recursos", LEIA),
    "53100": (erros.ENTRADA_SAIDA, "o disco do servidor está cheio", "Libere espaço nele."),
    "54": (erros.DADOS, "dados que não cabem numa consulta; regra A5 do contrato", COPIA),
    "55P03": (
        erros.TENTE_DE_NOVO,
        "um escritor segurou a trava por mais de {espera:g} s",
        "Leia de novo ou aumente BANCO_ESPERA.",
    ),
    "57014": (erros.TENTE_DE_NOVO, "o servidor cancelou a leitura", LEIA),
    "57P": (erros.TENTE_DE_NOVO, "o servidor encerrou a conexão", NO_AR),
    "57P03": (erros.TENTE_DE_NOVO, "o servidor ainda não aceita conexões", "Espere, e leia."),
    "58": (erros.ENTRADA_SAIDA, "o servidor não leu um arquivo", "Verifique o disco dele."),
    "TLS": (
        erros.SEM_ACESSO,
        "não se chegou a um acordo sobre o TLS",
        "Confira sslmode e sslrootcert em BANCO.",
    ),
    "XX": (erros.DADOS, "banco corrompido; regra A5 do contrato", COPIA),
}
# De quem não chega a entrar só se sabe o texto, do libpq ou do servidor: o SQLSTATE que seria, ou
# TLS, que não tem um.
SEM_ENTRAR = (
    ("57P03", "starting up|shutting down|recovery mode|not .*accepting connections"),
    ("53300", "too many|remaining connection slots"),
    ("28000", "password|authentication|pg_hba|role .* does not exist|not permitted to log in"),
    ("TLS", "certificate|SSL"),
    ("3D000", "database .* does not exist"),
    ("42501", "permission denied for database"),
)
NOME_ERRADO = "Name or service not known|No address associated|invalid port"


def estado(erro: psycopg.Error, *, entrou: bool) -> str:
    """Devolve o SQLSTATE da falha; de uma que não o traz, o que seria. Vazio se não se sabe."""
    if erro.sqlstate:
        return erro.sqlstate
    if entrou:  # sem SQLSTATE, é o libpq que fala: a conexão caiu, ou o defeito é nosso
        return "08006" if isinstance(erro, psycopg.OperationalError) else ""
    texto = re.sub(r'"[^"]*"', '""', str(erro))  # um servidor pode chamar-se SSL
    return next((dito for dito, padrao in SEM_ENTRAR if re.search(padrao, texto)), "08001")


def passa(erro: psycopg.Error) -> bool:
    """Diz se a falha de conectar é das que o tempo resolve: o servidor ainda não está no ar."""
    dito = estado(erro, entrou=False)
    return dito == "57P03" or (dito == "08001" and not re.search(NOME_ERRADO, str(erro)))


def traduzir(
    erro: psycopg.Error, nome: str, partes: Partes, espera: float, *, entrou: bool
) -> Erro:
    """Traduz a falha; uma que não é prevista volta a ser lançada. `partes`: as do endereço."""
    dito = estado(erro, entrou=entrou)
    chave = next((c for c in (dito, dito[:3], dito[:2]) if c in TABELA), None)
    if chave is None:
        raise erro
    codigo, motivo, remedio = TABELA[chave]
    causa = "" if chave == "55P03" else f" ({' '.join(_texto(erro).split())})"
    motivo = motivo.format(espera=espera)
    remedio = remedio.format(dsn=do_dono(partes), copia=restaure(partes))
    return Erro(codigo, f"{nome}: {motivo}{causa}. {remedio}")


def _texto(erro: psycopg.Error) -> str:
    if erro.sqlstate and erro.diag.message_primary:
        return f"{erro.sqlstate}: {erro.diag.message_primary}"
    return str(erro)


def rode_o_escritor(partes: Partes) -> str:
    """Devolve o remédio de um banco em que ninguém gravou ainda."""
    comando = "docker compose run --rm escritor"
    if not em_container():
        comando = _do_escritor({**partes, "user": "escritor"})
    return f"Rode o escritor, e depois leia de novo: {comando}"


def restaure(partes: Partes) -> str:
    """Devolve o remédio de um banco que já não se conserta: num servidor, ele não se troca."""
    comando = NOUTRO_PROJETO
    if not em_container():
        novo = {**partes, "user": "DONO", "dbname": "NOVO"}
        comando = f"{_do_escritor(novo)} restaurar copia.db"
    return f"Restaure uma cópia num banco novo: {comando}"


def _do_escritor(partes: Partes) -> str:
    return f"python3 -m postgres.escritor --banco {shlex.quote(sem_segredos(partes))}"
