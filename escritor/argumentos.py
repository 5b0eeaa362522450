"""Linha de comando e ambiente do escritor, lidos uma vez e em português."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from escritor import console, erros, valores, versao
from escritor.erros import Erro
from escritor.porta import Banco

ESPERA_PADRAO = "30"

SAIDAS = """\
códigos de saída:
  0 gravado  2 uso errado  65 dados recusados  66 nada para ler  70 defeito nosso
  73 sem permissão  74 disco  75 tente de novo  78 esquema desconhecido
  130/143 interrompido e desfeito

exemplos:
  escritor
  escritor importar clientes.csv
  escritor importar - < clientes.csv
  escritor restaurar - < copia.db
"""

GERAIS = "--banco e --espera valem também aqui: veja `escritor --help`\n\nexemplos:"

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
    "invalid %(type)s value: %(value)r": "valor inválido: %(value)r",
}


class _Analisador(argparse.ArgumentParser):
    """ArgumentParser que lança Erro 2 em vez de encerrar o processo."""

    def error(self, message: str) -> NoReturn:
        raise Erro(erros.USO, f"{message}. Veja `{self.prog} --help`.")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:  # noqa: ARG002
        """Termina só depois de entregue a ajuda: o argparse cala a escrita que falha."""
        try:
            if sys.stdout is not None:
                sys.stdout.flush()
        except BrokenPipeError:  # `--help | head`
            console.calar(sys.stdout)
        except OSError as erro:
            console.calar(sys.stdout)
            motivo = f"nada foi gravado: a saída padrão falhou ({erros.motivo(erro)})."
            raise Erro(erros.ENTRADA_SAIDA, motivo) from erro
        raise SystemExit(status)


def _globais(ambiente: Mapping[str, str], banco: Banco) -> _Analisador:
    analisador = _Analisador(prog="escritor", add_help=False, allow_abbrev=False)
    analisador.add_argument(
        "--banco",
        metavar="CAMINHO",
        type=banco.endereco,
        default=ambiente.get("BANCO") or banco.PADRAO,
        help=banco.AJUDA,
    )
    analisador.add_argument(
        "--espera",
        metavar="S",
        type=valores.segundos,
        default=ambiente.get("BANCO_ESPERA") or ESPERA_PADRAO,
        help=f"segundos a esperar por uma trava (variável BANCO_ESPERA; padrão {ESPERA_PADRAO})",
    )
    return analisador


def _principal(globais: _Analisador, descricao: str) -> _Analisador:
    analisador = _Analisador(
        prog="escritor",
        description=descricao,
        epilog=SAIDAS,
        parents=[globais],
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    analisador.add_argument(
        "--version",
        action="version",
        version=f"escritor {versao.ler()}",
        help="mostra a versão e termina",
    )
    comandos = analisador.add_subparsers(dest="comando", title="comandos", metavar="COMANDO")
    _comando(
        comandos,
        "semear",
        "grava três usuários de exemplo, se o banco não tem nenhum (padrão)",
        "Cria o banco se ele falta, grava três usuários de exemplo se não há nenhum, e lista.",
        "docker compose run --rm escritor",
    )
    _importar(comandos)
    _restaurar(comandos)
    return analisador


def _comando(
    comandos: argparse._SubParsersAction[_Analisador],
    nome: str,
    ajuda: str,
    descricao: str,
    *exemplos: str,
) -> argparse.ArgumentParser:
    """Acrescenta um comando, com a descrição e os exemplos que `--help` mostra."""
    return comandos.add_parser(
        nome,
        allow_abbrev=False,
        help=ajuda,
        description=descricao,
        epilog="\n  ".join([GERAIS, *exemplos]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _importar(comandos: argparse._SubParsersAction[_Analisador]) -> None:
    importar = _comando(
        comandos,
        "importar",
        "grava os usuários de um arquivo, todos ou nenhum",
        "Grava os usuários de um CSV, JSON ou JSON Lines com as colunas nome e email: todos,\n"
        "ou nenhum se uma linha não serve. Um e-mail que já existe não entra de novo.",
        "docker compose run --rm -T escritor importar - < clientes.csv",
        "escritor importar planilha.csv --codificacao cp1252 --delimitador ';'",
        "escritor importar people.csv --colunas nome=Name,email=E-mail",
        "docker compose run --rm -T escritor importar - --rejeitados - < clientes.csv > ruins.csv",
    )
    _de_onde(importar)
    _o_que_fazer(importar)


def _de_onde(importar: argparse.ArgumentParser) -> None:
    importar.add_argument(
        "arquivo", metavar="ARQUIVO", help="CSV, JSON ou gzip de um deles; - é a entrada padrão"
    )
    importar.add_argument(
        "--formato",
        choices=("csv", "jsonl", "json"),
        help="padrão: pela extensão (.json, .jsonl, .ndjson; o resto é CSV)",
    )
    importar.add_argument(
        "--codificacao",
        metavar="NOME",
        type=valores.codificacao,
        default="utf-8-sig",
        help="como os bytes viram texto: latin-1, cp1252… (padrão UTF-8)",
    )
    importar.add_argument(
        "--delimitador",
        metavar="C",
        type=valores.delimitador,
        help="o que separa as colunas do CSV (padrão: vírgula, ponto e vírgula ou tabulação)",
    )
    importar.add_argument(
        "--colunas",
        metavar="nome=A,email=B",
        type=valores.colunas,
        default={},
        help="como as colunas nome e email se chamam no arquivo",
    )


def _o_que_fazer(importar: argparse.ArgumentParser) -> None:
    importar.add_argument(
        "--conflito",
        choices=("ignorar", "falhar"),
        default="ignorar",
        help="o que fazer com um e-mail que já existe (padrão: ignorar, e contar)",
    )
    importar.add_argument(
        "--rejeitados",
        metavar="ARQUIVO",
        type=valores.caminho_de_saida,
        help="grava as linhas boas e põe as ruins neste CSV; - é a saída padrão",
    )
    importar.add_argument("--silencioso", action="store_true", help="não mostra o andamento")


def _restaurar(comandos: argparse._SubParsersAction[_Analisador]) -> None:
    restaurar = _comando(
        comandos,
        "restaurar",
        "confere uma cópia e a põe no lugar do banco",
        "Confere uma cópia por inteiro e a põe no lugar do banco, de uma vez. O banco que\n"
        "havia fica ao lado, com a data no nome.",
        "docker compose run --rm -T escritor restaurar - < copia.db",
        "escritor restaurar copia.db --sem-copia",
    )
    restaurar.add_argument(
        "arquivo", metavar="ARQUIVO", help="cópia feita por `leitor copiar`; - é a entrada padrão"
    )
    restaurar.add_argument("--sem-copia", action="store_true", help="não guarda o banco que havia")


def ler(argumentos: Sequence[str], ambiente: Mapping[str, str], banco: Banco) -> argparse.Namespace:
    """Devolve `comando`, `banco`, `espera` (segundos) e, ao importar, `arquivo`.

    Uma opção vale mais que a variável de ambiente. Levanta Erro 2 no uso errado.
    """
    argparse._ = lambda texto: FRASES.get(texto, texto)  # type: ignore[attr-defined]
    globais = _globais(ambiente, banco)
    opcoes, resto = globais.parse_known_args(argumentos)
    if not resto:
        resto = ["semear"]
    return _principal(globais, banco.DESCRICAO).parse_args(resto, opcoes)
