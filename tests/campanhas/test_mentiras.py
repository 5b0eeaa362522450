"""Mentiras: bancos bem selados que o contrato proíbe, e os mais estranhos que ele permite."""

import json
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from leitor.texto import milhar
from tests.campanhas.mentiras.contrato import DO_ESQUEMA, MAIOR_ID, REGRAS
from tests.campanhas.mentiras.forja import honesta
from tests.campanhas.mentiras.oraculo import quebradas
from tests.campanhas.mentiras.receitas import JUNTO_ANTES, JUNTO_DEPOIS, MENTIRAS, PERMITIDAS
from tests.campanhas.relato import Campanha, contas_em_texto
from tests.contrato import AMOSTRA, consultar, fotografar
from tests.motores import ESCRITOR, LEITOR
from tests.processos import RAIZ, Saida, rodar
from tests.test_propriedades import chamar

RECEITAS = [*PERMITIDAS, *MENTIRAS]
REGRA = re.compile(r"\b[AUE][1-9][0-9]?\b")
MOSTRADAS = 20  # queixas
NOVAS = [("Nova", "nova@novas.example"), ("Novíssima", "novissima@novas.example")]
PESSOAS = "SELECT id, nome, email, criado_em FROM usuarios ORDER BY id"
EXECUCOES = "SELECT * FROM execucoes ORDER BY id"
# Roda o par que estiver na pasta atual com cada banco: o código do leitor, e o do escritor.
AO_PAR = """
import io, sys
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from importlib import import_module
from inspect import signature
mains = []
for programa, motor in {"leitor": "leitor.banco", "escritor": "escritor.sqlite"}.items():
    main = import_module(f"{programa}.app").main
    if "banco" in signature(main).parameters:  # o par 1.0.0 ainda não o pedia
        main = partial(main, banco=import_module(motor))
    mains.append(main)
for banco in sys.argv[1:]:
    with redirect_stdout(io.TextIOWrapper(io.BytesIO())), redirect_stderr(io.StringIO()):
        codigos = [main(["--banco", banco]) for main in mains]
    print(*codigos)
"""


class Caso(NamedTuple):
    """Um banco forjado, o que o oráculo diz dele, e como se diz qual é."""

    banco: Path
    quebra: set[str]
    vazio: bool
    rotulo: str


def forjar(campanha: Campanha, vez: int, banco: Path) -> Caso:
    """Faz o banco da vez: as receitas em roda, às vezes com outra coisa junto.

    O que as receitas dizem que quebram, o oráculo tem de dizer também.
    """
    acaso = campanha.acaso("mentira", vez)
    receitas = [RECEITAS[vez % len(RECEITAS)]]
    sozinha = receitas[0] in PERMITIDAS or receitas[0].nome == "recém-criado"
    if not sozinha and acaso.random() < 0.3:
        receitas.insert(0, acaso.choice(JUNTO_ANTES))
    forja = honesta(acaso)
    sorteado = [(receita.nome, receita.faz(acaso, forja)) for receita in receitas]
    # Num esquema disfarçado, o próprio SQLite já não muda linhas.
    aceita = not (sozinha or forja.disfarce) and receitas[-1].nome != "livro calado"
    if aceita and acaso.random() < 0.1:
        receitas.append(acaso.choice(JUNTO_DEPOIS))
        sorteado.append((receitas[-1].nome, receitas[-1].faz(acaso, forja)))
    forja.fazer(banco)
    rotulo = campanha.rotulo("mentira", vez, ascii(sorteado)[:300])
    quebra = quebradas(banco)
    previstas = {receita.regra for receita in receitas} - {""}  # uma pode desfazer a outra
    assert bool(previstas & quebra) == bool(quebra) == bool(previstas), f"{rotulo}: {quebra}"
    return Caso(banco, quebra, not (forja.pessoas or forja.livro), rotulo)


def da_recusa(saida: Saida, quebra: set[str]) -> Iterator[str]:
    """O que há de errado numa recusa: código, linha única e imprimível, regra quebrada mesmo."""
    linha = saida.stderr.removesuffix("\n")
    citadas = set(REGRA.findall(linha))
    if saida.stdout:
        yield "recusou e mostrou linhas"
    if not linha.isprintable() or "] ERRO: " not in linha:
        yield "não disse uma linha que se possa imprimir"
    if len(citadas) != 1 or not citadas <= quebra:
        yield f"cita {sorted(citadas)}"
    if saida.codigo != (78 if citadas & DO_ESQUEMA else 65):
        yield "o código não é o da regra"


def do_leitor(caso: Caso) -> tuple[Saida, list[str]]:
    """O que o leitor diz do banco, e o que há de errado nisso."""
    antes = fotografar(caso.banco.parent)
    argv = ["listar", "--formato", "jsonl", "--banco", str(caso.banco), "--espera", "0"]
    saida = Saida(*chamar(LEITOR, *argv))
    queixas: list[str] = []
    if caso.vazio and saida.codigo == 66:
        pass
    elif caso.quebra:
        queixas += da_recusa(saida, caso.quebra)
    elif saida.codigo or _listadas(saida.stdout) != consultar(caso.banco, PESSOAS):
        queixas.append("recusou o que o contrato permite, ou listou outra coisa")
    if fotografar(caso.banco.parent) != antes:
        queixas.append("mudou o banco")
    return saida, queixas


def _listadas(jsonl: str) -> list[tuple[object, ...]]:
    linhas = [json.loads(linha) for linha in jsonl.split("\n")[:-1]]
    return [tuple(linha[nome] for nome in ("id", "nome", "email", "criado_em")) for linha in linhas]


def do_escritor(caso: Caso, argv: list[str], entram: int) -> tuple[Saida, list[str]]:
    """O que o escritor faz do banco, com este comando, e o que há de errado nisso."""
    antes = fotografar(caso.banco.parent)
    perguntas = () if caso.quebra else (PESSOAS, EXECUCOES)
    linhas = {sql: consultar(caso.banco, sql) for sql in perguntas}
    saida = Saida(*chamar(ESCRITOR, *argv, "--banco", str(caso.banco), "--espera", "0"))
    aceita = not caso.quebra or caso.vazio
    quebra = caso.quebra
    if aceita and linhas.get(PESSOAS) and linhas[PESSOAS][-1][0] + entram > MAIOR_ID:
        aceita, quebra = False, {"U1"}  # não cabem: os ids acabaram
    if not aceita:
        queixas = [*da_recusa(saida, quebra)]
        return saida, queixas + ["mudou o banco"] * (fotografar(caso.banco.parent) != antes)
    queixas = [] if saida.codigo == 0 else ["recusou o que o contrato permite"]
    if novas := quebradas(caso.banco) if not queixas else set():
        queixas.append(f"o que gravou quebra {sorted(novas)}")
    for sql, de_antes in linhas.items():
        if consultar(caso.banco, sql)[: len(de_antes)] != de_antes:
            queixas.append("mudou o que já estava gravado")
    return saida, queixas


def da_restauracao(caso: Caso, bom: Path) -> tuple[Saida, list[str]]:
    """O que `restaurar` diz desta cópia, por cima de um banco bom, e o que há de errado nisso."""
    antes = fotografar(bom.parent)
    argv = ["restaurar", str(caso.banco), "--sem-copia", "--banco", str(bom), "--espera", "0"]
    saida = Saida(*chamar(ESCRITOR, *argv))
    if caso.quebra:
        queixas = [*da_recusa(saida, caso.quebra)]
        return saida, queixas + ["mudou o banco"] * (fotografar(bom.parent) != antes)
    iguais = all(consultar(bom, sql) == consultar(caso.banco, sql) for sql in (PESSOAS, EXECUCOES))
    return saida, [] if saida.codigo == 0 and iguais else ["não restaurou o que o contrato permite"]


def entrariam(banco: Path) -> int:
    """Quantos dos usuários de exemplo `semear` grava: todos, ou nenhum se já há alguém."""
    [(quantos,)] = consultar(banco, "SELECT count(*) FROM usuarios")
    return 0 if quantos else len(AMOSTRA)


def julgar(caso: Caso, vez: int, novas: Path, bom: Path) -> Iterator[tuple[str, Saida, list[str]]]:
    """Passa o banco por cada programa: quem foi, o que disse, e o que há de errado nisso."""
    yield "leitor", *do_leitor(caso)
    if vez % 3 == 0:
        yield "restaurar", *da_restauracao(caso, bom)
    semeia = vez % 2 == 0
    entram = 0 if caso.quebra else entrariam(caso.banco) if semeia else len(NOVAS)
    saida, queixas = do_escritor(caso, ["semear"] if semeia else ["importar", str(novas)], entram)
    yield "escritor", saida, queixas
    if saida.codigo == 0 and not queixas:
        yield "leitor, depois", *do_leitor(caso._replace(quebra=set(), vazio=False))


def test_toda_mentira_e_recusada_e_so_ela(
    campanha: Campanha, tmp_path: Path, modelos: Path
) -> None:
    """O oráculo decide: o proibido é 65 ou 78, com a regra e sem um byte mudado; o resto entra."""
    vezes = campanha.vezes("mentiras")
    codigos: Counter[str] = Counter()
    regras: Counter[str] = Counter()
    erradas: list[str] = []
    novas = tmp_path / "novas.csv"
    novas.write_text("nome,email\n" + "".join(f"{n},{e}\n" for n, e in NOVAS), encoding="utf-8")
    bom = tmp_path / "bom" / "bom.db"
    bom.parent.mkdir()
    (tmp_path / "dados").mkdir()
    for vez in range(vezes):
        caso = forjar(campanha, vez, tmp_path / "dados" / "desafio2.db")
        bom.write_bytes((modelos / "semeado").read_bytes())
        regras.update(caso.quebra or {"nenhuma"})
        for quem, saida, queixas in julgar(caso, vez, novas, bom):
            codigos[f"{quem} {saida.codigo}"] += 1
            dito = f"{quem} saiu com {saida.codigo}: {ascii(saida.stderr)[:300]}"
            quebra = sorted(caso.quebra)
            erradas += [f"{q}; {dito}; o oráculo diz {quebra} [{caso.rotulo}]" for q in queixas]
    assert not erradas, "\n".join([f"{len(erradas)} queixas:", *erradas[:MOSTRADAS]])
    assert {*REGRAS} < {*regras}
    campanha.anotar(
        tentou=f"{milhar(vezes)} bancos selados por fora, em {len(RECEITAS)} espécies: "
        f"{milhar(vezes - regras['nenhuma'])} quebram uma das {len(REGRAS)} regras do contrato",
        viu=f"códigos: {contas_em_texto(codigos)}",
        perdeu="nenhuma mentira aceita, nada de permitido recusado; o banco fica intocado",
    )


def test_controle_das_mentiras(campanha: Campanha, tmp_path: Path) -> None:
    """Controle negativo: o par 1.0.0, que não conferia todas as regras, deixa mentiras passarem."""
    with zipfile.ZipFile(RAIZ / "tests/dados/par-1.0.0.zip") as par:
        par.extractall(tmp_path / "par")
    vezes = campanha.vezes("mentiras ao par 1.0.0")
    casos = [
        caso
        for vez in range(vezes)
        if (caso := forjar(campanha, vez, tmp_path / f"{vez}.db")).quebra and not caso.vazio
    ]
    bancos = [str(caso.banco) for caso in casos]
    feito = rodar([sys.executable, "-c", AO_PAR, *bancos], pasta=tmp_path / "par")
    codigos = [linha.split() for linha in feito.stdout.splitlines()]
    assert len(codigos) == len(casos), feito
    lidas, estendidas = (sum(par[i] == "0" for par in codigos) for i in (0, 1))
    assert lidas
    assert estendidas
    campanha.anotar(
        controle=f"o par 1.0.0 aceita {lidas} de {len(casos)} ao ler, {estendidas} ao gravar"
    )


@pytest.mark.parametrize("regra", REGRAS)
def test_cada_regra_tem_a_sua_mentira(regra: str) -> None:
    """Uma regra nova no contrato, sem mentira que a quebre, não passa por aqui."""
    assert regra in {receita.regra for receita in MENTIRAS}
