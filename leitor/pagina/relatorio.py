"""A página de `listar --formato html`: o veredito, a prova, as linhas e como conferir à mão."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leitor import erros
from leitor.erros import Erro
from leitor.pagina.lacres_a_mao import lacres
from leitor.pagina.linha_do_tempo import desenhar
from leitor.pagina.pecas import codigo, dado, definicoes, fim, inicio, marca, momento, secao, tabela
from leitor.prova import Execucao, Prova, Verificacao
from leitor.texto import contar, milhar

Linha = Sequence[int | str]
Fatos = Sequence[tuple[str, str]]

MAIS_LINHAS = 1_000
MAIS_EXECUCOES = 50
COLUNAS_DO_LIVRO = (
    "execução",
    "terminou",
    "container",
    "inseridas",
    "repetidas",
    "total",
    "origem",
    "começou",
    "escritor",
)
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
    verificacoes: Sequence[Verificacao], falha: Erro, lido: tuple[str, str], fatos: Fatos
) -> Iterator[str]:
    """Devolve a página vermelha: o que falhou, e linha nenhuma. `lido`: por quem, e quando."""
    lido_por, lido_em = lido
    yield inicio("Não verificado", "recusada")
    yield (
        '<section class="veredito" aria-labelledby="veredito">\n'
        "<p>Desafio 2 · relatório do leitor</p>\n"
        f'<h1 id="veredito">{marca("falha")} Não verificado</h1>\n'
        f'<p class="resumo">{dado(falha)}</p>\n'
    )
    yield definicoes(
        [
            ("Lido", f"container {codigo(lido_por)}, {momento(lido_em)}"),
            ("Código de saída", f"{falha.codigo}: {MOTIVOS.get(falha.codigo, 'falha')}"),
        ]
    )
    yield "</section>\n"
    yield from _verificacoes(verificacoes)
    yield (
        f"{secao('linhas', 'As linhas')}<p>Nenhuma linha é mostrada, nem as execuções: o que não "
        "foi verificado não se lista.</p>\n</section>\n"
    )
    yield from _arquivo(fatos)
    yield fim()


def aceita(  # noqa: PLR0913, PLR0917 - é uma função de tudo o que mostra
    verificacoes: Sequence[Verificacao],
    prova: Prova,
    execucoes: Sequence[Execucao],
    linhas: Sequence[Linha],
    fatos: Fatos,
    receita: str,
) -> Iterator[str]:
    """Devolve a página verde; as execuções e as linhas são as que se mostram, talvez não todas.

    Os fatos são nomes e valores, a começar por onde o banco está; a receita confere,
    à mão, o lacre da última gravação.
    """
    yield inicio("Verificado", "aceita")
    yield from _veredito(prova)
    yield (
        '<nav aria-label="Nesta página"><ul>'
        '<li><a href="#verificacoes">Verificações</a></li> '
        '<li><a href="#execucoes">Execuções</a></li> <li><a href="#lacres">Lacres</a></li> '
        '<li><a href="#linhas">Linhas</a></li> <li><a href="#arquivo">Arquivo</a></li>'
        "</ul></nav>\n"
    )
    yield from _verificacoes(verificacoes)
    yield from _execucoes(execucoes, prova)
    yield from lacres(execucoes, prova.ultima_gravacao, receita)
    yield from _linhas(linhas, prova.usuarios)
    yield from _arquivo(fatos)
    yield fim()


def _veredito(prova: Prova) -> Iterator[str]:
    gravacao = prova.ultima_gravacao
    inseridas = contar(gravacao.inseridos, "linha inserida", "linhas inseridas")
    yield (
        '<section class="veredito" aria-labelledby="veredito">\n'
        "<p>Desafio 2 · relatório do leitor</p>\n"
        f'<h1 id="veredito">{marca("ok")} Verificado</h1>\n'
        f'<p class="resumo">{contar(prova.usuarios, "linha", "linhas")} de '
        f"{contar(prova.execucoes, 'execução', 'execuções')} do escritor: tudo recalculado, byte "
        "por byte, e igual ao que foi selado.</p>\n"
    )
    yield definicoes(
        [
            (
                "Gravado",
                f"container {codigo(gravacao.container)}, "
                f"{momento(gravacao.concluida_em)}; execução {gravacao.id} "
                f"({dado(gravacao.origem)}), {inseridas}",
            ),
            ("Lido", f"container {codigo(prova.lido_por)}, {momento(prova.lido_em)}"),
            ("Lacre", f"sha256 {codigo(gravacao.lacre)}"),
            (
                "Âncora",
                f"{codigo(prova.ancora)} Guarde-a fora deste volume: com ela, "
                "<code>leitor verificar --ancora 'ÂNCORA'</code> diz, quando for preciso, se o "
                "banco ainda é este, e se o fim dele não foi cortado.",
            ),
        ]
    )
    yield "</section>\n"


def _verificacoes(verificacoes: Sequence[Verificacao]) -> Iterator[str]:
    yield secao("verificacoes", "As verificações")
    feitas = sum(v.resultado == "ok" for v in verificacoes)
    yield from tabela(
        "tabela-verificacoes",
        f"{feitas} de {len(verificacoes)} em ordem; cada uma depende das anteriores",
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


def _execucoes(execucoes: Sequence[Execucao], prova: Prova) -> Iterator[str]:
    mostradas = f"{contar(prova.execucoes, 'execução', 'execuções')} do escritor"
    if fora := prova.execucoes - len(execucoes):
        mostradas = (
            f"{len(execucoes)} de {mostradas}, de preferência as que inseriram linhas; "
            f"{contar(fora, 'ficou', 'ficaram')} de fora"
        )
    yield secao("execucoes", "As execuções")
    yield f"<p>{mostradas}. Cada barra é o total de linhas; a ponta, as inseridas.</p>\n"
    yield from desenhar(execucoes, prova, mostradas)
    yield from tabela(
        "tabela-execucoes", f"Em texto: {mostradas}", COLUNAS_DO_LIVRO, map(_do_livro, execucoes)
    )
    yield "</section>\n"


def _do_livro(execucao: Execucao) -> list[str]:
    return [
        str(execucao.id),
        momento(execucao.concluida_em),
        codigo(execucao.container),
        milhar(execucao.inseridos),
        milhar(execucao.repetidos),
        milhar(execucao.total),
        dado(execucao.origem),
        momento(execucao.iniciada_em),
        dado(execucao.versao),
    ]


def _linhas(linhas: Sequence[Linha], usuarios: int) -> Iterator[str]:
    legenda = contar(usuarios, "linha", "linhas")
    if len(linhas) < usuarios:
        legenda = f"As primeiras {milhar(len(linhas))} de {legenda}, pelo id"
    yield secao("linhas", "As linhas")
    if linhas:
        yield from tabela(
            "tabela-linhas",
            legenda,
            ("id", "nome", "email", "criado_em"),
            ([*map(dado, linha)] for linha in linhas),
        )
    else:
        yield f"<p>{legenda}.</p>\n"
    yield "</section>\n"


def _arquivo(fatos: Fatos) -> Iterator[str]:
    (nome, onde), *outros = fatos
    yield secao("arquivo", "O arquivo")
    yield definicoes([(nome, codigo(onde)), *((nome, dado(valor)) for nome, valor in outros)])
    yield "</section>\n"
