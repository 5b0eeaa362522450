"""O banco cumpre o contrato? As perguntas que se fazem antes de gravar nele.

São as de escritor/banco/conferencia.py: o livro inteiro, ou desde um ponto já
conferido, e as linhas que cabem num limite. Das páginas, quem cuida são as somas do
servidor, que recusa a que não confere; do índice por dentro, o amcheck do leitor.
"""

from __future__ import annotations

from collections.abc import Iterator

from escritor import erros, percurso
from escritor.erros import Erro
from escritor.execucao import ELO_ZERO, TETO
from escritor.percurso import Linhas, Ponto, Registro, Seladas
from escritor.regras import Quebra
from postgres.escritor import falhas
from postgres.escritor.conexao import Conexao
from postgres.escritor.linhas import conferidas, intactas, todas_em_bytes

CONFERIDAS = 100_000  # linhas que se conferem antes de gravar
NO_INDICE = 10_000  # as últimas linhas que se procuram no índice
POR_BLOCO = 500
MENOR_ID = -(2**63)
DO_ELO = -1

EXECUCOES = "SELECT * FROM desafio2.execucoes WHERE id >= %s ORDER BY id LIMIT %s"
CONTADORES = (0, 6, 7, 8, 11)  # as colunas que o percurso lê como números
QUE_INSERIRAM = """\
SELECT id, inseridos, primeiro_id, ultimo_id, lacre
FROM desafio2.execucoes WHERE id > %s AND primeiro_id > %s ORDER BY id LIMIT %s"""
ULTIMA_QUE_INSERIU = """\
SELECT primeiro_id, ultimo_id, lacre, inseridos FROM desafio2.execucoes
WHERE id <= %s AND ultimo_id IS NOT NULL ORDER BY id DESC LIMIT 1"""
PONTAS = "SELECT min(id), max(id) FROM desafio2.usuarios"
QUANTAS_ATE = """\
SELECT count(*) FROM (SELECT FROM desafio2.usuarios WHERE id > %s ORDER BY id LIMIT %s) AS poucas"""
QUANTAS_ENTRE = "SELECT count(*) FROM desafio2.usuarios WHERE id BETWEEN %s AND %s"
# Com + 0, a chave não serve: o id e o e-mail só se acham pelo índice de e-mails.
FORA_DO_INDICE = """\
SELECT id FROM desafio2.usuarios AS t WHERE id > %s AND NOT EXISTS (
    SELECT FROM desafio2.usuarios AS i
    WHERE lower(i.email COLLATE "C") = lower(t.email COLLATE "C")
        AND i.id + 0 = t.id AND i.email = t.email
) LIMIT 1"""
SO_PELO_INDICE = """\
SELECT set_config(name, %s, true) FROM pg_settings
WHERE name IN ('enable_seqscan', 'enable_hashjoin', 'enable_mergejoin')"""


def antes_de_gravar(con: Conexao, desde: tuple[int, str] | None = None) -> Ponto:
    """Confere o livro e as linhas, na transação de quem vai gravar; devolve onde o livro acaba.

    `desde`: a execução e o elo até onde já se conferiu; só o que veio depois é lido.
    Levanta Erro 65.
    """
    try:
        return _conferir(con, desde)
    except Quebra as quebra:
        raise Erro(
            erros.DADOS, f"{con.endereco}: {quebra}; nada foi gravado. {falhas.RESTAURE}"
        ) from None


def _conferir(con: Conexao, desde: tuple[int, str] | None) -> Ponto:
    ponto = _confirmar(con, *desde) if desde else Ponto()
    poucas = con.valor(QUANTAS_ATE, ponto.fim, CONFERIDAS + 1) <= CONFERIDAS
    menor, maior = con.uma(PONTAS)
    if menor is not None and (menor < 1 or maior > TETO):
        raise Quebra(f"usuarios, linha {menor if menor < 1 else maior}: id fora da faixa", "U1")
    ultimo = percurso.percorrer(_livro(con, ponto.execucao), ponto)
    depois_de = ponto.fim
    da_ultima = None if poucas else con.executar(ULTIMA_QUE_INSERIU, ultimo.execucao).fetchone()
    if da_ultima:
        depois_de = max(ponto.fim, da_ultima[0] - 1)
    _conferir_indice(con, max(depois_de, (maior or 0) - NO_INDICE))
    # Muitas, só se selam; é quando o lacre não confere que se procura qual linha, e por quê.
    if not (
        da_ultima
        and da_ultima[3] > CONFERIDAS
        and intactas(con.pg, depois_de, da_ultima[3], Seladas(*da_ultima[:3]))
    ):
        percurso.conferir_linhas(
            Linhas(conferidas(con.pg, depois_de)),
            _que_inseriram(con, ponto.execucao, depois_de),
            lambda primeiro, ultimo: con.valor(QUANTAS_ENTRE, primeiro, ultimo),
        )
    return ultimo


def _confirmar(con: Conexao, execucao: int, elo: str) -> Ponto:
    """Devolve o ponto já conferido, se a execução, pelas colunas dela, ainda tem esse elo."""
    registros = {registro[0]: registro for registro in _bloco(con, execucao - 1, 2)}
    anterior = registros[execucao - 1][DO_ELO] if execucao - 1 in registros else ELO_ZERO.encode()
    registro = registros.get(execucao)
    if registro and registro[DO_ELO] == elo.encode() == percurso.encadear(anterior, registro):
        da_ultima = con.executar(ULTIMA_QUE_INSERIU, execucao).fetchone()
        return Ponto(execucao, elo, registro[-3], da_ultima[1] if da_ultima else 0)
    raise Quebra(f"execução {execucao}: o elo já não é {elo[:16]}…, o que se conferiu", "E11")


def _livro(con: Conexao, depois_da: int) -> Iterator[list[Registro]]:
    """Devolve, em blocos, as execuções depois desta, que é 0 se é o livro inteiro."""
    proxima = depois_da + 1 if depois_da else MENOR_ID
    while bloco := _bloco(con, proxima, POR_BLOCO):
        yield bloco
        proxima = bloco[-1][0] + 1


def _bloco(con: Conexao, primeira: int, quantas: int) -> list[Registro]:
    registros = []
    for linha in todas_em_bytes(con.pg, EXECUCOES, primeira, quantas):
        registro = [*linha]
        for coluna in CONTADORES:
            registro[coluna] = int(linha[coluna])
        registros.append(tuple(registro))
    return registros


def _que_inseriram(con: Conexao, execucao: int, depois_de: int) -> Iterator[Registro]:
    """Devolve as execuções depois desta que gravaram linhas com id maior que `depois_de`."""
    while bloco := con.executar(QUE_INSERIRAM, execucao, depois_de, POR_BLOCO).fetchall():
        yield from bloco
        execucao = bloco[-1][0]


def _conferir_indice(con: Conexao, depois_de: int) -> None:
    """Procura no índice de e-mails cada linha depois desta."""
    con.executar(SO_PELO_INDICE, "off")
    fora = con.executar(FORA_DO_INDICE, depois_de).fetchone()
    con.executar(SO_PELO_INDICE, "on")
    if fora:
        raise Quebra(f"usuarios, linha {fora[0]}: o índice de e-mails não a tem", "A5")
