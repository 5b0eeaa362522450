"""O primeiro boot: as senhas que ninguém vê, e o que se diz de um boot que não terminou."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docker.apoio import PRAZO, esperar
from tests.postgres.apoio import ANA, MARCA, SETUP, Servidor, rodar

pytestmark = pytest.mark.docker

# Entre os papéis e o setup.sql: o boot para aqui até que o matem.
PARADO = """
services:
  db:
    volumes:
      - {type: bind, source: PASTA/parar.sh, target: /docker-entrypoint-initdb.d/15-parar.sh}
"""


def senhas(servidor: Servidor) -> list[str]:
    """Devolve as três senhas, lidas pelo banco."""
    linhas = servidor.dentro("sh", "-c", "for f in /run/segredos/*; do cat $f; echo; done").stdout
    return [linha.rsplit(":", 1)[-1] for linha in linhas.split()]


def test_nenhuma_senha_aparece(servidor: Servidor) -> None:
    """São três, aleatórias, e não estão no inspect, nos registros nem no que o Compose mostra."""
    ditas = senhas(servidor)
    vistos = [servidor.compose("config").stdout]
    for servico in ("db", "segredos"):
        vistos += [str(servidor.inspecao(servico)), servidor.registro(servico)]
    vistos.append(
        servidor.dentro("sh", "-c", "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline").stdout
    )

    assert len({*ditas}) == 3
    for senha in ditas:
        assert len(senha) == 64
        assert not [visto for visto in vistos if senha in visto]
    estado = servidor.dentro("sh", "-c", "stat -c '%a %U %n' /run/segredos/*").stdout
    assert estado == (
        "600 postgres /run/segredos/escritor.pgpass\n"
        "600 postgres /run/segredos/leitor.pgpass\n"
        "600 postgres /run/segredos/postgres.senha\n"
    )


def test_outro_up_mantem_as_senhas(servidor: Servidor) -> None:
    """O `segredos` roda de novo a cada `up`, e o que já existe fica como está."""
    antes = senhas(servidor)

    servidor.compose("up", "-d", "db")
    servidor.compose("run", "--rm", "segredos")

    assert senhas(servidor) == antes


def test_um_boot_que_morreu_no_meio_nunca_fica_sao_e_diz_o_que_apagar(
    outro_servidor: Servidor, tmp_path: Path
) -> None:
    """SIGKILL entre os papéis e o setup.sql: o servidor volta, e a saúde diz por que não serve."""
    (tmp_path / "parar.sh").write_text("#!/bin/sh\n: >/tmp/parado\nsleep 600\n", encoding="utf-8")
    (tmp_path / "parar.sh").chmod(0o755)
    parado = tmp_path / "parado.yml"
    parado.write_text(PARADO.replace("PASTA", str(tmp_path)), encoding="utf-8")
    for pasta in (tmp_path, *tmp_path.parents[:2]):
        pasta.chmod(pasta.stat().st_mode | 0o055)  # o uid 999 tem de chegar ao arquivo

    outro_servidor.compose("up", "-d", "db", extras=[parado])
    chegou = ("sh", "-c", "test -e /tmp/parado && echo sim || echo não")
    esperar(
        lambda: outro_servidor.dentro(*chegou).stdout == "sim\n", "o boot chegar ao meio", 3 * PRAZO
    )
    assert outro_servidor.saude() != "healthy"  # o socket já responde, e não basta
    outro_servidor.compose("kill", "db")
    outro_servidor.compose("up", "-d", "--no-deps", "db")

    dito = (
        "saúde: o primeiro boot morreu antes do fim, e este banco nunca foi usado. "
        "Apague-o e suba de novo: docker compose down --volumes\n"
    )
    esperar(lambda: dito in outro_servidor.registro(), "o exame recusar o servidor")
    outro_servidor.dentro("sh", "/saude.sh", codigo=1)
    assert outro_servidor.saude() != "healthy"


def test_senhas_perdidas_se_dao_de_novo(servidor_que_cai: Servidor) -> None:
    """Sem o volume das senhas, o banco não está são, e a saúde diz o comando que o conserta.

    O servidor morreu por SIGKILL e o contêiner foi apagado: o que estava confirmado continua lá.
    """
    servidor = servidor_que_cai
    servidor.psql("postgres", f"CREATE TABLE confirmada AS VALUES {ANA}")
    servidor.compose("kill", "db")
    servidor.compose("rm", "--force", "db", "segredos")
    rodar("docker", "volume", "rm", f"{servidor.nome}_segredos")

    servidor.compose("up", "-d", "db")

    remedio = "docker compose exec db sh /docker-entrypoint-initdb.d/10-papeis.sh\n"
    esperar(lambda: remedio in servidor.registro(), "o exame recusar o servidor")
    servidor.dentro("sh", "/saude.sh", codigo=1)
    assert "saúde: o leitor não entra (" in servidor.registro()
    servidor.dentro("sh", "/docker-entrypoint-initdb.d/10-papeis.sh")
    esperar(lambda: servidor.saude() == "healthy", "o servidor ficar são")
    entrar = ("psql", "-XAtqw", "-c", "SELECT current_user", "postgresql://escritor@db/desafio2")
    assert servidor.com_o_segredo("escritor", *entrar).stdout == "escritor\n"
    contar = ("SELECT count(*) FROM confirmada", "DROP TABLE confirmada")
    assert servidor.psql("postgres", *contar).stdout == "1\n"
    # A do superusuário ninguém usa por TCP, a não ser os testes que vierem depois.
    nova = servidor.dentro("cat", "/run/segredos/postgres.senha").stdout
    servidor.psql("postgres", f"ALTER ROLE postgres PASSWORD '{nova}'")


def test_sem_a_marca_e_com_tabelas_nao_se_manda_apagar(servidor: Servidor) -> None:
    """Quem tem dados e perdeu a marca ouve o comando que a refaz, e ele a refaz."""
    servidor.psql("postgres", "COMMENT ON SCHEMA desafio2 IS NULL")

    dito = servidor.dentro("sh", "/saude.sh", codigo=1).stdout

    assert "há tabelas em desafio2 e falta a marca" in dito
    assert "--volumes" not in dito
    servidor.dentro("psql", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-f", SETUP, "desafio2")
    marca = "SELECT obj_description('desafio2'::regnamespace, 'pg_namespace')"
    assert servidor.psql("postgres", marca).stdout == f"{MARCA}\n"
    servidor.dentro("sh", "/saude.sh")
    servidor.dentro("rm", "-f", "/tmp/acusado")  # noqa: S108 - é o /tmp do contêiner
