"""Uma réplica que acompanha o primário: o leitor a verifica e lista; o escritor não grava nela."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Programa
from tests.docker.apoio import esperar, nome_novo
from tests.postgres.apoio import IMAGEM, rodar
from tests.postgres.bancos import Banco

pytestmark = pytest.mark.docker

PORTA = 5433  # na rede do primário: de lá, o pg_hba.conf deixa replicar com a senha
# -R escreve na pasta de dados como se chega ao primário, e ela some com o contêiner.
COPIA_E_SEGUE = f"""\
PGPASSWORD=$(cat /run/segredos/postgres.senha) \\
  pg_basebackup -h 127.0.0.1 -U postgres -D "$PGDATA/replica" -R -X stream -c fast &&
exec postgres -D "$PGDATA/replica" -p {PORTA}
"""
# O pg_basebackup também aparece como quem replica, com outro nome.
ALCANCOU = """\
SELECT count(*) FROM pg_stat_replication
WHERE application_name = 'walreceiver' AND replay_lsn >= %s::pg_lsn"""
LEITOR = ("--espera", "30", "--banco")  # a réplica pode ainda estar a abrir


@pytest.fixture
def replica(banco_pg: Banco) -> Iterator[None]:
    """Uma réplica do servidor dos testes, enquanto durar."""
    servidor = banco_pg.acesso.servidor
    nome = nome_novo()
    rodar(
        *("docker", "run", "-d", "--name", nome, "--network", f"container:{servidor.nome}-db-1"),
        *("--user", "postgres", "--tmpfs", "/var/lib/postgresql/data:uid=999,gid=999"),
        *("--tmpfs", "/pequeno", "-v", f"{servidor.nome}_segredos:/run/segredos:ro"),
        *("--entrypoint", "sh", IMAGEM, "-c", COPIA_E_SEGUE),
    )
    try:
        yield
    finally:
        rodar("docker", "rm", "--force", "--volumes", nome)


def alcancar(banco: Banco) -> None:
    """Espera que a réplica tenha tudo o que o primário já confirmou."""
    [(ate,)] = banco.consultar("SELECT pg_current_wal_flush_lsn()::text")
    esperar(lambda: banco.consultar(ALCANCOU, ate) == [(1,)], "a réplica alcançar o primário")


@pytest.mark.usefixtures("replica")
def test_o_leitor_le_na_replica_e_o_escritor_nao_grava_nela(
    banco_pg: Banco, escritor_pg: Programa, leitor_pg: Programa
) -> None:
    """As mesmas linhas e a mesma âncora, o amcheck inclusive; 75 a quem quer gravar lá."""
    onde = f"{banco_pg.acesso.ip}:{PORTA}"
    assert escritor_pg("--banco", banco_pg.uri()).codigo == 0
    alcancar(banco_pg)

    verificado = leitor_pg("verificar", *LEITOR, banco_pg.uri("leitor", onde))
    assert (verificado.codigo, verificado.stderr) == (0, "")
    assert ", réplica\n" in verificado.stdout
    assert "com somas; amcheck sem achados\n" in verificado.stdout
    listado = leitor_pg("--formato", "jsonl", "--banco", banco_pg.uri("leitor", onde))
    assert listado[:2] == (0, leitor_pg("--formato", "jsonl").stdout)
    assert listado.stdout.count("\n") == 3

    antes = banco_pg.tudo()
    recusa = escritor_pg("--banco", banco_pg.uri(onde=onde))
    assert recusa == (
        75,
        "",
        f"[ESCRITOR] ERRO: {onde}/{banco_pg.nome}: é uma réplica, ou ainda se recupera de uma "
        "queda; nada foi gravado. Grave no primário, ou espere.\n",
    )
    assert banco_pg.tudo() == antes


@pytest.mark.usefixtures("replica")
def test_o_que_se_grava_no_primario_chega_a_replica(
    banco_pg: Banco, escritor_pg: Programa, leitor_pg: Programa
) -> None:
    """Com os dois no endereço, grava-se no que aceita; e o leitor vê, na réplica, a nova âncora."""
    os_dois = f"{banco_pg.acesso.ip}:{PORTA},{banco_pg.acesso.ip}:5432"
    gravado = escritor_pg("--banco", banco_pg.uri(onde=os_dois))
    assert gravado.codigo == 0
    ancora = gravado.stderr.splitlines()[-1].partition("âncora: ")[2]
    alcancar(banco_pg)
    endereco = banco_pg.uri("leitor", f"{banco_pg.acesso.ip}:{PORTA}")
    assert leitor_pg("verificar", "--ancora", ancora, *LEITOR, endereco).codigo == 0
    assert len(banco_pg.pessoas()) == 3
