"""Linha de comando do leitor, em português."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from leitor import formatos, valores, versao
from leitor.analisador import Analisador, Completar, traduzir
from leitor.configuracao import ESPERA_PADRAO, Opcoes

COMANDOS = ("listar", "verificar", "copiar", "vigiar", "saude")
SAIDAS = """\
códigos de saída:
  0 lido e verificado  2 uso errado  65 dados recusados  66 nada para ler
  70 erro do programa  73 sem permissão  74 disco  75 tente de novo
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


def _globais(ajuda: str) -> Analisador:
    analisador = Analisador(prog="leitor", add_help=False, allow_abbrev=False)
    analisador.add_argument("--banco", metavar="CAMINHO", help=ajuda)
    analisador.add_argument(
        "--espera",
        metavar="S",
        help=f"segundos a esperar por uma trava (variável BANCO_ESPERA; padrão {ESPERA_PADRAO})",
    )
    return analisador


def _principal(globais: Analisador, descricao: str) -> Analisador:
    analisador = Analisador(
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
    analisador.add_argument(
        "--completar",
        action=Completar,
        choices=("bash", "zsh"),
        help="escreve o script que completa comandos e opções no bash ou no zsh",
    )
    comandos = analisador.add_subparsers(dest="comando", title="comandos", metavar="COMANDO")
    _listar(comandos)
    _verificar(comandos)
    _copiar(comandos)
    _vigiar(comandos)
    _saude(comandos)
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
    comando.add_argument(
        "--silencioso", action="store_true", help="só diz os erros, além do resultado"
    )


def _listar(comandos: argparse._SubParsersAction[Analisador]) -> None:
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
        "--limite",
        metavar="N|tudo",
        type=valores.linhas,
        default=None,
        help="lista só N linhas; sem isto, num terminal e sob `docker compose up` a tabela mostra "
        "as 20 primeiras, e todo o resto é inteiro",
    )
    _ancoras(listar)


def _verificar(comandos: argparse._SubParsersAction[Analisador]) -> None:
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


def _copiar(comandos: argparse._SubParsersAction[Analisador]) -> None:
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


def _vigiar(comandos: argparse._SubParsersAction[Analisador]) -> None:
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


def _saude(comandos: argparse._SubParsersAction[Analisador]) -> None:
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
    traduzir()
    globais = _globais(ajuda)
    _, resto = globais.parse_known_args(argumentos, opcoes)
    if not resto or resto[0] not in {*COMANDOS, "-h", "--help", "--version", "--completar"}:
        resto = ["listar", *resto]
    _principal(globais, descricao).parse_args(resto, opcoes)
