"""O vigia: o que diz de cada mudança, e como atravessa um banco que falta ou falha."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from leitor import erros
from tests.contrato import alterar, consultar, fotografar
from tests.processos import trava
from tests.test_verificar_arquivo import diario_quente
from tests.vigilia import NADA, Passo, Vigiar, avisos, ditas, importa, nada, repete

ADULTERA = "UPDATE usuarios SET nome = 'Outra' WHERE id = 2"
PASSOU = "[LEITOR] agora em ordem: tudo verificado"


def test_primeira_leitura(gravado: Path, vigiar: Vigiar) -> None:
    """Diz quanto há e com que elo se reconhece; não muda um byte."""
    antes = fotografar(gravado.parent)
    saida = vigiar()
    [(elo,)] = consultar(gravado, "SELECT elo FROM execucoes WHERE id = 3")
    assert (saida.codigo, avisos(saida)) == (0, [])
    assert ditas(saida) == [
        f"primeira leitura: verificado, tudo em ordem; usuários: 5, execuções: 3, elo {elo[:16]}…"
    ]
    assert fotografar(gravado.parent) == antes


def test_nada_mudou_e_dito_uma_vez(gravado: Path, vigiar: Vigiar) -> None:
    """Quem lê o log sabe que o vigia vive; e o log não enche."""
    saida = vigiar(nada, nada, repete(), nada, nada)
    assert saida.codigo == 0
    assert avisos(saida) == [NADA]
    assert len(ditas(saida)) == 2
    assert consultar(gravado, "SELECT count(*) FROM execucoes") == [(4,)]


def test_execucao_nova(semeado: Path, vigiar: Vigiar) -> None:
    """Uma linha por execução, uma para os usuários: quantos e os três primeiros."""
    saida = vigiar(importa(5), repete())
    [(lacre, onde), (vazio, _)] = consultar(
        semeado, "SELECT lacre, container FROM execucoes WHERE id > 1 ORDER BY id"
    )
    assert (saida.codigo, avisos(saida)) == (0, [])
    assert ditas(saida)[1:] == [
        f"execução 2 (importar:-), container {onde}; inseridos: 5, já existiam: 0, total: 8; "
        f"lacre sha256 {lacre[:16]}…",
        "usuários novos: 5; 4 P1 <p1-5@x.com>, 5 P2 <p2-5@x.com>, 6 P3 <p3-5@x.com> … e mais 2",
        f"execução 3 (importar:-), container {onde}; inseridos: 0, já existiam: 3, total: 8; "
        f"lacre sha256 {vazio[:16]}…",
    ]


def test_muitas_execucoes_de_uma_vez(semeado: Path, vigiar: Vigiar) -> None:
    """Depois de uma ausência longa, dez linhas e a conta do resto."""
    saida = vigiar(lambda: [repete()() for _ in range(13)])
    linhas = ditas(saida)[1:]
    assert saida.codigo == 0
    assert [linha.split(" ")[1] for linha in linhas[:10]] == [str(n) for n in range(2, 12)]
    assert linhas[10:] == ["… e mais execuções: 3"]
    assert consultar(semeado, "SELECT count(*) FROM execucoes") == [(14,)]


def test_banco_que_ainda_nao_ha(banco: Path, vigiar: Vigiar) -> None:
    """Um vigia que começa antes do escritor: diz a falta uma vez, e a primeira leitura."""
    saida = vigiar(nada, nada, repete())
    assert saida.codigo == 0
    assert avisos(saida) == [
        f"[LEITOR] ERRO: {banco}: não há banco. {erros.rode_o_escritor(str(banco))}",
        PASSOU,
    ]
    [linha] = ditas(saida)
    assert linha.startswith("primeira leitura: verificado, tudo em ordem; usuários: 3")


def sumir(banco: Path, _: ExitStack) -> Passo:
    """O banco sai de onde estava e volta."""
    fora = banco.with_name("fora")
    banco.rename(fora)
    return lambda: fora.rename(banco)


def travar(banco: Path, pilha: ExitStack) -> Passo:
    """Um escritor com a trava exclusiva por mais que a espera."""
    return pilha.enter_context(trava(banco, "EXCLUSIVE"))


def diario(banco: Path, _: ExitStack) -> Passo:
    """Uma gravação interrompida, que um escritor desfaz."""
    diario_quente(banco)
    return banco.with_name(f"{banco.name}-journal").unlink


def adulterar(banco: Path, _: ExitStack) -> Passo:
    """Uma linha mudada depois de selada, e a cópia boa de volta."""
    copia = banco.read_bytes()
    alterar(banco, ADULTERA)
    return lambda: banco.write_bytes(copia)


def rasgar(banco: Path, _: ExitStack) -> Passo:
    """Metade do arquivo."""
    copia = banco.read_bytes()
    os.truncate(banco, len(copia) // 2)
    return lambda: banco.write_bytes(copia)


@pytest.mark.parametrize(
    ("estragar", "codigo", "motivo"),
    [
        (sumir, 66, "não há banco"),
        (travar, 75, "segurou a trava por mais de 0.2 s"),
        (diario, 75, "diário quente"),
        (adulterar, 65, "lacre quebrado na execução 1"),
        (rasgar, 65, ""),
    ],
)
def test_falha_e_volta(
    estragar: Callable[[Path, ExitStack], Passo],
    codigo: int,
    motivo: str,
    semeado: Path,
    vigiar: Vigiar,
) -> None:
    """A falha é dita uma vez, a volta também; o que mudou no meio é dito depois dela."""
    with ExitStack() as pilha:
        consertos: list[Passo] = []

        def consertar() -> None:
            consertos.pop()()

        def quebrar() -> None:
            consertos.append(estragar(semeado, pilha))

        saida = vigiar(quebrar, nada, consertar, nada, importa(1))
    assert saida.codigo == 0
    erro, *resto = avisos(saida)
    assert erro.startswith(f"[LEITOR] ERRO: {semeado}: ")
    assert motivo in erro
    assert resto == [PASSOU, NADA]
    assert [linha.split(" ")[0] for linha in ditas(saida)] == ["primeira", "execução", "usuários"]

    with ExitStack() as pilha:
        estragado = vigiar(lambda: estragar(semeado, pilha), nada)
    assert (estragado.codigo, len(avisos(estragado))) == (codigo, 1), "o fim é o da última leitura"


def test_cada_falha_nova_e_dita(semeado: Path, vigiar: Vigiar) -> None:
    """De uma falha a outra, sem passar pela ordem: as duas são ditas."""
    saida = vigiar(lambda: alterar(semeado, ADULTERA), nada, semeado.unlink, nada)
    assert saida.codigo == 66
    assert ["lacre quebrado" in erro for erro in avisos(saida)] == [True, False]
    assert "não há banco" in avisos(saida)[1]


def test_nao_segura_o_banco_entre_as_leituras(semeado: Path, vigiar: Vigiar) -> None:
    """Enquanto espera, nem descritor aberto nem trava: quem quer o banco o tem inteiro."""
    abertos: list[Path] = []

    def olhar() -> None:
        abertos.extend(fd.resolve() for fd in Path("/proc/self/fd").iterdir())
        with trava(semeado, "EXCLUSIVE"):
            pass

    saida = vigiar(olhar)
    assert saida.codigo == 0
    assert abertos
    assert semeado not in abertos
