"""Linha de comando e ambiente do escritor, lidos uma vez e em português."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from escritor import lugar, valores, versao
from escritor.analisador import Analisador, Completar, em_portugues
from escritor.entrada.colunas import TODAS
from escritor.porta import Banco

ESPERA_PADRAO = "30"

SAIDAS = """\
códigos de saída:
  0 gravado  2 uso errado  65 dados recusados  66 nada para ler  70 erro do programa
  73 sem permissão  74 disco  75 tente de novo  78 esquema desconhecido
  130/143 interrompido e desfeito

exemplos:
  escritor
  escritor importar clientes.csv
  escritor importar - < clientes.csv
  escritor restaurar - < copia.db
"""

GERAIS = "--banco e --espera valem também aqui: veja `escritor --help`\n\nexemplos:"


def _globais(ambiente: Mapping[str, str], banco: Banco) -> Analisador:
    analisador = Analisador(prog="escritor", add_help=False, allow_abbrev=False)
    analisador.add_argument(
        "--banco",
        metavar="CAMINHO",
        type=banco.endereco,
        default=ambiente.get("BANCO") or None,
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


def _principal(globais: Analisador, descricao: str) -> Analisador:
    analisador = Analisador(
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
    analisador.add_argument(
        "--completar",
        action=Completar,
        choices=("bash", "zsh"),
        help="escreve o script que completa comandos e opções no bash ou no zsh",
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
    comandos: argparse._SubParsersAction[Analisador],
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


def _importar(comandos: argparse._SubParsersAction[Analisador]) -> None:
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
    importar.add_argument(
        "--ignorar-colunas",
        metavar="NOMES",
        nargs="?",
        const=frozenset(TODAS),
        default=frozenset(),
        type=valores.ignoradas,
        help="deixa de lado as colunas a mais: todas, ou só estas, com vírgulas entre elas",
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


def _restaurar(comandos: argparse._SubParsersAction[Analisador]) -> None:
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

    `pedido` é o que se digitou, para que se repita; `presumido` diz se ninguém disse o
    banco e ele é o da pasta atual. Uma opção vale mais que a variável de ambiente.
    Levanta Erro 2 no uso errado.
    """
    em_portugues()
    globais = _globais(ambiente, banco)
    opcoes, resto = globais.parse_known_args(argumentos)
    opcoes = _principal(globais, banco.DESCRICAO).parse_args(resto or ["semear"], opcoes)
    opcoes.pedido = [*argumentos]
    dito = any(argumento.startswith("--banco") for argumento in argumentos)
    if opcoes.banco not in {None, banco.padrao()} and not dito:
        opcoes.pedido += ["--banco", opcoes.banco]  # quem cola a linha pode não ter a variável
    opcoes.presumido = opcoes.banco is None and not lugar.no_container()
    if opcoes.banco is None:
        opcoes.banco = banco.padrao()
    return opcoes
