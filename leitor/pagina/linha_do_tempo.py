"""A linha do tempo das execuções: quem gravou, quando e quanto, e quem lê agora."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leitor.pagina.dobras import Trecho, ids, quantas
from leitor.pagina.momentos import UNIDADES, Relogio, segundos
from leitor.pagina.pecas import codigo
from leitor.prova import Execucao, Prova
from leitor.texto import contar, milhar

MAIS_TRECHOS = 12  # com mais, só a tabela: isto é para se ver de uma vez
Marco = tuple[int, str]  # a execução depois da qual ele fica, e o evento já desenhado


def desenhar(
    trechos: Sequence[Trecho], total: int, marcos: Sequence[Marco], relogio: Relogio
) -> Iterator[str]:
    """Devolve a lista: as últimas execuções, e os marcos, cada um no lugar dele.

    `total`: as linhas de que cada barra é uma parte.
    """
    trechos = trechos[-MAIS_TRECHOS:]
    yield '<ol class="tempo" role="list" aria-label="Linha do tempo das execuções">\n'
    if antes := _primeira(trechos[0]) - 1:
        yield _evento("vazias", f"{contar(antes, 'execução', 'execuções')} antes destas", "")
    for trecho in trechos:
        if isinstance(trecho, range):
            numero = "execução" if len(trecho) == 1 else "execuções"
            yield _evento("vazias", quantas(trecho), f"{numero} {ids(trecho)}")
        else:
            yield _execucao(trecho, max(1, total), relogio)
        daqui = trecho if isinstance(trecho, range) else (trecho.id,)
        yield from (evento for execucao, evento in marcos if execucao in daqui)
    yield "</ol>\n"


def fim_da_gravacao(gravacao: Execucao, relogio: Relogio) -> Marco:
    """Devolve o marco da última que gravou; as seguintes, vazias, vieram depois dele."""
    sub = _quando(gravacao.concluida_em, gravacao.container, relogio)
    return gravacao.id, _evento("fim", "Fim da gravação", sub)


def comeco_da_leitura(prova: Prova, relogio: Relogio) -> Marco:
    """Devolve o marco de quem lê agora, depois de tudo."""
    sub = _quando(prova.lido_em, prova.lido_por, relogio)
    if passou := intervalo(prova.ultima_gravacao.concluida_em, prova.lido_em):
        sub += f" · {passou} do fim da gravação"
    return prova.execucoes, _evento("leitura", "Começo da leitura", sub)


def verificado_ate(execucao: int, em: str, por: str, relogio: Relogio) -> Marco:
    """Devolve o marco de quem verificou até esta execução; as seguintes, ainda não."""
    return execucao, _evento("leitura", "Verificado até aqui", _quando(em, por, relogio))


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
