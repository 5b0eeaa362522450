"""Linha de comando do leitor, em português."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import NoReturn

from leitor import console, erros, formatos, valores, versao
from leitor.configuracao import ESPERA_PADRAO, Opcoes
from leitor.erros import Erro

COMANDOS = ("listar", "verificar", "copiar", "vigiar", "saude")
SAIDAS = """\
códigos de saída:
  0 lido e verificado  2 uso errado  65 dados recusados  66 nada para ler
  70 defeito nosso  73 sem permissão  74 disco  75 tente de novo
  78 esquema desconhecido  130/143 interrompido

exemplos:
  leitor
  leitor --formato json | jq
  leitor --formato html > relatorio.html
  leitor verificar
  leitor copiar - > copia.db
  leitor vigiar --intervalo 60
"""

GERAIS = "--banco e --espera valem também aqui: veja `leitor --help`\n\nexemplos:"

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


ENDERECO = re.compile(r"\S+://\S+")  # fora do lugar, um endereço também pode trazer uma senha


class _Analisador(argparse.ArgumentParser):
    """ArgumentParser que lança Erro 2 em vez de encerrar o processo."""

    def error(self, message: str) -> NoReturn:
        message = ENDERECO.sub("…", message)
        raise Erro(erros.USO, f"{message}. Veja `{self.prog} --help`.")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:  # noqa: ARG002
        """Termina só depois de entregue a ajuda: o argparse cala a escrita que falha."""
        with console.inteira():
            console.saida().flush()
        raise SystemExit(status)


def _globais(ajuda: str) -> _Analisador:
    analisador = _Analisador(prog="leitor", add_help=False, allow_abbrev=False)
    analisador.add_argument("--banco", metavar="CAMINHO", help=ajuda)
    analisador.add_argument(
        "--espera",
        metavar="S",
        help=f"segundos a esperar por uma trava (variável BANCO_ESPERA; padrão {ESPERA_PADRAO})",
    )
    return analisador


def _principal(globais: _Analisador, descricao: str) -> _Analisador:
    analisador = _Analisador(
        prog="leitor",
        description=descricao,
        epilog=SAIDAS,
        parents=[globais],
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    analisador.add_argument(
        "--version",
        action="version",
        version=f"leitor {versao.ler()}",
        help="mostra a versão e termina",
    )
    comandos = analisador.add_subparsers(dest="comando", title="comandos", metavar="COMANDO")
    _listar(comandos)
    _verificar(comandos)
    _copiar(comandos)
    _vigiar(comandos)
    _saude(comandos)
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


def _ancoras(comando: argparse.ArgumentParser) -> None:
    # SUPPRESS: sem a opção, fica o que a variável de ambiente diz.
    comando.add_argument(
        "--ancora",
        metavar="ÂNCORA",
        type=valores.ancora,
        action="append",
        default=argparse.SUPPRESS,
        help="exige que esta âncora, a que o escritor diz, esteja no banco; pode repetir-se",
    )
    comando.add_argument(
        "--ancoras",
        metavar="ARQUIVO",
        type=valores.arquivo,
        default=argparse.SUPPRESS,
        help="exige as âncoras do arquivo e guarda nele a de agora (variável BANCO_ANCORAS)",
    )


def _listar(comandos: argparse._SubParsersAction[_Analisador]) -> None:
    listar = _comando(
        comandos,
        "listar",
        "verifica e lista os usuários (padrão)",
        "Verifica tudo e só então mostra a primeira linha. Com html, faz uma página com a\n"
        "prova, as execuções e as primeiras 1.000 linhas.",
        "docker compose run --rm leitor",
        "docker compose run --rm -T leitor listar --formato html > relatorio.html",
        "leitor listar --formato csv --limite 10",
    )
    listar.add_argument(
        "--formato",
        choices=(*formatos.FORMATOS, "html"),
        default="tabela",
        help="como mostrar (padrão: tabela)",
    )
    listar.add_argument(
        "--limite", metavar="N", type=valores.limite, default=-1, help="lista só N linhas"
    )
    _ancoras(listar)


def _verificar(comandos: argparse._SubParsersAction[_Analisador]) -> None:
    verificar = _comando(
        comandos,
        "verificar",
        "só verifica, e diz o que viu",
        "Faz as dez verificações, e a das âncoras se há alguma, e mostra o resultado de cada\n"
        "uma, passe ou falhe.",
        "docker compose run --rm --no-deps leitor verificar",
        "leitor verificar --ancoras /ancoras/desafio2.txt",
        "leitor verificar --formato json | jq .prova",
    )
    verificar.add_argument(
        "--formato", choices=("texto", "json"), default="texto", help="como mostrar (padrão: texto)"
    )
    _ancoras(verificar)


def _copiar(comandos: argparse._SubParsersAction[_Analisador]) -> None:
    copiar = _comando(
        comandos,
        "copiar",
        "copia o banco, e verifica a cópia",
        "Copia o banco, mesmo enquanto um escritor trabalha. A cópia só ganha o nome depois\n"
        "de verificada; nunca fica por cima de um arquivo sem --substituir.",
        "docker compose run --rm --no-deps -T leitor copiar - > copia.db",
        "leitor copiar /copias/hoje.db",
    )
    copiar.add_argument("arquivo", metavar="DESTINO", help="arquivo novo; - é a saída padrão")
    copiar.add_argument("--substituir", action="store_true", help="troca o que houver no destino")
    _ancoras(copiar)


def _vigiar(comandos: argparse._SubParsersAction[_Analisador]) -> None:
    vigiar = _comando(
        comandos,
        "vigiar",
        "verifica de novo a cada intervalo e diz o que mudou",
        "Verifica de novo a cada intervalo e diz o que mudou, até N vezes ou um sinal\n"
        "(docker stop); o código de saída é o da última leitura.",
        "docker compose up -d vigia",
        "leitor vigiar --intervalo 60",
    )
    vigiar.add_argument(
        "--intervalo",
        metavar="S",
        type=valores.intervalo,
        default=Opcoes.intervalo,
        help=f"segundos entre duas leituras (padrão {Opcoes.intervalo:g})",
    )
    vigiar.add_argument(
        "--vezes", metavar="N", type=valores.vezes, default=0, help="lê N vezes e termina"
    )
    vigiar.add_argument(
        "--estado",
        metavar="ARQUIVO",
        type=valores.arquivo,
        default=argparse.SUPPRESS,
        help="guarda a última leitura para `saude`",
    )
    _ancoras(vigiar)


def _saude(comandos: argparse._SubParsersAction[_Analisador]) -> None:
    saude = _comando(
        comandos,
        "saude",
        "diz se o vigia está vivo e o que viu por último",
        "Lê o estado que um vigia guarda; é o healthcheck do serviço vigia.",
        "leitor saude /tmp/vigia",
    )
    saude.add_argument("arquivo", metavar="ARQUIVO", help="o que se deu a `vigiar --estado`")


def aplicar(argumentos: Sequence[str], opcoes: Opcoes, ajuda: str, descricao: str) -> None:
    """Grava em `opcoes` o que a linha de comando diz. Levanta Erro 2 no uso errado.

    `ajuda` é a de --banco, e `descricao`, a do programa: são do motor.

    As opções globais valem antes e depois do comando; sem comando, é `listar`.
    """
    argparse._ = lambda texto: FRASES.get(texto, texto)  # type: ignore[attr-defined]
    globais = _globais(ajuda)
    _, resto = globais.parse_known_args(argumentos, opcoes)
    if not resto or resto[0] not in {*COMANDOS, "-h", "--help", "--version"}:
        resto = ["listar", *resto]
    _principal(globais, descricao).parse_args(resto, opcoes)
