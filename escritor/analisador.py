"""O argparse em português: o que ele diz, o que sugere a quem errou, e o script que completa."""

from __future__ import annotations

import argparse
import re
import sys
from typing import NoReturn

from escritor import completar, console, erros, lugar
from escritor.erros import Erro

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


# A palavra que ninguém conhece, nas frases do argparse.
DESCONHECIDA = re.compile(r"argumentos desconhecidos: (\S+)|'([^']*)' não existe")


class Completar(argparse.Action):
    """Escreve o script que completa os comandos, e termina."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,  # noqa: ARG002
        values: object,
        option_string: str | None = None,  # noqa: ARG002
    ) -> NoReturn:
        console.saida().write(completar.script(parser, str(values), lugar.comando(parser.prog)))
        parser.exit()


class Analisador(argparse.ArgumentParser):
    """ArgumentParser que lança Erro 2 em vez de encerrar o processo."""

    def error(self, message: str) -> NoReturn:
        programa, *comando = self.prog.split()
        ajuda = lugar.comando(programa, *comando, "--help")
        message = f"{message}{_quis_dizer(message, self)}".removesuffix("?")
        fim = "?" if "você quis dizer" in message else "."
        raise Erro(erros.USO, f"{message}{fim} Veja: {ajuda}")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:  # noqa: ARG002
        """Termina só depois de entregue a ajuda: o argparse cala a escrita que falha."""
        try:
            if sys.stdout is not None:
                sys.stdout.flush()
        except OSError as erro:
            console.calar(sys.stdout)
            motivo = f"nada foi gravado: a saída padrão falhou ({erros.motivo(erro)})."
            raise Erro(erros.ENTRADA_SAIDA, motivo) from erro
        raise SystemExit(status)


def _quis_dizer(mensagem: str, analisador: argparse.ArgumentParser) -> str:
    """Devolve a pergunta que sugere a palavra certa; vazia se nenhuma se parece."""
    errada = DESCONHECIDA.search(mensagem)
    if errada is None:
        return ""
    import difflib

    palavra = (errada[1] or errada[2]).partition("=")[0]
    certas = difflib.get_close_matches(palavra, completar.palavras(analisador), 1)
    return f"; você quis dizer {certas[0]}?" if certas else ""


def em_portugues() -> None:
    """Troca as frases do argparse no processo inteiro."""
    argparse._ = lambda texto: FRASES.get(texto, texto)  # type: ignore[attr-defined]
