"""O que se interrompe no meio: sinais, conexões cortadas, o servidor morto, dois ao mesmo tempo."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from escritor import app
from escritor.entrada.pessoa import Lote
from escritor.erros import Erro
from escritor.sinais import Sinais
from postgres.escritor import banco as motor
from postgres.escritor import conexao
from tests.conftest import Programa
from tests.contrato import AMOSTRA
from tests.postgres.apoio import Servidor
from tests.postgres.bancos import Acesso, Banco
from tests.postgres.corte import corte
from tests.postgres.test_escritor import conferir_prova
from tests.processos import PARADA, alimentar, comando, esperar, fluxo, iniciado, rodar, terminar

pytestmark = pytest.mark.docker

MUITAS = "nome,email\n" + "".join(f"P{n},p{n}@x.com\n" for n in range(60_000))
POUCAS = "nome,email\n" + "".join(f"P{n},p{n}@x.com\n" for n in range(100))
EM_ANDAMENTO = """\
SELECT query FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'desafio2 escritor'"""
CARGA = "COPY desafio2.usuarios"
ESPERAM = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
CANCELA = """\
SELECT pg_cancel_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event = 'SyncRep'"""


def fazendo(banco: Banco, trecho: str) -> bool:
    """Diz se uma sessão do escritor está, ou esteve por último, numa consulta com este trecho."""
    return any(trecho in consulta for (consulta,) in banco.consultar(EM_ANDAMENTO))


@pytest.mark.parametrize(
    ("sinal", "codigo", "entrada", "trecho"),
    [(signal.SIGINT, 130, MUITAS, CARGA), (signal.SIGTERM, 143, POUCAS, "SELECT")],
    ids=["SIGINT, muitas", "SIGTERM, poucas"],
)
def test_um_sinal_no_meio_da_carga(
    sinal: int, codigo: int, entrada: str, trecho: str, banco_pg: Banco
) -> None:
    """130 ou 143 na hora, nada gravado, os índices no lugar, e o servidor sem sessões nossas."""
    with iniciado(comando("postgres.escritor", "importar", "-", "--silencioso")) as processo:
        alimentar(processo, entrada.encode())
        esperar(lambda: fazendo(banco_pg, trecho), "a carga começar")
        processo.send_signal(sinal)
        saida = terminar(processo, PARADA)

    assert saida == (
        codigo,
        "",
        "[ESCRITOR] interrompido: a transação foi desfeita e nada foi gravado. Rode de novo.\n",
    )
    esperar(lambda: not banco_pg.consultar(EM_ANDAMENTO), "a sessão acabar no servidor")
    assert banco_pg.tudo() == [[], []]
    indices = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'desafio2'"
    assert banco_pg.consultar(indices) == [(3,)]


@pytest.mark.parametrize(("sinal", "codigo"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_um_sinal_na_espera_pela_trava(sinal: int, codigo: int, banco_pg: Banco) -> None:
    """A espera é no servidor, e o sinal a cancela lá."""
    with banco_pg.conexao() as outra:
        outra.execute(f"SELECT pg_advisory_lock({conexao.TRAVA})")
        with iniciado(comando("postgres.escritor", "--espera", "600")) as processo:
            esperar(lambda: fazendo(banco_pg, "pg_advisory_xact_lock"), "o escritor esperar")
            processo.send_signal(sinal)
            assert terminar(processo, PARADA).codigo == codigo
        esperar(lambda: not banco_pg.consultar(EM_ANDAMENTO), "a espera acabar no servidor")
    assert banco_pg.tudo() == [[], []]


@pytest.mark.parametrize("entrega", [True, False], ids=["gravado", "não gravado"])
def test_a_conexao_cortada_no_commit(
    entrega: bool, banco_pg: Banco, acesso: Acesso, escritor_pg: Programa
) -> None:
    """75 e *talvez*: o programa diz o mesmo dos dois jeitos, que é o que sabe; de novo é seguro."""
    with corte(acesso.ip, b"COMMIT\0", entrega=entrega) as meio:
        saida = escritor_pg("--banco", banco_pg.uri(onde=meio.onde))
        assert meio.cortou.is_set()

    assert saida[:2] == (75, "")
    assert saida.stderr.startswith(
        f"[ESCRITOR] ERRO: {meio.onde}/{banco_pg.nome}: a resposta da confirmação não chegou ("
    )
    assert saida.stderr.endswith(
        "; a execução foi talvez gravada. Rode de novo: o que já está gravado não se repete.\n"
    )
    esperar(lambda: not banco_pg.consultar(EM_ANDAMENTO), "o servidor perceber")
    assert len(banco_pg.consultar("SELECT * FROM execucoes")) == int(entrega)
    assert escritor_pg().codigo == 0
    assert banco_pg.pessoas() == AMOSTRA


def test_a_conexao_cortada_antes_do_commit(
    banco_pg: Banco, acesso: Acesso, escritor_pg: Programa
) -> None:
    """75 e nada gravado: ninguém confirma o que o cliente não mandou confirmar."""
    with corte(acesso.ip, b"INSERT INTO desafio2.execucoes", entrega=True) as meio:
        saida = escritor_pg("--banco", banco_pg.uri(onde=meio.onde))

    assert saida[:2] == (75, "")
    assert f"{meio.onde}/{banco_pg.nome}: a conexão com o servidor se perdeu (" in saida.stderr
    assert "; nada foi gravado. " in saida.stderr
    esperar(lambda: not banco_pg.consultar(EM_ANDAMENTO), "o servidor perceber")
    assert banco_pg.tudo() == [[], []]


@pytest.mark.parametrize("como", ["pg_terminate_backend", "pg_cancel_backend"])
def test_uma_sessao_encerrada_por_quem_administra(como: str, banco_pg: Banco) -> None:
    """75 e nada gravado, seja a sessão encerrada ou só o comando cancelado."""
    with iniciado(comando("postgres.escritor", "importar", "-", "--silencioso")) as processo:
        alimentar(processo, MUITAS.encode())
        esperar(lambda: fazendo(banco_pg, CARGA), "a carga começar")
        banco_pg.consultar(EM_ANDAMENTO.replace("SELECT query", f"SELECT {como}(pid)"))
        fluxo(processo.stdin).close()
        saida = terminar(processo)

    assert saida[:2] == (75, "")
    assert "; nada foi gravado. " in saida.stderr
    assert saida.stderr.count("\n") == 1
    assert banco_pg.tudo() == [[], []]


def test_dois_escritores_ao_mesmo_tempo(banco_pg: Banco, tmp_path: Path) -> None:
    """Quatro processos, uma corrente só: 1, 2, 3, 4, e cada um continua o elo do anterior."""
    arquivos = []
    for n in range(4):
        arquivos.append(tmp_path / f"{n}.csv")
        linhas = "".join(f"P{n},p{n}.{i}@x.com\n" for i in range(300))
        arquivos[-1].write_text(f"nome,email\n{linhas}")
    comandos = [
        comando("postgres.escritor", "--espera", "30", "importar", str(a)) for a in arquivos
    ]
    with (
        iniciado(comandos[0]) as a,
        iniciado(comandos[1]) as b,
        iniciado(comandos[2]) as c,
        iniciado(comandos[3]) as d,
    ):
        assert [terminar(processo).codigo for processo in (a, b, c, d)] == [0] * 4
    assert banco_pg.consultar("SELECT id FROM execucoes ORDER BY id") == [
        (n,) for n in (1, 2, 3, 4)
    ]
    conferir_prova(banco_pg)


@pytest.mark.parametrize("nivel", ["READ COMMITTED", "REPEATABLE READ"])
def test_quem_espera_pela_trava_continua_a_corrente_so_em_read_committed(
    nivel: str, banco_pg: Banco, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O segundo começa antes de o primeiro confirmar, e espera.

    Controle: em REPEATABLE READ ele vê, depois da espera, o livro de antes dela, e começaria
    outra corrente com os mesmos números. Só as chaves o impedem.
    """
    monkeypatch.setattr(conexao, "COMECA", f"BEGIN ISOLATION LEVEL {nivel}")
    desfechos: list[str] = []

    def segundo() -> None:
        try:
            gravar("b")
            desfechos.append("gravou")
        except Erro as erro:
            desfechos.append(f"{erro.codigo} {erro}")

    def gravar(nome: str, antes_de_confirmar: Callable[[], None] = lambda: None) -> None:
        with motor.abrir(banco_pg.uri(), 20, Sinais(), lambda *_: None) as con, con.transacao():
            lote = Lote([nome], [f"{nome}@x.com"], [2])
            app.inserir_dados(motor, con, [lote], "semear", "2026-01-01T00:00:00Z")
            antes_de_confirmar()

    outro = threading.Thread(target=segundo)

    def esperar_o_segundo() -> None:
        outro.start()
        esperar(lambda: len(banco_pg.consultar(ESPERAM)) == 1, "o segundo esperar")

    gravar("a", esperar_o_segundo)
    outro.join()

    [desfecho] = desfechos
    if nivel == "READ COMMITTED":
        assert desfecho == "gravou"
        assert banco_pg.pessoas() == [("a", "a@x.com"), ("b", "b@x.com")]
    else:
        assert desfecho.startswith(
            f"75 {banco_pg.mostrado}: alguém gravou ao mesmo tempo, sem a trava (23505: duplicate"
        )
        assert banco_pg.pessoas() == [("a", "a@x.com")]
    conferir_prova(banco_pg)


def test_o_servidor_morto_no_meio(
    servidor_que_cai: Servidor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL no servidor: 75 e nada gravado; de volta, o que se confirmou antes está lá."""
    acesso = Acesso(servidor_que_cai, tmp_path)
    monkeypatch.setenv("PGPASSFILE", str(acesso.pgpass))
    with acesso.banco() as banco:
        monkeypatch.setenv("BANCO", banco.uri())
        assert rodar(comando("postgres.escritor")).codigo == 0
        antes = banco.tudo()
        with iniciado(comando("postgres.escritor", "importar", "-", "--silencioso")) as processo:
            alimentar(processo, MUITAS.encode())
            esperar(lambda: fazendo(banco, CARGA), "a carga começar")
            servidor_que_cai.matar()
            fluxo(processo.stdin).close()
            saida = terminar(processo)
        servidor_que_cai.reerguer()

        assert saida[:2] == (75, "")
        assert ": a conexão com o servidor se perdeu (" in saida.stderr
        assert "; nada foi gravado. " in saida.stderr
        assert saida.stderr.count("\n") == 1
        acesso.reencontrar()
        monkeypatch.setenv("BANCO", banco.uri())
        assert banco.tudo() == antes
        _sem_a_replica(servidor_que_cai, banco)


def _sem_a_replica(servidor: Servidor, banco: Banco) -> None:
    """Um COMMIT que desistiu de esperar pela réplica volta sem erro: é *talvez*, e não gravado."""
    antes = banco.tudo()[1]
    servidor.ajustar(synchronous_standby_names="nenhuma")
    with iniciado(comando("postgres.escritor", "importar", "-")) as processo:
        fluxo(processo.stdin).write(b"nome,email\nUma,uma@example.com\n")
        fluxo(processo.stdin).close()
        esperar(lambda: fazendo(banco, "COMMIT"), "o COMMIT esperar pela réplica")
        esperar(lambda: bool(banco.consultar(CANCELA)), "o COMMIT ser cancelado")
        saida = terminar(processo)
    servidor.ajustar(synchronous_standby_names="")

    assert saida[:2] == (75, "")
    assert (
        ": o servidor confirmou sem esperar pela réplica; a execução foi talvez gravada. "
        in saida.stderr
    )
    assert len(banco.tudo()[1]) == len(antes) + 1
