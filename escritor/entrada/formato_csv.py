"""CSV: as linhas sem aspas se dividem todas de uma vez; as outras, é o módulo csv que divide."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import chain, compress
from typing import TextIO

from escritor.entrada import cabecalho, colunas
from escritor.entrada.cabecalho import Cabecalho
from escritor.entrada.colunas import Nomes
from escritor.entrada.pessoa import FORMULA, Lote, Problema, quebras
from escritor.entrada.recusas import Recusas
from escritor.entrada.registros import COMPRIDO, LIMITE_DA_LINHA, LONGA, Fonte

TRECHO = 1 << 17  # caracteres lidos por vez
GRANDE = f"campo com mais de {LIMITE_DA_LINHA} caracteres (aspas sem fechar?)"
SEM_FECHAR = "aspas abertas e nunca fechadas"
FORA_DO_LUGAR = "aspas fora do lugar (dentro de um campo entre aspas, dobre-as)"


def ler(
    fluxo: TextIO, recusas: Recusas, nomes: Nomes, separador: str | None
) -> tuple[list[str], Iterator[Lote]]:
    """Lê o cabeçalho; devolve as colunas, pelos nossos nomes, e o iterador dos lotes.

    Levanta Erro 65 se o cabeçalho é ruim. O `fluxo` tem newline="": as quebras
    chegam como estão no arquivo, e os números de linha são os físicos.
    """
    achado = cabecalho.ler(fluxo, recusas, nomes, separador)
    return achado.colunas, _Leitura(fluxo, recusas, achado).lotes()


class _Leitura:
    """O corpo de um CSV, em trechos de linhas inteiras."""

    def __init__(self, fluxo: TextIO, recusas: Recusas, achado: Cabecalho) -> None:
        self.fluxo = fluxo
        self.recusas = recusas
        self.largura = len(achado.colunas)
        self.posicoes = [achado.colunas.index(coluna) for coluna in colunas.OBRIGATORIAS]
        self.separador = achado.separador
        self.vazia = self.separador * (self.largura - 1) + "\n"
        self.linha = achado.linha + 1  # a próxima a ler

    def lotes(self) -> Iterator[Lote]:
        """Devolve um lote por trecho."""
        while trecho := self.fluxo.read(TRECHO):
            if trecho[-1] != "\n":
                trecho += self._resto(trecho)
            yield self._simples(trecho) or self._com_dificeis(trecho)

    def _resto(self, trecho: str) -> str:
        resto = self.fluxo.readline(LIMITE_DA_LINHA)
        if len(resto) == LIMITE_DA_LINHA and resto[-1] not in "\r\n":
            raise self.recusas.fatal(Problema(self.linha + quebras(trecho), "", LONGA))
        return resto

    def _simples(self, trecho: str) -> Lote | None:
        """Divide um trecho sem aspas nem linhas irregulares; None se ele não é assim."""
        pessoas = None if '"' in trecho else self._dividir(_com_lf(trecho))
        if pessoas is None:
            return None
        linhas = range(self.linha, self.linha + len(pessoas[0]))
        self.linha = linhas.stop
        return Lote(*pessoas, linhas)

    def _dividir(self, texto: str) -> tuple[list[str], list[str]] | None:
        """Divide linhas sem aspas em nomes e e-mails; None se uma tem campos a mais ou a menos.

        Cada quebra vira um campo próprio: se todas caem onde devem, todas as
        linhas têm o mesmo número de campos. Três vezes mais rápido que o csv.
        """
        passo = self.largura + 1
        separado = texto.replace("\n", f"{self.separador}\n{self.separador}")
        campos = separado.split(self.separador)
        campos.pop()
        quantos, resto = divmod(len(campos), passo)
        if resto or campos[self.largura :: passo].count("\n") != quantos:
            return None
        nomes, emails = (campos[posicao::passo] for posicao in self.posicoes)
        if "'" in texto and (f"{self.separador}'" in separado or texto[0] == "'"):
            return [*map(_sem_apostrofo, nomes)], [*map(_sem_apostrofo, emails)]
        return nomes, emails

    def _com_dificeis(self, trecho: str) -> Lote:
        """Divide um trecho em que há aspas ou linhas irregulares.

        Um registro com aspas passa pelo csv, e no texto dos outros deixa uma
        linha vazia, para que ele entre no lugar.
        """
        fonte = Fonte(trecho, self.fluxo)
        leitor = csv.reader(fonte, delimiter=self.separador, strict=True)
        textos: list[str] = []
        numeros: list[range] = []  # os das linhas de cada texto
        pelo_csv: dict[int, list[str]] = {}
        problemas: list[Problema] = []
        quantas, primeira = 0, self.linha
        while not fonte.esgotada:
            lidas = leitor.line_num
            if sem_aspas := fonte.sem_aspas():
                textos.append(_com_lf(sem_aspas))
                numeros.append(range(self.linha, self.linha + textos[-1].count("\n")))
                quantas += len(numeros[-1])
                self.linha = numeros[-1].stop
                continue
            if campos := self._registro(leitor, fonte, problemas):
                textos.append(self.vazia)
                numeros.append(range(self.linha, self.linha + 1))
                pelo_csv[quantas] = campos
                quantas += 1
            self.linha += leitor.line_num - lidas
        linhas: Sequence[int] = range(primeira, self.linha)
        if len(linhas) != quantas:
            linhas = [*chain.from_iterable(numeros)]
        nomes, emails, linhas = self._regulares("".join(textos), linhas, problemas)
        o_nome, o_email = self.posicoes
        for onde, campos in pelo_csv.items():
            nomes[onde], emails[onde] = campos[o_nome], campos[o_email]
        return _sem_recusadas(nomes, emails, linhas, problemas)

    def _registro(
        self, leitor: Iterator[list[str]], fonte: Fonte, problemas: list[Problema]
    ) -> list[str] | None:
        """Devolve os campos do registro que começa na linha atual; se não serve, o problema."""
        try:
            campos = next(leitor)
        except csv.Error as erro:
            if motivo := _sem_fim(erro):
                raise self.recusas.fatal(Problema(self.linha, "", motivo)) from erro
            registro = fonte.registro
            problemas.append(Problema(self.linha, "", FORA_DO_LUGAR, registro=registro))
            return None
        if len(campos) == self.largura:
            return [*map(_sem_apostrofo, campos)] if fonte.tem_apostrofo else campos
        registro = self.separador.join(campos)
        problemas.append(
            Problema(self.linha, "", self._outra_largura(len(campos)), registro=registro)
        )
        return None

    def _regulares(
        self, texto: str, linhas: Sequence[int], problemas: list[Problema]
    ) -> tuple[list[str], list[str], Sequence[int]]:
        """Divide linhas sem aspas; das irregulares, esvazia o texto e zera o número."""
        if pessoas := self._dividir(texto):
            return *pessoas, linhas
        separadas = texto.split("\n")
        numeros = [*linhas]
        for i, linha in enumerate(separadas[:-1]):
            if (quantos := linha.count(self.separador) + 1) != self.largura:
                separadas[i] = self.vazia[:-1]
                if linha:
                    motivo = self._outra_largura(quantos)
                    problemas.append(Problema(numeros[i], "", motivo, registro=linha))
                numeros[i] = 0
        nomes, emails = self._dividir("\n".join(separadas)) or ([], [])
        return nomes, emails, numeros

    def _outra_largura(self, quantos: int) -> str:
        return f"esperava {self.largura} colunas, há {quantos}"


def _com_lf(texto: str) -> str:
    """Devolve o texto com as quebras de linha em LF, também depois da última linha."""
    if "\r" in texto:
        texto = texto.replace("\r\n", "\n").replace("\r", "\n")
    return texto if texto[-1] == "\n" else texto + "\n"


def _sem_apostrofo(campo: str) -> str:
    """Desfaz o que o leitor faz ao exportar o que uma planilha leria como fórmula."""
    protegido = campo.startswith("'") and campo.lstrip("'").startswith(FORMULA)
    return campo[1:] if protegido else campo


def _sem_recusadas(
    nomes: list[str], emails: list[str], linhas: Sequence[int], problemas: list[Problema]
) -> Lote:
    """Junta num lote as pessoas cuja linha não foi zerada."""
    if 0 in linhas:
        nomes, emails = ([*compress(coluna, linhas)] for coluna in (nomes, emails))
        linhas = [*filter(None, linhas)]
    return Lote(nomes, emails, linhas, sorted(problemas))


def _sem_fim(erro: csv.Error) -> str | None:
    """Devolve por que não se sabe onde o registro acaba, ou None se se sabe.

    Depois de um desses, nem o que vem é dado: recusá-lo como uma linha só
    esconderia todas as que ele engoliu.
    """
    if str(erro) in {LONGA, COMPRIDO}:
        return str(erro)
    if "field larger" in str(erro):
        return GRANDE
    return SEM_FECHAR if "unexpected end of data" in str(erro) else None
