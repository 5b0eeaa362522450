"""Configuração do leitor: o padrão, corrigido pelo ambiente, corrigido pelas opções."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leitor import erros, texto
from leitor.erros import Erro

TYPE_CHECKING = False  # quem dá âncoras é que paga pelo módulo delas
if TYPE_CHECKING:
    from leitor.ancoras import Ancora

BANCO_PADRAO = "/data/desafio2.db"
ESPERA_PADRAO = "30"


class Opcoes:
    """O que fazer e com que banco; `limite` -1 e `vezes` 0 são sem limite."""

    comando = "listar"
    formato = "tabela"
    limite = -1
    intervalo = 15.0
    vezes = 0
    estado = ""
    arquivo = ""
    substituir = False
    ancora: Sequence[Ancora] = ()

    def __init__(self, ambiente: Mapping[str, str]) -> None:
        self.banco = ambiente.get("BANCO") or BANCO_PADRAO
        self.espera = ambiente.get("BANCO_ESPERA") or ESPERA_PADRAO
        self.ancoras = ambiente.get("BANCO_ANCORAS") or ""

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


def ler(argumentos: Sequence[str], ambiente: Mapping[str, str]) -> Opcoes:
    """Devolve as opções desta execução. Levanta Erro 2 no uso errado.

    Sem argumentos — o caso de `docker compose run --rm leitor` — o argparse
    nem é carregado: sozinho ele custa um terço da partida do Python
    (bench/partida.py).
    """
    opcoes = Opcoes(ambiente)
    if argumentos:
        from leitor import argumentos as analise

        analise.aplicar(argumentos, opcoes)
    _conferir_banco(opcoes.banco)
    return opcoes


def _conferir_banco(banco: str) -> None:
    """Levanta Erro 2 se não pode ser um arquivo; um endereço, que pode ter senha, não se repete."""
    if "://" in banco or "password=" in banco:
        postgres = "password=" in banco or banco.lower().startswith("postgres")
        remedio = " PostgreSQL é com `python -m postgres.leitor`." if postgres else ""
        raise Erro(
            erros.USO,
            f"BANCO deve ser o caminho de um arquivo; veio o endereço de um servidor.{remedio}",
        )
    if banco in {"", ":memory:"} or texto.CONTROLES & {*map(ord, banco)}:
        raise Erro(erros.USO, f"BANCO deve ser o caminho de um arquivo; veio {banco!r}.")
