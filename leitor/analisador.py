"""O argparse em português: as frases, o erro que é um Erro, e o que se quis dizer."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from leitor import completar, console, erros
from leitor.erros import Erro

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
ENDERECO = re.compile(r"\S+://\S+")  # fora do lugar, um endereço também pode trazer uma senha


class Analisador(argparse.ArgumentParser):
    """ArgumentParser que lança Erro 2 em vez de encerrar o processo."""

    def error(self, message: str) -> NoReturn:
        message = ENDERECO.sub("…", message)
        _, *comando = self.prog.split()
        ajuda = erros.do_leitor(" ".join([*comando, "--help"]))
        raise Erro(erros.USO, f"{message}{_quis_dizer(message, self)} Veja: {ajuda}")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:  # noqa: ARG002
        """Termina só depois de entregue a ajuda: o argparse cala a escrita que falha."""
        with console.Inteira():
            console.saida().flush()
        raise SystemExit(status)


class Completar(argparse.Action):
    """Escreve o script que completa os comandos, e termina."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,  # noqa: ARG002
        values: object,
        option_string: str | None = None,  # noqa: ARG002
    ) -> NoReturn:
        with console.Inteira():
            console.saida().write(completar.script(parser, str(values), erros.do_leitor()))
        parser.exit()


def _quis_dizer(mensagem: str, analisador: argparse.ArgumentParser) -> str:
    """Devolve o fim da frase: a palavra que talvez se quisesse, se alguma se parece."""
    errada = DESCONHECIDA.search(mensagem)
    if errada is None:
        return "."
    import difflib

    palavra = (errada[1] or errada[2]).partition("=")[0]
    certas = difflib.get_close_matches(palavra, completar.palavras(analisador), 1)
    return f"; você quis dizer {certas[0]}?" if certas else "."


def traduzir() -> None:
    """Faz o argparse falar português."""
    argparse._ = lambda texto: FRASES.get(texto, texto)  # type: ignore[attr-defined]
