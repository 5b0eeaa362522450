"""BANCO num servidor: um URI ou DSN do libpq, que pode trazer uma senha, e o que dele se mostra."""

from __future__ import annotations

import shlex

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from leitor import erros
from leitor.erros import Erro

PADRAO = "postgresql://leitor@localhost/desafio2"
# Um servidor que some sem avisar é percebido em menos de um minuto, e não em um quarto de hora;
# o que o endereço diz vale mais.
PADROES = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "application_name": "desafio2 leitor",
}
ESQUEMAS = ("postgresql://", "postgres://")
# Como se chega ao banco sem nada que seja segredo: o que uma receita pode dizer.
PUBLICAS = ("host", "hostaddr", "port", "user", "dbname", "service")

Partes = dict[str, str]


def endereco(texto: str) -> str:
    """Devolve o endereço. Levanta Erro 2, sem repetir o que veio, se não serve."""
    if not texto.startswith(ESQUEMAS) and ("://" in texto or "=" not in texto):
        raise Erro(
            erros.USO,
            "BANCO deve ser o endereço de um servidor PostgreSQL (URI ou DSN), como em "
            f"{PADRAO}; um arquivo SQLite é com `python -m leitor`.",
        )
    if "@" in partes(texto).get("host", ""):  # o fim de uma senha que tinha uma @
        raise Erro(erros.USO, "em BANCO, a @ de uma senha se escreve %40.")
    return texto


def partes(texto: str) -> Partes:
    """Separa o endereço nas opções dele. Levanta Erro 2 se o libpq não o entende."""
    try:
        return {chave: str(valor) for chave, valor in conninfo_to_dict(texto).items()}
    except (ProgrammingError, UnicodeError):
        raise Erro(
            erros.USO,
            "BANCO não é um endereço que o libpq entenda. Confira-o; numa senha dentro dele, "
            "cada caractere especial vai como %XX.",
        ) from None


def dsn(ditas: Partes) -> str:
    """Devolve o que se dá ao libpq: o que foi dito, e os nossos padrões para o resto."""
    return make_conninfo(**{**PADROES, **ditas, "client_encoding": "UTF8"})


def varios(ditas: Partes) -> bool:
    """Diz se há mais de um servidor: se um não atende, outro toma o lugar dele."""
    return "," in ditas.get("host", "") + ditas.get("hostaddr", "")


def mostrado(ditas: Partes) -> str:
    """Devolve o que as mensagens dizem: `servidor:porta/banco`, nunca uma senha."""
    onde = ditas.get("host") or ditas.get("hostaddr") or ditas.get("service") or "localhost"
    porta = f":{ditas['port']}" if ditas.get("port", "").strip(",") else ""
    return f"{onde}{porta}/{ditas.get('dbname') or ditas.get('user') or 'desafio2'}"


def do_dono(ditas: Partes) -> str:
    """Devolve o DSN de quem é dono do banco, seja ele quem for, como o bash o lê."""
    return shlex.quote(sem_segredos({**ditas, "user": "DONO"}))


def sem_segredos(ditas: Partes) -> str:
    """Devolve um DSN que outra pessoa pode usar, com a senha dela."""
    return make_conninfo(**{chave: ditas[chave] for chave in PUBLICAS if chave in ditas})
