"""O escritor no PostgreSQL: o mesmo contrato, linha por linha e lacre por lacre."""

from __future__ import annotations

from pathlib import Path

import pytest

from escritor import app, execucao
from tests.conftest import Programa
from tests.contrato import AMOSTRA, elo, lacre
from tests.nos_dois_motores.test_gravar import DIFICEIS
from tests.postgres.bancos import Banco

pytestmark = pytest.mark.docker

AGORA = "2026-03-04T05:06:07Z"


def csv(pasta: Path, pessoas: list[tuple[str, str]], nome: str = "entrada.csv") -> str:
    """Escreve um CSV com estas pessoas."""
    linhas = ['"{}","{}"'.format(*(c.replace('"', '""') for c in pessoa)) for pessoa in pessoas]
    (pasta / nome).write_text("\n".join(["nome,email", *linhas, ""]), encoding="utf-8")
    return str(pasta / nome)


def gente(quantas: int, desde: int = 0) -> list[tuple[str, str]]:
    """Pessoas distintas, com os e-mails fora de ordem."""
    return [(f"P{n}", f"p{n * 7919 % 1_000_003}@x.com") for n in range(desde, desde + quantas)]


def conferir_prova(banco: Banco) -> None:
    """Recalcula, por fora, cada lacre, cada elo e cada conta do livro."""
    linhas, livro = banco.tudo()
    anterior, total = "0" * 64, 0
    for execucao_ in livro:
        *colunas, gravado = execucao_
        primeiro, ultimo = colunas[9], colunas[10]
        dela = [linha for linha in linhas if primeiro and primeiro <= linha[0] <= ultimo]
        total += len(dela)
        assert colunas[12] == lacre(dela)
        assert (colunas[7], colunas[11]) == (len(dela), total)
        anterior = elo(anterior, colunas)
        assert gravado == anterior
    assert len(linhas) == total


def test_nomes_dificeis_entre_muitos_ficam_como_sao(
    escritor_pg: Programa, banco_pg: Banco, tmp_path: Path
) -> None:
    """Barras, aspas, emojis e o que um COPY tomaria por NULL ou por fim: letra por letra."""
    pessoas = [*DIFICEIS, *gente(12_000)]

    assert escritor_pg("importar", csv(tmp_path, pessoas)).codigo == 0

    assert banco_pg.pessoas() == pessoas
    assert banco_pg.consultar("SELECT min(id), max(id) FROM usuarios") == [(1, len(pessoas))]
    conferir_prova(banco_pg)


def test_o_mesmo_lacre_e_o_mesmo_elo_nos_dois_motores(
    escritor_pg: Programa,
    escritor: Programa,
    banco: Path,
    banco_pg: Banco,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Com os mesmos instantes, o mesmo CSV dá as mesmas linhas e o mesmo livro, até o elo."""
    for modulo in (app, execucao):
        monkeypatch.setattr(modulo, "agora", lambda: AGORA)
    repetidas = [("Outra", "RUI@x.com"), *gente(3)]
    arquivos = [
        csv(tmp_path, [*DIFICEIS, *gente(500)], "poucas.csv"),
        csv(tmp_path, gente(15_000, 1_000), "muitas.csv"),
        csv(tmp_path, repetidas, "repetidas.csv"),
    ]
    for endereco, programa in ((str(banco), escritor), (banco_pg.uri(), escritor_pg)):
        for arquivo in arquivos:
            assert programa("importar", arquivo, "--banco", endereco).codigo == 0

    de_um = [consultar_sqlite(banco, tabela) for tabela in ("usuarios", "execucoes")]
    assert banco_pg.tudo() == de_um


def consultar_sqlite(banco: Path, tabela: str) -> list[tuple[object, ...]]:
    """Devolve tudo o que a tabela tem no arquivo."""
    from tests.contrato import consultar  # noqa: PLC0415

    return consultar(banco, f"SELECT * FROM {tabela} ORDER BY id")


@pytest.mark.parametrize("antes", [0, 3], ids=["banco vazio", "banco com gente"])
@pytest.mark.parametrize("onde", ["no começo", "no fim"])
def test_repetidas_no_arquivo(
    antes: int, onde: str, escritor_pg: Programa, banco_pg: Banco, tmp_path: Path
) -> None:
    """Entra a primeira de cada e-mail, sem distinguir maiúsculas ASCII, e os ids não têm buracos.

    No começo do arquivo elas mudam o caminho da carga; no fim, só se descobrem quando os
    índices se refazem.
    """
    if antes:
        assert escritor_pg().codigo == 0
    unicas = [*DIFICEIS, *gente(15_000)]
    repetidas = [("De novo", "RUI@X.com"), ("Joana", "Joao@example.com"), ("Outra", "P0@x.com")]
    pessoas = (
        [*unicas, *repetidas] if onde == "no fim" else [*unicas[:20], *repetidas, *unicas[20:]]
    )

    saida = escritor_pg("importar", csv(tmp_path, pessoas))

    esperadas = unicas
    if not antes:  # Joana só é repetida se João já está
        corte = len(unicas) if onde == "no fim" else 20
        esperadas = [*unicas[:corte], repetidas[1], *unicas[corte:]]
    contas = f"inseridos: {len(esperadas)}, já existiam: {len(pessoas) - len(esperadas)},"
    assert contas in saida.stderr.replace(".", "")
    assert banco_pg.pessoas() == [*AMOSTRA[:antes], *esperadas]
    assert banco_pg.consultar("SELECT max(id) FROM usuarios") == [(antes + len(esperadas),)]
    conferir_prova(banco_pg)


def test_o_mesmo_arquivo_outra_vez(escritor_pg: Programa, banco_pg: Banco, tmp_path: Path) -> None:
    """Ninguém entra duas vezes, e as novas do fim entram."""
    assert escritor_pg("importar", csv(tmp_path, gente(15_000))).codigo == 0

    outra = escritor_pg("importar", csv(tmp_path, gente(15_000)))
    mais = escritor_pg("importar", csv(tmp_path, gente(15_100)))

    assert "inseridos: 0, já existiam: 15.000, total: 15.000\n" in outra.stderr
    assert "inseridos: 100, já existiam: 15.000, total: 15.100\n" in mais.stderr
    assert banco_pg.pessoas() == gente(15_100)
    conferir_prova(banco_pg)


@pytest.mark.parametrize("refaz", [0, 100], ids=["índices no lugar", "índices refeitos"])
def test_num_banco_cheio_as_novas_esperam(
    refaz: int,
    escritor_pg: Programa,
    banco_pg: Banco,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pela tabela temporária, com os índices no lugar ou refeitos: as mesmas pessoas, uma vez."""
    from postgres.escritor import carga  # noqa: PLC0415

    assert escritor_pg("importar", csv(tmp_path, gente(15_000))).codigo == 0
    monkeypatch.setattr(carga, "REFAZ_SEM_SABER", 0)
    monkeypatch.setattr(carga, "REFAZ", refaz)
    novas = [*DIFICEIS, *gente(17_000, 10_000), ("De novo", "RUI@x.com")]

    saida = escritor_pg("importar", csv(tmp_path, novas))

    assert "inseridos: 12.011, já existiam: 5.001, total: 27.011\n" in saida.stderr
    assert sorted(banco_pg.pessoas()) == sorted([*gente(27_000), *DIFICEIS])
    assert banco_pg.consultar("SELECT max(id) FROM usuarios") == [(27_011,)]
    conferir_prova(banco_pg)


def test_conflito_falhar_com_muitas(escritor_pg: Programa, banco_pg: Banco, tmp_path: Path) -> None:
    """65, o e-mail e a linha dele, e o banco igual; sem conflito, entram todas."""
    quantas = 12_000
    assert escritor_pg().codigo == 0
    antes = banco_pg.tudo()
    ruim = csv(tmp_path, [*gente(quantas), ("João", "Joao@Example.com")])
    bom = csv(tmp_path, gente(quantas), "bom.csv")

    assert escritor_pg("importar", ruim, "--conflito", "falhar") == (
        65,
        "",
        f"[ESCRITOR] ERRO: entrada.csv:{quantas + 2}: email: Joao@Example.com já existe; "
        "nada foi gravado. Com --conflito ignorar, só os novos entram.\n",
    )
    assert banco_pg.tudo() == antes
    assert escritor_pg("importar", bom, "--conflito", "falhar").codigo == 0
    assert banco_pg.pessoas() == [*AMOSTRA, *gente(quantas)]
    conferir_prova(banco_pg)


@pytest.mark.parametrize(
    "comando",
    [
        "DELETE FROM usuarios WHERE id = 2",
        "INSERT INTO usuarios VALUES (9, 'X', 'x@x.com', '2026-01-01T00:00:00Z')",
        "UPDATE usuarios SET email = 'sem-arroba' WHERE id = 2",
        "DELETE FROM execucoes WHERE id = 1",
        "UPDATE execucoes SET lidos = 9, repetidos = 6 WHERE id = 1",
    ],
)
def test_num_banco_mexido_nao_se_grava(
    comando: str, escritor_pg: Programa, banco_pg: Banco
) -> None:
    """65, dizendo a regra, e nada muda; antes de mexerem, gravava (o controle)."""
    assert [escritor_pg().codigo, escritor_pg().codigo] == [0, 0]
    banco_pg.alterar(comando)
    antes = banco_pg.tudo()

    codigo, stdout, stderr = escritor_pg()

    assert (codigo, stdout) == (65, "")
    assert stderr.startswith(f"[ESCRITOR] ERRO: {banco_pg.mostrado}: ")
    assert " do contrato); nada foi gravado." in stderr
    assert banco_pg.tudo() == antes
