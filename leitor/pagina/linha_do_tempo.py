"""A linha do tempo das execuções: quem gravou, quando e quanto, e quem lê agora."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leitor.pagina.dobras import Trecho, ids, quantas
from leitor.pagina.momentos import UNIDADES, Relogio, segundos
from leitor.pagina.pecas import codigo
from leitor.prova import Execucao, Prova
from leitor.texto import contar, milhar

MAIS_TRECHOS = 12  # com mais, só a tabela: isto é para se ver de uma vez


def desenhar(trechos: Sequence[Trecho], prova: Prova, relogio: Relogio) -> Iterator[str]:
    """Devolve a lista: as últimas execuções, o fim da última gravação e o começo da leitura."""
    gravacao = prova.ultima_gravacao
    trechos = trechos[-MAIS_TRECHOS:]  # a última gravação é o último ou o penúltimo
    yield '<ol class="tempo" role="list" aria-label="Linha do tempo das execuções">\n'
    if antes := _primeira(trechos[0]) - 1:
        yield _evento("vazias", f"{contar(antes, 'execução', 'execuções')} antes destas", "")
    for trecho in trechos:
        if isinstance(trecho, range):
            numero = "execução" if len(trecho) == 1 else "execuções"
            yield _evento("vazias", quantas(trecho), f"{numero} {ids(trecho)}")
            continue
        yield _execucao(trecho, max(1, gravacao.total), relogio)
        if trecho.id == gravacao.id:  # as seguintes, vazias, vieram depois dela
            fecho = _quando(gravacao.concluida_em, gravacao.container, relogio)
            yield _evento("fim", "Fim da gravação", fecho)
    abertura = _quando(prova.lido_em, prova.lido_por, relogio)
    if passou := intervalo(gravacao.concluida_em, prova.lido_em):
        abertura += f" · {passou} do fim da gravação"
    yield _evento("leitura", "Começo da leitura", abertura)
    yield "</ol>\n"


def intervalo(antes: str, depois: str) -> str:
    """Devolve `3 minutos depois`; vazio se um dos dois não é um momento, ou se estão trocados."""
    comeco, fim = segundos(antes), segundos(depois)
    if comeco is None or fim is None or fim < comeco:
        return ""
    for tamanho, um, muitos in UNIDADES:
        if fim - comeco >= tamanho:
            return f"{contar((fim - comeco) // tamanho, um, muitos)} depois"
    return "no mesmo segundo"


def _primeira(trecho: Trecho) -> int:
    return trecho[0] if isinstance(trecho, range) else trecho.id


def _execucao(execucao: Execucao, maior: int, relogio: Relogio) -> str:
    return _evento(
        "execucao" if execucao.inseridos else "execucao vazia",
        f"Execução {execucao.id}: +{milhar(execucao.inseridos)}, total {milhar(execucao.total)}",
        _quando(execucao.concluida_em, execucao.container, relogio),
        _barra(execucao, maior),
    )


def _quando(quando: str, container: str, relogio: Relogio) -> str:
    return f"{relogio.momento(quando)} · {codigo(container)}"


def _evento(classe: str, nome: str, sub: str, barra: str = "") -> str:
    """Desenha um evento; `nome` é nosso, e `sub` já vem escapado."""
    return f'<li class="{classe}"><p class="nome">{nome}</p><p>{sub}</p>{barra}</li>\n'


def _barra(execucao: Execucao, maior: int) -> str:
    """Desenha o total até esta execução, com o que ela inseriu em destaque, na ponta."""
    antes = (execucao.total - execucao.inseridos) * 100 / maior
    novas = execucao.inseridos * 100 / maior
    return (
        f'<svg width="100%" height="4" aria-hidden="true"><rect class="antes" '
        f'width="{antes:.2f}%" height="4"/><rect class="novas" x="{antes:.2f}%" '
        f'width="{novas:.2f}%" height="4"/></svg>'
    )
