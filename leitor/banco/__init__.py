"""O SQLite: o motor que `python -m leitor` dá a `leitor.app.main` (veja leitor/porta.py)."""

from __future__ import annotations

from leitor import erros
from leitor.banco.leitura import Leitura
from leitor.banco.montagem import aviso
from leitor.banco.verificacao import ORDEM
from leitor.erros import Erro
from leitor.texto import CONTROLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from leitor.porta import Ordem

__all__ = [
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

PADRAO = erros.DO_VOLUME
AJUDA = f"arquivo do banco; fora de um container, ./desafio2.db (variável BANCO; padrão {PADRAO})"
DESCRICAO = "Verifica o banco SQLite do volume compartilhado, só de leitura, e lista os usuários."


def endereco(texto: str) -> str:
    """Devolve o caminho do banco.

    Levanta Erro 2 se não pode ser um arquivo; o endereço de um servidor, que pode
    ter senha, não se repete.
    """
    if "://" in texto or "password=" in texto:
        postgres = "password=" in texto or texto.lower().startswith("postgres")
        remedio = " PostgreSQL é com `python -m postgres.leitor`." if postgres else ""
        raise Erro(
            erros.USO,
            f"BANCO deve ser o caminho de um arquivo; veio o endereço de um servidor.{remedio}",
        )
    if texto in {"", ":memory:"} or CONTROLES & {*map(ord, texto)}:
        raise Erro(erros.USO, f"BANCO deve ser o caminho de um arquivo; veio {texto!r}.")
    return texto


def copiar(leitura: Leitura, destino: str, ordem: Ordem, *, substituir: bool) -> str:
    """Copia o banco para um arquivo, verificado nesta ordem; devolve o que se fez, numa linha."""
    from leitor.banco import copia  # só quem copia paga por ela

    return copia.copiar(leitura, destino, ordem, substituir=substituir)


def despejar(leitura: Leitura, ordem: Ordem) -> Iterator[bytes]:
    """Devolve os bytes do banco, depois de verificado nesta ordem."""
    from leitor.banco import copia

    return copia.despejar(leitura, ordem)
