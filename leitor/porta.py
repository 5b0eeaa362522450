"""O que se pede de um motor de banco: um módulo com isto é dado a `leitor.app.main`.

Só para quem lê e para o mypy: nada disto se carrega quando o programa roda. Dois
motores não pagam uma classe-base; o que os prende são os testes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, Self

from leitor.erros import Erro
from leitor.indice import Pares
from leitor.prova import Execucao, Ponto, Prova

Linha = tuple[int, str, str, str]
# As verificações pelo nome, na ordem em que uma depende da outra; cada uma devolve o que viu.
Ordem = Sequence[tuple[str, Callable[[Any], str]]]


class Leitura(Protocol):
    """Um banco que está sendo lido, numa transação só: o que se verifica é o que se lista."""

    nome: str  # o que as mensagens dizem; nunca com uma senha
    espera: float
    falhas: tuple[type[Exception], ...]  # as exceções do motor que `traduzir` conhece

    def __enter__(self) -> Self:
        """Começa; quem abre o banco são as verificações."""

    def __exit__(self, *_: object) -> None:
        """Fecha o que estiver aberto."""

    def recusa(self, codigo: int, motivo: str) -> Erro:
        """Devolve a falha com o nome do banco à frente do motivo."""

    def traduzir(self, erro: Exception) -> Erro:
        """Devolve, de uma das `falhas`, o que se diz e o código de saída."""

    # Daqui em diante, só depois de verificado.
    def prova(self) -> Prova:
        """Devolve quanto há, quem gravou por último e quem lê agora."""

    def ponto(self) -> Ponto:
        """Devolve até onde o banco vai."""

    def elo(self, execucao: int) -> str | None:
        """Devolve o elo da execução; None se ela não existe."""

    def execucoes(self, limite: int) -> list[Execucao]:
        """Devolve até `limite` execuções, na ordem do id.

        A última gravação está sempre entre elas: as que inseriram linhas vêm antes, e as mais
        novas: entre duas devolvidas, as que faltam nada inseriram.
        """

    def execucoes_depois(self, execucao: int, quantas: int) -> list[Execucao]:
        """Devolve as `quantas` primeiras depois de `execucao`."""

    def linhas(self, depois_de: int, quantas: int) -> list[Linha]:
        """Devolve as `quantas` primeiras linhas com id > `depois_de`."""

    def no_molde(self, limite: int, molde: bytes, com_barra: Sequence[bytes]) -> Iterator[bytes]:
        """Devolve, em blocos de UTF-8, cada linha no `molde`, um %b por coluna.

        Nos dados, cada caractere de `com_barra`, nesta ordem, ganha uma barra à frente.
        `limite` -1 é sem limite.
        """

    def linhas_do_csv(self, limite: int) -> Iterator[bytes]:
        """Devolve, em blocos, as linhas do CSV: entre aspas os campos que precisam delas.

        Com um apóstrofo à frente do que uma planilha tomaria por fórmula.
        """

    def o_que_alarga(
        self, larguras: Sequence[int], limite: int
    ) -> Iterator[tuple[int, int, str, str]]:
        """Devolve, de cada bloco, o que pode não caber nas `larguras` que as colunas já têm.

        As letras do maior id e de um criado_em; e os nomes e os e-mails que, por terem mais
        bytes do que a largura, talvez a passem, separados por US. Quem chama acerta
        `larguras` entre um bloco e outro.
        """

    def linhas_da_tabela(self, larguras: Sequence[int], limite: int) -> Iterator[bytes]:
        """Devolve blocos de linhas RS id US nome US email US criado_em LF.

        Cada campo com tantas letras quantas a largura: o id à direita, os outros à esquerda.
        """

    def fatos(self, prova: Prova | None = None) -> list[tuple[str, str]]:
        """Devolve o que a página diz do banco; sem prova, só o de fora.

        O primeiro é o que ele é, como Arquivo ou Servidor, e onde está: dá o título à seção.
        """

    def receita(self, execucao: Execucao) -> str:
        """Devolve o comando que refaz o lacre da execução à mão, sem o nosso código."""


class Recalculavel(Protocol):
    """O que a leitura de um motor tem a mais, se é `leitor.recalculo` quem confere os dados.

    Nada aqui confia em nada: os textos chegam em bytes, como estão no banco.
    """

    pares: Pares

    def recusa(self, codigo: int, motivo: str) -> Erro:
        """Como em `Leitura`."""

    def quebra(self, regra: str, motivo: str) -> Erro:
        """Devolve a falha de quem quebra esta regra de docs/contrato.md."""

    def rode_o_escritor(self) -> str:
        """Devolve o remédio de um banco em que ninguém gravou, com o comando."""

    def pontas(self) -> Iterable[int | None]:
        """Devolve o menor e o maior id de `usuarios`."""

    def seladas(self) -> Iterable[tuple[int, int | None, int | None, bytes | None]]:
        """Devolve, de cada execução, o id, a primeira linha, a última, e o lacre."""

    def blocos_do_lacre(self, depois_de: int, ate: int) -> Iterable[tuple[int, int, bytes]]:
        """Devolve o id antes de cada bloco de linhas, quantas são, e elas como o lacre as junta."""

    def linhas_em_bytes(
        self, depois_de: int, quantas: int
    ) -> Iterable[tuple[int, bytes, bytes, bytes]]:
        """Devolve as `quantas` primeiras linhas com id > `depois_de`, os textos como estão."""

    def elos(self) -> Iterable[tuple[int, bytes | None, bytes | None]]:
        """Devolve, de cada execução, o id, o elo, e o que ele encadeia."""

    def contas(self) -> Iterable[Sequence[Any]]:
        """Devolve, de cada execução, o que `leitor.livro.problema` confere."""

    def quantos(self) -> int:
        """Conta as linhas de `usuarios`."""

    def blocos_do_indice(self) -> Iterable[bytes]:
        """Devolve os pares `email US id US`, na ordem do índice, em blocos."""


class Banco(Protocol):
    """O módulo do motor."""

    PADRAO: str  # o banco de quem não diz qual
    AJUDA: str  # o que é um banco, na ajuda de --banco
    DESCRICAO: str
    ORDEM: Ordem

    def endereco(self, texto: str) -> str:
        """Devolve o endereço do banco. Levanta Erro 2 se não serve; uma senha não se repete."""

    def aviso(self, endereco: str) -> str | None:
        """Devolve o que dizer antes de abrir; None se nada."""

    def Leitura(self, endereco: str, espera: float, /) -> Leitura:  # noqa: N802 - é uma classe
        """Prepara a leitura do banco; espera por uma trava até `espera` segundos."""

    def copiar(self, leitura: Any, destino: str, ordem: Ordem, /, *, substituir: bool) -> str:
        """Copia o banco para um arquivo, que verifica nesta ordem; devolve o que se fez."""

    def despejar(self, leitura: Any, ordem: Ordem, /) -> Iterable[bytes]:
        """Verifica nesta ordem e devolve os bytes de uma cópia."""
