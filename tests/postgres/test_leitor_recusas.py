"""O leitor sem servidor, senha, direitos ou esquema: uma linha, um código, nenhuma senha."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from tests.conftest import Programa
from tests.postgres.bancos import Banco
from tests.postgres.corte import corte
from tests.postgres.selado import executar, gravar_tres
from tests.processos import comando, esperar, iniciado, rodar, terminar

pytestmark = pytest.mark.docker


def recusa(leitor: Programa, codigo: int, *trechos: str, banco: str = "") -> str:
    """Verifica e lista; confere que há uma linha só, o código, e que a senha não aparece."""
    for comando_ in ("listar", "verificar"):
        saida = leitor(comando_, *(["--banco", banco] if banco else []))
        assert saida.codigo == codigo, saida
        assert saida.stderr.count("\n") == 1
        assert "segredo" not in saida.stderr + saida.stdout
        for trecho in trechos:
            assert trecho in saida.stderr
    return saida.stderr


@pytest.mark.parametrize(
    "texto", ["/data/desafio2.db", "desafio2.db", "mysql://leitor:segredo@x/y"]
)
def test_um_caminho_e_uso_errado(texto: str, leitor_pg: Programa) -> None:
    """2, e o programa que lê arquivos."""
    recusa(leitor_pg, 2, "um arquivo SQLite é com `python -m leitor`", banco=texto)


@pytest.mark.parametrize(
    "texto",
    ["postgresql://leitor:segredo%zz@x/y", "host=x senha=segredo", "postgresql://a:se@gredo@x/y"],
)
def test_um_endereco_que_nao_se_entende(texto: str, leitor_pg: Programa) -> None:
    """2, sem repetir o que veio."""
    assert leitor_pg("--banco", texto).codigo == 2
    assert "gredo" not in leitor_pg("--banco", texto).stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "standby-SSL.exemplo"])
def test_sem_servidor(host: str, leitor_pg: Programa) -> None:
    """Espera por ele BANCO_ESPERA, e então 75; o nome dele não se toma pelo motivo."""
    with socket.socket() as fechado:
        fechado.bind(("127.0.0.1", 0))
        porta = fechado.getsockname()[1]
        alvo = (
            f"host={host} hostaddr=127.0.0.1 port={porta} user=leitor password=segredo "
            "dbname=desafio2"
        )
        recusa(leitor_pg, 75, f"{host}:{porta}/desafio2: não deu para conectar", banco=alvo)


def test_o_servidor_que_ainda_nao_subiu(
    banco_pg: Banco, leitor_pg: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recusa de quem ainda não escuta passa: o leitor insiste dentro da espera."""
    gravar_tres(banco_pg)
    monkeypatch.setenv("BANCO_ESPERA", "20")
    tentativas = []
    conectar = psycopg.connect

    def depois(*args: object, **opcoes: object) -> object:
        tentativas.append(args)
        if len(tentativas) < 3:
            raise psycopg.OperationalError("FATAL:  the database system is starting up")
        return conectar(*args, **opcoes)  # type: ignore[arg-type]

    monkeypatch.setattr(psycopg, "connect", depois)
    assert leitor_pg("verificar").codigo == 0
    assert len(tentativas) == 3


def test_senha_errada_e_papel_que_nao_ha(
    banco_pg: Banco, leitor_pg: Programa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """73, e onde se põe a senha; sem esperar."""
    for papel in ("leitor", "ninguem"):
        alvo = banco_pg.uri(f"{papel}:segredo")
        recusa(leitor_pg, 73, "o servidor não deixa entrar", "PGPASSFILE", banco=alvo)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "nenhum"))
    recusa(leitor_pg, 73, "no password supplied")


def test_sem_o_banco_e_sem_o_esquema(banco_pg: Banco, leitor_pg: Programa) -> None:
    """78, e o comando que os cria."""
    outro = banco_pg.uri("leitor").replace(banco_pg.nome, "nao_existe")
    recusa(leitor_pg, 78, "o banco não existe", "createdb", banco=outro)
    executar(banco_pg, "DROP SCHEMA desafio2 CASCADE")
    setup = "psql -v ON_ERROR_STOP=1 -f postgres/setup.sql 'host="
    recusa(leitor_pg, 78, "falta o esquema desafio2 (regra A1 do contrato)", setup, "user=DONO")


def test_sem_os_direitos(banco_pg: Banco, leitor_pg: Programa) -> None:
    """73, e de quem é o remédio."""
    executar(banco_pg, "REVOKE SELECT ON desafio2.usuarios FROM leitor")
    recusa(leitor_pg, 73, "o papel não pode ler (42501: permission denied", "setup.sql")


def test_outra_codificacao(banco_pg: Banco, leitor_pg: Programa) -> None:
    """A3: um banco que não está em UTF-8, ainda que tenha o esquema e a marca, é 78."""
    nome = f"{banco_pg.nome}_latino"
    banco_pg.no_servidor(
        f"CREATE DATABASE {nome} ENCODING 'LATIN1' TEMPLATE template0 "
        "LOCALE_PROVIDER libc LOCALE 'C'"
    )
    latino = Banco(banco_pg.acesso, nome)
    try:
        with psycopg.connect(
            latino.uri("postgres"), password=banco_pg.acesso.senhas["postgres"], autocommit=True
        ) as con:
            con.execute("CREATE SCHEMA desafio2")
            con.execute("GRANT USAGE ON SCHEMA desafio2 TO leitor")
            con.execute("COMMENT ON SCHEMA desafio2 IS 'desafio2: contrato 1'")
        recusa(leitor_pg, 78, "em LATIN1, e não em UTF-8 (regra A3", banco=latino.uri("leitor"))
    finally:
        banco_pg.no_servidor(f"DROP DATABASE {nome} WITH (FORCE)")


def test_uma_carga_que_nao_acaba(banco_pg: Banco, leitor_pg: Programa) -> None:
    """Quem troca os índices segura a tabela: 75 depois da espera."""
    gravar_tres(banco_pg)
    with banco_pg.conexao() as con:
        con.execute("BEGIN")
        con.execute("LOCK TABLE usuarios IN ACCESS EXCLUSIVE MODE")
        recusa(leitor_pg, 75, "um escritor segurou a trava por mais de 0.3 s", "BANCO_ESPERA")
        con.execute("ROLLBACK")
    assert leitor_pg("verificar").codigo == 0


def test_depois_da_espera_le_o_que_a_carga_gravou(
    banco_pg: Banco, leitor_pg: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O instantâneo é de depois da trava: índices refeitos e linhas novas, e nada de 78."""
    gravar_tres(banco_pg)
    monkeypatch.setenv("BANCO_ESPERA", "20")
    espera = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE application_name = 'desafio2 leitor' AND wait_event_type = 'Lock'"
    )
    with banco_pg.conexao("escritor") as con:
        con.execute("BEGIN")
        con.execute("SELECT desafio2.soltar_indices()")

        def acabar() -> None:
            esperar(lambda: banco_pg.consultar(espera) == [(1,)], "o leitor esperar")
            con.execute("SELECT desafio2.refazer_indices()")
            con.execute("COMMIT")

        carga = threading.Thread(target=acabar)
        carga.start()
        saida = leitor_pg("verificar")
        carga.join()
    assert saida.codigo == 0, saida


def test_a_conexao_que_cai_no_meio(banco_pg: Banco, leitor_pg: Programa) -> None:
    """75, e nem uma linha listada."""
    gravar_tres(banco_pg)
    with corte(banco_pg.acesso.ip, b"string_agg", entrega=False) as cortado:
        alvo = banco_pg.uri("leitor", cortado.onde)
        codigo, stdout, stderr = leitor_pg("--banco", alvo)
    assert (codigo, stdout, stderr.count("\n")) == (75, "", 1)
    assert "a conexão com o servidor se perdeu" in stderr


def test_conflito_numa_replica_e_75(
    banco_pg: Banco, leitor_pg: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O servidor desfaz a leitura (40001): leia de novo."""
    gravar_tres(banco_pg)

    def desfeita(_: object) -> str:
        raise psycopg.errors.SerializationFailure("canceling statement due to conflict")

    monkeypatch.setattr("leitor.recalculo.livro.elo_quebrado", desfeita)
    recusa(leitor_pg, 75, "o servidor desfez a leitura", "Leia de novo.")


def test_ctrl_c_cancela_no_servidor(banco_pg: Banco, leitor_pg: Programa) -> None:  # noqa: ARG001
    """130, com o que se pediu ao servidor cancelado, e não esquecido."""
    gravar_tres(banco_pg)
    ativa = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'desafio2 leitor'"
    with banco_pg.conexao() as con:
        con.execute("BEGIN")
        con.execute("LOCK TABLE usuarios IN ACCESS EXCLUSIVE MODE")
        with iniciado(comando("postgres.leitor", "--espera", "60")) as processo:
            esperar(lambda: banco_pg.consultar(ativa) == [(1,)], "o leitor esperar pela trava")
            processo.send_signal(signal.SIGINT)
            saida = terminar(processo)
        esperar(lambda: banco_pg.consultar(ativa) == [(0,)], "a sessão acabar")
        con.execute("ROLLBACK")
    assert saida == (130, "", "[LEITOR] interrompido; o banco não foi alterado.\n")


def test_o_leitor_nao_importa_o_escritor() -> None:
    """Dois programas independentes: nem o pacote do par, nem o daqui."""
    listar = "import sys, postgres.leitor.banco; print(*sys.modules)"
    dito = rodar([sys.executable, "-c", listar]).stdout.split()
    assert "postgres.leitor.leitura" in dito
    assert [m for m in dito if m.startswith(("escritor", "postgres.escritor"))] == []
