"""JSON: cada linha é um objeto, cada objeto uma pessoa; o que é comprido demais não vira outro."""

import csv
import gzip
import json
from pathlib import Path

import pytest

from escritor.entrada import formato_csv, formato_json, registros
from escritor.entrada.colunas import Nomes
from escritor.entrada.recusas import Recusas
from tests.conftest import Programa
from tests.contrato import AMOSTRA, pessoas
from tests.processos import comando, no_shell, rodar

ANA = '{"nome":"Ana","email":"ana@x.com"}'
BIA = '{"nome":"Bia","email":"bia@x.com"}'
LIMITE = formato_json.LIMITE_DO_OBJETO
COMPRIDA = '{"nome":"' + "N" * 2 * LIMITE + '","email":"n@x.com"}'


@pytest.mark.parametrize(
    "partes",
    [
        pytest.param(['{"email":"c@x.com","nome":"C', 'D"}'], id="um texto"),
        pytest.param(['{"nome":"C","email":"c@x.com","id":[1', "2]}"], id="uma lista"),
        pytest.param(['{"nome":"C","email":"c@x.com"', '"id":1}'], id="um objeto"),
        pytest.param(['{"nome":"C",', '"email":"c@x.com"}'], id="um objeto, com a vírgula"),
        pytest.param(['{"nome":"C","email":', '"c@x.com"}'], id="um valor"),
    ],
)
@pytest.mark.parametrize(
    "compensa", ["", f"{ANA},null,{BIA}", f"{ANA},{BIA}"], ids=["nada", "null", "vírgula"]
)
def test_um_objeto_em_duas_linhas(
    compensa: str, partes: list[str], semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """As duas são recusadas, cada uma com o seu número, e a que vale por duas também."""
    arquivo = tmp_path / "a.jsonl"
    linhas = [*partes, *([compensa] if compensa else [])]
    arquivo.write_text("".join(f"{linha}\n" for linha in [ANA, *linhas]))
    destino = tmp_path / "ruins.csv"
    codigo, _, stderr = escritor("importar", str(arquivo), "--rejeitados", str(destino))
    assert (codigo, f"linhas recusadas: {len(linhas)}" in stderr) == (0, True), stderr
    with destino.open(newline="") as ruins:
        numeros = [int(linha["linha"]) for linha in csv.DictReader(ruins)]
    assert numeros == list(range(2, 2 + len(linhas)))
    assert pessoas(semeado) == [*AMOSTRA, ("Ana", "ana@x.com")]


@pytest.mark.parametrize("antes", [0, 5, 9_000], ids=["só ela", "poucas antes", "muitas antes"])
def test_linha_comprida_demais(
    antes: int, semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """65 com o número da linha; o fim dela, que parece outra pessoa, não é uma."""
    arquivo = tmp_path / "a.jsonl"
    boas = "".join(json.dumps({"nome": "A", "email": f"a{i}@x.com"}) + "\n" for i in range(antes))
    enchimento = " " * (LIMITE + formato_json.TRECHO - len(boas) % formato_json.TRECHO)
    arquivo.write_text(f"{boas}{enchimento}{ANA}\n{BIA}\n")
    codigo, stdout, stderr = escritor("importar", str(arquivo), "--rejeitados", f"{tmp_path}/r")
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)
    assert f"a.jsonl:{antes + 1}: linha com mais de {LIMITE} caracteres. Nada foi" in stderr
    assert pessoas(semeado) == AMOSTRA


def test_objeto_comprido_demais_num_array(
    semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """Não se sabe se é inválido ou só comprido, e é isso que se diz."""
    (tmp_path / "a.json").write_text(f"[{ANA},\n{COMPRIDA}]")
    codigo, _, stderr = escritor("importar", str(tmp_path / "a.json"))
    assert (codigo, stderr.count("\n")) == (65, 1)
    assert f"a.json:2: JSON inválido, no caractere 9, ou um objeto com mais de {LIMITE}" in stderr
    assert pessoas(semeado) == AMOSTRA


def test_csv_com_uma_linha_comprida_demais(
    semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """O número é o da linha comprida, e não o da primeira do trecho."""
    linhas = "".join(f"P{i},p{i}@x.com\n" for i in range(100))
    comprida = "," * (formato_csv.TRECHO + registros.LIMITE_DA_LINHA)
    (tmp_path / "a.csv").write_text(f"nome,email\n{linhas}{comprida}\nAna,ana@x.com\n")
    codigo, _, stderr = escritor("importar", str(tmp_path / "a.csv"))
    assert (codigo, stderr.count("\n")) == (65, 1)
    assert "a.csv:102: linha com mais de" in stderr
    assert pessoas(semeado) == AMOSTRA


def test_o_fim_de_uma_linha_de_csv_nao_e_outra(
    semeado: Path, escritor: Programa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Um registro aberto no fim do trecho puxa uma linha comprida: ela não se parte em duas."""
    comeco = 'nome,email\nAna,ana@x.com\n"aberta\n'
    monkeypatch.setattr(formato_csv, "TRECHO", len(comeco) - len("nome,email\n"))
    resto = 'fecha",' + "x," * ((registros.LIMITE_DA_LINHA - 7) // 2)
    resto += "x" * (registros.LIMITE_DA_LINHA - len(resto))
    (tmp_path / "a.csv").write_text(f"{comeco}{resto}Intrusa,intrusa@x.com\n")
    argv = ["importar", str(tmp_path / "a.csv"), "--rejeitados", str(tmp_path / "r")]
    codigo, _, stderr = escritor(*argv)
    assert (codigo, "a.csv:3: linha com mais de" in stderr) == (65, True), stderr
    assert pessoas(semeado) == AMOSTRA


def test_registro_de_csv_sem_fim(semeado: Path, escritor: Programa, tmp_path: Path) -> None:
    """Muitos campos entre aspas, cada um dentro do limite: o registro todo também tem um."""
    campo = '"' + "x\n" * 60_000 + '",'
    (tmp_path / "a.csv").write_text(f"nome,email\nAna,ana@x.com\n{campo * 30}\n")
    codigo, _, stderr = escritor("importar", str(tmp_path / "a.csv"))
    assert (codigo, stderr.count("\n")) == (65, 1)
    assert "a.csv:3: registro com mais de 1048576 caracteres (aspas sem fechar?)" in stderr
    assert pessoas(semeado) == AMOSTRA


@pytest.mark.parametrize("quais", ["boas", "ruins"])
def test_objetos_grandes_nao_enchem_a_memoria(quais: str, banco: Path, tmp_path: Path) -> None:
    """Mil objetos de 60 KB, com campos que se refazem ou desconhecidos, em 128 MiB."""
    campo = "id" if quais == "boas" else "observacoes"
    objeto = json.dumps({"nome": "P", "email": "p@x.com", campo: "x" * 60_000})
    arquivo = tmp_path / "a.json.gz"
    arquivo.write_bytes(gzip.compress(f"[{','.join([objeto] * 1_000)}]".encode(), 1))
    cmd = comando("escritor", "importar", str(arquivo), "--rejeitados", "/dev/null")
    saida = rodar(no_shell('ulimit -v 131072; exec "$@"', *cmd))
    assert saida.codigo == 0, saida.stderr
    assert ("linhas recusadas: 1.000" in saida.stderr) == (quais == "ruins")
    assert pessoas(banco) == ([("P", "p@x.com")] if quais == "boas" else [])


@pytest.mark.parametrize(
    ("nome", "dados", "opcoes", "registro"),
    [
        ("a.jsonl", rb'{"nome":"\ud800","email":"a@x.com"}', (), (r"\ud800", "a@x.com", "")),
        ("a.jsonl", rb'{"nome":"A","email":"\udfff@x.com"}', (), ("A", r"\udfff@x.com", "")),
        ("a.json", rb'[{"nome":"a\ud83d","email":"a@x.com"}]', (), (r"a\ud83d", "a@x.com", "")),
        ("a.jsonl", rb'{"\ud800":1}', (), ("", "", r'{"\ud800":1}')),
        ("a.jsonl", b'{"nome":"\xff","email":"a@x.com"}', (), (r"\xff", "a@x.com", "")),
        ("a.jsonl", b'{"\xff', (), ("", "", r'{"\xff')),
        ("a.csv", b"nome,email\n\xffA,a@x.com\n", (), (r"\xffA", "a@x.com", "")),
        ("a.csv", b"nome,email\n\xff\n", (), ("", "", r"\xff")),
        ("a.csv", b'nome,email\n"\xff"x,\n', (), ("", "", '"\\xff"x,\n')),
        ("a.csv", b"nome,email\n+2AA-,a@x.com\n", ("utf-7",), (r"\ud800", "a@x.com", "")),
        ("a.csv", b"nome,email\n+2AA-\n", ("utf-7",), ("", "", r"\ud800")),
        (
            "a.csv",
            b"nome,email\n\\ud800,a@x.com\n",
            ("unicode_escape",),
            (r"\ud800", "a@x.com", ""),
        ),
    ],
)
def test_substituto_solto_entre_as_recusas(
    nome: str,
    dados: bytes,
    opcoes: tuple[str, ...],
    registro: tuple[str, str, str],
    semeado: Path,
    escritor: Programa,
    tmp_path: Path,
) -> None:
    """Um "\\ud800", ou um byte que não se decodifica, guarda-se escapado, e o resto segue."""
    (tmp_path / nome).write_bytes(dados)
    destino = tmp_path / "ruins.csv"
    codificacao = [parte for opcao in opcoes for parte in ("--codificacao", opcao)]
    codigo, _, stderr = escritor(
        "importar", str(tmp_path / nome), "--rejeitados", str(destino), *codificacao
    )
    assert (codigo, "linhas recusadas: 1" in stderr) == (0, True), stderr
    with destino.open(encoding="utf-8", newline="") as ruins:
        [recusa] = csv.DictReader(ruins)
    assert (recusa["nome"], recusa["email"], recusa["registro"]) == registro
    assert pessoas(semeado) == AMOSTRA


def test_os_lotes_de_um_array_tem_tamanho(tmp_path: Path) -> None:
    """Os objetos que cabem vão juntos; os grandes, poucos por vez."""
    with (tmp_path / "a.json").open("w+") as arquivo:
        miudos = [{"nome": "A", "email": f"a{i}@x.com"} for i in range(2_500)]
        grandes = [{"nome": "G", "email": f"g{i}@x.com", "id": "x" * 60_000} for i in range(10)]
        json.dump([*miudos, *grandes], arquivo)
        arquivo.seek(0)
        recusas = Recusas("a.json")
        _, lotes = formato_json.ler_array(arquivo, recusas, Nomes())
        tamanhos = [len(lote.nomes) for lote in lotes]
    assert sum(tamanhos) == 2_510
    assert tamanhos[0] == formato_json.LOTE
    assert all(tamanho <= 3 for tamanho in tamanhos[-3:])
    assert max(tamanhos) * len('{"nome": "A", "email": "a1@x.com"}') <= formato_json.TRECHO
