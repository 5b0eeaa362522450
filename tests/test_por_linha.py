"""O caminho rápido da importação dá o mesmo que o lento, e é a linha que o perde, não o bloco."""

import csv
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escritor.entrada import formato_csv, formato_json, pessoa
from escritor.entrada.colunas import Nomes
from escritor.entrada.pessoa import FORMULA, Lote, Problema
from escritor.entrada.recusas import Recusas
from escritor.entrada.registros import Fonte
from escritor.erros import Erro
from tests.conftest import Programa

Lido = tuple[list[tuple[str, str, int]], list[Problema], str]

PEDACO = st.sampled_from(
    [
        "a",
        "é",
        "李",
        "'",
        "'=",
        "=",
        " ",
        "|",
        "👩\u200d💻",
        ",",
        ",",
        '"',
        '""',
        "\n",
        "\r",
        "\r\n",
    ]
)
LINHA_BOA = st.sampled_from(["Ana,ana@x.com\n", '"Lima, Zé",z@x.com\r\n', "'@m,'=a@x.com\n"])
CSV = st.lists(PEDACO | LINHA_BOA, max_size=30).map("".join)


def contar(monkeypatch: pytest.MonkeyPatch, onde: object, nome: str) -> list[str]:
    """Troca a função por uma que faz o mesmo e anota cada chamada na lista devolvida."""
    chamadas: list[str] = []
    original = getattr(onde, nome)

    def contada(*argumentos: Any) -> Any:
        chamadas.append(nome)
        return original(*argumentos)

    monkeypatch.setattr(onde, nome, contada)
    return chamadas


def juntar(lotes: Iterator[Lote]) -> Lido:
    """Tudo o que os lotes trazem, e o que fez a leitura parar, se parou."""
    pessoas: list[tuple[str, str, int]] = []
    problemas: list[Problema] = []
    fatal = ""
    try:
        for lote in lotes:
            pessoas += zip(*lote[:3], strict=True)
            problemas += lote.problemas
    except Erro as erro:
        fatal = str(erro)
    return pessoas, problemas, fatal


def so_pelo_csv(corpo: str) -> Lido:
    """O mesmo, registro por registro, sem atalho nenhum."""
    linhas: list[str] = []

    def fonte() -> Iterator[str]:
        for linha in io.StringIO(corpo, newline=""):
            linhas.append(linha)
            yield linha

    leitor = csv.reader(fonte(), strict=True)
    pessoas: list[tuple[str, str, int]] = []
    problemas: list[Problema] = []
    while True:
        antes = len(linhas)
        numero = antes + 2
        try:
            campos = next(leitor)
        except StopIteration:
            return pessoas, problemas, ""
        except csv.Error as erro:
            if "unexpected end" in str(erro):
                return pessoas, problemas, formato_csv.SEM_FECHAR
            registro = "".join(linhas[antes:])
            problemas.append(Problema(numero, "", formato_csv.FORA_DO_LUGAR, registro=registro))
            continue
        if len(campos) == 2:
            nome, email = (
                campo[1:] if campo[:1] == "'" and campo.lstrip("'").startswith(FORMULA) else campo
                for campo in campos
            )
            pessoas.append((nome, email, numero))
        elif campos:
            motivo = f"esperava 2 colunas, há {len(campos)}"
            problemas.append(Problema(numero, "", motivo, registro=",".join(campos)))


@settings(max_examples=600, deadline=None, database=None)
@given(CSV, st.integers(1, 60))
def test_o_csv_dividido_por_linhas_e_o_do_modulo(corpo: str, trecho: int) -> None:
    """Pessoas, números das linhas e recusas são os do módulo csv, onde quer que o trecho acabe."""
    with pytest.MonkeyPatch.context() as remendo:
        remendo.setattr(formato_csv, "TRECHO", trecho)
        fluxo = io.StringIO(f"nome,email\n{corpo}", newline="")
        _, lotes = formato_csv.ler(fluxo, Recusas("a.csv"), Nomes(), ",")
        pessoas, problemas, fatal = juntar(lotes)
    esperadas, recusas, motivo = so_pelo_csv(corpo)
    assert motivo in fatal
    if not motivo:  # com um, o que o último trecho trazia já não importa
        assert (pessoas, problemas, fatal) == (esperadas, recusas, "")


def test_o_csv_so_ve_os_registros_com_aspas(monkeypatch: pytest.MonkeyPatch) -> None:
    """De mil linhas, dez com aspas: o módulo csv lê dez."""
    pedidas = contar(monkeypatch, Fonte, "__next__")
    corpo = "".join(
        f'"P, {i}",p{i}@x.com\n' if i % 100 == 0 else f"P{i},p{i}@x.com\n" for i in range(1_000)
    )
    fluxo = io.StringIO(f"nome,email\n{corpo}", newline="")
    _, lotes = formato_csv.ler(fluxo, Recusas("a.csv"), Nomes(), ",")
    assert len(juntar(lotes)[0]) == 1_000
    assert len(pedidas) == 10


def segundos(linhas: int) -> float:
    """O menor de três tempos de CPU para recusar um registro que reabre as aspas em cada linha."""
    corpo = 'A,"\n' + '","\n' * linhas + '"\n'
    tempos = []
    for _ in range(3):
        fluxo = io.StringIO(f"nome,email\n{corpo}", newline="")
        inicio = time.process_time()
        _, lotes = formato_csv.ler(fluxo, Recusas("a.csv"), Nomes(), ",")
        _, problemas, fatal = juntar(lotes)
        tempos.append(time.process_time() - inicio)
        assert (problemas[0].motivo, fatal) == (f"esperava 2 colunas, há {linhas + 2}", "")
    return min(tempos)


def test_um_registro_que_reabre_as_aspas_e_linear() -> None:
    """Quatro vezes as linhas, perto de quatro vezes o tempo: ao quadrado seriam dezesseis."""
    assert segundos(200_000) < 9 * segundos(50_000)


CAMPO = st.text(st.sampled_from("aé@. |\u200d\u00a0\u200b\n李"), max_size=5)
LINHAS = st.lists(st.tuples(CAMPO, CAMPO | st.just("a@x.com")), max_size=40)


@settings(max_examples=400, deadline=None, database=None)
@given(LINHAS, st.integers(1, 20))
def test_triar_e_perguntar_de_cada_uma(linhas: list[tuple[str, str]], poucas: int) -> None:
    """As que servem, e por que as outras não: o mesmo que `problema` diz de cada uma."""
    nomes, emails = ([par[i] for par in linhas] for i in (0, 1))
    with pytest.MonkeyPatch.context() as remendo:
        remendo.setattr(pessoa, "POUCAS", poucas)
        bons, problemas = pessoa.triar(Lote(nomes, emails, range(7, 7 + len(linhas))))
    achados = [(pessoa.problema(*par), par, numero) for numero, par in enumerate(linhas, 7)]
    assert [*zip(*bons[:3], strict=True)] == [
        (nome.strip(), email.strip(), numero)
        for achado, (nome, email), numero in achados
        if not achado
    ]
    assert problemas == [Problema(n, *achado, *par) for achado, par, n in achados if achado]


@pytest.mark.parametrize(
    ("nome", "email", "vistas"),
    [
        pytest.param("Bia 👩\u200d💻", "b@x.com", 0, id="um emoji de várias letras"),
        pytest.param("Íris\u3000李", "b@x.com", 10, id="um espaço de outra escrita"),
        pytest.param(" Bia ", "b@x.com", 10, id="espaços nas pontas"),
        pytest.param("Bia", "b@", 10 * pessoa.POUCAS, id="um e-mail ruim"),
        pytest.param("a|b", "b@x.com", 10 * pessoa.POUCAS, id="uma barra"),
    ],
)
def test_so_as_duvidosas_se_olham(
    nome: str, email: str, vistas: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Com dez dessas entre cinco mil, as outras não se olham uma por uma."""
    olhadas = contar(monkeypatch, pessoa, "problema")
    pares = [(nome, email) if i % 500 == 0 else ("Ana", f"a{i}@x.com") for i in range(5_000)]
    nomes, emails = map(list, zip(*pares, strict=True))
    pessoa.triar(Lote(nomes, emails, range(5_000)))
    assert len(olhadas) <= vistas


VALOR = st.sampled_from(['"A"', '"a@x.com"', '"\\"\\\\"', '"é\\u00e9"', "null", "1", "{}", "[2]"])
CHAVE = st.sampled_from(['"nome"', '"email"', '"id"', '"x"', '"nom\\u0065"'])
PAR = st.builds("{}{}:{}".format, CHAVE, st.sampled_from(["", " ", "\n"]), VALOR)
OBJETO = st.lists(PAR, max_size=4).map(lambda pares: "{" + ",".join(pares) + "}")
CERTO = st.sampled_from(
    ['{"nome":"A","email":"a@x.com"}', '{"email" : "}{", "nome":\n"B"}', '{"nome":"]","email":","}']
)
ELEMENTO = CERTO | CERTO | CERTO | OBJETO | VALOR
SEPARADOR = st.sampled_from([",", ",", ",\n", " ,\r\n ", "", "]"])
ARRAY = st.lists(st.tuples(ELEMENTO, SEPARADOR), max_size=12).map(
    lambda pares: "".join(parte for par in pares for parte in par)
)


def ler_array(texto: str, trecho: int, lote: int, *, rapido: bool) -> tuple[Lido, set[str]]:
    """O array lido, com ou sem o atalho."""
    with pytest.MonkeyPatch.context() as remendo:
        remendo.setattr(formato_json, "TRECHO", trecho)
        remendo.setattr(formato_json, "LOTE", lote)
        if not rapido:
            remendo.setattr(formato_json._Array, "muitos", lambda *_: None)
        vistas, lotes = formato_json.ler_array(io.StringIO(texto), Recusas("a.json"), Nomes())
        lido = juntar(lotes)
    return lido, set(vistas)


@settings(max_examples=600, deadline=None, database=None)
@given(ARRAY, st.sampled_from(["]", "", "]\n", "] 1"]), st.integers(1, 90), st.integers(1, 3))
def test_o_array_em_bloco_e_o_mesmo_que_um_a_um(
    meio: str, fim: str, trecho: int, lote: int
) -> None:
    """Pessoas, linhas, recusas e colunas vistas são as mesmas, onde quer que o trecho acabe."""
    texto = f"[{meio}{fim}"
    (pessoas, problemas, fatal), vistas = ler_array(texto, trecho, lote, rapido=True)
    (esperadas, recusas, motivo), colunas = ler_array(texto, trecho, lote, rapido=False)
    assert fatal == motivo
    if not motivo:
        assert (pessoas, problemas, vistas) == (esperadas, recusas, colunas)


def test_o_array_se_le_em_blocos(monkeypatch: pytest.MonkeyPatch) -> None:
    """De vinte mil objetos, só os do primeiro lote se decodificam um a um."""
    contados = contar(monkeypatch, formato_json._Array, "_valor")
    gente = [{"nome": 'Zé "Z" 李', "email": f"z{i}@x.com"} for i in range(20_000)]
    for texto in (json.dumps(gente), json.dumps(gente, indent=2, ensure_ascii=False)):
        contados.clear()
        _, lotes = formato_json.ler_array(io.StringIO(texto), Recusas("a.json"), Nomes())
        assert sum(len(lote.nomes) for lote in lotes) == 20_000
        assert len(contados) <= 2 * formato_json.LOTE


def test_a_linha_de_um_array_em_bloco(tmp_path: Path, escritor: Programa) -> None:
    """Uma recusa no meio de um bloco diz a linha em que o objeto começa."""
    gente = [{"nome": "A", "email": f"a{i}@x.com"} for i in range(5_000)]
    gente[4_000]["email"] = "a@"
    (tmp_path / "a.json").write_text(json.dumps(gente, indent=2))
    codigo, _, stderr = escritor("importar", str(tmp_path / "a.json"))
    assert (codigo, "a.json:16002: email: 'a@' não é um e-mail" in stderr) == (65, True), stderr
