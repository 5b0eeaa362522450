"""CSV: o módulo csv decide o que é um registro; os trechos simples tomam um atalho."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import TextIO

from escritor.entrada import colunas
from escritor.entrada.pessoa import BYTE_INVALIDO, FORMULA, Lote, Problema, quebras
from escritor.entrada.recusas import Recusas

SEPARADORES = ",;\t"
TRECHO = 1 << 18  # caracteres lidos por vez
# Nenhuma linha física passa disto (caracteres): um arquivo sem quebras, como
# /dev/zero, não pode esgotar a memória. É também o limite de campo do csv.
LIMITE_DA_LINHA = csv.field_size_limit()
LONGA = f"linha com mais de {LIMITE_DA_LINHA} caracteres"
GRANDE = f"campo com mais de {LIMITE_DA_LINHA} caracteres (aspas sem fechar?)"
LIMITE_DO_REGISTRO = 1 << 20  # caracteres: cada campo cabe, mas podem ser muitos
COMPRIDO = f"registro com mais de {LIMITE_DO_REGISTRO} caracteres (aspas sem fechar?)"
SEM_FECHAR = "aspas abertas e nunca fechadas"
FORA_DO_LUGAR = "aspas fora do lugar (dentro de um campo entre aspas, dobre-as)"


def ler(
    fluxo: TextIO, recusas: Recusas, nomes: Mapping[str, str], separador: str | None
) -> tuple[list[str], Iterator[Lote]]:
    """Lê o cabeçalho; devolve as colunas, pelos nossos nomes, e o iterador dos lotes.

    Levanta Erro 65 se o cabeçalho é ruim. O `fluxo` tem newline="": as quebras
    chegam como estão no arquivo, e os números de linha são os físicos.
    """
    linha = fluxo.readline(LIMITE_DA_LINHA)
    problema = Problema(1, "", "falta o cabeçalho: a primeira linha diz as colunas, nome,email")
    if len(linha) == LIMITE_DA_LINHA and linha[-1] not in "\r\n":
        problema = problema._replace(motivo=LONGA)
    elif BYTE_INVALIDO.search(linha) or "\x00" in linha:
        problema = problema._replace(
            motivo="cabeçalho ilegível: o arquivo não está em UTF-8, ou na --codificacao dita"
        )
    elif linha.strip():
        candidatos = [_dividir(linha, s, nomes) for s in separador or SEPARADORES]
        achadas, separador = max(candidatos, key=lambda c: (colunas.nossas(c[0]), len(c[0])))
        motivo = colunas.problema(achadas)
        if motivo is None:
            return achadas, _Leitura(fluxo, recusas, achadas, separador).lotes()
        problema = problema._replace(motivo=motivo + _palpite(linha, achadas))
    raise recusas.fatal(problema)


def _palpite(linha: str, achadas: list[str]) -> str:
    """Devolve o que dizer a mais quando o cabeçalho parece outra coisa."""
    if linha.lstrip()[0] in "[{":
        return " (parece JSON: diga --formato json ou jsonl)"
    return " (outro separador? diga --delimitador)" if len(achadas) == 1 else ""


def _dividir(linha: str, separador: str, nomes: Mapping[str, str]) -> tuple[list[str], str]:
    campos = next(csv.reader([linha], delimiter=separador))
    return [colunas.traduzir(campo, nomes) for campo in campos], separador


class _Leitura:
    """O corpo de um CSV, em trechos de linhas inteiras."""

    def __init__(
        self, fluxo: TextIO, recusas: Recusas, cabecalho: list[str], separador: str
    ) -> None:
        self.fluxo = fluxo
        self.recusas = recusas
        self.largura = len(cabecalho)
        self.posicoes = [cabecalho.index(coluna) for coluna in colunas.OBRIGATORIAS]
        self.separador = separador
        self.linha = 2  # a próxima a ler

    def lotes(self) -> Iterator[Lote]:
        """Devolve um lote por trecho."""
        while trecho := self.fluxo.read(TRECHO):
            if trecho[-1] != "\n":
                trecho += self._resto(trecho)
            yield self._simples(trecho) or self._pelo_csv(trecho)

    def _resto(self, trecho: str) -> str:
        resto = self.fluxo.readline(LIMITE_DA_LINHA)
        if len(resto) == LIMITE_DA_LINHA and resto[-1] not in "\r\n":
            raise self.recusas.fatal(Problema(self.linha + quebras(trecho), "", LONGA))
        return resto

    def _simples(self, trecho: str) -> Lote | None:
        """Divide um trecho sem aspas nem linhas irregulares; None se ele não é assim.

        Cada quebra vira um campo próprio: se todas caem onde devem, todas as
        linhas têm o mesmo número de campos. Três vezes mais rápido que o csv.
        """
        texto = trecho.replace("\r\n", "\n")
        if '"' in texto or "\r" in texto:
            return None
        if texto[-1] != "\n":
            texto += "\n"
        passo = self.largura + 1
        campos = texto.replace("\n", f"{self.separador}\n{self.separador}").split(self.separador)
        campos.pop()
        quantos, resto = divmod(len(campos), passo)
        if resto or campos[self.largura :: passo].count("\n") != quantos:
            return None
        nomes, emails = (_sem_apostrofo(campos[i::passo], texto) for i in self.posicoes)
        linhas = range(self.linha, self.linha + quantos)
        self.linha += quantos
        return Lote(nomes, emails, linhas)

    def _pelo_csv(self, trecho: str) -> Lote:
        """Divide um trecho com o módulo csv; um registro aberto puxa do fluxo o que falta."""
        fonte = _Fonte(trecho, self.fluxo)
        leitor = csv.reader(fonte, delimiter=self.separador, strict=True)
        pessoas: list[tuple[list[str], int]] = []
        problemas = []
        primeira = self.linha
        while not fonte.esgotada:
            self.linha = primeira + leitor.line_num
            fonte.registro = ""
            try:
                campos = next(leitor, [])
            except csv.Error as erro:
                if motivo := _sem_fim(erro):
                    raise self.recusas.fatal(Problema(self.linha, "", motivo)) from erro
                problemas.append(Problema(self.linha, "", FORA_DO_LUGAR, registro=fonte.registro))
                continue
            if len(campos) == self.largura:
                pessoas.append((campos, self.linha))
            elif campos:
                motivo = f"esperava {self.largura} colunas, há {len(campos)}"
                registro = self.separador.join(campos)
                problemas.append(Problema(self.linha, "", motivo, registro=registro))
        self.linha = primeira + leitor.line_num
        nomes, emails = (
            _sem_apostrofo([campos[posicao] for campos, _ in pessoas], trecho)
            for posicao in self.posicoes
        )
        return Lote(nomes, emails, [linha for _, linha in pessoas], problemas)


class _Fonte:
    """As linhas de um trecho e, só se ainda pedirem, as seguintes do fluxo."""

    def __init__(self, trecho: str, fluxo: TextIO) -> None:
        self._trecho = io.StringIO(trecho, newline="")
        self._tamanho = len(trecho)
        self._fluxo = fluxo
        self.registro = ""  # o texto entregue desde que alguém o esvaziou

    def __iter__(self) -> _Fonte:
        return self

    def __next__(self) -> str:
        linha = self._trecho.readline() or self._fluxo.readline(LIMITE_DA_LINHA)
        if not linha:
            raise StopIteration
        if len(linha) == LIMITE_DA_LINHA and linha[-1] not in "\r\n":  # o csv a daria por inteira
            raise csv.Error(LONGA)
        self.registro += linha
        if len(self.registro) > LIMITE_DO_REGISTRO:
            raise csv.Error(COMPRIDO)
        return linha

    @property
    def esgotada(self) -> bool:
        """Diz se o trecho acabou: o registro que vier depois é do próximo."""
        return self._trecho.tell() >= self._tamanho


def _sem_apostrofo(campos: list[str], texto: str) -> list[str]:
    if "'" not in texto:
        return campos
    return [
        campo[1:] if campo.startswith("'") and campo.lstrip("'").startswith(FORMULA) else campo
        for campo in campos
    ]


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
