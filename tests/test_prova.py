"""A prova: o que foi verificado, quem gravou por último e quem lê agora."""

import json
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from leitor import app, dizeres
from leitor.banco.leitura import Leitura
from tests.conftest import Programa
from tests.contrato import alterar, ancora, consultar
from tests.processos import comando, no_shell, rodar
from tests.verificacao import ORDEM


def test_a_prova_diz_quem_gravou_e_quem_le(gravado: Path, leitor: Programa) -> None:
    """Em texto: cada verificação, a última gravação com o lacre inteiro, e quem lê agora."""
    codigo, stdout, stderr = leitor("verificar")
    assert (codigo, stderr) == (0, "")
    *verificacoes, gravado_por, selo, ate_aqui, lido_por = stdout.splitlines()
    assert [linha.split()[:2] for linha in verificacoes] == [["ok", nome] for nome in ORDEM]
    [(container, quando, lacre)] = consultar(
        gravado, "SELECT container, concluida_em, lacre FROM execucoes WHERE id = 3"
    )
    assert gravado_por == (
        f"gravado: execução 3 (importar:entrada.csv), {dizeres.onde(container)}, {quando}"
    )
    assert selo == f"lacre:   {lacre}"
    assert ate_aqui == f"âncora:  {ancora(gravado)}"
    assert re.fullmatch(
        rf"lido:    {re.escape(dizeres.onde(os.uname().nodename))}, \d{{4}}-\d\d-\d\dT[\d:]+Z; "
        "5 usuários, 3 execuções",
        lido_por,
    )


def test_a_prova_e_da_ultima_que_gravou_linhas(
    gravado: Path, repetir: Programa, leitor: Programa
) -> None:
    """Uma execução que nada inseriu não toma o lugar da que gravou o que se lê."""
    assert repetir().codigo == 0
    relatorio = json.loads(leitor("verificar", "--formato", "json").stdout)
    prova: dict[str, Any] = relatorio["prova"]
    [linha] = consultar(
        gravado,
        "SELECT id, origem, container, versao, concluida_em, primeiro_id, ultimo_id, inseridos, "
        "lacre FROM execucoes WHERE id = 3",
    )
    assert tuple(prova["ultima_gravacao"].values()) == linha
    assert (prova["usuarios"], prova["execucoes"]) == (5, 4)
    assert prova["ancora"] == ancora(gravado)
    assert prova["lido_por"] == os.uname().nodename


@pytest.mark.usefixtures("gravado")
def test_listar_diz_a_prova_antes_e_so_no_erro_padrao(leitor: Programa) -> None:
    """`listar` verifica tudo o que `verificar` verifica, e a saída é só a lista."""
    codigo, stdout, stderr = leitor("listar", "--formato", "jsonl")
    assert (codigo, stdout.count("\n")) == (0, 5)
    verificado, *prova = stderr.splitlines()
    assert verificado == f"[LEITOR] ✓ {len(ORDEM)} de {len(ORDEM)} verificações"
    assert [linha.split()[:2] for linha in prova] == [
        ["[LEITOR]", rotulo] for rotulo in ("gravado:", "lacre:", "âncora:", "lido:")
    ]


def test_o_que_foi_verificado_e_o_que_se_lista(
    gravado: Path, leitor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uma gravação que confirma entre a verificação e a lista não entra na lista."""
    verificar_banco = app.verificar_banco
    recusas = []

    def verificar_e_adulterar(leitura: Leitura, *resto: Any) -> Any:
        resultado = verificar_banco(leitura, *resto)
        with closing(sqlite3.connect(gravado, timeout=0)) as con:
            try:
                con.execute("DELETE FROM usuarios")
                con.commit()
            except sqlite3.OperationalError as erro:
                recusas.append(str(erro))
        return resultado

    monkeypatch.setattr(app, "verificar_banco", verificar_e_adulterar)
    codigo, stdout, _ = leitor("listar", "--formato", "jsonl")
    assert (codigo, stdout.count("\n"), recusas) == (0, 5, ["database is locked"])


@pytest.mark.parametrize("formato", ["texto", "json"])
def test_a_falha_nao_some_com_quem_lia(formato: str, gravado: Path) -> None:
    """`verificar | true` num banco adulterado ainda sai com 65."""
    alterar(gravado, "UPDATE usuarios SET nome = 'X' WHERE id = 1")
    linha = 'set -o pipefail; (trap "" PIPE; "$@") | true'
    for _ in range(3):  # ora quem lia já saiu, ora não
        cmd = comando("leitor", "verificar", "--formato", formato)
        assert rodar(no_shell(linha, *cmd)).codigo == 65
