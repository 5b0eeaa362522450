"""O leitor no PostgreSQL: o que o par diz de um arquivo, dito de um servidor."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from leitor.prova import Execucao
from leitor.vigia.vigia import Sinais
from postgres.leitor.leitura import Leitura
from tests.conftest import Programa
from tests.contrato import consultar
from tests.motores import LEITOR
from tests.pagina import Pagina
from tests.postgres.bancos import TABELAS, Banco
from tests.postgres.selado import (
    a_forca,
    ancora,
    executar,
    gravar,
    gravar_tres,
    linhas_de,
    sem_indice,
)
from tests.processos import comando, no_shell, rodar
from tests.test_listagem import DIFICEIS, ESPERADO

pytestmark = pytest.mark.docker

FORMATOS = ["tabela", "json", "jsonl", "csv", "markdown"]
# O que faz uma receita ingênua errar: barras que o COPY escapa, e o fim de linha que ele usa.
MANHOSOS = ["a\\nb", "\\.", "\\N", '"x"', "a\u2028b", "😀", "fim\\", "\\x1f", "''"]


@pytest.fixture
def dificil(banco_pg: Banco) -> Banco:
    """Um banco com nomes difíceis, buracos nos ids e ids grandes, em cinco execuções."""
    linhas = linhas_de([(nome, f"d{n}@x.com") for n, nome in enumerate([*DIFICEIS, *MANHOSOS])])
    gravar(banco_pg, *linhas[:3])
    gravar(banco_pg)
    gravar(banco_pg, *linhas[3:-1], origem="importar:a.csv")
    gravar(banco_pg, (2**62, *linhas[-1][1:]), origem="importar:-")
    gravar(banco_pg)
    return banco_pg


def test_verifica_e_diz_a_prova(banco_pg: Banco, leitor_pg: Programa) -> None:
    """Tudo em ordem, na ordem, com o que se viu; e a âncora é a da última execução."""
    gravar_tres(banco_pg)
    codigo, stdout, stderr = leitor_pg("verificar")
    assert (codigo, stderr) == (0, "")
    linhas = stdout.splitlines()
    assert [linha.split()[:2] for linha in linhas[:8]] == [
        ["ok", nome]
        for nome in ("conexão", "dono", "esquema", "páginas", "lacres", "elos", "totais", "índice")
    ]
    assert "só de leitura, num instantâneo, PostgreSQL 17" in linhas[0]
    assert linhas[3].endswith("com somas; amcheck sem achados")
    assert linhas[4].endswith("3 recalculados das linhas, e iguais")
    assert linhas[6].endswith("usuários: 5, cada um em uma execução")
    assert f"âncora:  {ancora(banco_pg, 3)}" in linhas
    assert leitor_pg("verificar", "--ancora", ancora(banco_pg, 1)).codigo == 0


@pytest.mark.parametrize("limite", [-1, 0, 4])
def test_os_bytes_sao_os_do_par(
    limite: int, dificil: Banco, leitor_pg: Programa, leitor: Programa, tmp_path: Path
) -> None:
    """Em cada formato, o que o leitor do SQLite diz de uma cópia, byte por byte."""
    copia = str(tmp_path / "copia.db")
    assert leitor_pg("copiar", copia, "--banco", dificil.uri("leitor")).codigo == 0
    opcao = [] if limite < 0 else ["--limite", str(limite)]
    linhas = dificil.consultar("SELECT * FROM usuarios ORDER BY id")
    for formato in FORMATOS:
        argv = ["listar", "--formato", formato, *opcao]
        codigo, stdout, _ = leitor_pg("--banco", dificil.uri("leitor"), *argv)
        assert (codigo, stdout) == (0, leitor("--banco", copia, *argv).stdout), formato
        if formato in ESPERADO:
            esperadas = [(i, n, e, q) for i, n, e, q in linhas[: limite if limite >= 0 else None]]
            assert stdout == ESPERADO[formato](esperadas)


def test_em_paginas_de_qualquer_tamanho(
    dificil: Banco, leitor_pg: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nenhuma linha se perde nem se repete de uma página para a outra."""
    inteiro = leitor_pg("listar", "--formato", "jsonl").stdout
    tabela = leitor_pg().stdout
    onde = "postgres.leitor.consultas"
    for tamanho in (1, 2, 7):
        for nome in ("POR_PAGINA", "PRIMEIRA", "EXECUCOES_POR_PAGINA"):
            monkeypatch.setattr(f"{onde}.{nome}", tamanho)
        assert leitor_pg("verificar").codigo == 0
        assert leitor_pg("listar", "--formato", "jsonl").stdout == inteiro
        assert leitor_pg().stdout == tabela
    assert dificil.consultar("SELECT count(*) FROM usuarios") == [(inteiro.count("\n"),)]


def test_sem_o_amcheck_o_indice_e_percorrido(
    banco_pg: Banco, leitor_pg: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O que não se fez é dito; e um índice que mente é acusado do outro modo."""
    gravar_tres(banco_pg)
    executar(banco_pg, "DROP EXTENSION amcheck")
    monkeypatch.setattr("postgres.leitor.consultas.POR_PAGINA", 2)
    codigo, stdout, _ = leitor_pg("verificar")
    assert codigo == 0
    assert "amcheck não feito: não há, ou este papel não pode usá-lo\n" in stdout
    assert "tem os mesmos e-mails que a tabela\n" in stdout
    a_forca(banco_pg, *sem_indice("UPDATE usuarios SET email = 'w@x.com' WHERE id = 4"))
    codigo, _, stderr = leitor_pg("verificar")
    assert codigo == 65
    assert "o índice de e-mails tem 4 linhas, a tabela, 5 (regra A5 do contrato)" in stderr


def test_a_copia_e_o_mesmo_banco(dificil: Banco, leitor_pg: Programa, tmp_path: Path) -> None:
    """Ids, instantes, lacres e elos iguais; o leitor do par a aceita, e a âncora vale."""
    copia = tmp_path / "copia.db"
    dita = ancora(dificil, 5)
    codigo, stdout, stderr = leitor_pg("copiar", str(copia))
    assert (codigo, stdout) == (0, "")
    quantas = len(DIFICEIS) + len(MANHOSOS)
    assert stderr == (
        f"[LEITOR] copiado: {dificil.mostrado} → {copia}; "
        f"usuários: {quantas}, cada um em uma execução\n"
    )
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("copia")] == ["copia.db"]
    for tabela, linhas in zip(TABELAS, dificil.tudo(), strict=True):
        assert consultar(copia, f"SELECT * FROM {tabela} ORDER BY id") == linhas
    assert LEITOR(["verificar", "--banco", str(copia), "--ancora", dita]) == 0


def test_a_copia_pela_saida_padrao(dificil: Banco, tmp_path: Path) -> None:
    """`copiar - > copia.db`, num processo de verdade, e nada fica na pasta temporária."""
    copia, pasta = tmp_path / "copia.db", tmp_path / "temporaria"
    pasta.mkdir()
    linha = 'TMPDIR="$1" BANCO="$2" "${@:4}" copiar - > "$3"'
    alvo = (str(pasta), dificil.uri("leitor"), str(copia), *comando("postgres.leitor"))
    codigo, _, stderr = rodar(no_shell(linha, *alvo))
    assert codigo == 0, stderr
    assert stderr == f"[LEITOR] copiado: {dificil.mostrado}, verificado antes do primeiro byte\n"
    assert LEITOR(["verificar", "--banco", str(copia)]) == 0
    assert list(pasta.iterdir()) == []


@pytest.mark.parametrize("destino", ["copia.db", "-"])
def test_um_banco_estragado_nao_se_copia(
    destino: str, banco_pg: Banco, leitor_pg: Programa, tmp_path: Path
) -> None:
    """65, e nem sombra de cópia."""
    gravar_tres(banco_pg)
    banco_pg.alterar("UPDATE usuarios SET nome = 'X' WHERE id = 1")
    onde = destino if destino == "-" else str(tmp_path / destino)
    codigo, stdout, stderr = leitor_pg("copiar", onde)
    assert (codigo, stdout) == (65, "")
    assert stderr.startswith(f"[LEITOR] ERRO: {banco_pg.mostrado}: lacre quebrado na execução 1 (")
    assert "regra E10 do contrato). Restaure uma cópia num banco novo: " in stderr
    assert not [p for p in tmp_path.iterdir() if p.name.startswith("copia")]


def test_a_pagina_e_a_receita(dificil: Banco, leitor_pg: Programa) -> None:
    """Os fatos são os do servidor; e o comando, colado no bash, dá o lacre."""
    codigo, stdout, _ = leitor_pg("listar", "--formato", "html")
    assert codigo == 0
    pagina = Pagina(stdout)
    assert pagina is not None
    for fato in ("Servidor", "PostgreSQL 17", dificil.nome, "Quem gravou"):
        assert fato in stdout
    assert "SQLite" not in stdout
    [(lacre,)] = dificil.consultar("SELECT lacre FROM execucoes WHERE id = 4")
    assert lacre in stdout


@pytest.mark.parametrize("execucao", [1, 3, 4])
def test_a_receita_do_contrato(execucao: int, dificil: Banco) -> None:
    """`psql … | sha256sum`, com nomes que fazem errar as receitas ingênuas, dá o lacre do livro."""
    texto = (Path(__file__).parents[2] / "docs" / "contrato.md").read_text(encoding="utf-8")
    secao = texto.partition("## No PostgreSQL")[2]
    receitas = re.findall(r"```sh\n(PGCLIENTENCODING.*?)```", secao, re.DOTALL)
    assert len(receitas) == 1
    [(primeiro, ultimo, lacre)] = dificil.consultar(
        "SELECT primeiro_id, ultimo_id, lacre FROM execucoes WHERE id = %s", execucao
    )
    receita = receitas[0].replace("1 AND 3", f"{primeiro} AND {ultimo}")
    receita = receita.replace("postgresql://leitor@localhost/desafio2", dificil.uri("leitor"))
    assert rodar(no_shell(receita)) == (0, f"{lacre}  -\n", "")


def test_a_receita_da_pagina(dificil: Banco) -> None:
    """A da página, com o endereço de quem leu, e sem senha."""
    [linha] = dificil.consultar(
        "SELECT id, origem, container, versao, iniciada_em, concluida_em, inseridos, repetidos, "
        "primeiro_id, ultimo_id, total, lacre FROM execucoes WHERE id = 3"
    )
    endereco = dificil.uri("leitor").replace("leitor@", "leitor:segredo@")
    receita = Leitura(endereco, 1).receita(Execucao(*linha))
    assert "segredo" not in receita
    assert rodar(no_shell(receita)) == (0, f"{linha[-1]}  -\n", "")


def test_vigia(
    banco_pg: Banco, leitor_pg: Programa, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """O que se soma, o que se estraga, e o estado que o exame de saúde lê."""
    gravar_tres(banco_pg)
    estado = str(tmp_path / "estado")
    passos: list[Callable[[], object]] = [
        lambda: gravar(banco_pg, (9, "Nova", "nova@x.com", "2026-01-02T03:04:05Z")),
        lambda: banco_pg.alterar("UPDATE usuarios SET nome = 'X' WHERE id = 9"),
    ]
    monkeypatch.setattr(Sinais, "dormir", lambda *_: passos.pop(0)())
    codigo, stdout, stderr = leitor_pg("vigiar", "--vezes", "3", "--estado", estado)
    ditas = [linha.partition(" ")[2] for linha in stdout.splitlines()]
    assert codigo == 65
    assert ditas[1].startswith("execução 4 (semear), container c1; inseridos: 1")
    assert ditas[2] == "usuários novos: 1; 9 Nova <nova@x.com>"
    assert "lacre quebrado na execução 4" in stderr
    assert json.loads(Path(estado).read_text())["codigo"] == 65
    assert leitor_pg("saude", estado).codigo == 65


def test_muitas_execucoes_pequenas(banco_pg: Banco, leitor_pg: Programa) -> None:
    """Mais do que uma página do livro, cada uma com poucas linhas ou nenhuma."""
    for n in range(1, 120):
        gravar(banco_pg, *[(n, "P", f"p{n}@x.com", "2026-01-02T03:04:05Z")] * (n % 3 > 0))
    codigo, stdout, _ = leitor_pg("verificar")
    assert (codigo, "119 recalculados das linhas, e iguais\n" in stdout) == (0, True)
    banco_pg.alterar("UPDATE usuarios SET nome = 'X' WHERE id = 118")
    assert "lacre quebrado na execução 118 (" in leitor_pg("verificar").stderr
