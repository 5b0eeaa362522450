"""A linha do tempo da página: quem gravou nunca some, e cada evento está no seu lugar."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from leitor.pagina.linha_do_tempo import intervalo
from tests.conftest import Programa
from tests.contrato import alterar, reselar
from tests.pagina import pedir
from tests.processos import Saida

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
    """Devolve o nome e o momento com o container de cada evento, de cima para baixo."""
    achados = re.findall(
        r'<text class="nome" x="32" y="(\d+)">(.*?)</text><text class="quando".*?>(.*?)</text>',
        pagina,
    )
    assert [int(y) for y, _, _ in achados] == sorted({int(y) for y, _, _ in achados})
    return [(nome, sub) for _, nome, sub in achados]


def ids(pagina: str, secao: str) -> list[int]:
    """Devolve as execuções da tabela de uma seção."""
    trecho = pagina.partition(f'id="{secao}"')[2].partition("</section>")[0]
    return [int(id_) for id_ in re.findall(r'<th scope="row">(\d+)<', trecho)]


def conferir_mostradas(pagina: str, esperadas: list[int]) -> None:
    """O SVG, a tabela das execuções e a dos lacres mostram as mesmas."""
    nomes = [re.match(r"Execução (\d+): ", nome) for nome, _ in eventos(pagina)]
    assert [int(nome[1]) for nome in nomes if nome] == esperadas
    assert ids(pagina, "execucoes") == ids(pagina, "lacres") == esperadas


def test_quem_gravou_nao_some(gravado: Path, leitor: Programa) -> None:
    """Com mais de cinquenta, as que gravaram ficam, e as vazias mais velhas saem."""
    rodar_vazias(gravado, 60)
    pagina = pedir(leitor)
    conferir_mostradas(pagina, [1, 3, *range(16, 64)])
    resumo = (
        "50 de 63 execuções do escritor, de preferência as que inseriram linhas; 13 ficaram de fora"
    )
    assert pagina.count(resumo) == 3  # o parágrafo, a descrição do SVG e a legenda


def test_de_fora_as_mais_velhas(gravado: Path, leitor: Programa) -> None:
    """No limite, nada fica de fora; uma a mais, e é a vazia mais velha que sai."""
    rodar_vazias(gravado, 47)
    pagina = pedir(leitor)
    conferir_mostradas(pagina, [*range(1, 51)])
    assert "de fora" not in pagina
    rodar_vazias(gravado, 1)
    pagina = pedir(leitor)
    conferir_mostradas(pagina, [1, *range(3, 52)])
    assert "; 1 ficou de fora" in pagina


def test_a_do_veredito_mesmo_vazia(
    banco: Path, importar: Callable[[str], Saida], leitor: Programa
) -> None:
    """Se ninguém gravou, o veredito cita a execução 1, e ela não sai."""
    assert importar("nome,email\n").codigo == 0
    rodar_vazias(banco, 60)
    pagina = pedir(leitor)
    assert "; execução 1 (" in pagina
    conferir_mostradas(pagina, [1, *range(13, 62)])


def test_o_fim_da_gravacao_e_o_da_ultima_que_gravou(
    gravado: Path, leitor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As vazias que vieram depois ficam entre ele e a leitura, e não encurtam o intervalo."""
    momentos = "'2026-01-0' || id || 'T00:00:00Z'"
    alterar(gravado, f"UPDATE execucoes SET container = 'c' || id, concluida_em = {momentos}")
    rodar_vazias(gravado, 2)
    monkeypatch.setattr("leitor.banco.leitura.quem_le", lambda: ("quem-le", "2026-01-03T01:00:00Z"))
    pagina = pedir(leitor)
    assert eventos(pagina) == [
        ("Execução 1: +3, total 3", "01/01/2026, 00:00:00 UTC · c1"),
        ("Execução 2: +0, total 3", "02/01/2026, 00:00:00 UTC · c2"),
        ("Execução 3: +2, total 5", "03/01/2026, 00:00:00 UTC · c3"),
        ("Fim da gravação", "03/01/2026, 00:00:00 UTC · c3"),
        ("Execução 4: +0, total 5", "03/01/2026, 00:59:00 UTC · vazio"),
        ("Execução 5: +0, total 5", "03/01/2026, 00:59:00 UTC · vazio"),
        ("Começo da leitura", "03/01/2026, 01:00:00 UTC · quem-le"),
    ]
    assert ">1 hora depois do fim da gravação</text>" in pagina
    assert (
        "A última gravação terminou em 03/01/2026, 00:00:00 UTC, no container c3; "
        "a leitura começou em 03/01/2026, 01:00:00 UTC, no container quem-le."
    ) in pagina


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
