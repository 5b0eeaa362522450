"""Fuzz: o Hypothesis inventa entradas e estraga bancos; só códigos documentados, nunca um 70."""

import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from leitor.texto import milhar
from tests.campanhas.relato import Campanha, contas_em_texto
from tests.contrato import fotografar
from tests.motores import ESCRITOR, LEITOR
from tests.test_propriedades import chamar

PRAZO = 120  # segundos de cada teste; depois disto, os exemplos que faltam passam sem rodar
CAMPO = st.one_of(
    st.sampled_from(["nome", "email", "ana@x.com", "Ana", "João", "", '"', "'=1", "\0"]),
    st.text(max_size=12),
    st.from_regex(r"[a-z]{1,5}@[a-z]{1,5}\.com", fullmatch=True),
)
# Um CSV que quase serve: o cabeçalho certo, e linhas que às vezes são de gente.
QUASE_CSV = st.builds(
    lambda cabecalho, linhas, separador, fim: fim.join(
        separador.join(campos) for campos in [cabecalho, *linhas]
    ).encode("utf-8", "surrogatepass"),
    st.sampled_from([["nome", "email"], ["email", "nome"], ["nome", "email", "id"], ["a", "b"]]),
    st.lists(st.lists(CAMPO, min_size=1, max_size=4), max_size=6),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
VALOR = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CAMPO,
    lambda filhos: st.lists(filhos, max_size=3) | st.dictionaries(CAMPO, filhos, max_size=4),
    max_leaves=8,
)
QUASE_JSON = st.builds(
    lambda pessoas, fim: fim.join(map(json.dumps, pessoas)).encode(),
    st.lists(st.fixed_dictionaries({"nome": VALOR, "email": VALOR}) | VALOR, max_size=4),
    st.sampled_from(["\n", ",", ""]),
) | VALOR.map(lambda valor: json.dumps(valor).encode())
ESTRAGO = st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=4)), max_size=3)
OPCOES = st.lists(
    st.sampled_from(
        ["--formato=csv", "--formato=json", "--formato=jsonl", "--conflito=falhar",
         "--codificacao=latin-1", "--codificacao=utf-16", "--delimitador=;", "--rejeitados=-",
         "--colunas=nome=a,email=b"]
    ),
    max_size=3, unique=True,
)  # fmt: skip

# Outro formato de esquema no cabeçalho; um nome de coluna que não é UTF-8; uma linha que só se
# lê depois de gravar.
JA_ACHARAM_DEFEITO = [[(47, b"\x05")], [(7545, b"\x80")], [(16141, b"\0")]]


def estragar(dados: bytes, estrago: list[tuple[int, bytes]]) -> bytes:
    """Põe cada pedaço por cima do que há na posição dele."""
    for posicao, pedaco in estrago:
        dados = dados[:posicao] + pedaco + dados[posicao + len(pedaco) :]
    return dados


def atacar(campanha: Campanha, o_que: str, teste: Callable[..., None], **dados: Any) -> int:
    """Roda o teste com quantos exemplos a forma pede; devolve quantos rodaram no prazo."""
    fim = time.monotonic() + PRAZO
    rodados = 0

    def no_prazo(**exemplo: Any) -> None:
        nonlocal rodados
        if time.monotonic() < fim:
            teste(**exemplo)
            rodados += 1

    vezes = campanha.vezes(o_que)
    ajustes = settings(
        max_examples=vezes,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    seed(campanha.semente)(ajustes(given(**dados)(no_prazo)))()
    return rodados


def test_entrada(campanha: Campanha, modelos: Path) -> None:
    """Bytes quaisquer e quase válidos: gravado e verificado, ou recusado e o banco intocado."""
    inteiro = (modelos / "gravado").read_bytes()
    codigos: Counter[int] = Counter()

    def importar(
        conteudo: bytes, estrago: list[tuple[int, bytes]], nome: str, opcoes: list[str]
    ) -> None:
        with tempfile.TemporaryDirectory() as pasta:
            banco = Path(pasta, "b.db")
            banco.write_bytes(inteiro)
            arquivo = Path(pasta, nome)
            arquivo.write_bytes(estragar(conteudo, estrago))
            antes = fotografar(Path(pasta))
            argv = ["--banco", str(banco)]
            codigo, stdout, stderr = chamar(ESCRITOR, "importar", str(arquivo), *opcoes, *argv)
            assert codigo in {0, 65}, stderr
            assert "Traceback" not in stderr
            assert not stdout or "--rejeitados=-" in opcoes
            if codigo:
                assert fotografar(Path(pasta)) == antes, stderr
            else:
                assert chamar(LEITOR, "verificar", *argv)[0] == 0
            codigos[codigo] += 1

    rodados = atacar(
        campanha,
        "fuzz da entrada",
        importar,
        conteudo=QUASE_CSV | QUASE_JSON | st.binary(max_size=200),
        estrago=ESTRAGO,
        nome=st.sampled_from(["x.csv", "x.json", "x.jsonl", "x.csv.gz"]),
        opcoes=OPCOES,
    )
    assert len(codigos) == 2, codigos
    campanha.anotar(
        tentou=f"{milhar(rodados)} entradas inventadas",
        viu=f"entradas: códigos {contas_em_texto(codigos)}",
        perdeu="nada: o banco fica intocado em cada recusa",
    )


def restaurado(banco: Path, copia: Path, argv: list[str]) -> None:
    """Restaura por cima do banco estragado; se nem a assinatura sobrou, faz o que se manda."""
    saida = chamar(ESCRITOR, "restaurar", str(copia), *argv)
    if "mude-o de lugar" in saida[2]:
        assert saida[0] == 65, saida
        banco.rename(banco.with_name("de-lado.db"))
        saida = chamar(ESCRITOR, "restaurar", str(copia), *argv)
    assert saida[0] == 0, saida


def test_banco(campanha: Campanha, modelos: Path) -> None:
    """Cabeçalho e primeiras páginas estragados: os dois programas só dizem códigos documentados."""
    inteiro = (modelos / "gravado").read_bytes()
    lista = ("listar", "--formato", "jsonl")
    certo = chamar(LEITOR, *lista, "--banco", str(modelos / "gravado"))
    codigos: Counter[tuple[str, int]] = Counter()

    def abrir(estrago: list[tuple[int, bytes]]) -> None:
        with tempfile.TemporaryDirectory() as pasta:
            banco = Path(pasta, "b.db")
            banco.write_bytes(estragar(inteiro, estrago))
            antes = fotografar(Path(pasta))
            argv = ["--banco", str(banco), "--espera", "0"]
            codigo, stdout, stderr = chamar(LEITOR, *lista, *argv)
            assert codigo in {0, 65, 66, 74, 75, 78}, stderr
            assert stdout == (certo[1] if codigo == 0 else ""), stderr
            assert fotografar(Path(pasta)) == antes
            codigos["leitor", codigo] += 1
            codigo, stdout, stderr = chamar(ESCRITOR, "semear", *argv)
            assert codigo in {0, 65, 74, 75, 78}, stderr
            assert codigo == 0 or stderr.count("\n") == 1, stderr
            if codigo and "gravado, mas" not in stderr:
                assert fotografar(Path(pasta)) == antes, stderr
            codigos["escritor", codigo] += 1
            if codigo:
                restaurado(banco, modelos / "gravado", argv)
                assert chamar(LEITOR, *lista, *argv)[:2] == certo[:2]

    for estrago in JA_ACHARAM_DEFEITO:
        abrir(estrago)
    rodados = atacar(
        campanha,
        "fuzz do banco",
        abrir,
        estrago=st.lists(
            st.tuples(
                st.one_of(st.integers(0, 99), st.integers(0, 3 * 8192)),
                st.binary(min_size=1, max_size=6),
            ),
            min_size=1,
            max_size=4,
        ),
    )
    assert len(codigos) > 3, codigos
    campanha.anotar(
        tentou=f"{milhar(rodados)} bancos estragados",
        viu=contas_em_texto({f"{quem} {codigo}": n for (quem, codigo), n in codigos.items()}),
    )


def test_controle_do_fuzz(campanha: Campanha) -> None:
    """Controle negativo: o mesmo ataque acha um programa que não confere o que lê."""

    def ingenuo(conteudo: bytes) -> None:
        linhas = conteudo.decode().splitlines()
        assert all(len(linha.split(",")) == 2 for linha in linhas)

    with pytest.raises((UnicodeDecodeError, AssertionError, ExceptionGroup)):
        atacar(campanha, "fuzz da entrada", ingenuo, conteudo=QUASE_CSV | st.binary(max_size=200))
    campanha.anotar(controle="um importador ingênuo cai nos primeiros exemplos")


def test_a_base_e_boa(modelos: Path, tmp_path: Path) -> None:
    """O banco que serve de base é bom: sem estrago, os dois saem com 0."""
    shutil.copyfile(modelos / "gravado", tmp_path / "b.db")
    for programa in (LEITOR, ESCRITOR):
        assert chamar(programa, "--banco", str(tmp_path / "b.db"))[0] == 0
