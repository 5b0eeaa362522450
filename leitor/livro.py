"""As regras do contrato (docs/contrato.md) que valem para o livro, `execucoes`.

Quem o lê é o motor: aqui chegam os valores, os textos em bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from leitor.regras import MOMENTO, improprio, momento
from leitor.resumo import sha256

ELO_ZERO = "0" * 64
ORIGENS = (b"semear", b"adocao", b"api")
DE_ARQUIVO = b"importar:"

TYPE_CHECKING = False  # sem carregar o módulo typing, que pesa na partida
if TYPE_CHECKING:
    from typing import Any

Conta = tuple[bool, str, str]  # se fecha; se não, a regra e como


def elo_quebrado(
    elos: Iterable[tuple[int, bytes | None, bytes | None]],
) -> tuple[int, int | None]:
    """Recalcula a corrente; devolve quantos elos conferem e a primeira execução que não.

    De cada execução, na ordem: o id, o elo e o que ele encadeia, separadores e tudo.
    """
    novo = sha256(1)
    anterior = ELO_ZERO
    quantos = 0
    for id_, elo, colunas in elos:
        anterior = novo(anterior.encode() + (colunas or b"")).hexdigest()
        if elo != anterior.encode():
            return quantos, id_
        quantos += 1
    return quantos, None


def problema(
    execucoes: Iterable[Sequence[Any]], usuarios: int
) -> tuple[int, tuple[str, str] | None]:
    """Devolve quantas execuções são, e a primeira regra que o livro quebra, e como; ou None.

    De cada execução, na ordem: id, lidos, inseridos, repetidos, primeiro_id, ultimo_id e
    total; quantas linhas há no intervalo, quantas nas pontas dele; e os textos, em bytes.
    """
    numero = fim = soma = 0
    for linha in execucoes:
        id_, lidos, inseridos, repetidos, primeiro, ultimo, total, achados, pontas, *textos = linha
        numero += 1
        soma += inseridos
        contas: list[Conta] = [
            (id_ == numero, "E1", f"o número esperado é {numero}"),
            *_dos_textos(*textos),
            (min(lidos, inseridos, repetidos) >= 0, "E5", "uma contagem é negativa"),
            (lidos == inseridos + repetidos, "E5", "lidos não é inseridos + repetidos"),
            *_do_intervalo(inseridos, primeiro, ultimo, pontas),
            (primeiro is None or fim < primeiro, "E7", "o intervalo de ids invade o anterior"),
            (inseridos == achados, "E8", f"registra {inseridos} inseridos, há {achados}"),
            (total == soma, "E9", f"registra total {total}, a soma é {soma}"),
        ]
        for certa, regra, conta in contas:
            if not certa:
                return numero, (regra, f"execução {id_}: {conta}")
        fim = ultimo or fim
    return numero, _da_soma(usuarios, numero, soma)


def _dos_textos(
    origem: bytes, container: bytes, versao: bytes, iniciada_em: bytes, concluida_em: bytes
) -> Iterator[Conta]:
    de_arquivo = origem.startswith(DE_ARQUIVO) and origem != DE_ARQUIVO
    certa = de_arquivo or origem in ORIGENS
    yield certa, "E2", "a origem não é semear, adocao, api nem importar:NOME"
    for coluna, texto in (("origem", origem), ("container", container), ("versao", versao)):
        achado = improprio(texto)
        yield achado is None, "E3", f"{coluna} com {achado}"
    for coluna, texto in (("iniciada_em", iniciada_em), ("concluida_em", concluida_em)):
        yield momento(texto), "E4", f"{coluna} que não é {MOMENTO}"


def _do_intervalo(
    inseridos: int, primeiro: int | None, ultimo: int | None, pontas: int
) -> Iterator[Conta]:
    """Confere as pontas; `pontas` é quantas linhas há com um desses dois ids."""
    if primeiro is None or ultimo is None:
        yield primeiro is ultimo, "E6", "só metade do intervalo de ids"
        yield inseridos == 0, "E6", f"inseriu {inseridos}, sem intervalo de ids"
        return
    intervalo = f"intervalo de ids {primeiro} a {ultimo}"
    yield inseridos > 0, "E6", f"não inseriu nada, e tem o {intervalo}"
    yield primeiro <= ultimo, "E6", f"o {intervalo} está ao contrário"
    inteiras = pontas == len({primeiro, ultimo})
    yield inteiras, "E6", f"o {intervalo} não começa e termina em linhas que existem"


def _da_soma(quantos: int, execucoes: int, soma: int) -> tuple[str, str] | None:
    if quantos and not execucoes:
        return "E1", f"há {quantos} usuários, e nenhuma execução"
    if quantos != soma:
        contas = f"há {quantos} usuários, as execuções registram {soma}"
        return "E9", f"{contas}: alguém gravou ou apagou por fora"
    return None
