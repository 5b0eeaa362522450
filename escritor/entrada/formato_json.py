"""JSON: um objeto por linha (JSON Lines) ou um array de objetos."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, TextIO

from escritor.entrada.colunas import Nomes
from escritor.entrada.objetos import Pessoas
from escritor.entrada.pessoa import Lote, Problema, quebras
from escritor.entrada.recusas import Recusas

TRECHO = 1 << 17  # caracteres lidos por vez
LIMITE_DO_OBJETO = 1 << 20  # caracteres
LONGO = f"mais de {LIMITE_DO_OBJETO} caracteres"
LOTE = 1_000  # objetos de um array
BRANCOS = " \t\r\n"  # RFC 8259, seção 2
ATE_OUTRA_COISA = re.compile(f"[{BRANCOS}]*")


def ler_linhas(
    fluxo: TextIO, recusas: Recusas, nomes: Nomes
) -> tuple[dict[str, None], Iterator[Lote]]:
    """Lê JSON Lines; devolve as colunas vistas até agora e o iterador dos lotes."""
    pessoas = Pessoas(nomes)
    return pessoas.vistas, _lotes_de_linhas(fluxo, recusas, pessoas)


def _lotes_de_linhas(fluxo: TextIO, recusas: Recusas, pessoas: Pessoas) -> Iterator[Lote]:
    numero = 1
    while trecho := fluxo.read(TRECHO):
        if trecho[-1] != "\n":
            trecho += fluxo.readline(LIMITE_DO_OBJETO)
        linhas = trecho.removesuffix("\n").split("\n")
        if len(linhas[-1]) > LIMITE_DO_OBJETO:  # o resto dela não pode passar por outra linha
            yield pessoas.lote(_uma_a_uma(linhas[:-1], numero))
            raise recusas.fatal(Problema(numero + len(linhas) - 1, "", f"linha com {LONGO}"))
        yield _todas(linhas, numero, pessoas) or pessoas.lote(_uma_a_uma(linhas, numero))
        numero += len(linhas)


def _todas(linhas: list[str], numero: int, pessoas: Pessoas) -> Lote | None:
    """Decodifica as linhas de uma vez; None se alguma precisa ser vista sozinha.

    Um null numa linha só dele entre cada duas impede que uma passe para a outra:
    um texto não pode ter a quebra, um objeto não pode ter o null como chave, e
    uma lista, que o aceitaria, faz ver as linhas uma a uma.
    """
    texto = "\n,null,\n".join(linhas)
    if "[" in texto:
        return None
    try:
        valores = json.loads(f"[{texto}]")
    except (ValueError, RecursionError):
        return None
    if valores[1::2].count(None) != len(linhas) - 1:
        return None
    return pessoas.lote_simples(valores[::2], texto, range(numero, numero + len(linhas)))


def _objeto_ou_problema(pares: list[tuple[str, Any]]) -> dict[str, Any] | ValueError:
    """Recusa a chave repetida, de que o módulo json guardaria só a última."""
    objeto = dict(pares)
    return objeto if len(objeto) == len(pares) else ValueError("a mesma chave duas vezes")


def _uma_a_uma(linhas: list[str], numero: int) -> Iterator[tuple[int, Any, str]]:
    for linha, texto in enumerate(linhas, numero):
        if texto.strip(BRANCOS):
            try:
                valor = json.loads(texto, object_pairs_hook=_objeto_ou_problema)
            except (ValueError, RecursionError) as erro:
                valor = ValueError(_motivo(erro))
            yield linha, valor, texto


def ler_array(
    fluxo: TextIO, recusas: Recusas, nomes: Nomes
) -> tuple[dict[str, None], Iterator[Lote]]:
    """Lê um array de objetos; devolve as colunas vistas até agora e o iterador dos lotes."""
    pessoas = Pessoas(nomes)
    return pessoas.vistas, _lotes_do_array(_Array(fluxo, recusas), pessoas)


def _lotes_do_array(array: _Array, pessoas: Pessoas) -> Iterator[Lote]:
    objetos = array.objetos()
    for primeiro in objetos:
        yield pessoas.lote(_um_lote(primeiro, objetos))
        while lote := array.muitos(pessoas):
            yield lote


def _um_lote(
    primeiro: tuple[int, Any, str], demais: Iterator[tuple[int, Any, str]]
) -> Iterator[tuple[int, Any, str]]:
    """Devolve os objetos de um lote: até LOTE deles, ou pouco mais de TRECHO caracteres."""
    yield primeiro
    lidos = len(primeiro[2])
    quantos = 1
    while quantos < LOTE and lidos < TRECHO and (outro := next(demais, None)):
        yield outro
        lidos += len(outro[2])
        quantos += 1


class _LinhasDoArray(Sequence[int]):
    """Em que linha começa cada objeto de um texto: só se procura se alguém pergunta."""

    def __init__(self, texto: str, linha: int) -> None:
        self._texto = texto
        self._linha = linha

    @cached_property
    def _todas(self) -> list[int]:
        array = _Array(io.StringIO(f"[{self._texto}]"), Recusas(""), self._linha)
        return [linha for linha, *_ in array.objetos()]

    def __len__(self) -> int:
        return len(self._todas)

    def __getitem__(self, onde: Any) -> Any:
        return self._todas[onde]


class _Array:
    """Um array JSON lido aos poucos: na memória fica um trecho, nunca o arquivo."""

    def __init__(self, fluxo: TextIO, recusas: Recusas, linha: int = 1) -> None:
        self.fluxo = fluxo
        self.recusas = recusas
        self.decodificar = json.JSONDecoder(object_pairs_hook=_objeto_ou_problema).raw_decode
        self.texto = ""
        self.inicio = 0
        self.linha = linha

    def objetos(self) -> Iterator[tuple[int, Any, str]]:
        """Devolve cada elemento com a linha em que começa. Levanta Erro 65."""
        self._consumir("[", "o array não começa com [")
        if self._proximo() == "]":
            self.inicio += 1
        else:
            while True:
                if self._proximo() in {"", "]"}:
                    raise self._fatal("esperava um objeto JSON")
                yield self.linha, *self._valor()
                if self._proximo() == "]":
                    self.inicio += 1
                    break
                self._consumir(",", "faltou uma vírgula ou o ] do fim")
        if self._proximo():
            raise self._fatal("há texto depois do fim do array")

    def muitos(self, pessoas: Pessoas) -> Lote | None:
        """Lê de uma vez os objetos que o texto já tem; None se é preciso vê-los um a um.

        Chame depois de um valor. O texto acaba num `}`: se com o ] ele é um
        array inteiro, esse fecha mesmo um objeto, e não está dentro de outro.
        """
        if self._proximo() != ",":
            return None
        if len(self.texto) - self.inicio < TRECHO:
            self._ler_mais()
        inicio = self.inicio + 1
        fim = self.texto.rfind("}", inicio, inicio + TRECHO) + 1
        texto = self.texto[inicio:fim]
        try:
            objetos = json.loads(f"[{texto}]")
        except (ValueError, RecursionError):
            return None
        if lote := pessoas.lote_simples(objetos, texto, _LinhasDoArray(texto, self.linha)):
            self.linha += quebras(texto)
            self.inicio = fim
        return lote

    def _proximo(self) -> str:
        """Pula os brancos e devolve o caractere seguinte, vazio no fim do arquivo."""
        while True:
            fim = _fim_dos_brancos(self.texto, self.inicio)
            self.linha += quebras(self.texto[self.inicio : fim])
            self.inicio = fim
            if fim < len(self.texto):
                return self.texto[fim]
            if not self._ler_mais():
                return ""

    def _consumir(self, esperado: str, motivo: str) -> None:
        if self._proximo() != esperado:
            raise self._fatal(motivo)
        self.inicio += 1

    def _valor(self) -> tuple[Any, str]:
        while True:
            try:
                objeto, fim = self.decodificar(self.texto, self.inicio)
            except (ValueError, RecursionError) as erro:
                # Inválido ou só cortado no fim do trecho: com mais texto se sabe.
                motivo = _motivo(erro, self.inicio)
                if len(self.texto) - self.inicio >= LIMITE_DO_OBJETO:
                    motivo += f", ou um objeto com {LONGO}"
                elif self._ler_mais():
                    continue
                raise self._fatal(motivo) from erro
            lidos = fim - self.inicio
            if fim == len(self.texto) and self._ler_mais():
                continue  # um número pode seguir no próximo trecho
            texto = self.texto[self.inicio : self.inicio + lidos]
            self.linha += quebras(texto)
            self.inicio += lidos
            return objeto, texto

    def _ler_mais(self) -> bool:
        mais = self.fluxo.read(TRECHO)
        if mais.endswith("\r"):  # o \n dele, se o tem, não é outra quebra
            mais += self.fluxo.read(1)
        self.texto = self.texto[self.inicio :] + mais
        self.inicio = 0
        return bool(mais)

    def _fatal(self, motivo: str) -> Exception:
        return self.recusas.fatal(Problema(self.linha, "", motivo))


def _fim_dos_brancos(texto: str, inicio: int) -> int:
    achados = ATE_OUTRA_COISA.match(texto, inicio)
    return achados.end() if achados else inicio


def _motivo(erro: Exception, inicio: int = 0) -> str:
    """Devolve o que dizer do JSON que começa em `inicio` do texto decodificado."""
    if isinstance(erro, json.JSONDecodeError):
        return f"JSON inválido, no caractere {erro.pos - inicio + 1}"
    return "JSON com números ou aninhamento grandes demais"
