"""Erros de disco: EIO e ENOSPC em cada chamada; 74, e os dados antigos inteiros."""

from collections import Counter
from pathlib import Path

import pytest

from leitor.texto import milhar
from tests.campanhas.adocao import VEZES_DE_SEMPRE, conferir_adocao, criar_comum
from tests.campanhas.apoio import Caso, conferir_copia, conferir_e_curar, limpar, possiveis, sobras
from tests.campanhas.relato import Campanha, contas_em_texto
from tests.campanhas.strace import DO_BANCO, Ponto, pontos, python, rastrear
from tests.conftest import Programa
from tests.contrato import fotografar
from tests.processos import Saida

ERROS = ("EIO", "ENOSPC")


def vizinhanca(banco: Path) -> list[Path]:
    """Os caminhos em que o escritor toca."""
    sufixos = ["", "-journal", ".desafio2-restaurando", ".desafio2-anterior"]
    return [banco.parent, *(banco.with_name(banco.name + sufixo) for sufixo in sufixos)]


def codigos_de(ponto: Ponto) -> set[int]:
    """Os códigos que servem: 74, ou 0 se a chamada era dispensável.

    De um erro ao ler, o SQLite às vezes só conta que o banco está corrompido
    (vdbe.c, SQLITE_IOERR_CORRUPTFS, e o integrity_check): 65 também serve.
    """
    return {0, 74, 65} if ponto.chamada == "pread64" else {0, 74}


def enumerar(cmd: list[str], so: list[Path]) -> list[tuple[Ponto, str]]:
    """Roda o comando uma vez até o fim; devolve cada chamada dele com cada erro."""
    saida, registro = rastrear(cmd, DO_BANCO, so=so)
    assert saida.codigo == 0, saida
    return [(ponto, erro) for ponto in pontos(registro) for erro in ERROS]


def falhar(cmd: list[str], ponto: Ponto, erro: str, so: list[Path], rotulo: str) -> Saida:
    """Roda o comando com o erro nesta chamada; confere que ele houve, o código e a linha."""
    injetar = ("-e", f"inject={ponto.chamada}:error={erro}:when={ponto.n}")
    saida, registro = rastrear(cmd, DO_BANCO, *injetar, so=so)
    assert "(INJECTED)" in registro, rotulo
    assert saida.codigo in codigos_de(ponto), f"{rotulo}: {saida.stderr}"
    assert saida.codigo == 0 or "] ERRO: " in saida.stderr.splitlines()[-1], f"{rotulo}: {saida}"
    # Uma adoção, que é uma gravação à parte, é contada mesmo se a seguinte falha.
    linhas = 5 if "adotado: " in saida.stderr else 1
    assert saida.codigo == 0 or saida.stderr.count("\n") == linhas, f"{rotulo}: {saida.stderr}"
    return saida


@pytest.mark.usefixtures("strace")
def test_erro_em_cada_chamada_do_escritor(
    campanha: Campanha,
    casos_pequenos: list[Caso],
    banco: Path,
    leitor: Programa,
    escritor: Programa,
) -> None:
    """Uma linha que diz a verdade sobre o que foi gravado, e o próximo escritor segue em frente."""
    todos = []
    for caso in casos_pequenos:
        caso.preparar(banco)
        falhas = enumerar(python("escritor", *caso.argv), vizinhanca(banco))
        todos += [(caso, *falha) for falha in falhas]
    vezes = min(campanha.vezes("erros de disco"), len(todos))
    codigos: Counter[int] = Counter()
    for caso, ponto, erro in campanha.acaso("erros").sample(todos, vezes):
        rotulo = campanha.rotulo(caso.nome, f"{erro} em {ponto}")
        caso.preparar(banco)
        saida = falhar(python("escritor", *caso.argv), ponto, erro, vizinhanca(banco), rotulo)
        conferir_e_curar(banco, caso, possiveis(saida, caso), leitor, escritor, rotulo)
        codigos[saida.codigo] += 1
    assert codigos[74] > vezes / 2
    campanha.anotar(
        tentou=f"EIO e ENOSPC em {milhar(vezes)} de {milhar(len(todos))} chamadas do escritor",
        viu=f"códigos do escritor: {contas_em_texto(codigos)}",
        perdeu="nada: os dados antigos inteiros, e a mensagem verdadeira",
    )


@pytest.mark.usefixtures("strace")
def test_erro_em_cada_chamada_do_leitor(
    campanha: Campanha, gravado: Path, leitor: Programa
) -> None:
    """O leitor recusa com 74 e uma linha, ou mostra tudo; e não muda nada."""
    antes = fotografar(gravado.parent)
    argv = ["listar", "--formato", "jsonl"]
    inteiro = leitor(*argv).stdout
    cmd = python("leitor", *argv)
    todos = enumerar(cmd, vizinhanca(gravado))
    vezes = min(campanha.vezes("erros do leitor"), len(todos))
    codigos: Counter[int] = Counter()
    for ponto, erro in campanha.acaso("erros do leitor").sample(todos, vezes):
        rotulo = campanha.rotulo("leitor", f"{erro} em {ponto}")
        saida = falhar(cmd, ponto, erro, vizinhanca(gravado), rotulo)
        assert saida.stdout == (inteiro if saida.codigo == 0 else ""), rotulo
        assert fotografar(gravado.parent) == antes, rotulo
        codigos[saida.codigo] += 1
    assert codigos[74]
    campanha.anotar(
        tentou=f"em {milhar(vezes)} de {milhar(len(todos))} do leitor",
        viu=f"do leitor: {contas_em_texto(codigos)}",
    )


@pytest.mark.usefixtures("strace")
def test_erro_em_cada_chamada_da_adocao(
    campanha: Campanha, banco: Path, leitor: Programa, escritor: Programa
) -> None:
    """O volume antigo está inteiro, ou adotado, como se disse; e o próximo escritor o adota."""
    criar_comum(banco)
    so = [*vizinhanca(banco), banco.with_name(f"{banco.name}.desafio2-guardando")]
    todos = enumerar(python("escritor"), so)
    vezes = min(campanha.vezes("erros na adoção"), len(todos))
    codigos: Counter[int] = Counter()
    for ponto, erro in campanha.acaso("erros na adoção").sample(todos, vezes):
        rotulo = campanha.rotulo("adoção", f"{erro} em {ponto}")
        criar_comum(banco)
        saida = falhar(python("escritor"), ponto, erro, so, rotulo)
        conferir_adocao(banco, VEZES_DE_SEMPRE, saida, leitor, escritor, rotulo)
        codigos[saida.codigo] += 1
    assert codigos[74] > vezes / 2
    campanha.anotar(
        tentou=f"em {milhar(vezes)} de {milhar(len(todos))} da adoção",
        viu=f"na adoção, {contas_em_texto(codigos)}",
    )


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("opcoes", [[], ["--substituir"]], ids=["nome novo", "substituir"])
def test_erro_em_cada_chamada_de_copiar(
    opcoes: list[str],
    campanha: Campanha,
    gravado: Path,
    modelos: Path,
    leitor: Programa,
    tmp_path: Path,
) -> None:
    """A cópia só existe inteira, e só se não se disse o contrário; o banco não muda."""
    destino = tmp_path / "cópias" / "cópia.db"
    parciais = [destino.with_name(f"{destino.name}.desafio2-parcial{s}") for s in ("", "-journal")]
    so = [*vizinhanca(gravado), destino.parent, destino, *parciais]
    cmd = python("leitor", "copiar", str(destino), *opcoes)
    antes = fotografar(gravado.parent)
    havia = (modelos / "semeado").read_bytes() if opcoes else None

    def preparar() -> None:
        limpar(destino.parent)
        if havia:
            destino.write_bytes(havia)

    preparar()
    todos = enumerar(cmd, so)
    vezes = min(campanha.vezes("erros ao copiar"), len(todos))
    codigos: Counter[int] = Counter()
    for ponto, erro in campanha.acaso("erros ao copiar").sample(todos, vezes):
        rotulo = campanha.rotulo("copiar", *opcoes, f"{erro} em {ponto}")
        preparar()
        saida = falhar(cmd, ponto, erro, so, rotulo)
        # O que não se deixou apagar só a cópia seguinte apaga.
        assert ponto.chamada == "unlink" or not sobras(destino.parent), rotulo
        conferir_copia(destino, havia, saida, leitor, rotulo)
        assert fotografar(gravado.parent) == antes, rotulo
        codigos[saida.codigo] += 1
    assert codigos[74] > vezes / 2
    campanha.anotar(
        tentou=f"em {milhar(vezes)} de {milhar(len(todos))} de `leitor copiar {' '.join(opcoes)}`",
        viu=f"ao copiar, {contas_em_texto(codigos)}",
    )
