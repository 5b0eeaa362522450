"""O que o escritor pede a um banco: um módulo com estes nomes é um motor inteiro.

`__main__` entrega um a `app.main`. Ninguém herda disto: o SQLite é `escritor.sqlite`,
e quem diz o que um motor cumpre são os testes que rodam em todos.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

from escritor.entrada.pessoa import Lote
from escritor.execucao import Execucao, Gravadas
from escritor.sinais import Sinais

Linha = tuple[int, str, str, str]  # id, nome, email, criado_em
# A conexão de cada motor, que só ele conhece; ao resto da casa ela oferece `transacao()`,
# um contexto em que tudo se confirma ou nada.
Conexao = Any


class Banco(Protocol):
    """As funções, todas do módulo. As que recebem a conexão rodam na transação de quem chama."""

    DESCRICAO: str
    AJUDA: str  # de --banco

    def padrao(self) -> str:
        """Devolve o endereço de quem não disse nenhum; depende de onde se roda."""

    def endereco(self, texto: str, /) -> str:
        """Devolve o que BANCO ou --banco dizem; levanta ArgumentTypeError se não serve."""

    def ao_lado(self, endereco: str, /) -> list[str]:
        """Devolve os arquivos que são do banco, em que nenhum outro se escreve."""

    def abrir(
        self, endereco: str, espera: float, sinais: Sinais, dizer: Callable[..., None], /
    ) -> AbstractContextManager[Conexao]:
        """Abre para gravar, e ao sair fecha. Toda falha do motor, também as do corpo, sai Erro.

        `espera`: segundos, por uma trava; `dizer`: a quem avisar do que se fez ao abrir.
        """

    def garantir_esquema(self, con: Conexao, /) -> bool:
        """Cria o esquema num banco vazio, e diz se criou. Levanta Erro 65 ou 78 se é outro."""

    def conferir(self, con: Conexao, /) -> object:
        """Levanta Erro 65 se o que há não cumpre o contrato."""

    def gravar(self, con: Conexao, lotes: Iterable[Lote], criado_em: str, /) -> Gravadas:
        """Insere as pessoas cujo e-mail falta, e as sela."""

    def ultima_execucao(self, con: Conexao, /) -> Execucao | None:
        """Devolve a última do livro, ou None."""

    def registrar(self, con: Conexao, execucao: Execucao, /) -> None:
        """Escreve a execução no livro."""

    def sem_conflitos(self, con: Conexao, lotes: Iterable[Lote], arquivo: str, /) -> Iterator[Lote]:
        """Devolve os lotes se nenhum e-mail já existe nem se repete; senão, levanta Erro 65."""

    def listar(self, con: Conexao, limite: int, /) -> Iterable[Linha]:
        """Devolve as primeiras linhas, na ordem do id; -1 é todas."""

    def restaurar(
        self, endereco: str, arquivo: str, espera: float, sinais: Sinais, /, *, sem_copia: bool
    ) -> tuple[list[str], Execucao]:
        """Põe a cópia no lugar; devolve o que dizer e a última execução dela."""
