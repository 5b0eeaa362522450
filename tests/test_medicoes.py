"""docs/medicoes.md diz o que se mediu: cada linha das tabelas sai dos resultados guardados."""

import json
import re
from runpy import run_path

from tests.processos import RAIZ

TABELA = run_path(str(RAIZ / "bench/tabela_postgres.py"))
GRAFICO = run_path(str(RAIZ / "bench/grafico.py"))  # um script, e não um pacote
MEDICOES = (RAIZ / "docs/medicoes.md").read_text(encoding="utf-8")


def linhas(texto: str) -> set[str]:
    """Devolve as linhas de tabela que têm algum número medido; os títulos, não."""
    todas = re.findall(r"^\| .* \|$", texto, re.MULTILINE)
    return {linha for linha in todas if re.search(r"\| \d+(,\d+)?( \(.*?\))? \|", linha)}


def medidas() -> str:
    """Devolve as tabelas que bench/grafico.py faz dos resultados guardados."""
    resultados = {
        int(arquivo.stem.partition("-")[2]): json.loads(arquivo.read_text(encoding="utf-8"))
        for arquivo in (RAIZ / "bench").glob("resultado-*.json")
    }
    return str(GRAFICO["tabelas"](resultados))


def test_cada_numero_e_o_que_se_mediu() -> None:
    """As linhas com números do documento são as dos resultados: nem mais nem menos."""
    citadas = MEDICOES.partition(GRAFICO["COMECO"])[2].partition(GRAFICO["FIM"])[0]
    assert len(linhas(citadas)) > 30
    assert linhas(citadas) == linhas(medidas())


def test_os_do_postgresql_tambem() -> None:
    """A seção do PostgreSQL, pelos resultados dela."""
    citadas = MEDICOES.partition(TABELA["COMECO"])[2].partition(TABELA["FIM"])[0]
    assert len(linhas(citadas)) > 15
    assert linhas(citadas) == linhas(TABELA["tabelas"](TABELA["ler"]()))


def test_controle_um_numero_melhorado_e_pego() -> None:
    """Controle negativo: um décimo a menos numa razão é outra linha."""
    de_verdade = linhas(medidas())
    uma = next(linha for linha in de_verdade if linha.startswith("| importar ÷ A "))
    trocada = re.sub(r"0,(\d)", lambda achado: f"0,{int(achado[1]) - 1}", uma)
    assert trocada not in de_verdade
