"""Linha de comando e ambiente do escritor, lidos uma vez e em português."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from typing import NoReturn

from escritor import __version__, erros
from escritor.erros import Erro

BANCO_PADRAO = "/data/desafio2.db"
ESPERA_PADRAO = "30"

DESCRICAO = "Cria e preenche o banco SQLite do volume compartilhado, sela o que gravou e termina."
SAIDAS = """\
códigos de saída:
  0 gravado  2 uso errado  65 dados recusados  66 nada para ler  70 defeito nosso
  73 sem permissão  74 disco  75 tente de novo  78 esquema desconhecido
  130/143 interrompido e desfeito

exemplos:
  escritor
  escritor importar clientes.csv
  escritor importar - < clientes.csv
"""

# O argparse fala inglês; estas são as frases dele que uma pessoa pode ver.
FRASES = {
    "usage: ": "uso: ",
    "options": "opções",
    "positional arguments": "argumentos",
    "show this help message and exit": "mostra esta ajuda e termina",
    "the following arguments are required: %s": "faltam argumentos: %s",
    "unrecognized arguments: %s": "argumentos desconhecidos: %s",
    "expected one argument": "falta o valor",
    "argument %(argument_name)s: %(message)s": "%(argument_name)s: %(message)s",
    "invalid choice: %(value)r (choose from %(choices)s)": (
        "%(value)r não existe (escolha entre %(choices)s)"
    ),
    "ignored explicit argument %r": "não leva valor: %r",
}


class _Analisador(argparse.ArgumentParser):
    """ArgumentParser que lança Erro 2 em vez de encerrar o processo."""

    def error(self, message: str) -> NoReturn:
        raise Erro(erros.USO, f"{message}. Veja `{self.prog} --help`.")


def _segundos(texto: str) -> float:
    """Converte BANCO_ESPERA ou --espera; levanta ArgumentTypeError se não serve."""
    try:
        valor = float(texto)
    except ValueError:
        valor = math.nan
    if not 0 <= valor < math.inf:
        raise argparse.ArgumentTypeError(
            f"BANCO_ESPERA deve ser um número de segundos, 0 ou mais; veio {texto!r}"
        )
    return valor


def _globais(ambiente: Mapping[str, str]) -> _Analisador:
    analisador = _Analisador(prog="escritor", add_help=False, allow_abbrev=False)
    analisador.add_argument(
        "--banco",
        metavar="CAMINHO",
        default=ambiente.get("BANCO") or BANCO_PADRAO,
        help=f"arquivo do banco (variável BANCO; padrão {BANCO_PADRAO})",
    )
    analisador.add_argument(
        "--espera",
        metavar="S",
        type=_segundos,
        default=ambiente.get("BANCO_ESPERA") or ESPERA_PADRAO,
        help=f"segundos a esperar por uma trava (variável BANCO_ESPERA; padrão {ESPERA_PADRAO})",
    )
    return analisador


def _principal(globais: _Analisador) -> _Analisador:
    analisador = _Analisador(
        prog="escritor",
        description=DESCRICAO,
        epilog=SAIDAS,
        parents=[globais],
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    analisador.add_argument(
        "--version",
        action="version",
        version=f"escritor {__version__}",
        help="mostra a versão e termina",
    )
    comandos = analisador.add_subparsers(dest="comando", title="comandos")
    comandos.add_parser("semear", help="grava os três usuários de exemplo que faltarem (padrão)")
    importar = comandos.add_parser("importar", help="grava os usuários de um CSV, todos ou nenhum")
    importar.add_argument(
        "arquivo",
        metavar="ARQUIVO",
        help="CSV em UTF-8 com as colunas nome e email, ou - para a entrada padrão",
    )
    return analisador


def ler(argumentos: Sequence[str], ambiente: Mapping[str, str]) -> argparse.Namespace:
    """Devolve `comando`, `banco`, `espera` (segundos) e, ao importar, `arquivo`.

    Uma opção vale mais que a variável de ambiente. Levanta Erro 2 no uso errado.
    """
    argparse._ = lambda texto: FRASES.get(texto, texto)  # type: ignore[attr-defined]
    globais = _globais(ambiente)
    opcoes, resto = globais.parse_known_args(argumentos)
    if not resto:
        resto = ["semear"]
    return _principal(globais).parse_args(resto, opcoes)
