"""A linha do tempo das execuções, em SVG: quem gravou, quando e quanto, e quem lê agora."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from leitor.pagina.pecas import legivel, segundos
from leitor.prova import Execucao, Prova
from leitor.texto import contar, milhar

ALTURA = 56  # de cada evento, em pixels: com 50 deles, ainda se percorre com o polegar
PAUSA = 24  # pixels a mais entre gravar e ler, para dizer quanto tempo passou
MAIS_LETRAS = 18  # do nome de um container: mais não caberia num telefone
UNIDADES = (
    (86_400, "dia", "dias"),
    (3_600, "hora", "horas"),
    (60, "minuto", "minutos"),
    (1, "segundo", "segundos"),
)


def desenhar(execucoes: Sequence[Execucao], prova: Prova, mostradas: str) -> Iterator[str]:
    """Devolve o SVG: um ponto por execução, o fim da última gravação e o começo da leitura.

    Sem viewBox: as letras não encolhem num telefone, só as barras.
    """
    [gravacao] = [e for e in execucoes if e.id == prova.ultima_gravacao.id]
    fim = (execucoes.index(gravacao) + 1) * ALTURA
    leitura = (len(execucoes) + 1) * ALTURA + PAUSA
    yield (
        f'<svg class="tempo" width="100%" height="{leitura + ALTURA}" role="img"'
        ' aria-labelledby="tempo-titulo tempo-descricao">\n'
        '<title id="tempo-titulo">Linha do tempo das execuções</title>\n'
        f'<desc id="tempo-descricao">{escape(_descricao(gravacao, prova, mostradas))}</desc>\n'
        f'<line class="trilho" x1="12" x2="12" y1="14" y2="{fim + 14}"/>\n'
        f'<line class="espera" x1="12" x2="12" y1="{fim + 14}" y2="{leitura + 14}"/>\n'
    )
    y = 0
    for execucao in execucoes:
        yield _ponto(y, execucao, max(1, gravacao.total))
        y += ALTURA
        if execucao is gravacao:  # as seguintes, vazias, vieram depois dela
            fecho = _quando(gravacao.concluida_em, gravacao.container)
            yield _evento(y, "fim", "Fim da gravação", fecho)
            y += ALTURA
    if passou := intervalo(gravacao.concluida_em, prova.lido_em):
        yield f'<text x="32" y="{leitura - 8}">{passou} do fim da gravação</text>\n'
    abertura = _quando(prova.lido_em, prova.lido_por)
    yield _evento(leitura, "leitura", "Começo da leitura", abertura)
    yield "</svg>\n"


def intervalo(antes: str, depois: str) -> str:
    """Devolve `3 minutos depois`; vazio se um dos dois não é um momento, ou se estão trocados."""
    comeco, fim = segundos(antes), segundos(depois)
    if comeco is None or fim is None or fim < comeco:
        return ""
    for tamanho, um, muitos in UNIDADES:
        if fim - comeco >= tamanho:
            return f"{contar((fim - comeco) // tamanho, um, muitos)} depois"
    return "no mesmo segundo"


def _descricao(gravacao: Execucao, prova: Prova, mostradas: str) -> str:
    return (
        f"{mostradas}; {contar(gravacao.total, 'linha', 'linhas')} no fim. A última gravação "
        f"terminou em {legivel(gravacao.concluida_em)}, no container {gravacao.container}; a "
        f"leitura começou em {legivel(prova.lido_em)}, no container {prova.lido_por}. A tabela "
        "abaixo diz o mesmo, em texto."
    )


def _ponto(y: int, execucao: Execucao, maior: int) -> str:
    return _evento(
        y,
        "execucao" if execucao.inseridos else "execucao vazia",
        f"Execução {execucao.id}: +{milhar(execucao.inseridos)}, total {milhar(execucao.total)}",
        _quando(execucao.concluida_em, execucao.container),
        _barra(y + 43, execucao, maior),
    )


def _quando(quando: str, container: str) -> str:
    return f"{legivel(quando)} · {_curto(container)}"


def _evento(y: int, classe: str, nome: str, sub: str, barra: str = "") -> str:
    return (
        f'<g class="{classe}"><circle cx="12" cy="{y + 14}" r="6"/>'
        f'<text class="nome" x="32" y="{y + 18}">{escape(nome)}</text>'
        f'<text class="quando" x="32" y="{y + 35}">{escape(sub)}</text>{barra}</g>\n'
    )


def _barra(y: int, execucao: Execucao, maior: int) -> str:
    """Desenha o total até esta execução, com o que ela inseriu em destaque, na ponta."""
    antes = (execucao.total - execucao.inseridos) * 100 / maior
    novas = execucao.inseridos * 100 / maior
    return (
        f'<svg x="32" y="{y}" width="90%" height="4"><rect class="antes" width="{antes:.2f}%" '
        f'height="4"/><rect class="novas" x="{antes:.2f}%" width="{novas:.2f}%" height="4"/></svg>'
    )


def _curto(nome: str) -> str:
    """Encurta um nome e troca o que não se imprime: num SVG, não há <bdi> que o contenha."""
    visivel = "".join(letra if letra.isprintable() else "\ufffd" for letra in nome)
    return visivel if len(visivel) <= MAIS_LETRAS else f"{visivel[: MAIS_LETRAS - 1]}…"
