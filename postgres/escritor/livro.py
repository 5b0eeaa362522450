"""O livro `execucoes` no servidor."""

from __future__ import annotations

from escritor.execucao import Execucao
from postgres.escritor.conexao import Conexao

# Quem escuta o canal sabe, no COMMIT, que há uma execução nova, e qual.
CANAL = "desafio2"
AVISA = f"SELECT pg_notify('{CANAL}', %s)"
INSERE_EXECUCAO = f"INSERT INTO desafio2.execucoes VALUES ({', '.join(['%s'] * 14)})"
ULTIMA_EXECUCAO = "SELECT * FROM desafio2.execucoes ORDER BY id DESC LIMIT 1"


def ultima_execucao(con: Conexao) -> Execucao | None:
    """Devolve a execução mais recente do livro, ou None se não há."""
    linha = con.executar(ULTIMA_EXECUCAO).fetchone()
    return Execucao._make(linha) if linha else None


def registrar(con: Conexao, execucao: Execucao) -> None:
    """Escreve a execução no livro, na transação que gravou as linhas dela, e a anuncia."""
    con.executar(INSERE_EXECUCAO, *execucao)
    con.executar(AVISA, execucao.ancora)
