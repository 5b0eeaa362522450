"""O que se diz de um banco verificado: a prova em texto e em JSON."""

from __future__ import annotations

from leitor import erros
from leitor.prova import Prova
from leitor.texto import contar

DA_GRAVACAO = (  # o que o relatório em JSON diz da última gravação
    *("id", "origem", "container", "versao", "concluida_em"),
    *("primeiro_id", "ultimo_id", "inseridos", "lacre"),
)
LETRAS_DO_DOCKER = frozenset("0123456789abcdef")


def onde(nome: str) -> str:
    """Devolve o nome com o que ele é: o Docker dá aos containers 12 algarismos hexadecimais."""
    do_docker = len(nome) == 12 and LETRAS_DO_DOCKER.issuperset(nome)
    return f"{'container' if do_docker or erros.em_container() else 'máquina'} {nome}"


def em_texto(prova: Prova) -> list[str]:
    """Devolve a prova, linha por linha; as do caso de três usuários cabem em 80 colunas."""
    gravacao = prova.ultima_gravacao
    return [
        f"gravado: execução {gravacao.id} ({gravacao.origem}), {onde(gravacao.container)}, "
        f"{gravacao.concluida_em}",
        f"lacre:   {gravacao.lacre}",
        f"âncora:  {prova.ancora}",
        f"lido:    {onde(prova.lido_por)}, {prova.lido_em}; "
        f"{contar(prova.usuarios, 'usuário', 'usuários')}, "
        f"{contar(prova.execucoes, 'execução', 'execuções')}",
    ]


def em_json(prova: Prova) -> dict[str, object]:
    """Devolve os campos da prova."""
    gravacao = vars(prova.ultima_gravacao)
    return vars(prova) | {"ultima_gravacao": {campo: gravacao[campo] for campo in DA_GRAVACAO}}
