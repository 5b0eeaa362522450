"""Âncoras: o que se guarda fora do banco para saber, depois, se a história ainda é aquela."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import NamedTuple

from leitor import arquivo, erros, troca
from leitor.destinos import nao_escreve
from leitor.erros import Erro
from leitor.texto import milhar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from leitor.porta import Leitura, Ordem

MAIS_DIGITOS = 18  # cabe num inteiro de 64 bits, e nenhum livro chega lá
HEXADECIMAIS = frozenset("0123456789abcdef")
FORMA = "EXECUÇÃO ELO: um número, um espaço e 64 algarismos hexadecimais minúsculos"
MAIOR_ARQUIVO = 8 << 20  # bytes; mais de cem mil âncoras
REMEDIO = (
    "Se a troca foi de propósito, tire as âncoras que já não valem; se não, restaure uma cópia "
    "que as tenha."
)


class Ancora(NamedTuple):
    """Uma execução e o elo dela: o elo resume tudo o que o livro dizia até ali."""

    execucao: int
    elo: str

    def __str__(self) -> str:
        return f"{self.execucao} {self.elo}"


class Situacao(NamedTuple):
    """O que há das âncoras num banco verificado, cada lista na ordem das execuções."""

    ultima: Ancora
    conferem: list[Ancora]
    faltam: list[Ancora]


def ler(texto: str) -> Ancora:
    """Devolve a âncora que o texto diz. Levanta ValueError se não diz uma."""
    numero, _, elo = texto.partition(" ")
    if not (numero.isascii() and numero.isdecimal() and len(numero) <= MAIS_DIGITOS):
        raise ValueError(FORMA)
    if numero.startswith("0") or len(elo) != 64 or not HEXADECIMAIS.issuperset(elo):
        raise ValueError(FORMA)
    return Ancora(int(numero), elo)


def situar(leitura: Leitura, ancoras: Iterable[Ancora]) -> Situacao:
    """Procura as âncoras num banco já verificado.

    A corrente é uma só: se uma confere, o livro até ela é o que era quando a
    disseram. Por isso basta olhar o elo de cada uma.
    """
    ponto = leitura.ponto()
    situacao = Situacao(Ancora(ponto.execucao, ponto.elo), [], [])
    for ancora in sorted(set(ancoras)):
        confere = leitura.elo(ancora.execucao) == ancora.elo
        (situacao.conferem if confere else situacao.faltam).append(ancora)
    return situacao


def problema(situacao: Situacao) -> str | None:
    """Diz o que as âncoras que faltam querem dizer; None se não falta nenhuma."""
    if not situacao.faltam:
        return None
    falta = situacao.faltam[0]
    confere = situacao.conferem[-1] if situacao.conferem else None
    if falta.execucao > situacao.ultima.execucao:
        causas = "uma cópia antiga foi posta no lugar, ou o fim foi cortado"
        mesma = f"; até a execução {confere.execucao}, é a mesma história" if confere else ""
        return (
            f"o livro acaba na execução {situacao.ultima.execucao}, antes da âncora {falta}: "
            f"{causas}{mesma or ', ou é outro banco'}"
        )
    if confere is None:
        desde = (
            "" if falta.execucao == 1 else f", ou outra história desde antes da {falta.execucao}"
        )
        return f"é outro banco{desde}: nenhuma das âncoras está nele, a começar pela {falta}"
    if confere.execucao < falta.execucao:
        return (
            f"é outra história depois da execução {confere.execucao}, a última âncora que confere: "
            f"a {falta.execucao} não é a da âncora {falta}"
        )
    return (
        f"a âncora {falta} não é deste banco: a da execução {confere.execucao} confere, e com ela "
        "tudo o que vem antes"
    )


def na_ordem(ordem: Ordem, dadas: Sequence[Ancora], caminho: str) -> Ordem:
    """Devolve as verificações e, por último, a das âncoras: só depois das outras ela vale."""
    return (*ordem, ("âncoras", lambda leitura: _conferir(leitura, dadas, caminho)))


def _conferir(leitura: Leitura, dadas: Sequence[Ancora], caminho: str) -> str:
    """Confere as âncoras dadas e as do arquivo, em que guarda a de agora; devolve o que viu.

    Levanta Erro 65 se uma delas não está no banco, e os de ler e gravar o arquivo.
    """
    if not caminho:
        return _em_texto(_conferidas(leitura, dadas))
    with _falhas(caminho):
        situacao, novas = _com_as_guardadas(leitura, dadas, caminho)
        if novas is None:
            return _em_texto(situacao)
        with troca.trocando(caminho, _ocupado(caminho, leitura.espera), leitura.espera) as trocar:
            # Enquanto se esperava, outro leitor pode ter guardado a dele.
            situacao, novas = _com_as_guardadas(leitura, dadas, caminho)
            if novas is not None:
                trocar(novas)
    return f"{_em_texto(situacao)}; guardada a {situacao.ultima.execucao} em {caminho}"


def _com_as_guardadas(
    leitura: Leitura, dadas: Sequence[Ancora], caminho: str
) -> tuple[Situacao, bytes | None]:
    """Confere também as do arquivo; devolve o que ele deve passar a ter, None se nada muda."""
    linhas = _linhas(caminho)
    guardadas = [*_guardadas(linhas, caminho)]
    situacao = _conferidas(leitura, [*dadas, *guardadas])
    if situacao.ultima in guardadas:
        return situacao, None
    if linhas and not linhas[-1].endswith(b"\n"):
        linhas.append(b"\n")
    return situacao, b"".join(linhas) + f"{situacao.ultima}\n".encode()


def _conferidas(leitura: Leitura, ancoras: Iterable[Ancora]) -> Situacao:
    situacao = situar(leitura, ancoras)
    if motivo := problema(situacao):
        raise leitura.recusa(erros.DADOS, f"{motivo}. {REMEDIO}")
    return situacao


def _em_texto(situacao: Situacao) -> str:
    return f"conferem: {milhar(len(situacao.conferem))}"


def _linhas(caminho: str) -> list[bytes]:
    """Devolve as linhas do arquivo, com o fim de cada uma; nenhuma se ele ainda não existe."""
    try:
        return BytesIO(arquivo.ler(caminho, MAIOR_ARQUIVO)).readlines()
    except FileNotFoundError:
        return []
    except ValueError as erro:
        raise Erro(erros.DADOS, f"{caminho}: {erro}. Corrija --ancoras.") from None


def _guardadas(linhas: Iterable[bytes], caminho: str) -> Iterator[Ancora]:
    """As âncoras do arquivo; linhas vazias e as que começam por # são de quem o escreve à mão."""
    for numero, linha in enumerate(linhas, start=1):
        texto = linha.decode("utf-8", "replace").strip()
        if texto and not texto.startswith("#"):
            try:
                yield ler(texto)
            except ValueError as erro:
                raise Erro(
                    erros.DADOS,
                    f"{caminho}:{numero}: não é uma âncora ({erro}); o arquivo está como estava. "
                    "Corrija a linha, ou --ancoras.",
                ) from None


def _ocupado(caminho: str, espera: float) -> Erro:
    return Erro(
        erros.TENTE_DE_NOVO,
        f"{caminho}: outro leitor segurou as âncoras por mais de {espera:g} s. "
        "Leia de novo ou aumente BANCO_ESPERA.",
    )


@contextmanager
def _falhas(caminho: str) -> Iterator[None]:
    """Traduz as falhas do arquivo; as do banco já chegam traduzidas."""
    try:
        yield
    except OSError as erro:
        raise nao_escreve(
            caminho,
            erro,
            "ler e guardar âncoras aí",
            "Dê-lhe uma pasta em que ele escreva, ou use --ancora.",
        ) from erro
