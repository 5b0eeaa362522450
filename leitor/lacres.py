"""Os lacres recalculados das linhas, e cada linha conferida com as regras do contrato."""

from __future__ import annotations

from collections.abc import Iterable

from leitor import regras
from leitor.indice import Pares
from leitor.resumo import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from leitor.porta import Recalculavel

Problema = tuple[str, str] | None


def conferir_lacres(leitura: Recalculavel, pares: Pares) -> tuple[int, list[str], Problema]:
    """Recalcula o lacre de cada execução e confere as linhas, lidas uma vez só.

    Devolve quantas execuções são, quais têm o lacre quebrado, e a primeira regra
    que uma linha quebra, e como. Acrescenta a `pares` o e-mail e o id de cada
    linha: elas já estão na mão.
    """
    quebrados: list[str] = []
    quantas = 0
    problema = _ids(leitura.pontas())
    if problema:
        return quantas, quebrados, problema
    for id_, primeiro, ultimo, lacre in leitura.seladas():
        quantas += 1
        recalculado, achado = _lacrar(leitura, primeiro, ultimo, pares)
        problema = problema or achado
        if recalculado.encode() != lacre:
            quebrados.append(f"{id_} (ids {primeiro} a {ultimo})")
    return quantas, quebrados, problema


def _lacrar(
    leitura: Recalculavel, primeiro: int | None, ultimo: int | None, pares: Pares
) -> tuple[str, Problema]:
    """Devolve o SHA-256 (hex) das linhas `primeiro`..`ultimo`, como o contrato o define.

    E, se uma delas quebra uma regra, qual e como.
    """
    linhas = 0 if primeiro is None or ultimo is None else ultimo - primeiro + 1  # ou menos
    resumo = sha256(linhas)(b"")
    problema = None
    if primeiro is not None and ultimo is not None:
        # Antes do 1 não há nenhuma: _ids já o conferiu.
        for depois_de, quantas, bloco in leitura.blocos_do_lacre(max(primeiro, 1) - 1, ultimo):
            resumo.update(bloco)
            campos = regras.em_campos(bloco)
            pares.acrescentar(campos[2 :: regras.CAMPOS], campos[: -1 : regras.CAMPOS])
            if not problema and regras.suspeito(bloco, quantas, campos):
                problema = _procurar(leitura.linhas_em_bytes(depois_de, quantas))
    return resumo.hexdigest(), problema


def _ids(pontas: Iterable[int | None]) -> Problema:
    for id_ in pontas:
        if id_ is not None and not 1 <= id_ <= regras.MAIOR_ID:
            return "U1", f"usuarios, id {id_}: o id não está entre 1 e 2⁶²"
    return None


def _procurar(linhas: Iterable[tuple[int, bytes, bytes, bytes]]) -> Problema:
    """Devolve a primeira linha do bloco que quebra uma regra, e como; None se nenhuma."""
    for id_, *textos in linhas:
        if achado := regras.problema(*textos):
            regra, como = achado
            return regra, f"usuarios, id {id_}: {como}"
    return None
