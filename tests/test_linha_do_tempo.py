"""A linha do tempo da página: quem gravou nunca some, e cada evento está no seu lugar."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from leitor.pagina.linha_do_tempo import intervalo
from tests.conftest import Programa
from tests.contrato import alterar, reselar
from tests.pagina import pedir
from tests.processos import Saida, comando, rodar

# Como a de um `up` que nada tinha a gravar; {} é quantas.
VAZIAS = """\
WITH RECURSIVE ultima AS (SELECT * FROM execucoes ORDER BY id DESC LIMIT 1),
    novas(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM novas WHERE n < {})
INSERT INTO execucoes
SELECT id + n, 'semear', 'vazio', versao, iniciada_em, '2026-01-03T00:59:00Z',
    3, 0, 3, NULL, NULL, total, lacre, elo
FROM ultima, novas"""


def rodar_vazias(banco: Path, quantas: int) -> None:
    """Acrescenta ao livro execuções que nada gravaram, sem o custo de rodar cada uma."""
    alterar(banco, VAZIAS.format(quantas))
    reselar(banco)


def eventos(pagina: str) -> list[tuple[str, str]]:
    """Devolve o nome de cada evento da linha do tempo e o que se diz dele, em texto."""
    lista = pagina.partition('<ol class="tempo"')[2].partition("</ol>")[0]
    achados = re.findall(r'<p class="nome">(.*?)</p><p>(.*?)</p>', lista)
    return [(nome, re.sub(r"<.*?>", "", sub)) for nome, sub in achados]


def ids(pagina: str, secao: str) -> list[str]:
    """Devolve as execuções, ou as dobras delas, da tabela de uma seção."""
    trecho = pagina.partition(f'id="{secao}"')[2].partition("</section>")[0]
    return re.findall(r'<th scope="row"[^>]*>([^<]*)<', trecho)


def conferir_mostradas(pagina: str, gravaram: list[str], linhas: list[str]) -> None:
    """A linha do tempo mostra uma a uma as que gravaram; a tabela, também as dobras."""
    nomes = [nome for nome, _ in eventos(pagina) if nome.startswith("Execução ")]
    assert [nome.split(":")[0] for nome in nomes] == [f"Execução {id_}" for id_ in gravaram]
    assert ids(pagina, "execucoes") == linhas


def test_quem_gravou_nao_some(gravado: Path, leitor: Programa) -> None:
    """As que nada gravaram se dobram numa linha, por mais que sejam."""
    rodar_vazias(gravado, 60)
    pagina = pedir(leitor)
    conferir_mostradas(pagina, ["1", "3"], ["1", "2", "3", "4 a 63"])
    assert ("60 execuções sem linhas novas", "execuções 4 a 63") in eventos(pagina)
    assert "de fora" not in pagina


def test_de_fora_as_mais_velhas(
    semeado: Path, importar: Callable[[str], Saida], leitor: Programa
) -> None:
    """De mais de cinquenta que gravaram ficam a primeira e as mais novas, e diz-se quantas não."""
    for numero in range(55):
        assert importar(f"nome,email\nP,p{numero}@x.com\n").codigo == 0
    assert semeado.exists()
    pagina = pedir(leitor)
    mostradas = ids(pagina, "execucoes")
    assert mostradas[-1] == "56"
    assert "56 execuções do escritor" in pagina
    assert len(mostradas) == 50
    assert "de fora" in pagina


def test_a_do_veredito_mesmo_vazia(
    banco: Path, importar: Callable[[str], Saida], leitor: Programa
) -> None:
    """Se ninguém gravou, o veredito cita a execução 1, e ela não se dobra."""
    assert importar("nome,email\n").codigo == 0
    rodar_vazias(banco, 60)
    pagina = pedir(leitor)
    assert "; execução 1 (" in pagina
    conferir_mostradas(pagina, ["1"], ["1", "2 a 61"])


def test_o_fim_da_gravacao_e_o_da_ultima_que_gravou(
    gravado: Path, leitor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As vazias que vieram depois ficam entre ele e a leitura, e não encurtam o intervalo."""
    momentos = "'2026-01-0' || id || 'T00:00:00Z'"
    alterar(gravado, f"UPDATE execucoes SET container = 'c' || id, concluida_em = {momentos}")
    rodar_vazias(gravado, 2)
    monkeypatch.setattr("leitor.banco.leitura.quem_le", lambda: ("quem-le", "2026-01-03T01:00:00Z"))
    monkeypatch.delenv("TZ", raising=False)
    pagina = pedir(leitor)
    assert eventos(pagina) == [
        ("Execução 1: +3, total 3", "01/01/2026 00:00:00 · c1"),
        ("Execução 2: +0, total 3", "02/01/2026 00:00:00 · c2"),
        ("Execução 3: +2, total 5", "03/01/2026 00:00:00 · c3"),
        ("Fim da gravação", "03/01/2026 00:00:00 · c3"),
        ("2 execuções sem linhas novas", "execuções 4 a 5"),
        ("Começo da leitura", "03/01/2026 01:00:00 · quem-le · 1 hora depois do fim da gravação"),
    ]
    assert pagina.count("horas em UTC") == 1


def test_o_fuso_de_quem_le(semeado: Path) -> None:
    """Com TZ, as horas são as de lá, e o fuso é dito uma vez; a forma exata continua em UTC."""
    momento = "2026-01-01T02:30:00Z"
    alterar(semeado, f"UPDATE execucoes SET concluida_em = '{momento}'")
    reselar(semeado)
    ler = comando("leitor", "listar", "--formato", "html")
    pagina = rodar(["env", "TZ=America/Sao_Paulo", *ler]).stdout
    assert f'<time datetime="{momento}">31/12/2025 23:30:00</time>' in pagina
    assert re.findall("horas em UTC.*?(?=<)", pagina) == ["horas em UTC−3"]


@pytest.mark.parametrize(
    ("depois", "esperado"),
    [
        ("2026-01-01T00:00:00Z", "no mesmo segundo"),
        ("2026-01-01T00:00:01Z", "1 segundo depois"),
        ("2026-01-01T00:03:59Z", "3 minutos depois"),
        ("2026-01-01T02:00:00Z", "2 horas depois"),
        ("2026-01-02T00:00:00Z", "1 dia depois"),
        ("2025-12-31T00:00:00Z", ""),
        ("ontem", ""),
    ],
)
def test_intervalo(depois: str, esperado: str) -> None:
    """Quanto os dados ficaram sozinhos; nada se diz de relógios trocados ou ilegíveis."""
    assert intervalo("2026-01-01T00:00:00Z", depois) == esperado
