"""As linhas recusadas: contadas todas, mostradas as primeiras e, se pedido, guardadas em CSV."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

from escritor import erros
from escritor.erros import Erro
from escritor.validacao import Lote, Problema, triar

MOSTRADAS = 20
COLUNAS = ("linha", "campo", "motivo", "nome", "email")


class Recusas:
    """O que foi recusado na leitura de um arquivo.

    Sem destino, uma recusa impede a gravação, e o resto só é lido para que se
    contem todas. Com destino, cada uma vai para ele e as boas entram.
    """

    def __init__(self, arquivo: str, destino: str | None = None) -> None:
        self.arquivo = arquivo
        self.destino = destino
        self.total = 0
        self.primeiras: list[str] = []
        self._fluxo: TextIO | None = None

    @property
    def impedem(self) -> bool:
        """Diz se já não adianta gravar."""
        return self.total > 0 and self.destino is None

    def recusar(self, problemas: Iterable[Problema]) -> None:
        """Conta os problemas e os mostra ou guarda."""
        for problema in problemas:
            self.total += 1
            if self.total <= MOSTRADAS:
                partes = (problema.campo, problema.motivo)
                motivo = ": ".join(parte for parte in partes if parte)
                self.primeiras.append(f"{self.arquivo}:{problema.linha}: {motivo}")
            if self._fluxo:
                self._guardar(problema, self._fluxo)

    def filtrar(self, lotes: Iterable[Lote]) -> Iterator[Lote]:
        """Devolve só o que serve. Levanta Erro 65 no fim, se as recusas impedem."""
        for lote in lotes:
            bons, problemas = triar(lote)
            self.recusar(problemas)
            if bons.nomes and not self.impedem:
                yield bons
        if self.impedem:
            raise self.erro()

    def fatal(self, problema: Problema) -> Erro:
        """Devolve a falha de um arquivo do qual não dá para aproveitar o resto."""
        self.recusar([problema])
        return self._numa_linha()

    def _numa_linha(self) -> Erro:
        return Erro(erros.DADOS, f"{self.primeiras[-1]}. Nada foi gravado; corrija e rode de novo.")

    def erro(self) -> Erro:
        """Devolve a falha que resume as recusas, com as primeiras à frente."""
        if self.total == 1:
            return self._numa_linha()
        mostradas = "" if self.total <= MOSTRADAS else f" (acima, as {MOSTRADAS} primeiras)"
        return Erro(
            erros.DADOS,
            f"{self.arquivo}: linhas recusadas: {self.total}{mostradas}; nada foi gravado. "
            "Corrija o arquivo, ou grave só as boas com --rejeitados ARQUIVO.",
            self.primeiras,
        )

    @contextmanager
    def guardadas(self) -> Iterator[None]:
        """Abre o destino das recusas; o arquivo só ganha o nome se tudo deu certo."""
        if self.destino is None:
            yield
        elif self.destino == "-":
            self._comecar(sys.stdout)
            yield
        else:
            parcial = f"{self.destino}.parcial"
            with self._falhas(), open(parcial, "w", encoding="utf-8", newline="") as fluxo:
                try:
                    self._comecar(fluxo)
                    yield
                    os.replace(parcial, self.destino)
                except BaseException:
                    os.unlink(parcial)
                    raise

    def firmar(self) -> None:
        """Põe no disco as recusas guardadas; chame antes do COMMIT do que as acompanha."""
        if self._fluxo:
            with self._falhas():
                self._fluxo.flush()
                if self._fluxo is not sys.stdout:
                    os.fsync(self._fluxo.fileno())

    def _comecar(self, fluxo: TextIO) -> None:
        self._fluxo = fluxo
        csv.writer(fluxo, lineterminator="\n").writerow(COLUNAS)

    def _guardar(self, problema: Problema, fluxo: TextIO) -> None:
        textos = (_legivel(texto) for texto in problema[1:])
        with self._falhas():
            csv.writer(fluxo, lineterminator="\n").writerow((problema.linha, *textos))

    @contextmanager
    def _falhas(self) -> Iterator[None]:
        try:
            yield
        except OSError as erro:
            codigo = erros.NAO_CRIA if self._fluxo is None else erros.ENTRADA_SAIDA
            raise Erro(
                codigo, f"{self.destino}: não dá para guardar as recusas ({erros.motivo(erro)})."
            ) from erro


def _legivel(texto: str) -> str:
    """Troca os bytes que não se decodificaram por \\xNN, para que o CSV seja UTF-8."""
    return texto.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
