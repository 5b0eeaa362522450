"""Um banco num disco pequeno do servidor, que se enche e se esvazia de verdade."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.postgres.apoio import PEQUENO
from tests.postgres.bancos import Acesso, Banco

LASTRO = f"{PEQUENO}/lastro"
ENCHER = """\
livre=$(($(stat -f -c '%a * %S' "$0") - $1))
head -c "$livre" /dev/zero >"$2"
"""


@contextmanager
def no_disco_pequeno(acesso: Acesso) -> Iterator[Banco]:
    """Um banco cujos arquivos, mas não o diário do servidor, estão num disco pequeno."""
    acesso.servidor.psql("postgres", f"CREATE TABLESPACE pequeno LOCATION '{PEQUENO}'")
    try:
        with acesso.banco(disco="pequeno") as banco:
            try:
                yield banco
            finally:
                esvaziar(banco)  # sem espaço, nem um checkpoint se faz
    finally:
        acesso.servidor.psql("postgres", "DROP TABLESPACE pequeno")


def encher(banco: Banco, resta: int) -> None:
    """Deixa no disco do banco só estes bytes."""
    roteiro = ("sh", "-e", "-c", ENCHER, PEQUENO, str(resta), LASTRO)
    banco.acesso.servidor.dentro(*roteiro)


def esvaziar(banco: Banco) -> None:
    """Devolve ao disco o espaço que se tomou."""
    banco.acesso.servidor.dentro("rm", "-f", LASTRO)
