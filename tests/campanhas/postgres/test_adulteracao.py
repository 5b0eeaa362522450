"""Adulteração no PostgreSQL: um superusuário muda o passado, e sela de novo o que sabe selar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

import pytest

from leitor.texto import milhar
from tests.campanhas.postgres.apoio import escrever, sorteada
from tests.campanhas.relato import Campanha, contas_em_texto
from tests.conftest import Programa
from tests.postgres.bancos import Acesso, Banco
from tests.postgres.selado import ancora, reselar

pytestmark = pytest.mark.docker

EXECUCOES = 6
NOME = "UPDATE usuarios SET nome = nome || ' Filho' WHERE id = {}"


def _linha(banco: Banco, acaso: Random, execucao: str) -> int:
    ids = banco.consultar(
        "SELECT u.id FROM usuarios AS u JOIN execucoes AS e "
        f"ON u.id BETWEEN primeiro_id AND ultimo_id WHERE e.id {execucao} ORDER BY u.id"
    )
    return int(acaso.choice(ids)[0])


def linha_antiga(banco: Banco, acaso: Random) -> None:
    """Um nome mudado, e o livro como estava."""
    banco.alterar(NOME.format(_linha(banco, acaso, f"< {EXECUCOES}")))


def linha_apagada(banco: Banco, acaso: Random) -> None:
    """Uma pessoa a menos."""
    banco.alterar(f"DELETE FROM usuarios WHERE id = {_linha(banco, acaso, '> 0')}")


def execucao_apagada(banco: Banco, acaso: Random) -> None:
    """Uma execução do meio, com as linhas dela."""
    numero = acaso.randrange(1, EXECUCOES)
    banco.alterar(
        "DELETE FROM usuarios AS u USING execucoes AS e "
        f"WHERE e.id = {numero} AND u.id BETWEEN primeiro_id AND ultimo_id",
        f"DELETE FROM execucoes WHERE id = {numero}",
    )


def livro_mudado(banco: Banco, acaso: Random) -> None:
    """Outro container diz que gravou."""
    numero = acaso.randint(1, EXECUCOES)
    banco.alterar(f"UPDATE execucoes SET container = 'outro' WHERE id = {numero}")


def fim_cortado(banco: Banco, acaso: Random) -> None:
    """As últimas execuções e as linhas delas: o que sobra é uma história inteira, mais curta."""
    ultima = acaso.randrange(2, EXECUCOES)
    banco.alterar(
        "DELETE FROM usuarios WHERE id > "
        f"(SELECT max(ultimo_id) FROM execucoes WHERE id <= {ultima})",
        f"DELETE FROM execucoes WHERE id > {ultima}",
    )


def fim_selado_de_novo(banco: Banco, acaso: Random) -> None:
    """Um nome mudado, e dali em diante cada lacre e cada elo refeitos."""
    desde = acaso.randint(2, EXECUCOES)
    banco.alterar(NOME.format(_linha(banco, acaso, f"= {desde}")))
    com_os_gatilhos_desligados(banco, lambda: reselar(banco, desde))


def tudo_selado_de_novo(banco: Banco, acaso: Random) -> None:
    """A história inteira reescrita."""
    banco.alterar(NOME.format(_linha(banco, acaso, "= 1")))
    com_os_gatilhos_desligados(banco, lambda: reselar(banco))


def com_os_gatilhos_desligados(banco: Banco, mexer: Callable[[], None]) -> None:
    """Desliga os gatilhos, mexe e os religa, como um superusuário pode."""
    gatilho = "ALTER TABLE execucoes {} TRIGGER so_insercoes"
    for acao, depois in (("DISABLE", mexer), ("ENABLE ALWAYS", lambda: None)):
        with banco.conexao() as con:
            con.execute(gatilho.format(acao))
        depois()


# A corrente sozinha acusa as primeiras; as outras, só quem guardou uma âncora.
VISTAS = [linha_antiga, linha_apagada, execucao_apagada, livro_mudado]
SO_A_ANCORA = [fim_cortado, fim_selado_de_novo, tudo_selado_de_novo]


@pytest.fixture(scope="module")
def molde(acesso: Acesso) -> Iterator[Banco]:
    """Um banco novo."""
    with acesso.banco() as banco:
        yield banco


def test_um_superusuario_muda_o_passado(
    campanha: Campanha,
    molde: Banco,
    escritor_pg: Programa,
    leitor_pg: Programa,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """65 sem âncora nenhuma, se ele não selou de novo; se selou, 0 sem ela e 65 com ela."""
    monkeypatch.setenv("PGPASSFILE", str(molde.acesso.pgpass))
    pasta, acaso = tmp_path_factory.mktemp("execuções"), campanha.acaso("execuções")
    for numero in range(EXECUCOES):
        arquivo = escrever(pasta, f"{numero}.csv", sorteada(acaso, 20, f"e{numero}-"))
        assert escritor_pg("--banco", molde.uri(), "importar", arquivo).codigo == 0
    guardadas = [ancora(molde, numero) for numero in range(1, EXECUCOES + 1)]
    opcoes = [parte for dita in guardadas for parte in ("--ancora", dita)]
    vezes = campanha.vezes("PostgreSQL, adulteração")
    contas: Counter[str] = Counter()
    especies = [*VISTAS, *SO_A_ANCORA]
    for vez in range(vezes):
        especie = especies[-1 - vez % len(especies)]
        rotulo = campanha.rotulo("adulteração", vez, especie.__name__)
        with molde.acesso.banco(molde.nome) as banco:
            verificar = ("verificar", "--banco", banco.uri("leitor"))
            assert leitor_pg(*verificar, *opcoes).codigo == 0, rotulo
            especie(banco, campanha.acaso("adulteração", vez))
            sozinha, com_ancora = leitor_pg(*verificar), leitor_pg(*verificar, *opcoes)
        assert sozinha.codigo == (65 if especie in VISTAS else 0), f"{rotulo}: {sozinha.stderr}"
        assert (com_ancora.codigo, com_ancora.stderr.count("\n")) == (65, 1), rotulo
        contas[especie.__name__.replace("_", " ").replace("execucao", "execução")] += 1
    campanha.anotar(
        tentou=f"{milhar(vezes)} mudanças por SQL, como superusuário: {contas_em_texto(contas)}",
        viu="65 em todas",
        perdeu="nenhuma aceita com as âncoras guardadas fora",
        controle="sem âncora, o fim cortado e o que foi selado de novo passam",
    )
