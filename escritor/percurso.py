"""O livro e as linhas percorridos na ordem do id, e as regras que ligam uns a outros, sem SQL.

O que cada banco dá são blocos; daqui sai a primeira regra quebrada (docs/contrato.md),
ou onde o livro acaba.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from escritor import regras
from escritor.execucao import ELO_ZERO
from escritor.regras import Quebra

US, RS = b"\x1f", b"\x1e"
LACRE_DE_NADA = hashlib.sha256().hexdigest().encode()
DO_ELO = b"%b\x1f" + b"\x1f".join(
    [b"%d", *[b"%b"] * 5, *[b"%d"] * 3, *[b"%b"] * 2, b"%d", b"%b\x1e"]
)

# Uma linha de `execucoes`: textos em bytes, e primeiro_id e ultimo_id também, vazios se são NULL.
Registro = tuple[Any, ...]


class Ponto(NamedTuple):
    """Uma execução do livro, e o que ele soma até ela; `fim` é o último id gravado."""

    execucao: int = 0
    elo: str = ELO_ZERO
    total: int = 0
    fim: int = 0


class Seladas(NamedTuple):
    """O id da primeira e o da última de um trecho (0 se é vazio), e o lacre delas."""

    primeiro: int
    ultimo: int
    lacre: str


class Linhas:
    """A fila das linhas que os blocos trazem, cada linha sem o RS do fim."""

    def __init__(self, blocos: Iterator[list[bytes]]) -> None:
        self._blocos = blocos
        self._bloco: list[bytes] = []
        self._posicao = 0

    def tirar(self, quantas: int) -> Seladas:
        """Tira as `quantas` seguintes, ou as que houver; levanta o que os blocos levantam."""
        resumo = hashlib.sha256()
        primeiro = ultimo = 0
        while quantas > 0 and (self._posicao < len(self._bloco) or self._ler()):
            tiradas = self._bloco[self._posicao : self._posicao + quantas]
            self._posicao += len(tiradas)
            quantas -= len(tiradas)
            resumo.update(RS.join(tiradas) + RS)
            primeiro = primeiro or int(tiradas[0].partition(US)[0])
            ultimo = int(tiradas[-1].partition(US)[0])
        return Seladas(primeiro, ultimo, resumo.hexdigest())

    def _ler(self) -> bool:
        self._bloco, self._posicao = next(self._blocos, []), 0
        return bool(self._bloco)


def percorrer(blocos: Iterable[list[Registro]], ponto: Ponto) -> Ponto:
    """Confere textos, elos e totais das execuções depois do ponto; devolve o da última."""
    execucao, _, total, fim = ponto
    elo = ponto.elo.encode()
    for bloco in blocos:
        for registro in bloco:
            id_, *_, lidos, inseridos, repetidos, primeiro, ultimo, soma, lacre, gravado = registro
            execucao += 1
            if id_ != execucao:
                raise Quebra(f"execução {id_}: fora da sequência, falta a {execucao}", "E1")
            elo = encadear(elo, registro)
            if gravado != elo:
                raise Quebra(f"execução {id_}: elo quebrado", "E11")
            if lidos != inseridos + repetidos or lidos < inseridos or inseridos < 0:
                raise Quebra(f"execução {id_}: lidos não é inseridos + repetidos", "E5")
            total += inseridos
            if soma != total:
                raise Quebra(f"execução {id_}: o total não é a soma dos inseridos", "E9")
            if inseridos or primeiro or ultimo:
                fim = _conferir_intervalo(id_, inseridos, primeiro, ultimo, fim)
            elif lacre != LACRE_DE_NADA:
                raise Quebra(f"execução {id_}: lacre quebrado", "E10")
        _conferir_textos(bloco)
    return Ponto(execucao, elo.decode(), total, fim)


def encadear(anterior: bytes, registro: Registro) -> bytes:
    """Devolve o elo, como o contrato o define."""
    try:
        return hashlib.sha256(DO_ELO % (anterior, *registro[:-1])).hexdigest().encode()
    except TypeError:
        raise Quebra(f"execução {registro[0]}: um valor de outro tipo, ou NULL", "A5") from None


def conferir_linhas(
    linhas: Linhas, execucoes: Iterable[Registro], quantas_entre: Callable[[int, int], int]
) -> None:
    """Confere que as linhas da fila são as das execuções que inseriram, e mais nenhuma.

    `execucoes`: id, inseridos, primeiro_id, ultimo_id e lacre (str) de cada uma.
    """
    for id_, inseridos, *intervalo in execucoes:
        registradas = Seladas(*intervalo)
        if (achadas := linhas.tirar(inseridos)) != registradas:
            entre = quantas_entre(*registradas[:2])
            raise _diferenca(id_, inseridos, achadas, registradas, entre)
    if sobra := linhas.tirar(1).primeiro:
        raise Quebra(f"usuarios, linha {sobra}: não está em nenhuma execução", "E9")


def _conferir_intervalo(id_: int, inseridos: int, primeiro: bytes, ultimo: bytes, fim: int) -> int:
    """Confere o intervalo de ids do que inseriu, sem as linhas; devolve onde ele acaba."""
    if not (inseridos and primeiro and ultimo):
        raise Quebra(f"execução {id_}: inseridos e o intervalo de ids discordam", "E6")
    if int(primeiro) <= fim:
        if not fim:
            raise Quebra(f"execução {id_}: não há a linha {int(primeiro)}", "E6")
        raise Quebra(f"execução {id_}: o intervalo de ids invade o anterior", "E7")
    if int(ultimo) - int(primeiro) + 1 < inseridos:
        raise Quebra(f"execução {id_}: tem mais inseridos que ids", "E8")
    return int(ultimo)


def _conferir_textos(execucoes: list[Registro]) -> None:
    colunas = [*zip(*execucoes, strict=True)]
    if regras.execucoes_em_ordem(*colunas[1:6], colunas[12]):
        return
    for id_, *textos in zip(colunas[0], *colunas[1:6], colunas[12], strict=True):
        if regra := regras.da_execucao(*textos):
            raise Quebra(f"execução {id_}: {regras.DIZ[regra]}", regra)


def _diferenca(
    execucao: int, inseridos: int, achadas: Seladas, registradas: Seladas, entre: int
) -> Quebra:
    """Diz por que as tiradas não são as que a execução registrou; no intervalo há `entre`."""
    primeiro, ultimo, _ = registradas
    if 0 < achadas.primeiro < primeiro:
        return Quebra(f"usuarios, linha {achadas.primeiro}: não está em nenhuma execução", "E9")
    if entre != inseridos:
        motivo = f"gravou {inseridos} linhas de {primeiro} a {ultimo}, e há {entre}"
        return Quebra(f"execução {execucao}: {motivo}", "E8")
    if achadas[:2] != registradas[:2]:
        return Quebra(f"execução {execucao}: não há a linha {primeiro} ou a {ultimo}", "E6")
    return Quebra(f"execução {execucao}: lacre quebrado nas linhas {primeiro} a {ultimo}", "E10")
