"""De onde vêm os dados: arquivo ou entrada padrão, gzip, codificação e formato."""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from escritor import colunas, erros, formato_csv, formato_json
from escritor.erros import Erro
from escritor.recusas import Recusas
from escritor.validacao import CONTROLE, Lote

MAGIA_DO_GZIP = b"\x1f\x8b"  # RFC 1952, 2.3.1
EXTENSOES = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl"}


class Entrada:
    """Um arquivo aberto: os lotes, ainda por triar, as recusas e onde a leitura está."""

    def __init__(
        self, opcoes: Namespace, binario: io.BufferedReader, fluxo: io.TextIOWrapper
    ) -> None:
        self.nome = nome_da_origem(opcoes.arquivo)
        self.recusas = Recusas(self.nome, opcoes.rejeitados)
        self._binario = binario
        self.tamanho = tamanho(binario)
        self.descomprimido = _descomprimido(binario, self.tamanho)
        with self._falhas(opcoes.codificacao):
            self.colunas, lotes = self._formato(opcoes, fluxo)
        self.lotes = self._protegidos(lotes, opcoes.codificacao)

    @property
    def fracao(self) -> float | None:
        """Que parte do arquivo já foi lida, de 0 a 1; None se não há como saber."""
        if not self.tamanho:
            return None
        return min(self._binario.tell() / self.tamanho, 1.0)

    @property
    def refeitas(self) -> list[str]:
        """As colunas que o arquivo traz e que são dadas de novo."""
        return [coluna for coluna in colunas.REFEITAS if coluna in self.colunas]

    def _formato(
        self, opcoes: Namespace, fluxo: io.TextIOWrapper
    ) -> tuple[set[str] | list[str], Iterator[Lote]]:
        formato = opcoes.formato or _pela_extensao(opcoes.arquivo)
        if formato == "csv":
            return formato_csv.ler(fluxo, self.recusas, opcoes.colunas, opcoes.delimitador)
        if formato == "jsonl":
            return formato_json.ler_linhas(fluxo, opcoes.colunas)
        return formato_json.ler_array(fluxo, self.recusas, opcoes.colunas)

    def _protegidos(self, lotes: Iterator[Lote], codificacao: str) -> Iterator[Lote]:
        with self._falhas(codificacao):
            yield from lotes

    @contextmanager
    def _falhas(self, codificacao: str) -> Iterator[None]:
        try:
            yield
        except UnicodeError as erro:
            raise Erro(
                erros.DADOS,
                f"{self.nome}: não está em {codificacao}. Nada foi gravado; "
                "diga a certa com --codificacao.",
            ) from erro
        except (gzip.BadGzipFile, zlib.error, EOFError) as erro:
            raise Erro(
                erros.DADOS,
                f"{self.nome}: gzip corrompido ou cortado. Nada foi gravado; "
                "gere-o ou baixe-o de novo.",
            ) from erro
        except OSError as erro:
            raise Erro(
                erros.ENTRADA_SAIDA,
                f"{self.nome}: falha ao ler a entrada ({erros.motivo(erro)}). Nada foi gravado.",
            ) from erro


@contextmanager
def abrir(opcoes: Namespace) -> Iterator[Entrada]:
    """Abre `opcoes.arquivo` (`-`: entrada padrão) e lê o cabeçalho.

    Levanta Erro 66 se não dá para abrir e 65 se o conteúdo é ruim, agora ou ao
    iterar os lotes.
    """
    with (
        binario(opcoes.arquivo) as bruto,
        _texto(bruto, opcoes.codificacao) as fluxo,
    ):
        entrada = Entrada(opcoes, bruto, fluxo)
        do_banco = [f"{opcoes.banco}{sufixo}" for sufixo in ("", "-journal", "-wal", "-shm")]
        with entrada.recusas.guardadas(opcoes.arquivo, *do_banco):
            yield entrada


def nome_da_origem(arquivo: str) -> str:
    """Devolve o nome a registrar e a mostrar: sem pasta e sem caracteres de controle."""
    if arquivo == "-":
        return arquivo
    nome = os.fsencode(os.path.basename(arquivo)).decode("utf-8", "backslashreplace")
    return CONTROLE.sub("?", nome)


@contextmanager
def binario(arquivo: str) -> Iterator[io.BufferedReader]:
    """Abre o arquivo (`-`: a entrada padrão) em bytes. Levanta Erro 66 se não dá."""
    if arquivo == "-":
        if sys.stdin is None:
            raise Erro(erros.SEM_ENTRADA, "-: a entrada padrão está fechada. Mande um arquivo.")
        yield _com_espia(sys.stdin.buffer)
        return
    try:
        aberto = open(arquivo, "rb")  # noqa: SIM115 - fechado pelo with abaixo
    except OSError as erro:
        raise Erro(
            erros.SEM_ENTRADA,
            f"{arquivo}: o uid {os.getuid()} não consegue ler ({erros.motivo(erro)}). "
            "Confira o caminho e a permissão, ou mande-o pela entrada padrão: - < ARQUIVO",
        ) from erro
    with aberto:
        yield aberto


def _com_espia(binario: Any) -> io.BufferedReader:
    """Garante o `peek`, que um objeto na memória, como o dos testes, não tem."""
    return binario if isinstance(binario, io.BufferedReader) else io.BufferedReader(binario)


def tamanho(binario: io.BufferedReader) -> int:
    """Devolve o tamanho de um arquivo comum, 0 para um pipe."""
    try:
        estado = os.fstat(binario.fileno())
    except OSError:  # um objeto na memória, como nos testes
        return 0
    return estado.st_size if stat.S_ISREG(estado.st_mode) else 0


def _descomprimido(binario: io.BufferedReader, tamanho: int) -> int:
    """Devolve quantos bytes há por ler, contando o que o gzip diz no fim (módulo 2³²)."""
    if tamanho < 18 or binario.peek(2)[:2] != MAGIA_DO_GZIP:
        return tamanho
    return int.from_bytes(os.pread(binario.fileno(), 4, tamanho - 4), "little")


def _texto(binario: io.BufferedReader, codificacao: str) -> io.TextIOWrapper:
    """Decodifica, descomprimindo antes se os dois primeiros bytes são os do gzip.

    Bytes que não são da codificação viram substitutos, que a validação acha com
    o número da linha; o decodificador estrito só diria a posição no bloco.
    """
    if binario.peek(2)[:2] == MAGIA_DO_GZIP:
        descomprimido = gzip.GzipFile(fileobj=binario)
        return io.TextIOWrapper(descomprimido, codificacao, "surrogateescape", newline="")
    return io.TextIOWrapper(binario, codificacao, "surrogateescape", newline="")


def _pela_extensao(arquivo: str) -> str:
    base = arquivo.lower().removesuffix(".gz")
    return EXTENSOES.get(os.path.splitext(base)[1], "csv")
