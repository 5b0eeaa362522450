"""O PostgreSQL como o escritor o pede (veja escritor/porta.py): um esquema, num servidor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from escritor.entrada.pessoa import Lote
from escritor.execucao import Gravadas
from escritor.percurso import Ponto
from escritor.porta import Linha
from escritor.sinais import Sinais
from postgres.escritor import carga, conexao, conferencia, esquema
from postgres.escritor.conexao import Conexao
from postgres.escritor.conflito import sem_conflitos
from postgres.escritor.endereco import ler as endereco
from postgres.escritor.livro import registrar, ultima_execucao
from postgres.escritor.restauracao import restaurar

__all__ = [  # o que porta.py pede
    "AJUDA",
    "DESCRICAO",
    "abrir",
    "ao_lado",
    "conferir",
    "endereco",
    "garantir_esquema",
    "gravar",
    "listar",
    "padrao",
    "registrar",
    "restaurar",
    "sem_conflitos",
    "ultima_execucao",
]

PADRAO = "postgresql://escritor@localhost/desafio2"
AJUDA = f"URI ou DSN do servidor (variável BANCO; padrão {PADRAO}); a senha, em PGPASSFILE"
DESCRICAO = "Cria e preenche o banco num servidor PostgreSQL, sela o que gravou e termina."
LISTA_USUARIOS = "SELECT id, nome, email, criado_em FROM desafio2.usuarios ORDER BY id LIMIT %s"


def padrao() -> str:
    """Devolve o servidor de quem não disse nenhum."""
    return PADRAO


def ao_lado(_endereco: str) -> list[str]:
    """Nenhum arquivo daqui é do banco."""
    return []


@contextmanager
def abrir(
    onde: str, espera: float, sinais: Sinais, dizer: Callable[..., None]
) -> Iterator[Conexao]:
    """Conecta; avisa se o servidor confirma o que um corte de energia ainda desfaria."""
    with conexao.abrir(onde, espera, sinais, dizer) as con:
        dizer(*conexao.avisos(con))
        yield con


def garantir_esquema(con: Conexao) -> bool:
    """Cria o esquema se falta, ou confere que é o do contrato; diz se criou."""
    return esquema.garantir(con)


def conferir(con: Conexao, desde: tuple[int, str] | None = None) -> Ponto:
    """Confere o livro e as linhas antes de gravar; devolve onde o livro acaba."""
    return conferencia.antes_de_gravar(con, desde)


def gravar(con: Conexao, lotes: Iterable[Lote], criado_em: str) -> Gravadas:
    """Insere as pessoas cujo e-mail falta, e as sela."""
    return carga.gravar(con, lotes, criado_em)


def listar(con: Conexao, limite: int) -> Iterable[Linha]:
    """Devolve as primeiras linhas, na ordem do id; -1 é todas."""
    linhas: Iterable[Linha] = con.executar(LISTA_USUARIOS, None if limite < 0 else limite)
    return linhas
