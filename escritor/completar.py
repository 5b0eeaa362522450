"""O script que completa comandos, opções e valores no bash ou no zsh, feito do analisador."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

MOLDE = """\
# Completa o {programa} no bash e no zsh. Dê-lhe um nome e carregue isto:
#   alias {programa}='{comando}'
#   source <({comando} --completar {casca})
{preparo}_{programa}() {{
    local atual=${{COMP_WORDS[COMP_CWORD]}} anterior=${{COMP_WORDS[COMP_CWORD-1]}} pedido= palavra
    for palavra in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case $palavra in {comandos}) pedido=$palavra; break ;; esac
    done
    case $pedido$anterior in
{valores}
    esac
    case $pedido in
{opcoes}
    esac
}}
complete -o default -F _{programa} {programa}
"""
DO_ZSH = "autoload -U +X bashcompinit && bashcompinit\n"


def script(analisador: argparse.ArgumentParser, casca: str, comando: str) -> str:
    """Devolve o script para a `casca`; `comando` é como se roda o programa aqui."""
    comandos = _comandos(analisador)
    dos_pedidos = {"": analisador, **comandos}
    return MOLDE.format(
        programa=analisador.prog,
        comando=comando,
        casca=casca,
        preparo=DO_ZSH if casca == "zsh" else "",
        comandos="|".join(comandos),
        valores="\n".join(
            _caso(f"{pedido}{nome}", acao.choices)
            for pedido, de in dos_pedidos.items()
            for nome, acao in de._option_string_actions.items()
            if acao.choices
        ),
        opcoes="\n".join(
            _caso(pedido or "''", [*(() if pedido else comandos), *_opcoes(de)])
            for pedido, de in dos_pedidos.items()
        ),
    )


def palavras(analisador: argparse.ArgumentParser) -> set[str]:
    """Devolve tudo o que se pode digitar: comandos, opções e os valores que se escolhem."""
    achadas = {*_opcoes(analisador)}
    for acao in analisador._actions:
        achadas.update(acao.choices or ())
    return achadas.union(*map(palavras, _comandos(analisador).values()))


def _caso(padrao: str, palavras: Iterable[str]) -> str:
    lista = " ".join(palavras)
    return f"        {padrao}) COMPREPLY=($(compgen -W '{lista}' -- \"$atual\")); return ;;"


def _comandos(analisador: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for acao in analisador._actions:
        if isinstance(acao, argparse._SubParsersAction):
            return dict(acao.choices)
    return {}


def _opcoes(analisador: argparse.ArgumentParser) -> list[str]:
    return [nome for nome in analisador._option_string_actions if nome.startswith("--")]
