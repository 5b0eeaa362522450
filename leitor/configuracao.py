"""Configuração do leitor: o padrão, corrigido pelo ambiente; as opções a corrigem depois."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from leitor import console, erros
from leitor.erros import Erro

TYPE_CHECKING = False  # quem dá âncoras é que paga pelo módulo delas
if TYPE_CHECKING:
    from leitor.ancoras import Ancora

ESPERA_PADRAO = "30"


class Opcoes:
    """O que fazer e com que banco; `limite` -1 e `vezes` 0 são sem limite."""

    comando = "listar"
    formato = "tabela"
    limite: int | None = None  # ninguém disse: depende de quem lê
    intervalo = 15.0
    vezes = 0
    estado = ""
    arquivo = ""
    substituir = False
    silencioso = False
    ancora: Sequence[Ancora] = ()

    def __init__(self, ambiente: Mapping[str, str], banco: str) -> None:
        self.banco = ambiente.get("BANCO") or banco
        self.espera = ambiente.get("BANCO_ESPERA") or ESPERA_PADRAO
        self.ancoras = ambiente.get("BANCO_ANCORAS") or ""

    @property
    def dizer(self) -> Callable[..., None]:
        """Como se diz o que não é o resultado."""
        return console.so_erros if self.silencioso else console.dizer

    @property
    def segundos(self) -> float:
        """A espera, em segundos. Levanta Erro 2 se não é um número que sirva."""
        try:
            valor = float(self.espera)
        except ValueError:
            valor = -1.0
        if not 0 <= valor < float("inf"):
            raise Erro(
                erros.USO,
                f"BANCO_ESPERA deve ser um número de segundos, 0 ou mais; veio {self.espera!r}.",
            )
        return valor
