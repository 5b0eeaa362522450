"""O escritor que não pode gravar: uma linha verdadeira, o código da tabela, e nada gravado."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import AMOSTRA
from tests.postgres.bancos import Acesso, Banco
from tests.processos import no_shell, rodar

pytestmark = pytest.mark.docker


def recusa(saida: tuple[int, str, str], codigo: int) -> str:
    """Confere o código, que nada saiu na saída padrão e que o erro é uma linha só; devolve-a."""
    assert saida[:2] == (codigo, ""), saida
    [linha] = saida[2].splitlines()
    assert linha.startswith("[ESCRITOR] ERRO: ")
    return linha.removeprefix("[ESCRITOR] ERRO: ")


@pytest.mark.parametrize(
    ("endereco", "trecho"),
    [
        ("/data/desafio2.db", "um arquivo SQLite é com `python -m escritor`"),
        ("mysql://u:segredo@h/b", "servidor PostgreSQL"),
        ("postgresql://u:segredo@h/b?nada=1", "não é um endereço que o libpq entenda"),
        ("host=h password=segredo nada=1", "não é um endereço que o libpq entenda"),
        ("postgresql://u:meu@segredo@h/b", "se escreve %40"),
    ],
)
def test_um_endereco_que_nao_serve(
    endereco: str, trecho: str, escritor_pg: Programa, banco_pg: Banco
) -> None:
    """2, com o que fazer, e sem repetir a senha."""
    linha = recusa(escritor_pg("--banco", endereco), 2)
    assert trecho in linha
    assert "segredo" not in linha
    assert banco_pg.tudo() == [[], []]


@pytest.mark.parametrize(
    "forma", ["postgresql://escritor:{}@{}/{}", "user=escritor password={} host={} dbname={}"]
)
def test_a_senha_no_endereco_serve_e_nunca_aparece(
    forma: str,
    escritor_pg: Programa,
    banco_pg: Banco,
    acesso: Acesso,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """URI ou DSN, certa ou errada; o que se mostra é só onde fica."""
    monkeypatch.setenv("PGPASSFILE", "/dev/null")
    certa = acesso.senhas["escritor"]

    saida = escritor_pg("--banco", forma.format(certa, acesso.ip, banco_pg.nome))
    assert saida.codigo == 0
    assert certa not in saida.stdout + saida.stderr
    linha = recusa(escritor_pg("--banco", forma.format("errada1", acesso.ip, banco_pg.nome)), 73)
    assert linha.startswith(f"{banco_pg.mostrado}: o servidor não deixa entrar (")
    assert "errada1" not in linha
    assert len(banco_pg.tudo()[1]) == 1


def test_varios_enderecos(escritor_pg: Programa, banco_pg: Banco, acesso: Acesso) -> None:
    """O primeiro não responde, o segundo sim: grava-se no que responde."""
    with socket.create_server(("127.0.0.1", 0)) as fechada:
        porta = fechada.getsockname()[1]
    onde = f"127.0.0.1:{porta},{acesso.ip}:5432"

    saida = escritor_pg("--banco", banco_pg.uri(onde=onde))

    assert saida.codigo == 0
    assert len(banco_pg.pessoas()) == 3


@pytest.mark.parametrize("host", ["127.0.0.1", "standby-SSL.exemplo"])
def test_um_servidor_que_nao_responde(host: str, escritor_pg: Programa, banco_pg: Banco) -> None:
    """75: pode ser que volte; e o nome do servidor não se toma pelo motivo."""
    with socket.create_server(("127.0.0.1", 0)) as fechada:
        porta = fechada.getsockname()[1]
    onde = f"host={host} hostaddr=127.0.0.1 port={porta} user=escritor dbname={banco_pg.nome}"
    linha = recusa(escritor_pg("--banco", onde), 75)
    assert linha.startswith(f"{host}:{porta}/{banco_pg.nome}: não deu para conectar (")
    assert "Connection refused" in linha
    assert "nada foi gravado. Confira BANCO e se o servidor está no ar" in linha


def test_um_banco_que_nao_existe(escritor_pg: Programa, banco_pg: Banco) -> None:
    """78, com o comando que o cria."""
    linha = recusa(escritor_pg("--banco", banco_pg.uri() + "x"), 78)
    assert linha.startswith(f"{banco_pg.mostrado}x: o banco não existe (")
    assert linha.endswith("Crie-o: createdb --encoding=UTF8 -T template0 NOME")


def test_o_leitor_nao_grava(escritor_pg: Programa, banco_pg: Banco) -> None:
    """73: a sessão dele é só de leitura, e sem isso faltam os direitos."""
    endereco = banco_pg.uri("leitor")
    linha = recusa(escritor_pg("--banco", endereco), 73)
    assert linha.startswith(f"{banco_pg.mostrado}: a sessão é só de leitura; nada foi gravado.")

    gravavel = f"{endereco}?options=-cdefault_transaction_read_only%3Doff"
    linha = recusa(escritor_pg("--banco", gravavel), 73)
    assert "o papel não tem direito a isso (42501: permission denied for table" in linha
    assert banco_pg.tudo() == [[], []]


@pytest.mark.parametrize("quantas", [1, 15_000], ids=["poucas", "muitas"])
def test_a_espera_pela_trava_acaba(
    quantas: int, escritor_pg: Programa, banco_pg: Banco, tmp_path: Path
) -> None:
    """75 no fim de BANCO_ESPERA, seja a trava de outro escritor ou a de quem lê a tabela."""
    arquivo = tmp_path / "a.csv"
    linhas = "".join(f"P{n},p{n}@x.com\n" for n in range(quantas))
    arquivo.write_text(f"nome,email\n{linhas}", encoding="utf-8")
    with banco_pg.conexao("leitor" if quantas > 1 else "escritor") as outra:
        outra.execute("BEGIN")
        if quantas > 1:
            outra.execute("SELECT count(*) FROM usuarios")  # a carga quer a tabela só para si
        else:
            outra.execute(f"SELECT pg_advisory_xact_lock({int.from_bytes(b'desafio2', 'big')})")
        linha = recusa(escritor_pg("importar", str(arquivo), "--silencioso"), 75)
        outra.execute("ROLLBACK")

    assert linha == (
        f"{banco_pg.mostrado}: outra sessão segurou a trava por mais de 0.3 s; "
        "nada foi gravado. Rode de novo ou aumente BANCO_ESPERA."
    )
    assert banco_pg.tudo() == [[], []]
    assert escritor_pg("importar", str(arquivo)).codigo == 0
    assert len(banco_pg.pessoas()) == quantas


def test_sem_o_esquema_o_comando_da_mensagem_o_cria(
    escritor_pg: Programa, leitor_pg: Programa, acesso: Acesso
) -> None:
    """78 a quem não pode criar, e o comando; colado, com o nome do dono, o escritor grava."""
    with acesso.banco("template0") as vazio:
        endereco = vazio.uri("escritor:segredo")
        linha = recusa(escritor_pg("--banco", vazio.uri()), 78)
        antes, comando = linha.split(": psql ")
        assert antes == (
            f"{vazio.mostrado}: falta o esquema desafio2, e este papel não o pode criar; nada foi "
            "gravado. Como o dono do banco, que pode criar papéis"
        )
        assert comando == (
            "-v ON_ERROR_STOP=1 -f postgres/setup.sql "
            f"'host={acesso.ip} dbname={vazio.nome} user=DONO'"
        )
        do_leitor = leitor_pg("verificar", "--banco", endereco.replace("escritor", "leitor"))
        assert "segredo" not in do_leitor.stderr

        feito = rodar(no_shell(f"psql {comando.replace('DONO', 'postgres')}"))
        assert feito.codigo == 0, feito
        assert escritor_pg("--banco", vazio.uri()).codigo == 0
        assert vazio.pessoas() == AMOSTRA


def test_o_dono_do_banco_cria_o_esquema_na_primeira_execucao(
    escritor_pg: Programa, leitor_pg: Programa, acesso: Acesso
) -> None:
    """Um papel que não é superusuário, dono do banco: ele cria, e escritor e leitor o usam."""
    servidor = acesso.servidor
    criar = f"CREATE ROLE dba LOGIN PASSWORD '{acesso.senhas['postgres']}'"
    servidor.psql("postgres", criar, "GRANT dono TO dba")
    try:
        with acesso.banco("template0") as vazio:
            vazio.no_servidor(f"ALTER DATABASE {vazio.nome} OWNER TO dba")
            criado = escritor_pg("--banco", vazio.uri("dba"))
            assert criado.codigo == 0, criado
            assert f"[ESCRITOR] banco criado em {vazio.mostrado}\n" in criado.stderr
            assert vazio.pessoas() == AMOSTRA
            assert escritor_pg("--banco", vazio.uri()).codigo == 0
            verificado = leitor_pg("verificar", "--banco", vazio.uri("leitor"))
            assert verificado.codigo == 0
            assert "amcheck não feito: não há, ou este papel não pode usá-lo\n" in verificado.stdout
    finally:
        servidor.psql("postgres", "DROP OWNED BY dba", "DROP ROLE dba")


@pytest.mark.parametrize(
    ("comando", "trecho"),
    [
        ("COMMENT ON SCHEMA desafio2 IS 'desafio2: contrato 2'", "contrato na versão 2, este"),
        ("COMMENT ON SCHEMA desafio2 IS NULL", "sem a marca 'desafio2: contrato 1' (regra A1)"),
        ("ALTER TABLE desafio2.usuarios ADD idade int", "coluna usuarios.idade integer"),
        ("ALTER TABLE desafio2.usuarios DISABLE TRIGGER ALL", "so_insercoes"),
        ("DROP INDEX desafio2.usuarios_email", "CREATE UNIQUE INDEX usuarios_email"),
        ("CREATE TABLE desafio2.outra (x int)", "tabela outra rp"),
        ("ALTER TABLE desafio2.usuarios ENABLE ROW LEVEL SECURITY", "filtra linhas"),
    ],
)
def test_outro_esquema(comando: str, trecho: str, escritor_pg: Programa, banco_pg: Banco) -> None:
    """78, com o que difere, e nada muda; o mesmo banco, antes, aceitava (o controle)."""
    assert escritor_pg().codigo == 0
    with banco_pg.conexao() as con:
        con.execute(comando)
    antes = banco_pg.consultar("SELECT count(*) FROM execucoes")

    linha = recusa(escritor_pg(), 78)

    assert trecho in linha
    assert banco_pg.consultar("SELECT count(*) FROM execucoes") == antes
