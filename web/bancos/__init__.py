"""O que o serviço pede a um banco: o arquivo ou o servidor de `BANCO` diz qual dos dois motores.

Dois motores não pagam uma classe-base: o que os prende são os testes, que rodam nos dois.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any, Literal, NamedTuple, Protocol

from escritor.erros import Erro as ErroDoEscritor
from escritor.percurso import Ponto
from leitor.erros import Erro as ErroDoLeitor

Formato = Literal["jsonl", "csv"]
Objeto = dict[str, Any]

POSTGRES = ("postgresql://", "postgres://")
# O índice da busca guarda de três em três letras: menos do que isso, quem se lê é a tabela.
MENOR_NO_INDICE = 3


class Indisponivel(Exception):
    """O banco não atende agora. `motivo`: uma linha; `tente_em`: segundos até tentar de novo."""

    def __init__(self, motivo: str, tente_em: int = 1) -> None:
        super().__init__(motivo)
        self.motivo = motivo
        self.tente_em = tente_em


class Pagina(NamedTuple):
    """Um array JSON em UTF-8, a âncora do instante em que se leu ("" se não há execuções),
    e o `depois_de` da página seguinte."""

    ancora: str
    corpo: bytes
    proximo: int | None


class Achado(NamedTuple):
    """Uma linha, a execução que a selou e a âncora do instante em que se leram."""

    ancora: str
    usuario: Objeto | None
    execucao: Objeto | None


class Pedido(NamedTuple):
    """Uma pessoa a gravar, já conferida; `impressao` diz de que corpo veio a `chave`."""

    nome: str
    email: str
    chave: str | None = None
    impressao: str | None = None


class Recibo(NamedTuple):
    """A linha gravada, e a âncora da execução que a selou, com `quantas` linhas."""

    id: int
    nome: str
    email: str
    criado_em: str
    execucao: int
    elo: str
    quantas: int


class Existe(Exception):
    """O e-mail já é de alguém: `usuario`."""

    def __init__(self, usuario: Objeto) -> None:
        super().__init__(f"o e-mail já é da linha {usuario['id']}")
        self.usuario = usuario


class ChaveDeOutroPedido(Exception):
    """A chave de idempotência já foi usada com outro corpo."""


class TalvezGravado(Exception):
    """O COMMIT foi e a resposta não veio: só quem reler sabe. `motivo`: uma linha."""

    def __init__(self, motivo: str) -> None:
        super().__init__(motivo)
        self.motivo = motivo


Resposta = Recibo | Existe | ChaveDeOutroPedido


class Gravacao(Protocol):
    """Quem grava, numa thread só; abre a conexão quando precisa, e a troca se ela se perde."""

    def conferir(self) -> None:
        """Confere o banco inteiro, uma vez. Levanta Indisponivel."""

    def gravar(self, pedidos: Sequence[Pedido]) -> list[Resposta]:
        """Grava os pedidos numa execução só, ou nenhuma se nada entra; as respostas na ordem.

        Levanta Indisponivel se nada ficou gravado, e TalvezGravado se não se sabe.
        """

    def fechar(self) -> None:
        """Fecha a conexão."""


class Escuta(Protocol):
    """Quem espera por novidades, numa thread só."""

    def ancora(self) -> str | None:
        """Pergunta ao banco a âncora da última execução."""

    def esperar(self, segundos: float) -> None:
        """Volta ao ouvir uma novidade, ou quando o tempo acaba."""


class Banco(Protocol):
    """Um por processo, e de todas as threads dele. Nada conecta antes de ser preciso."""

    descricao: str  # o que as mensagens dizem; nunca com uma senha
    host: str
    porta: int | None
    endereco: str  # o de quem grava, e o de quem lê
    leitura: str
    espera: float  # segundos
    escritor: Any  # o motor do escritor (escritor/porta.py)
    leitor: str  # o programa que verifica tudo: `python -m leitor`

    def pagina(self, limite: int, depois_de: int, busca: str | None) -> Pagina:
        """Devolve até `limite` linhas com id > `depois_de`, e a âncora, de um instante só.

        `busca`: letras do nome ou do e-mail, maiúsculas ou não.
        """

    def usuario(self, id_: int, /) -> Achado:
        """Devolve a linha e a execução que a selou."""

    def por_email(self, email: str) -> Achado:
        """Como `usuario`, pelo e-mail."""

    def execucoes(self, limite: int, antes_de: int | None) -> tuple[str, list[Objeto]]:
        """Devolve a âncora e as execuções anteriores a `antes_de`, a mais nova primeiro."""

    def poder_gravar(self) -> None:
        """Levanta Indisponivel se o que se gravasse agora ficaria numa máquina só, e não pode."""

    def ancora(self) -> str | None:
        """Pergunta a âncora da última execução; None se não há nenhuma."""

    def elo(self, execucao: int) -> str | None:
        """Devolve o elo da execução; None se ela não existe."""

    def fluxo(self, formato: Formato, busca: str | None = None) -> tuple[str, Iterator[bytes]]:
        """Devolve a âncora e a tabela inteira daquele instante, aos poucos."""

    def totais(self) -> tuple[int, int]:
        """Devolve quantos usuários e quantas execuções há."""

    def acesso(self) -> tuple[int, int]:
        """Registra um acesso na sala do serviço; devolve o número dele e quantos há."""

    def seguir(self, ponto: Ponto) -> Ponto:
        """Confere o que veio depois do ponto já conferido. Levanta regras.Quebra."""

    def indexar(self) -> bool:
        """Põe mais linhas no índice da busca; diz se ainda faltam."""

    def gravacao(self, espera: float) -> Gravacao:
        """Devolve quem grava, e espera pela trava até `espera` segundos."""

    def escuta(self) -> AbstractContextManager[Escuta]:
        """Abre uma escuta, e ao sair fecha. Levanta Indisponivel."""

    def fechar(self) -> None:
        """Fecha as conexões."""


def abrir(endereco: str, leitura: str | None = None, espera: float = 30.0) -> Banco:
    """Prepara o banco, sem conectar. `leitura`: o mesmo, num papel que só lê.

    Levanta ValueError, com o motivo, se o endereço não serve.
    """
    servidor = endereco.startswith(POSTGRES) or "=" in endereco
    motor = import_module(f"web.bancos.{'postgres' if servidor else 'sqlite'}")
    try:
        banco: Banco = motor.Banco(endereco, leitura or endereco, espera)
    except (ArgumentTypeError, ErroDoEscritor, ErroDoLeitor) as erro:
        raise ValueError(str(erro)) from None
    return banco
