"""O servidor depois do primeiro `up`: quem entra, por onde, e o que cada papel pode."""

from __future__ import annotations

import pytest

from tests.postgres.apoio import ANA, MARCA, SETUP, Servidor

pytestmark = pytest.mark.docker

MUDANCAS = (
    "UPDATE desafio2.usuarios SET nome = 'x'",
    "DELETE FROM desafio2.usuarios",
    "TRUNCATE desafio2.usuarios",
    "UPDATE desafio2.execucoes SET total = 0",
    "DELETE FROM desafio2.execucoes",
    "TRUNCATE desafio2.execucoes",
)
INSERIR = f"INSERT INTO desafio2.usuarios VALUES {ANA}"
INDICES = "SELECT indexname FROM pg_indexes WHERE schemaname = 'desafio2' ORDER BY 1"
ESQUEMA = (
    *("pg_dump", "--schema-only", "-U", "postgres", "desafio2"),
    "--restrict-key=teste",  # senão cada saída do pg_dump tem a sua
)


@pytest.mark.parametrize("papel", ["escritor", "leitor"])
def test_cada_papel_entra_por_tcp_com_a_senha_que_so_ele_tem(
    servidor: Servidor, papel: str
) -> None:
    """SCRAM pelo pgpass do papel, legível só pelo uid dele; com outro nome, ou sem ele, nada."""
    dsn = f"postgresql://{papel}@db/desafio2"
    pergunta = ("-XAtqw", "-c", "SELECT system_user")
    outro = "leitor" if papel == "escritor" else "escritor"

    assert (
        servidor.com_o_segredo(papel, "psql", *pergunta, dsn).stdout == f"scram-sha-256:{papel}\n"
    )
    recusa = servidor.com_o_segredo(outro, "psql", *pergunta, dsn, codigo=2)
    assert recusa.stdout == ""
    assert "no password supplied" in recusa.stderr
    pasta = servidor.com_o_segredo(papel, "stat", "-c", "%a %u %n", "/run/segredo/pgpass")
    assert pasta.stdout == "600 10001 /run/segredo/pgpass\n"


def test_pelo_socket_entra_quem_ja_esta_dentro(servidor: Servidor) -> None:
    """`docker compose exec db psql -U leitor desafio2`; por TCP, nem dali sem senha."""
    no_compose = ("exec", "-T", "db", "psql", "-U", "leitor", "-Atc", "SELECT 1", "desafio2")
    assert servidor.compose(*no_compose).stdout == "1\n"
    por_tcp = ("psql", "-w", "-h", "127.0.0.1", "-U", "leitor", "-Atc", "SELECT 1", "desafio2")
    assert "no password supplied" in servidor.dentro(*por_tcp, codigo=2).stderr


def test_o_escritor_insere_le_e_tem_tabelas_temporarias(servidor: Servidor) -> None:
    """O que uma execução usa, e nada fica: a transação é desfeita."""
    saida = servidor.psql(
        "escritor",
        *("BEGIN", "CREATE TEMP TABLE novas (LIKE desafio2.usuarios)", INSERIR),
        *(f"INSERT INTO novas VALUES {ANA}", "SELECT nome FROM desafio2.usuarios", "ROLLBACK"),
    )

    assert saida.stdout == "Ana\n"


@pytest.mark.parametrize("mudanca", MUDANCAS)
def test_quem_muda_e_recusado(servidor: Servidor, mudanca: str) -> None:
    """Escritor e leitor, pelos direitos; o dono e o superusuário, pelos gatilhos, com o porquê."""
    tabela = mudanca.split("desafio2.")[1].split(maxsplit=1)[0]
    gatilho = f"em desafio2.{tabela} foi recusado: uma linha gravada não muda mais"

    assert (
        servidor.recusa("escritor", mudanca)
        == f"ERROR:  42501: permission denied for table {tabela}"
    )
    gravavel = ("SET default_transaction_read_only = off", mudanca)
    assert (
        servidor.recusa("leitor", *gravavel)
        == f"ERROR:  42501: permission denied for table {tabela}"
    )
    for como in ("SET ROLE dono", "SET session_replication_role = replica"):
        assert servidor.recusa("postgres", como, mudanca) == (
            f"ERROR:  42501: {mudanca.split(maxsplit=1)[0]} {gatilho}"
        )


def test_o_leitor_so_le(servidor: Servidor) -> None:
    """A sessão nasce só de leitura; desfeito isso, faltam os direitos."""
    assert servidor.recusa("leitor", INSERIR).startswith("ERROR:  25006: cannot execute INSERT")
    gravavel = "SET default_transaction_read_only = off"
    assert servidor.recusa("leitor", gravavel, INSERIR).startswith("ERROR:  42501: ")


@pytest.mark.parametrize(
    "linha",
    [
        "(0, 'Ana', 'ana@x.com', '2026-01-01T00:00:00Z')",
        "(1, '', 'ana@x.com', '2026-01-01T00:00:00Z')",
        "(1, 'Ana', 'a@', '2026-01-01T00:00:00Z')",
        "(1, 'Ana', repeat('a', 249) || '@x.com', '2026-01-01T00:00:00Z')",
        "(1, 'Ana', 'ana@x.com', '2026-01-01 00:00:00+00')",
    ],
)
def test_uma_linha_fora_da_forma_e_recusada(servidor: Servidor, linha: str) -> None:
    """Os CHECK da tabela: 23514, seja quem for."""
    inserir = f"INSERT INTO desafio2.usuarios VALUES {linha}"
    assert servidor.recusa("escritor", inserir).startswith("ERROR:  23514: ")


def test_o_email_e_unico_sem_distinguir_maiusculas_ascii(servidor: Servidor) -> None:
    """Como NOCASE: ANA é ana, e É não é é."""
    outras = [
        f"INSERT INTO desafio2.usuarios VALUES ({n}, 'X', '{email}', '2026-01-01T00:00:00Z')"
        for n, email in ((2, "é@x.com"), (3, "É@x.com"), (4, "ANA@x.com"))
    ]
    assert servidor.recusa("escritor", "BEGIN", INSERIR, *outras) == (
        'ERROR:  23505: duplicate key value violates unique constraint "usuarios_email"'
    )
    assert servidor.psql("escritor", "BEGIN", INSERIR, *outras[:2], "ROLLBACK").stderr == ""


def test_os_indices_saem_e_voltam_na_mesma_transacao(servidor: Servidor) -> None:
    """Com o mesmo esquema no fim; um e-mail repetido é recusado, e tudo volta ao que era."""
    antes = servidor.dentro(*ESQUEMA).stdout
    soltar, refazer = "SELECT desafio2.soltar_indices()", "SELECT desafio2.refazer_indices()"

    servidor.psql("escritor", "BEGIN", soltar, refazer, "COMMIT")
    assert servidor.dentro(*ESQUEMA).stdout == antes

    repetido = INSERIR.replace("(1,", "(2,").replace("ana@", "ANA@")
    recusa = servidor.recusa("escritor", "BEGIN", soltar, INSERIR, repetido, refazer)
    assert recusa.startswith("ERROR:  23505: ")
    assert servidor.dentro(*ESQUEMA).stdout == antes


@pytest.mark.parametrize(
    "saida",
    [
        ("COMMIT",),
        ("SAVEPOINT s", "ROLLBACK TO s", "COMMIT"),
        ("SET CONSTRAINTS ALL IMMEDIATE",),
        ("DISCARD TEMP",),
        ("DROP TABLE pg_temp.desafio2_sem_indices",),
        ("TRUNCATE pg_temp.desafio2_sem_indices",),
        ("SELECT desafio2.soltar_indices()",),
    ],
    ids=" ".join,
)
def test_sem_refazer_os_indices_nada_se_confirma(
    servidor: Servidor, saida: tuple[str, ...]
) -> None:
    """Nenhum caminho até um COMMIT sem a unicidade, nem desfazendo a tabela que a exige."""
    recusa = servidor.recusa(
        "escritor", "BEGIN", "SELECT desafio2.soltar_indices()", INSERIR, *saida
    )

    assert recusa.startswith("ERROR:  ")
    assert servidor.psql("postgres", INDICES, "SELECT count(*) FROM desafio2.usuarios").stdout == (
        "execucoes_pkey\nusuarios_email\nusuarios_pkey\n0\n"
    )


def test_somas_nas_paginas_e_amcheck_ao_alcance_do_leitor(servidor: Servidor) -> None:
    """O que o leitor vai conferir existe e é permitido a ele."""
    saida = servidor.psql(
        "leitor",
        "SHOW data_checksums",
        "SELECT bt_index_check('desafio2.usuarios_email', true)",
        "SELECT count(*) FROM verify_heapam('desafio2.usuarios')",
    )

    assert saida.stdout == "on\n\n0\n"


def test_setup_se_repete_sem_mudar_nada(servidor: Servidor) -> None:
    """À mão, sobre um banco já pronto: o esquema e a marca são os mesmos."""
    antes = servidor.dentro(*ESQUEMA).stdout

    servidor.dentro(
        "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-f", SETUP, "desafio2"
    )

    assert servidor.dentro(*ESQUEMA).stdout == antes
    assert f"COMMENT ON SCHEMA desafio2 IS '{MARCA}'" in antes


def test_setup_em_outro_servidor_por_quem_so_pode_criar_papeis(servidor: Servidor) -> None:
    """Sem superusuário: fica tudo menos o amcheck, que é dito; num banco que não é UTF-8, nada."""
    setup = ("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "dba", "-f", SETUP)
    servidor.psql(
        "postgres",
        *("CREATE ROLE dba LOGIN", "GRANT dono TO dba", "CREATE DATABASE alheio OWNER dba"),
        "CREATE DATABASE latino OWNER dba ENCODING 'LATIN1' TEMPLATE template0 "
        "LOCALE_PROVIDER libc LOCALE 'C'",
    )
    try:
        assert (
            "amcheck ficou de fora: permission denied" in servidor.dentro(*setup, "alheio").stderr
        )
        assert servidor.recusa("postgres", "\\c alheio", MUDANCAS[0]).startswith(
            "ERROR:  42501: UPDATE"
        )
        assert (
            "o banco latino não está em UTF-8" in servidor.dentro(*setup, "latino", codigo=3).stderr
        )
        existe = "SELECT count(*) FROM pg_namespace WHERE nspname = 'desafio2'"
        assert servidor.psql("postgres", existe, banco="latino").stdout == "0\n"
    finally:
        servidor.psql(
            "postgres",
            *("DROP DATABASE alheio", "DROP DATABASE latino", "DROP OWNED BY dba", "DROP ROLE dba"),
        )
