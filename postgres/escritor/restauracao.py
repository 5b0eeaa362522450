"""`restaurar` no servidor: de um arquivo SQLite, conferido inteiro, entra o que o banco não tem.

Um banco num servidor não se troca: ele cresce. O arquivo tem de continuar a história que
está lá (de um banco vazio, qualquer um continua), e ids, instantes, execuções, lacres e elos
ficam como eram. É a volta de `leitor copiar`, e a mudança de um motor para o outro.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from tempfile import NamedTemporaryFile

from escritor import erros
from escritor.banco.linhas import sem_conferir
from escritor.copias.recebida import conferir
from escritor.entrada import fonte
from escritor.erros import Erro
from escritor.execucao import Execucao
from escritor.percurso import Ponto
from escritor.sinais import Sinais
from escritor.texto import milhar
from postgres.escritor import carga, conexao, conferencia, esquema
from postgres.escritor.conexao import Conexao
from postgres.escritor.linhas import COPIA_USUARIOS, copiando
from postgres.escritor.livro import INSERE_EXECUCAO

ELO = "SELECT elo FROM execucoes WHERE id = ?"
EXECUCOES_DEPOIS = "SELECT * FROM execucoes WHERE id > ? ORDER BY id"
POR_VEZ = 1_000  # execuções


def restaurar(
    endereco: str,
    arquivo: str,
    espera: float,
    sinais: Sinais,
    *,
    sem_copia: bool,  # noqa: ARG001 - nada sai do lugar, e não há o que guardar
) -> tuple[list[str], Execucao]:
    """Acrescenta ao banco o que a cópia tem a mais; devolve o que dizer e a última execução dela.

    Levanta Erro 65 se a cópia não passa, ou se é mais antiga que o banco, ou de outra
    história; 66 se não há.
    """
    nome = "a cópia da entrada padrão" if arquivo == "-" else fonte.nome_da_origem(arquivo)
    with _recebido(arquivo) as recebido:
        resumo, ultima = conferir(recebido, nome, sinais)
        with (
            conexao.abrir(endereco, espera, sinais) as con,
            closing(sqlite3.connect(recebido)) as copia,
            con.transacao(),
        ):
            esquema.garantir(con)
            ponto = conferencia.antes_de_gravar(con)
            _conferir_historia(con.endereco, copia, ponto, ultima, nome)
            novas = _acrescentar(con, copia, ponto, ultima.total - ponto.total)
    entrou = f"entraram: {milhar(novas)}, execuções: {milhar(ultima.id - ponto.execucao)}"
    return [f"restaurado: {con.endereco} é agora {nome}; {resumo}; {entrou}"], ultima


@contextmanager
def _recebido(arquivo: str) -> Iterator[str]:
    """Traz os bytes da cópia para um temporário, onde ninguém mais lhe mexe. Levanta Erro 74."""
    try:
        with NamedTemporaryFile(prefix="desafio2-") as destino:
            with fonte.binario(arquivo) as origem:
                destino.writelines(fonte.trechos(arquivo, origem))
            destino.flush()
            yield destino.name
    except OSError as erro:
        raise Erro(
            erros.ENTRADA_SAIDA,
            f"{arquivo}: não dá para guardar a cópia enquanto se confere ({erros.motivo(erro)}); "
            "nada foi gravado. Libere espaço, ou diga outra pasta em TMPDIR.",
        ) from erro


def _conferir_historia(
    endereco: str, copia: sqlite3.Connection, ponto: Ponto, ultima: Execucao, nome: str
) -> None:
    """Exige que a cópia tenha, na execução em que o banco está, o elo dele. Levanta Erro 65.

    Um elo resume todas as execuções até ele: um igual é uma história igual.
    """
    if not ponto.execucao:
        return
    ate = f"o banco vai até a execução {milhar(ponto.execucao)}"
    achado = copia.execute(ELO, (ponto.execucao,)).fetchone()
    if achado == (ponto.elo,):
        return
    motivo = f"de outra história: {ate}"
    if not achado:
        motivo = f"mais antiga, ou de outra história: {ate}, e a cópia até a {milhar(ultima.id)}"
    raise Erro(
        erros.DADOS,
        f"{endereco}: {nome} é {motivo}; nada foi gravado. Restaure-a num banco vazio.",
    )


def _acrescentar(con: Conexao, copia: sqlite3.Connection, ponto: Ponto, quantas: int) -> int:
    """Copia as linhas e as execuções depois do ponto, como são; devolve quantas linhas foram."""
    novas = 0
    refaz = quantas > carga.POUCAS and ponto.total <= carga.REFAZ * quantas
    if refaz:
        con.executar(carga.SOLTA)
    with copiando(con.pg, COPIA_USUARIOS) as mandar:
        for entram, _, linhas in sem_conferir(copia, ponto.fim):  # já conferidas ao receber
            mandar(linhas)
            novas += entram
    if refaz:
        carga.refazer(con)
    execucoes = copia.execute(EXECUCOES_DEPOIS, (ponto.execucao,))
    with con.pg.cursor() as cursor:
        while bloco := execucoes.fetchmany(POR_VEZ):
            cursor.executemany(INSERE_EXECUCAO, bloco)
    return novas
