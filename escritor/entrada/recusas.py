"""As linhas recusadas: contadas todas, mostradas as primeiras e, se pedido, guardadas em CSV."""

from __future__ import annotations

import csv
import errno
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TextIO

from escritor import erros
from escritor.entrada.codificacao import UTF8, Indicios
from escritor.entrada.pessoa import BYTE_INVALIDO, FORMULA, Lote, Problema, triar
from escritor.erros import Erro
from escritor.guarda import exclusivo, um_deles
from escritor.texto import milhar, onde

MOSTRADAS = 20
PARCIAL = ".desafio2-parcial"  # as recusas, até que ganhem o nome pedido
DESCRITOR = 1  # o da saída padrão
COLUNAS = ("linha", "campo", "motivo", "nome", "email", "registro")


class Recusas:
    """O que foi recusado na leitura de um arquivo.

    Sem destino, uma recusa impede a gravação, e o resto só é lido para que se
    contem todas. Com destino, cada uma vai para ele e as boas entram.
    """

    def __init__(self, arquivo: str, destino: str | None = None, codificacao: str = UTF8) -> None:
        self.arquivo = arquivo
        self.destino = destino
        self.total = 0
        self.primeiras: list[str] = []
        self.indicios = Indicios(codificacao)
        self._fluxo: TextIO | None = None

    @property
    def impedem(self) -> bool:
        """Diz se já não adianta gravar."""
        return self.total > 0 and self.destino is None

    def recusar(self, problemas: Iterable[Problema]) -> None:
        """Conta os problemas e os mostra ou guarda."""
        for problema in problemas:
            self.total += 1
            self.indicios.ver_recusada(problema[3:])
            if self.total <= MOSTRADAS:
                self.primeiras.append(self._em_texto(problema))
            if self._fluxo:
                self._guardar(problema, self._fluxo)

    def filtrar(self, lotes: Iterable[Lote]) -> Iterator[Lote]:
        """Devolve só o que serve. Levanta Erro 65 no fim, se as recusas impedem.

        Também se o arquivo inteiro é de outra codificação: pôr de lado, uma a uma, as
        linhas com acento perderia quase todo mundo.
        """
        for lote in lotes:
            bons, problemas = triar(lote)
            self.recusar(problemas)
            self.indicios.ver_lidas(bons.nomes)
            if bons.nomes and not self.impedem:
                yield bons
        if (certa := self.indicios.outra) is not None:
            raise outra_codificacao(self.arquivo, certa)
        if self.impedem:
            raise self.erro()

    def fatal(self, problema: Problema, mudar: Mapping[str, str] | None = None) -> Erro:
        """Devolve a falha de um arquivo do qual não dá para aproveitar o resto.

        `mudar`: as opções com que ele serviria, se se sabe quais.
        """
        antes = self.primeiras[:]
        self.recusar([problema])
        return self._numa_linha(self._em_texto(problema), antes, mudar)

    def erro(self) -> Erro:
        """Devolve a falha que resume as recusas, com as primeiras à frente."""
        if self.total == 1:
            return self._numa_linha(self.primeiras[0])
        mostradas = "" if self.total <= MOSTRADAS else f" (acima, as {MOSTRADAS} primeiras)"
        return Erro(
            erros.DADOS,
            f"{onde(self.arquivo)}: linhas recusadas: {self.total}{mostradas}; nada foi gravado. "
            f"{self._remedio()}",
            self.primeiras,
        )

    def _remedio(self) -> str:
        if self.indicios.ilegiveis:
            return "Corrija o arquivo, ou diga em que codificação ele está com --codificacao."
        return "Corrija o arquivo, ou grave só as boas com --rejeitados ARQUIVO."

    def _em_texto(self, problema: Problema) -> str:
        motivo = ": ".join(parte for parte in (problema.campo, problema.motivo) if parte)
        return f"{onde(self.arquivo, problema.linha)}: {motivo}"

    def _numa_linha(
        self, texto: str, antes: Sequence[str] = (), mudar: Mapping[str, str] | None = None
    ) -> Erro:
        remedio = "corrija e rode de novo." if mudar is None else "assim ele serve"
        return Erro(erros.DADOS, f"{texto}. Nada foi gravado; {remedio}", antes, mudar)

    @contextmanager
    def guardadas(self, *intocaveis: str | int) -> Iterator[None]:
        """Abre o destino das recusas; o arquivo só ganha o nome depois do COMMIT.

        Levanta Erro 2 se o destino é um dos `intocaveis` (a entrada, o banco), por
        nome ou por descritor, e 73 se não dá para escrever nele.
        """
        if self.destino is None:
            yield
            return
        with self._falhas():
            real = os.path.realpath(self.destino)
        nossos: list[str | int] = [real, real + PARCIAL]
        if self.destino == "-":  # fechada ao nascer, o descritor pode ser de outro arquivo
            nossos = [DESCRITOR] if sys.stdout else []
        if any(um_deles(nosso, intocaveis) for nosso in nossos):
            raise Erro(erros.USO, f"{self.destino}: --rejeitados apagaria a entrada ou o banco.")
        if self.destino == "-":
            self._comecar(sys.stdout)
            yield
        elif os.path.exists(self.destino) and not os.path.isfile(self.destino):
            yield from self._direto(self.destino)
        else:
            yield from self._ao_lado(real)

    def _direto(self, destino: str) -> Iterator[None]:
        """Escreve num dispositivo, pipe ou FIFO, que não se troca por um arquivo."""
        with self._aberto(destino):
            yield

    def _ao_lado(self, real: str) -> Iterator[None]:
        ocupado = f"{self.destino}: outra importação está guardando recusas nele"
        with ExitStack() as pilha:
            with self._falhas():
                parcial = pilha.enter_context(exclusivo(real + PARCIAL, ocupado))
            with self._aberto(parcial):
                yield
            try:
                os.replace(parcial, real)
            except OSError as erro:
                raise Erro(
                    erros.ENTRADA_SAIDA,
                    f"gravado, mas as recusas não chegaram a {self.destino} "
                    f"({erros.motivo(erro)}). Importe de novo para tê-las.",
                ) from erro

    @contextmanager
    def _aberto(self, caminho: str) -> Iterator[None]:
        with self._falhas():
            fluxo = open(caminho, "w", encoding="utf-8", newline="")  # noqa: SIM115 - fecha abaixo
        try:
            self._comecar(fluxo)
            yield
        finally:
            with suppress(OSError):  # `firmar` já levou tudo; senão, a falha a dizer é outra
                fluxo.close()

    def firmar(self) -> None:
        """Põe no disco as recusas guardadas; chame antes do COMMIT do que as acompanha."""
        if self._fluxo:
            with self._falhas():
                self._fluxo.flush()
                if self._fluxo is not sys.stdout and os.path.isfile(self._fluxo.name):
                    os.fsync(self._fluxo.fileno())

    def _comecar(self, fluxo: TextIO | None) -> None:
        with self._falhas():
            if fluxo is None:
                raise OSError(errno.EBADF, "fechada")
            csv.writer(fluxo, lineterminator="\n").writerow(COLUNAS)
        self._fluxo = fluxo

    def _guardar(self, problema: Problema, fluxo: TextIO) -> None:
        textos = (_legivel(texto) for texto in problema[1:])
        with self._falhas():
            csv.writer(fluxo, lineterminator="\n").writerow((problema.linha, *textos))

    @contextmanager
    def _falhas(self) -> Iterator[None]:
        try:
            yield
        except OSError as erro:
            abrindo = self._fluxo is None and self.destino != "-"
            codigo = erros.NAO_CRIA if abrindo else erros.ENTRADA_SAIDA
            raise Erro(
                codigo,
                f"{self.destino}: não dá para guardar as recusas ({erros.motivo(erro)}); nada foi "
                "gravado. Diga outro lugar, ou --rejeitados - e redirecione a saída padrão.",
            ) from erro


def conflitos(arquivo: str, achados: Sequence[tuple[int, str, int, int]]) -> Erro:
    """Devolve a falha de um arquivo com e-mails que já existem no banco ou que se repetem nele.

    `achados`: linha, e-mail, se está no banco, e quantos são ao todo; os MOSTRADAS primeiros.
    """
    total = achados[0][3]
    *antes, ultimo = [
        f"{onde(arquivo, linha)}: email: {email} {'já existe' if no_banco else 'se repete'}"
        for linha, email, no_banco, _ in achados
    ]
    remedio = "nada foi gravado. Com --conflito ignorar, só os novos entram."
    if total == 1:
        return Erro(erros.DADOS, f"{ultimo}; {remedio}")
    mostrados = "" if total <= MOSTRADAS else f" (acima, os {MOSTRADAS} primeiros)"
    quantos = f"e-mails em conflito: {milhar(total)}{mostrados}"
    return Erro(erros.DADOS, f"{onde(arquivo)}: {quantos}; {remedio}", [*antes, ultimo])


def outra_codificacao(arquivo: str, certa: str) -> Erro:
    """Devolve a falha de um arquivo que está todo em outra codificação, se se sabe qual."""
    if not certa:
        return Erro(
            erros.DADOS,
            f"{onde(arquivo)}: o texto está em outra codificação, e não dá para saber qual. Nada "
            "foi gravado; pergunte a quem fez o arquivo, e diga-a com --codificacao.",
        )
    return Erro(
        erros.DADOS,
        f"{onde(arquivo)}: o texto não se lê nesta codificação, e parece estar em {certa}. "
        "Nada foi gravado; leia-o assim",
        mudar={"--codificacao": certa},
    )


def _legivel(texto: str) -> str:
    """Prepara um texto para o CSV das recusas.

    Os bytes que não se decodificaram viram \\xNN, um substituto solto \\uNNNN, e o que
    uma planilha leria como fórmula ganha o apóstrofo que o importador tira.
    """
    utf8 = BYTE_INVALIDO.sub(_escapado, texto)
    return f"'{utf8}" if utf8.lstrip("'").startswith(FORMULA) else utf8


def _escapado(achado: re.Match[str]) -> str:
    codigo = ord(achado[0])
    # De U+DC80 a U+DCFF é um byte (surrogateescape); os outros, um "\ud800" solto num JSON.
    return f"\\x{codigo - 0xDC00:02x}" if 0xDC80 <= codigo <= 0xDCFF else f"\\u{codigo:04x}"
