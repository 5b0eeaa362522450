"""O banco da versão comum do exercício, e o que se confere de uma adoção que falhou."""

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

from tests.campanhas.apoio import CURAS, limpar, quente, recuperado, sobras
from tests.conftest import Programa
from tests.contrato import AMOSTRA, INSERE_COMUM, VERSAO_COMUM, pessoas
from tests.processos import Saida
from tests.test_restaurar import datadas

VEZES_DE_SEMPRE = 4  # quantas vezes a versão comum rodou
MUITAS_VEZES = 10_000  # idem: a adoção leva alguns décimos de segundo


def criar_comum(banco: Path, vezes: int = VEZES_DE_SEMPRE) -> None:
    """O banco que a versão comum do exercício deixa depois de rodar tantas vezes."""
    limpar(banco.parent)
    with closing(sqlite3.connect(banco)) as con:
        con.execute(VERSAO_COMUM)
        datas = [(*pessoa, "2025-12-01T14:30:00.123456") for pessoa in AMOSTRA]
        con.executemany(INSERE_COMUM, datas * vezes)
        con.commit()


def adotado(banco: Path, vezes: int, rotulo: str) -> bool:
    """Diz se o que está confirmado é o banco adotado; senão, tem de ser o antigo, inteiro."""
    with recuperado(banco) as con:
        tabelas = {nome for (nome,) in con.execute("SELECT name FROM sqlite_schema")}
        gente = con.execute("SELECT nome, email FROM usuarios ORDER BY id").fetchall()
        [assinatura] = con.execute("PRAGMA application_id").fetchone()
    foi = "execucoes" in tabelas
    assert bool(assinatura) == foi, rotulo
    assert gente == (AMOSTRA if foi else AMOSTRA * vezes), rotulo
    return foi


def conferir_adocao(
    banco: Path, vezes: int, saida: Saida, leitor: Programa, escritor: Programa, rotulo: str
) -> bool:
    """Confere que nada se perdeu, e que o próximo escritor conclui a adoção interrompida.

    Devolve se havia um diário quente.
    """
    havia_diario = quente(banco)
    foi = adotado(banco, vezes, rotulo)
    if saida.codigo == 0 or "adotado: " in saida.stderr:
        assert foi, rotulo
    elif "nada foi gravado" in saida.stderr:
        assert not foi, rotulo
    lido = leitor()
    assert lido.codigo == (75 if havia_diario else 0 if foi else 78), f"{rotulo}: {lido.stderr}"
    cura = Random(rotulo).choice(CURAS)
    feito = escritor(*cura)
    assert feito.codigo == 0, f"{rotulo}; {cura[0]}: {feito.stderr}"
    assert leitor("verificar").codigo == 0, rotulo
    assert pessoas(banco)[: len(AMOSTRA)] == AMOSTRA, rotulo
    assert adotado_uma_vez(banco), rotulo
    assert not sobras(banco.parent), rotulo
    copias = datadas(banco)
    assert copias, rotulo
    assert {len(pessoas(copia)) for copia in copias} == {vezes * len(AMOSTRA)}, rotulo
    return havia_diario


def adotado_uma_vez(banco: Path) -> bool:
    """Diz se o livro conta uma adoção, e é a primeira execução."""
    with recuperado(banco) as con:
        origens = [origem for (origem,) in con.execute("SELECT origem FROM execucoes ORDER BY id")]
    return origens[0] == "adocao" and origens.count("adocao") == 1
