"""A página de `listar --formato html`: o veredito, a prova, as linhas e como conferir à mão."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator

from leitor import erros, versao
from leitor.banco import consultas
from leitor.banco.leitura import Leitura, quem_le
from leitor.banco.verificacao import Verificacao
from leitor.erros import Erro
from leitor.pagina.lacres_a_mao import lacres
from leitor.pagina.linha_do_tempo import Execucao, desenhar
from leitor.pagina.pecas import (
    codigo,
    dado,
    definicoes,
    fim,
    inicio,
    marca,
    momento,
    secao,
    tabela,
)
from leitor.texto import contar, milhar

TYPE_CHECKING = False  # o app é quem carrega este módulo; aqui, só os tipos dele
if TYPE_CHECKING:
    from leitor.app import Prova

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


def pagina(
    leitura: Leitura, verificacoes: list[Verificacao], resultado: Prova | Erro, limite: int
) -> Iterator[bytes]:
    """Devolve a página em blocos de UTF-8: vermelha, se o resultado é uma falha.

    Mostra no máximo MAIS_LINHAS linhas (ou `limite`; -1 é sem limite) e
    MAIS_EXECUCOES execuções: a memória não cresce com o banco.
    """
    if isinstance(resultado, Erro):
        partes = _recusada(leitura, verificacoes, resultado)
    else:
        partes = _aceita(leitura, verificacoes, resultado, limite)
    for parte in partes:
        # Um caminho que não é UTF-8 aparece escapado, como em stderr.
        yield parte.encode("utf-8", "backslashreplace")
    yield fim().encode()


def _recusada(leitura: Leitura, verificacoes: list[Verificacao], falha: Erro) -> Iterator[str]:
    lido_por, lido_em = quem_le()
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
    yield from _arquivo([("Caminho", codigo(os.path.abspath(leitura.caminho)))])


def _aceita(
    leitura: Leitura, verificacoes: list[Verificacao], prova: Prova, limite: int
) -> Iterator[str]:
    livro = leitura.con.execute(consultas.EXECUCOES_A_MOSTRAR, (MAIS_EXECUCOES,))
    execucoes = [Execucao(*linha) for linha in livro]
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
    yield from lacres(execucoes, prova.ultima_gravacao, leitura.caminho)
    yield from _linhas(leitura.con, prova.usuarios, limite)
    yield from _arquivo(_fatos(leitura, prova))


def _veredito(prova: Prova) -> Iterator[str]:
    gravacao = prova.ultima_gravacao
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
                f"container {codigo(gravacao['container'])}, "
                f"{momento(str(gravacao['concluida_em']))}; execução {gravacao['id']} "
                f"({dado(gravacao['origem'])}), {_inseridas(gravacao['inseridos'])}",
            ),
            ("Lido", f"container {codigo(prova.lido_por)}, {momento(prova.lido_em)}"),
            ("Lacre", f"sha256 {codigo(gravacao['lacre'])}"),
            (
                "Âncora",
                f"{codigo(prova.ancora)} Guarde-a fora deste volume: com ela, "
                "<code>leitor verificar --ancora 'ÂNCORA'</code> diz, quando for preciso, se o "
                "banco ainda é este, e se o fim dele não foi cortado.",
            ),
        ]
    )
    yield "</section>\n"


def _verificacoes(verificacoes: list[Verificacao]) -> Iterator[str]:
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


def _execucoes(execucoes: list[Execucao], prova: Prova) -> Iterator[str]:
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


def _linhas(con: sqlite3.Connection, usuarios: int, limite: int) -> Iterator[str]:
    mostradas = min(usuarios, MAIS_LINHAS, limite if limite >= 0 else MAIS_LINHAS)
    legenda = contar(usuarios, "linha", "linhas")
    if mostradas < usuarios:
        legenda = f"As primeiras {milhar(mostradas)} de {legenda}, pelo id"
    yield secao("linhas", "As linhas")
    if mostradas:
        yield from tabela(
            "tabela-linhas",
            legenda,
            ("id", "nome", "email", "criado_em"),
            ([*map(dado, linha)] for linha in con.execute(consultas.USUARIOS, (0, mostradas))),
        )
    else:
        yield f"<p>{legenda}.</p>\n"
    yield "</section>\n"


def _fatos(leitura: Leitura, prova: Prova) -> list[tuple[str, str]]:
    con = leitura.con
    paginas = consultas.valor(con, consultas.QUANTAS_PAGINAS)
    tamanho = consultas.valor(con, consultas.TAMANHO_DA_PAGINA)
    # sqlite.org/fileformat2.html, seção 1.3: quem gravou por último deixa a sua versão.
    numero = int.from_bytes(leitura.cabecalho[96:100], "big")
    gravou = f"{numero // 1_000_000}.{numero // 1_000 % 1_000}.{numero % 1_000}"
    return [
        ("Caminho", codigo(os.path.abspath(leitura.caminho))),
        ("Tamanho", f"{milhar(paginas * tamanho)} bytes"),
        ("Páginas", f"{milhar(paginas)} de {milhar(tamanho)} bytes"),
        ("Diário", f"{dado(consultas.valor(con, consultas.DIARIO))} (rollback)"),
        ("Quem gravou", f"escritor {dado(prova.ultima_gravacao['versao'])}, SQLite {gravou}"),
    ]


def _arquivo(fatos: list[tuple[str, str]]) -> Iterator[str]:
    python = sys.version.partition(" ")[0]
    quem_leu = f"leitor {versao.ler()}, SQLite {sqlite3.sqlite_version}, Python {python}"
    yield secao("arquivo", "O arquivo")
    yield definicoes([*fatos, ("Quem leu", quem_leu)])
    yield "</section>\n"


def _inseridas(inseridos: int | str | None) -> str:
    return contar(int(inseridos or 0), "linha inserida", "linhas inseridas")
