"""Onde se pede uma réplica: o escritor só grava se há uma que confirme; e vários servidores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from escritor.sinais import Sinais
from postgres.escritor import conexao
from tests.conftest import Programa
from tests.contrato import AMOSTRA
from tests.postgres.bancos import Banco

pytestmark = pytest.mark.docker

EXIGE = "ALTER DATABASE {} SET desafio2.exige_replica = 'on'"
SOLTA = "ALTER DATABASE {} RESET ALL"


@contextmanager
def vendo_replicas(banco: Banco) -> Iterator[None]:
    """O papel escritor vê, enquanto durar, se há réplicas."""
    banco.no_servidor("GRANT pg_read_all_stats TO escritor")
    try:
        yield
    finally:
        banco.no_servidor("REVOKE pg_read_all_stats FROM escritor")


def test_sem_replica_onde_o_banco_a_exige(banco_pg: Banco, escritor_pg: Programa) -> None:
    """75 antes de gravar, depois de esperar e de o dizer; sem a exigência, grava."""
    banco_pg.no_servidor(EXIGE.format(banco_pg.nome))
    with vendo_replicas(banco_pg):
        saida = escritor_pg()
    assert saida == (
        75,
        "",
        f"[ESCRITOR] {banco_pg.mostrado}: nenhuma réplica confirma ainda o que se grava; espero "
        "até 0.3 s\n"
        f"[ESCRITOR] ERRO: {banco_pg.mostrado}: nenhuma réplica confirma o que se grava, e sem ela "
        "o que se confirmasse morreria com esta máquina; nada foi gravado. Espere que uma volte "
        "(docker compose ps) e rode de novo.\n",
    )
    assert banco_pg.tudo() == [[], []]
    banco_pg.no_servidor(SOLTA.format(banco_pg.nome))
    assert escritor_pg().codigo == 0
    assert banco_pg.pessoas() == AMOSTRA


def test_um_papel_que_nao_ve_as_replicas(banco_pg: Banco, escritor_pg: Programa) -> None:
    """73 e o comando, que se roda: aí o escritor vê, e diz o que falta."""
    banco_pg.no_servidor(EXIGE.format(banco_pg.nome))
    saida = escritor_pg()
    assert saida[:2] == (73, "")
    assert (
        "este papel não vê se há uma réplica, e o banco a exige; nada foi gravado" in saida.stderr
    )
    comando_dito = saida.stderr.rpartition("como superusuário: ")[2].strip()
    banco_pg.no_servidor(comando_dito)
    try:
        assert escritor_pg().codigo == 75
    finally:
        banco_pg.no_servidor(comando_dito.replace("GRANT", "REVOKE").replace(" TO ", " FROM "))
    assert banco_pg.tudo() == [[], []]


@pytest.mark.parametrize("frouxo", ["off", "local", "remote_write"])
def test_um_papel_com_a_confirmacao_afrouxada(frouxo: str, banco_pg: Banco) -> None:
    """Seja qual for o padrão do papel, a sessão do escritor espera pelo disco."""
    papel = f"ALTER ROLE escritor IN DATABASE {banco_pg.nome}"
    banco_pg.no_servidor(f"{papel} SET synchronous_commit = '{frouxo}'")
    confirma = "SHOW synchronous_commit"
    with banco_pg.conexao("escritor") as outra:
        assert outra.execute(confirma).fetchone() == (frouxo,)
    with conexao.abrir(banco_pg.uri(), 1, Sinais()) as con:
        assert con.uma(confirma) == ("on",)


def test_de_varios_servidores_espera_um_que_grave(banco_pg: Banco, escritor_pg: Programa) -> None:
    """Um morto não atrapalha; com todos mortos, 75 depois da espera, que se diz."""
    porta = "127.0.0.1:1"
    com_um_morto = banco_pg.uri(onde=f"{porta},{banco_pg.acesso.ip}")
    assert escritor_pg("--banco", com_um_morto).codigo == 0
    saida = escritor_pg("--banco", banco_pg.uri(onde=f"{porta},{porta}"))
    assert saida[:2] == (75, "")
    espera, erro = saida.stderr.splitlines()
    assert espera.endswith(": nenhum servidor aceita gravar agora; espero até 0.3 s")
    assert "nada foi gravado" in erro
    assert banco_pg.pessoas() == AMOSTRA


def test_o_que_outro_deixou_talvez_nao_se_confirma_sem_a_replica(
    banco_pg: Banco, escritor_pg: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rodar de novo acha tudo gravado, nada grava, e ainda assim o COMMIT espera: *talvez*."""
    monkeypatch.setenv("BANCO_ESPERA", "2")
    servidor = banco_pg.acesso.servidor
    servidor.ajustar(synchronous_standby_names="nenhuma")
    try:
        saidas = [escritor_pg("semear") for _ in range(2)]
        livro = banco_pg.tudo()
    finally:
        servidor.ajustar(synchronous_standby_names="")
    for saida in saidas:
        assert saida[:2] == (75, "")
        assert "sem esperar pela réplica; a execução foi talvez gravada. " in saida.stderr
        assert "âncora" not in saida.stderr
    assert [len(linhas) for linhas in livro] == [3, 1]
    de_novo = escritor_pg("semear")  # controle: sem réplica a esperar, nada grava e confirma
    assert de_novo.codigo == 0
    assert "âncora: 1 " in de_novo.stderr
    assert banco_pg.tudo() == livro
