"""Quem esperava pela trava enquanto o banco era restaurado: nada grava nem estraga no que saiu."""

import sys
from pathlib import Path

import pytest

from escritor.banco import conexao
from escritor.erros import Erro
from escritor.sinais import Sinais
from tests.conftest import Programa, escrever_amostra
from tests.contrato import AMOSTRA, consultar, pessoas
from tests.processos import (
    alimentar,
    comando,
    esperar,
    fluxo,
    iniciado,
    terminar,
)
from tests.test_restaurar import datadas

ESPERA_PARADO = """
import os, sys, escritor.app, escritor.sqlite
from escritor.banco.conexao import Conexao
travar = Conexao.travar
def depois_da_troca(con):
    print("aberto", flush=True)
    sys.stdin.readline()
    if sys.argv[1] == "controle":
        con.arquivo = os.stat(con.caminho)
    travar(con)
Conexao.travar = depois_da_troca
sys.exit(escritor.app.main(["importar", sys.argv[2]], banco=escritor.sqlite))
"""


@pytest.mark.parametrize(("quem", "codigo"), [("par", 75), ("controle", 0)])
@pytest.mark.parametrize("vazio", [True, False], ids=["de 0 byte", "com dados"])
def test_quem_esperava_nao_grava_no_banco_que_saiu(
    vazio: bool,
    quem: str,
    codigo: int,
    semeado: Path,
    copia: Path,
    tmp_path: Path,
    escritor: Programa,
) -> None:
    """Um escritor que abriu antes da troca diz 75. Sem conferir, diria 0 e perderia tudo.

    Num banco com páginas, o próprio SQLite o percebe (SQLITE_READONLY_DBMOVED).
    """
    if vazio:
        semeado.write_bytes(b"")
    elif quem == "controle":
        codigo = 75
    with iniciado(
        [sys.executable, "-c", ESPERA_PARADO, quem, str(escrever_amostra(tmp_path))]
    ) as processo:
        assert fluxo(processo.stdout).readline() == b"aberto\n"
        assert escritor("restaurar", str(copia)).codigo == 0
        alimentar(processo, b"\n")
        saida = terminar(processo)
    assert saida.codigo == codigo, saida.stderr
    assert codigo == 0 or "foi restaurado enquanto este processo esperava" in saida.stderr
    assert consultar(semeado, "SELECT count(*) FROM execucoes") == [(3,)], "a dele não está"


@pytest.mark.parametrize("confere", [True, False], ids=["par", "controle"])
def test_quem_esperava_nao_toca_no_diario_de_quem_veio_depois(
    confere: bool,
    semeado: Path,
    copia: Path,
    escritor: Programa,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sem conferir o nome antes da trava, o SQLite desfaria no banco velho o diário do novo."""
    con = conexao.conectar(str(semeado), 0.2, Sinais())
    assert escritor("restaurar", str(copia)).codigo == 0
    linhas = b"".join(b"P%d,p%d@x.com\n" % (i, i) for i in range(120_000))
    diario = Path(f"{semeado}-journal")
    if not confere:
        monkeypatch.setattr(conexao.Conexao, "conferir_nome", lambda _con: None)
    with iniciado(comando("escritor", "importar", "-")) as processo:
        alimentar(processo, b"nome,email\n" + linhas)
        esperar(lambda: semeado.stat().st_size > 1 << 20, "as páginas no disco")
        if confere:
            with pytest.raises(Erro, match="foi restaurado"):
                con.travar()
        else:
            con.travar()
        assert diario.exists() is confere
        con.close()
        processo.kill()
    assert (pessoas(datadas(semeado)[0]) == AMOSTRA) is confere
