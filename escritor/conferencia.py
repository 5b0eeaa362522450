"""Uma cópia está inteira? Todas as perguntas do leitor, com as contas do escritor."""

from __future__ import annotations

import sqlite3

from escritor import banco, carga, erros, livro
from escritor.erros import Erro
from escritor.livro import Execucao
from escritor.progresso import milhar

INTEGRIDADE = "PRAGMA integrity_check(1)"
EXECUCOES = "SELECT * FROM execucoes ORDER BY id"
# Lidas pelo módulo sqlite3, que as decodifica: o lacre é sobre bytes, e não veria a diferença.
TEXTOS = "SELECT nome, email, criado_em FROM usuarios NOT INDEXED"
QUANTOS = "SELECT count(*) FROM usuarios NOT INDEXED"
QUANTOS_ENTRE = "SELECT count(*) FROM usuarios NOT INDEXED WHERE id BETWEEN ? AND ?"


def conferir(con: sqlite3.Connection, nome: str) -> str:
    """Confere esquema, integridade, lacres, elos e totais; devolve o resumo do que há.

    Levanta Erro 65 (ou 78, se o esquema é outro) com `nome` à frente, e
    sqlite3.Error ou UnicodeError se nem dá para ler.
    """
    banco.conferir_esquema(con, nome)
    (achado,) = con.execute(INTEGRIDADE).fetchone()
    if achado != "ok":
        raise _recusa(nome, f"integrity_check: {' '.join(str(achado).split())}")
    if any("\x00" in "".join(textos) for textos in con.execute(TEXTOS)):
        raise _recusa(nome, "há um NUL num texto, onde o lacre pararia")
    anterior = None
    fim = 0
    for linha in con.execute(EXECUCOES):
        execucao = Execucao._make(linha)
        if problema := _problema(con, execucao, anterior, fim):
            raise _recusa(nome, f"execução {execucao.id}: {problema}")
        anterior = execucao
        fim = execucao.ultimo_id or fim
    if anterior is None:
        raise _recusa(nome, "nenhuma execução registrada")
    if (quantos := carga.valor(con, QUANTOS)) != anterior.total:
        raise _recusa(nome, f"há {quantos} usuários, as execuções registram {anterior.total}")
    return f"usuários: {milhar(anterior.total)}, execuções: {milhar(anterior.id)}"


def _problema(
    con: sqlite3.Connection, execucao: Execucao, anterior: Execucao | None, fim: int
) -> str | None:
    """Devolve o que não fecha numa execução; `fim` é o último id das anteriores."""
    primeiro, ultimo = execucao.primeiro_id, execucao.ultimo_id
    if execucao.id != (anterior.id + 1 if anterior else 1):
        return "fora da sequência"
    if execucao.elo != livro.encadear(anterior.elo if anterior else livro.ELO_ZERO, execucao):
        return "elo quebrado"
    if execucao.lidos != execucao.inseridos + execucao.repetidos:
        return "lidos não é inseridos + repetidos"
    if execucao.total != (anterior.total if anterior else 0) + execucao.inseridos:
        return "o total não é a soma"
    if primeiro is None or ultimo is None:
        achados = 0 if primeiro is ultimo else -1
        lacre = carga.lacrar(con, 0, 0)
    else:
        achados = (
            carga.valor(con, QUANTOS_ENTRE, primeiro, ultimo) if fim < primeiro <= ultimo else -1
        )
        lacre = carga.lacrar(con, primeiro - 1, ultimo)
    if achados != execucao.inseridos:
        return "os ids não são os que ela registrou"
    return None if execucao.lacre == lacre else "lacre quebrado"


def _recusa(nome: str, motivo: str) -> Erro:
    return Erro(
        erros.DADOS, f"{nome}: {motivo}; não foi restaurado, o banco está como estava. Use outra."
    )
