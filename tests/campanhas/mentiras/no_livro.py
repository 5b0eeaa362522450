"""As mentiras das linhas: cada uma muda um ponto de um banco honesto, que é selado de novo."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.campanhas.mentiras.contrato import MAIOR_ID
from tests.campanhas.mentiras.forja import Forja

MAIOR_INTEIRO = 2**63 - 1
SELOS: list[tuple[str, Callable[[str], str]]] = [
    ("maiúsculas", str.upper),
    ("outro", lambda selo: selo[1:] + ("0" if selo[0] != "0" else "1")),
    ("vazio", lambda _: ""),
    ("curto", lambda selo: selo[:-1]),
    ("com quebra de linha", lambda selo: selo + "\n"),
    ("com NUL", lambda selo: selo + "\0"),
]

Faz = Callable[[Random, Forja], object]


def pessoa_com(coluna: int, valores: Sequence[Any]) -> Faz:
    """Uma pessoa qualquer, com um destes valores na coluna."""

    def faz(acaso: Random, forja: Forja) -> object:
        valor = acaso.choice(valores)
        acaso.choice(forja.pessoas)[coluna] = valor
        return valor

    return faz


def execucao_com(coluna: str, valores: Sequence[Any]) -> Faz:
    """Uma execução qualquer, com um destes valores na coluna."""

    def faz(acaso: Random, forja: Forja) -> object:
        valor = acaso.choice(valores)
        acaso.choice(forja.livro)[coluna] = valor
        return valor

    return faz


def mudar_id(acaso: Random, forja: Forja) -> object:
    """A primeira pessoa antes de 1, ou a última depois de 2⁶²."""
    if acaso.random() < 0.5:
        id_ = acaso.choice([0, -1, -(2**62), -(2**63)])
        forja.pessoas[0][0] = forja.livro[0]["primeiro_id"] = id_
    else:
        id_ = acaso.choice([MAIOR_ID + 1, 2**63 - 2, MAIOR_INTEIRO])
        forja.pessoas[-1][0] = forja.livro[-1]["ultimo_id"] = id_
    return id_


def renumerar(acaso: Random, forja: Forja) -> object:
    """Execuções que não são 1, 2, 3…"""
    de = acaso.randrange(len(forja.livro))
    passo = acaso.choice([1, 2, 2**40]) if de else acaso.choice([-1, -5, 1])
    for execucao in forja.livro[de:] if de or passo > 0 else forja.livro[:1]:
        execucao["id"] += passo
    return de, passo


def calar_o_livro(_: Random, forja: Forja) -> None:
    """Pessoas, e nenhuma execução."""
    forja.livro.clear()


def contas_erradas(acaso: Random, forja: Forja) -> object:
    """Lidos que não são a soma, contas negativas, e a soma que dá a volta em 64 bits."""
    execucao = acaso.choice(forja.livro)
    inseridos = execucao["inseridos"]
    lidos, repetidos = acaso.choice(
        [(inseridos + 1, 0), (inseridos - 1, -1), (inseridos, 1), (-inseridos - 1, 0),
         (inseridos - 2**63, -(2**63)), (-(2**63), MAIOR_INTEIRO),
         (MAIOR_INTEIRO, MAIOR_INTEIRO - 9)]
    )  # fmt: skip
    execucao |= {"lidos": lidos, "repetidos": repetidos}
    return lidos, inseridos, repetidos


def passar_do_fim(acaso: Random, forja: Forja) -> object:
    """Um intervalo que começa ou acaba onde não há linha."""
    execucao = forja.livro[-1]
    if acaso.random() < 0.5:
        execucao["ultimo_id"] += acaso.choice([1, 2**61])
    else:
        forja.livro[0]["primeiro_id"] -= 1
    return execucao["ultimo_id"]


def meio_intervalo(acaso: Random, forja: Forja) -> object:
    """Um dos ids NULL e o outro não; ou os dois, numa execução que inseriu."""
    execucao = acaso.choice([forja.livro[i] for i in forja.cheias()])
    nomes = acaso.choice([["primeiro_id"], ["ultimo_id"], ["primeiro_id", "ultimo_id"]])
    execucao |= dict.fromkeys(nomes)
    return nomes


def vazia_com_ids(acaso: Random, forja: Forja) -> object:
    """Uma execução que não inseriu nada e diz de onde até onde."""
    forja.acrescentar(0)
    fim = forja.pessoas[-1][0]
    ids = acaso.choice(
        [(fim + 1, fim + 1), (fim + 2, fim + 1), (fim + 1, None), (None, fim + 1), (0, 0)]
    )
    forja.livro[-1] |= dict(zip(("primeiro_id", "ultimo_id"), ids, strict=True))
    return ids


def inverter_intervalo(acaso: Random, forja: Forja) -> None:
    """O último antes do primeiro."""
    execucao = forja.livro[acaso.choice(forja.cheias(2))]
    primeiro, ultimo = execucao["primeiro_id"], execucao["ultimo_id"]
    execucao |= {"primeiro_id": ultimo, "ultimo_id": primeiro}


def fora_de_ordem(acaso: Random, forja: Forja) -> object:
    """Duas execuções trocam de linhas."""
    uma, outra = acaso.sample(forja.cheias(), 2)
    de, para = forja.livro[uma], forja.livro[outra]
    for nome in ("lidos", "inseridos", "repetidos", "primeiro_id", "ultimo_id"):
        de[nome], para[nome] = para[nome], de[nome]
    forja.somar()
    return uma, outra


def invadir(_: Random, forja: Forja) -> None:
    """Uma execução conta de novo linhas da anterior; uma pessoa a mais fecha o total."""
    forja.livro[-1]["primeiro_id"] = forja.pessoas[-1 - forja.livro[-1]["inseridos"]][0]
    for nome in ("lidos", "inseridos"):
        forja.livro[-1][nome] += 1
    forja.somar()
    forja.pessoas.append([forja.pessoas[-1][0] + 1, "Órfã", "orfa@x.com", forja.pessoas[0][3]])


def inseridos_de_mentira(acaso: Random, forja: Forja) -> None:
    """Uma linha a mais numa execução, a menos em outra: o total fecha."""
    mais, menos = acaso.sample(forja.cheias(2), 2)
    for i, n in ((mais, 1), (menos, -1)):
        forja.livro[i]["inseridos"] += n
        forja.livro[i]["lidos"] += n
    forja.somar()


def total_errado(acaso: Random, forja: Forja) -> object:
    """O total de uma execução não é a soma."""
    acaso.choice(forja.livro)["total"] += (erro := acaso.choice([1, -1, 2**40]))
    return erro


def orfa(acaso: Random, forja: Forja) -> object:
    """Uma pessoa que não está em execução nenhuma."""
    id_ = acaso.choice([forja.pessoas[-1][0] + 1, MAIOR_ID])
    forja.pessoas.append([id_, "Órfã", "orfa@x.com", forja.pessoas[0][3]])
    return id_


def mudar_selo(onde: str) -> Faz:
    """Um lacre, ou um elo, que não é o das contas ou não está em minúsculas."""

    def faz(acaso: Random, forja: Forja) -> object:
        nome, muda = acaso.choice(SELOS)
        getattr(forja, onde)[acaso.randrange(len(forja.livro))] = muda
        return nome

    return faz


def mudar_depois(comandos: Sequence[str], quais: slice = slice(None)) -> Faz:
    """Um comando que roda depois de tudo selado; a interrogação é um id, destes."""

    def faz(acaso: Random, forja: Forja) -> object:
        sql = acaso.choice(comandos)
        pessoas = [pessoa[0] for pessoa in forja.pessoas]
        ids = pessoas if "usuarios" in sql else [execucao["id"] for execucao in forja.livro]
        forja.depois.append((sql, (acaso.choice(ids[quais]),)))
        return sql

    return faz
