"""A página de `listar --formato html`: o veredito, as linhas, a prova e como conferir à mão."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leitor import erros
from leitor.erros import Erro
from leitor.pagina.dobras import com_linhas, dobrar
from leitor.pagina.lacres_a_mao import lacres
from leitor.pagina.linha_do_tempo import comeco_da_leitura, fim_da_gravacao
from leitor.pagina.linhas import Linha, tabela_das_linhas
from leitor.pagina.livro import livro
from leitor.pagina.momentos import Relogio
from leitor.pagina.pecas import codigo, dado, definicoes, fim, inicio, marca, secao, tabela
from leitor.prova import Execucao, Prova, Verificacao
from leitor.texto import contar, milhar

Fatos = Sequence[tuple[str, str]]

MAIS_LINHAS = 1_000
MAIS_EXECUCOES = 50
MOTIVOS = {
    erros.DADOS: "dados recusados",
    erros.SEM_ENTRADA: "nada para ler",
    erros.SEM_ACESSO: "sem permissão",
    erros.ENTRADA_SAIDA: "erro de entrada e saída",
    erros.TENTE_DE_NOVO: "tente de novo",
    erros.ESQUEMA: "esquema desconhecido",
    erros.INTERROMPIDO: "leitura interrompida",
}


def recusada(
    verificacoes: Sequence[Verificacao],
    falha: Erro,
    lido: tuple[str, str],
    fatos: Fatos,
    relogio: Relogio,
) -> Iterator[str]:
    """Devolve a página vermelha: o que falhou, e linha nenhuma. `lido`: por quem, e quando."""
    lido_por, lido_em = lido
    yield inicio("Não verificado", "recusada")
    yield _alto(f"{marca('falha')} Não verificado", dado(falha), relogio)
    yield definicoes(
        [
            ("Lido", f"container {codigo(lido_por)}, {relogio.momento(lido_em)}"),
            ("Código de saída", f"{falha.codigo}: {MOTIVOS.get(falha.codigo, 'falha')}"),
        ]
    )
    yield "</section>\n"
    yield from _verificacoes(verificacoes)
    yield (
        f"{secao('linhas', 'As linhas')}<p>Nenhuma linha é mostrada, nem as execuções: o que não "
        "foi verificado não se lista.</p>\n</section>\n"
    )
    yield from _banco(fatos)
    yield fim()


def aceita(  # noqa: PLR0913, PLR0917 - é uma função de tudo o que mostra
    verificacoes: Sequence[Verificacao],
    prova: Prova,
    execucoes: Sequence[Execucao],
    linhas: Sequence[Linha],
    fatos: Fatos,
    receita: str,
    relogio: Relogio,
) -> Iterator[str]:
    """Devolve a página verde; as execuções e as linhas são as que se mostram, talvez não todas.

    Os fatos são nomes e valores; o primeiro diz o que o banco é (Arquivo, Servidor) e onde
    está. A receita confere, à mão, o lacre da última gravação.
    """
    yield inicio("Verificado", "aceita")
    yield from _veredito(verificacoes, prova, relogio)
    yield (
        '<nav aria-label="Nesta página"><ul>'
        '<li><a href="#linhas">Linhas</a></li> <li><a href="#execucoes">Execuções</a></li> '
        '<li><a href="#verificacoes">Verificações</a></li> '
        '<li><a href="#lacres">Lacres e âncora</a></li> '
        f'<li><a href="#banco">{fatos[0][0]}</a></li></ul></nav>\n'
    )
    yield from _linhas(linhas, prova.usuarios, relogio)
    yield from _execucoes(execucoes, prova, relogio)
    yield from _verificacoes(verificacoes)
    yield from lacres(com_linhas(execucoes, prova), prova, receita)
    yield from _banco(fatos)
    yield fim()


def _alto(titulo: str, resumo: str, relogio: Relogio) -> str:
    """Abre o veredito, que diz o fuso de todas as horas da página."""
    return (
        '<section class="veredito" aria-labelledby="veredito">\n'
        f"<p>Desafio 2 · relatório do leitor · horas em {relogio.fuso}</p>\n"
        f'<h1 id="veredito">{titulo}</h1>\n'
        f'<p class="resumo">{resumo}</p>\n'
    )


def _veredito(verificacoes: Sequence[Verificacao], prova: Prova, relogio: Relogio) -> Iterator[str]:
    gravacao = prova.ultima_gravacao
    inseridas = contar(gravacao.inseridos, "linha inserida", "linhas inseridas")
    yield _alto(
        f"{marca('ok')} Verificado",
        f"{contar(prova.usuarios, 'linha', 'linhas')} de "
        f"{contar(prova.execucoes, 'execução', 'execuções')} do escritor: tudo recalculado, byte "
        "por byte, e igual ao que foi selado.",
        relogio,
    )
    yield definicoes(
        [
            (
                "Gravado",
                f"container {codigo(gravacao.container)}, "
                f"{relogio.momento(gravacao.concluida_em)}; execução {gravacao.id} "
                f"({dado(gravacao.origem)}), {inseridas}",
            ),
            ("Lido", f"container {codigo(prova.lido_por)}, {relogio.momento(prova.lido_em)}"),
            ("Verificações", _em_ordem(verificacoes)),
        ]
    )
    yield "</section>\n"


def _em_ordem(verificacoes: Sequence[Verificacao]) -> str:
    feitas = sum(v.resultado == "ok" for v in verificacoes)
    return f"{feitas} de {len(verificacoes)} em ordem"


def _linhas(linhas: Sequence[Linha], usuarios: int, relogio: Relogio) -> Iterator[str]:
    legenda = contar(usuarios, "linha", "linhas")
    if len(linhas) < usuarios:
        legenda = f"As primeiras {milhar(len(linhas))} de {legenda}, pelo id"
    yield secao("linhas", "As linhas")
    if linhas:
        yield from tabela_das_linhas(legenda, linhas, relogio)
    else:
        yield f"<p>{legenda}.</p>\n"
    yield "</section>\n"


def _execucoes(execucoes: Sequence[Execucao], prova: Prova, relogio: Relogio) -> Iterator[str]:
    mostradas = f"{contar(prova.execucoes, 'execução', 'execuções')} do escritor"
    if fora := execucoes[0].id - 1:
        ficaram = "a primeira ficou" if fora == 1 else f"as {milhar(fora)} primeiras ficaram"
        mostradas += f"; {ficaram} de fora"
    marcos = [
        fim_da_gravacao(prova.ultima_gravacao, relogio),
        comeco_da_leitura(prova, relogio),
    ]
    yield secao("execucoes", "As execuções")
    yield from livro(mostradas, dobrar(execucoes, prova), prova, marcos, relogio)
    yield "</section>\n"


def _verificacoes(verificacoes: Sequence[Verificacao]) -> Iterator[str]:
    yield secao("verificacoes", "As verificações")
    yield from tabela(
        "tabela-verificacoes",
        f"{_em_ordem(verificacoes)}; cada uma depende das anteriores",
        ("verificação", "resultado", "detalhe"),
        (
            (
                v.nome,
                f'<span class="resultado">{marca(v.resultado)} {v.resultado}</span>',
                dado(v.detalhe) if v.detalhe else "uma anterior falhou",
            )
            for v in verificacoes
        ),
    )
    yield "</section>\n"


def _banco(fatos: Fatos) -> Iterator[str]:
    (o_que, onde), *outros = fatos
    yield secao("banco", f"O {o_que.lower()}")
    yield definicoes([(o_que, codigo(onde)), *((nome, dado(valor)) for nome, valor in outros)])
    yield "</section>\n"
