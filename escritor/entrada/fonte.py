"""De onde vêm os dados: arquivo ou entrada padrão, gzip, codificação e formato."""

from __future__ import annotations

import errno
import gzip
import io
import os
import shlex
import stat
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from escritor import erros
from escritor.entrada import colunas, formato_csv, formato_json
from escritor.entrada.codificacao import COMECO, UTF8, em_texto, pelo_comeco
from escritor.entrada.colunas import Nomes
from escritor.entrada.pessoa import Lote
from escritor.entrada.recusas import Recusas, outra_codificacao
from escritor.erros import Erro
from escritor.guarda import um_deles
from escritor.lugar import no_container
from escritor.texto import onde, registravel

TRECHO = 1 << 20  # bytes
DESCRITOR = 0  # o da entrada padrão
EXTENSOES = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl"}


class Forma(NamedTuple):
    """Como se lê um arquivo; o que não se diz, ele mesmo mostra."""

    formato: str | None = None
    codificacao: str = UTF8
    delimitador: str | None = None
    nomes: Nomes = Nomes()


class Entrada:
    """Um arquivo aberto: os lotes, ainda por triar, as recusas e onde a leitura está."""

    def __init__(
        self,
        nome: str,
        forma: Forma,
        binario: io.BufferedReader,
        fluxo: io.TextIOWrapper,
        recusas: Recusas,
    ) -> None:
        self.nome = nome
        self.recusas = recusas
        self._nomes = forma.nomes
        self._binario = binario
        self._tamanho = _tamanho(binario)
        with self._falhas(forma.codificacao):
            comeco: Any = fluxo.buffer
            if certa := pelo_comeco(comeco.peek(COMECO)[:COMECO], forma.codificacao):
                raise outra_codificacao(nome, certa)
            self.colunas, lotes = self._formato(forma, fluxo)
        self.lotes = self._protegidos(lotes, forma.codificacao)

    @property
    def fracao(self) -> float | None:
        """Que parte do arquivo já foi lida, de 0 a 1; None se não há como saber."""
        if not self._tamanho:
            return None
        return min(self._binario.tell() / self._tamanho, 1.0)

    @property
    def refeitas(self) -> list[str]:
        """As colunas que o arquivo traz e que são dadas de novo."""
        return [coluna for coluna in colunas.REFEITAS if coluna in self.colunas]

    @property
    def ignoradas(self) -> list[str]:
        """As colunas que o arquivo traz e que se pediu para deixar de lado."""
        return [coluna for coluna in self.colunas if self._nomes.ignora(coluna)]

    def _formato(
        self, forma: Forma, fluxo: io.TextIOWrapper
    ) -> tuple[Iterable[str], Iterator[Lote]]:
        if forma.formato == "csv":
            return formato_csv.ler(fluxo, self.recusas, forma.nomes, forma.delimitador)
        if forma.formato == "jsonl":
            return formato_json.ler_linhas(fluxo, self.recusas, forma.nomes)
        return formato_json.ler_array(fluxo, self.recusas, forma.nomes)

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
                f"{onde(self.nome)}: não está em {codificacao}. Nada foi gravado; "
                "diga a certa com --codificacao.",
            ) from erro
        except (gzip.BadGzipFile, zlib.error, EOFError) as erro:
            # Depois do primeiro membro, o que não é outro nem zeros não é gzip (gzip(1)).
            sobra = str(erro).startswith("Not a gzipped file")
            motivo = "há bytes depois do fim do gzip" if sobra else "gzip corrompido ou cortado"
            raise Erro(
                erros.DADOS,
                f"{onde(self.nome)}: {motivo}. Nada foi gravado; gere-o ou baixe-o de novo.",
            ) from erro
        except OSError as erro:
            raise _nao_le(self.nome, erro) from erro


@contextmanager
def abrir(
    arquivo: str, forma: Forma, rejeitados: str | None, intocaveis: Iterable[str]
) -> Iterator[Entrada]:
    """Abre o arquivo (`-`: entrada padrão) e lê o cabeçalho.

    `intocaveis`: os arquivos do banco, que não são a entrada nem `rejeitados`, onde
    se guardam as linhas recusadas. Levanta Erro 2 se são, 66 se não dá para abrir e
    65 se o conteúdo é ruim, agora ou ao iterar os lotes.
    """
    entrada: str | int = DESCRITOR if arquivo == "-" else arquivo
    intocaveis = [*intocaveis]
    if um_deles(entrada, intocaveis):
        raise Erro(
            erros.USO,
            f"{arquivo}: é um arquivo do banco, ou tem o nome de um que o escritor apaga. "
            "Diga um CSV ou JSON, com outro nome.",
        )
    forma = forma._replace(formato=forma.formato or _pela_extensao(arquivo))
    nome = nome_da_origem(arquivo)
    with binario(arquivo) as bruto, _texto(bruto, forma.codificacao, nome) as fluxo:
        aberta = Entrada(nome, forma, bruto, fluxo, Recusas(nome, rejeitados, forma.codificacao))
        with aberta.recusas.guardadas(entrada, *intocaveis):
            yield aberta


def nome_da_origem(arquivo: str) -> str:
    """Devolve o nome a registrar e a mostrar: sem pasta, sem controles nem o que não se vê."""
    if arquivo == "-":
        return arquivo
    return registravel(os.path.basename(arquivo))


@contextmanager
def binario(arquivo: str) -> Iterator[io.BufferedReader]:
    """Abre o arquivo (`-`: a entrada padrão) em bytes. Levanta Erro 66 se não dá."""
    if arquivo == "-":
        if sys.stdin is None:
            raise Erro(
                erros.SEM_ENTRADA, "a entrada padrão está fechada. Mande um arquivo por ela."
            )
        digitado = sys.stdin.isatty()  # lido até o fim de uma vez: cada leitura pediria um Ctrl-D
        yield _com_espia(io.BytesIO(sys.stdin.buffer.read()) if digitado else sys.stdin.buffer)
        return
    try:
        aberto = open(arquivo, "rb")  # noqa: SIM115 - fechado pelo with abaixo
    except OSError as erro:
        raise _nao_abre(arquivo, erro) from erro
    with aberto:
        yield aberto


def _nao_abre(arquivo: str, erro: OSError) -> Erro:
    if erro.errno == errno.ENOENT and no_container():
        return Erro(
            erros.SEM_ENTRADA,
            f"{arquivo}: não existe dentro do container, que não vê os arquivos da sua máquina. "
            "Mande-o pela entrada padrão",
            mudar={},
        )
    if erro.errno in {errno.ENOENT, errno.EISDIR, errno.ENOTDIR}:
        motivo = erros.motivo(erro)
        return Erro(erros.SEM_ENTRADA, f"{arquivo}: {motivo}. Confira o nome e a pasta.")
    return Erro(
        erros.SEM_ENTRADA,
        f"{arquivo}: o uid {os.getuid()} não consegue ler ({erros.motivo(erro)}). "
        f"Dê-lhe a permissão: chmod a+r {shlex.quote(arquivo)}",
    )


def _com_espia(binario: Any) -> io.BufferedReader:
    """Garante o `peek`, que um objeto na memória, como o dos testes, não tem."""
    return binario if isinstance(binario, io.BufferedReader) else io.BufferedReader(binario)


def trechos(arquivo: str, binario: io.BufferedReader) -> Iterator[bytes]:
    """Devolve os bytes aos poucos. Levanta Erro 74 se a leitura falha, e só ela."""
    while True:
        try:
            trecho = binario.read(TRECHO)
        except OSError as erro:
            raise _nao_le(arquivo, erro) from erro
        if not trecho:
            return
        yield trecho


def _nao_le(arquivo: str, erro: OSError) -> Erro:
    motivo = erros.motivo(erro)
    if erro.errno == errno.EBADF:
        motivo = "não está aberta para leitura"
    return Erro(
        erros.ENTRADA_SAIDA,
        f"{onde(arquivo)}: falha ao ler ({motivo}). Nada foi gravado; confira-a.",
    )


def _tamanho(binario: io.BufferedReader) -> int:
    """Devolve o tamanho de um arquivo comum, 0 para um pipe."""
    try:
        estado = os.fstat(binario.fileno())
    except OSError:  # um objeto na memória, como nos testes
        return 0
    return estado.st_size if stat.S_ISREG(estado.st_mode) else 0


def _texto(binario: io.BufferedReader, codificacao: str, nome: str) -> io.TextIOWrapper:
    try:
        return em_texto(binario, codificacao)
    except OSError as erro:
        raise _nao_le(nome, erro) from erro


def _pela_extensao(arquivo: str) -> str:
    base = arquivo.lower().removesuffix(".gz")
    return EXTENSOES.get(os.path.splitext(base)[1], "csv")
