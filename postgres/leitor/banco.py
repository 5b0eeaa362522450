"""O PostgreSQL: o motor que `python -m postgres.leitor` dá a `leitor.app.main`."""

from __future__ import annotations

from collections.abc import Iterator

from leitor.porta import Ordem
from postgres.leitor import copia
from postgres.leitor.endereco import PADRAO, endereco
from postgres.leitor.leitura import Leitura
from postgres.leitor.verificacao import ORDEM

__all__ = [  # o que porta.py pede
    "AJUDA",
    "DESCRICAO",
    "ORDEM",
    "PADRAO",
    "Leitura",
    "aviso",
    "copiar",
    "despejar",
    "endereco",
]

AJUDA = f"URI ou DSN do servidor (variável BANCO; padrão {PADRAO}); a senha, em PGPASSFILE"
DESCRICAO = "Verifica o banco de um servidor PostgreSQL, só de leitura, e lista os usuários."


def aviso(_endereco: str) -> str | None:
    """Nada a dizer antes de conectar."""
    return None


def copiar(leitura: Leitura, destino: str, ordem: Ordem, *, substituir: bool) -> str:
    """Copia o banco para um arquivo SQLite, que o leitor dele verifica; devolve o que se fez."""
    return copia.copiar(leitura, destino, ordem, substituir=substituir)


def despejar(leitura: Leitura, ordem: Ordem) -> Iterator[bytes]:
    """Devolve os bytes de um arquivo SQLite com o que há no banco, já verificado."""
    return copia.despejar(leitura, ordem)
