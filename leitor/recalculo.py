"""O que se recalcula das linhas e do livro, e se compara: igual para qualquer motor.

O motor só lê (`leitor.porta.Recalculavel`); as regras são as de docs/contrato.md.
"""

from __future__ import annotations

from leitor import erros, indice, livro
from leitor.lacres import conferir_lacres
from leitor.texto import contar, milhar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from leitor.porta import Recalculavel


def lacres(leitura: Recalculavel) -> str:
    """Recalcula os lacres e confere cada linha; junta os pares que `do_indice` compara."""
    quantos, quebrados, problema = conferir_lacres(leitura, leitura.pares)
    if quebrados:
        raise leitura.quebra(
            "E10",
            f"lacre quebrado na execução {', '.join(quebrados[:3])}"
            f"{' …' if len(quebrados) > 3 else ''}: as linhas não são as que foram gravadas",
        )
    if problema:
        raise leitura.quebra(*problema)
    return f"{milhar(quantos)} recalculados das linhas, e iguais"


def elos(leitura: Recalculavel) -> str:
    """Recalcula a corrente."""
    quantos, quebrado = livro.elo_quebrado(leitura.elos())
    if quebrado is not None:
        motivo = f"elo quebrado na execução {quebrado}: o livro não é o que foi gravado"
        raise leitura.quebra("E11", motivo)
    return f"a corrente, de {contar(quantos, 'execução', 'execuções')}, está inteira"


def totais(leitura: Recalculavel) -> str:
    """Confere as contas do livro com as linhas que há."""
    usuarios = leitura.quantos()
    execucoes, problema = livro.problema(leitura.contas(), usuarios)
    if problema:
        raise leitura.quebra(*problema)
    if not execucoes:
        raise leitura.recusa(
            erros.SEM_ENTRADA, f"nenhum usuário e nenhuma execução. {leitura.rode_o_escritor()}"
        )
    return f"usuários: {milhar(usuarios)}, cada um em uma execução"


def do_indice(leitura: Recalculavel) -> str:
    """Lê o índice de e-mails e o compara com as linhas por que os lacres passaram."""
    if problema := indice.problema(leitura.blocos_do_indice(), leitura.pares):
        raise leitura.quebra(*problema)
    return "tem os mesmos e-mails que a tabela"
