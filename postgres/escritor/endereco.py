"""BANCO num servidor: um URI ou DSN do libpq, que pode trazer uma senha, e o que dele se mostra."""

from __future__ import annotations

import argparse
import shlex

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

# Um servidor que some sem avisar é percebido em menos de um minuto, e não em um quarto de hora;
# o que o DSN diz vale mais.
PADROES = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "application_name": "desafio2 escritor",
}
POSTGRES = ("postgresql://", "postgres://")
# Como se chega ao banco sem nada que seja segredo: o que um comando a colar pode dizer.
PUBLICAS = ("host", "hostaddr", "port", "dbname", "service")


class Endereco(str):
    """O texto é o que se mostra, `host/banco`; o resto, com a senha se há uma, fica em `dsn`.

    `do_dono`: o DSN, como o bash o lê, de quem é dono do banco, seja ele quem for. `varios`: há
    mais de um servidor, e se um não serve outro toma o lugar dele.
    """

    __slots__ = ("do_dono", "dsn", "varios")
    dsn: str
    do_dono: str
    varios: bool


def ler(texto: str) -> Endereco:
    """Devolve o endereço; levanta ArgumentTypeError, sem repetir o que veio, se não serve."""
    if not texto.startswith(POSTGRES) and ("://" in texto or "=" not in texto):
        raise argparse.ArgumentTypeError(
            "BANCO deve ser o endereço de um servidor PostgreSQL (URI ou DSN), como em "
            "host=localhost user=escritor dbname=desafio2; um arquivo SQLite é com "
            "`python -m escritor`"
        )
    try:
        partes = {chave: str(valor) for chave, valor in conninfo_to_dict(texto).items()}
    except (ProgrammingError, UnicodeError):
        raise argparse.ArgumentTypeError(
            "BANCO não é um endereço que o libpq entenda. Confira-o; numa senha dentro dele, "
            "cada caractere especial vai como %XX"
        ) from None
    if "@" in partes.get("host", ""):  # o fim de uma senha que tinha uma @
        raise argparse.ArgumentTypeError("em BANCO, a @ de uma senha se escreve %40")
    endereco = Endereco(_mostrado(partes))
    endereco.varios = "," in partes.get("host", "") + partes.get("hostaddr", "")
    alvo = {"target_session_attrs": "read-write"} if endereco.varios else {}
    endereco.dsn = make_conninfo(**{**PADROES, **alvo, **partes, "client_encoding": "UTF8"})
    publicas = {chave: partes[chave] for chave in PUBLICAS if chave in partes}
    endereco.do_dono = shlex.quote(make_conninfo(**publicas, user="DONO"))
    return endereco


def _mostrado(partes: dict[str, str]) -> str:
    onde = partes.get("host") or partes.get("hostaddr") or partes.get("service") or "localhost"
    porta = f":{partes['port']}" if partes.get("port", "").strip(",") else ""
    banco = partes.get("dbname") or partes.get("user") or "desafio2"
    return f"{onde}{porta}/{banco}"
