"""O servidor que some, muda de lado ou não responde ao COMMIT; e a sala do serviço que falta."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.postgres.bancos import Acesso
from tests.postgres.bancos import Banco as DoServidor
from tests.postgres.corte import Corte, corte
from tests.web.motores.apoio import LINHAS, Servidor, aberto, conferir
from web import bancos
from web.bancos import Existe, Indisponivel, Pedido, Recibo, TalvezGravado

pytestmark = pytest.mark.docker

ANA = [Pedido("Ana", "ana@x.com")]
BIA = [Pedido("Bia", "bia@x.com", "chave", "resumo")]
NUNCA = b"\0nunca\0"
MATA = """\
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
# O que a instrução que grava tudo traz, e o que o caminho comprido manda no fim.
CAMINHOS = {"de uma vez": (ANA, b"MATERIALIZED"), "em duas": (BIA, b"COMMIT\0")}


@pytest.fixture
def motor(banco_pg: DoServidor) -> Servidor:
    """Um banco com uma execução."""
    novo = Servidor(banco_pg)
    banco = aberto(novo)
    gravacao = banco.gravacao(30.0)
    gravacao.gravar([Pedido("Primeira", "primeira@x.com")])
    gravacao.fechar()
    banco.fechar()
    return novo


@contextmanager
def pelo_corte(motor: Servidor, *, entrega: bool) -> Iterator[tuple[bancos.Gravacao, Corte]]:
    """Quem grava através de um intermediário, já conferido; o gatilho arma-se depois."""
    with corte(motor.banco.acesso.ip, NUNCA, entrega=entrega) as meio:
        banco = bancos.abrir(motor.banco.uri(onde=meio.onde), motor.leitura, 30.0)
        gravacao = banco.gravacao(30.0)
        gravacao.conferir()
        yield gravacao, meio
        gravacao.fechar()
        banco.fechar()


def desarmar(meio: Corte) -> None:
    """Deixa passar tudo outra vez."""
    meio.gatilho = NUNCA
    meio.cortou.clear()


@pytest.mark.parametrize("entrega", [True, False], ids=["gravado", "não gravado"])
@pytest.mark.parametrize("caminho", CAMINHOS)
def test_a_resposta_do_commit_se_perde(caminho: str, entrega: bool, motor: Servidor) -> None:
    """Talvez, nos dois casos; e quem repete fica sabendo, e a chave dá o recibo."""
    pedidos, gatilho = CAMINHOS[caminho]
    with pelo_corte(motor, entrega=entrega) as (gravacao, meio):
        meio.gatilho = gatilho
        with pytest.raises(TalvezGravado, match="talvez gravada"):
            gravacao.gravar(pedidos)
        assert meio.cortou.is_set()
        desarmar(meio)
        ficou = len(motor.consultar(LINHAS)) == 2
        assert ficou is entrega
        [resposta] = gravacao.gravar(pedidos)  # reconecta sozinho

    espera_existe = entrega and not pedidos[0].chave
    assert isinstance(resposta, Existe if espera_existe else Recibo)
    assert len(motor.consultar(LINHAS)) == 2
    conferir(motor)


def test_a_conexao_se_perde_antes_do_commit(motor: Servidor) -> None:
    """Nada ficou gravado, e é o que se diz; o pedido seguinte reconecta."""
    with pelo_corte(motor, entrega=False) as (gravacao, meio):
        meio.gatilho = b"servico.chaves"
        with pytest.raises(Indisponivel, match="nada foi gravado"):
            gravacao.gravar(BIA)
        assert len(motor.consultar(LINHAS)) == 1
        desarmar(meio)
        assert isinstance(gravacao.gravar(BIA)[0], Recibo)
    conferir(motor)


def test_as_sessoes_que_o_servidor_encerrou(
    motor: Servidor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quem lê nem nota; quem grava pergunta antes se a conexão vive, e abre outra."""
    monkeypatch.setattr("web.bancos.postgres.gravacao.CONFIANCA", -1)
    banco = aberto(motor)
    gravacao = banco.gravacao(30.0)
    gravacao.conferir()
    assert banco.totais() == (1, 1)
    for n in range(2):
        motor.consultar(MATA)
        assert banco.totais() == (1 + n, 1 + n)
        assert isinstance(gravacao.gravar([Pedido("Ana", f"a{n}@x.com")])[0], Recibo)
    gravacao.fechar()
    banco.fechar()
    conferir(motor)


def test_o_servidor_passa_a_so_ler(motor: Servidor) -> None:
    """Recusa com o motivo, nada gravado; e, quando volta a mandar, grava."""
    banco = aberto(motor)
    gravacao = banco.gravacao(30.0)
    gravacao.conferir()
    motor.banco.no_servidor(
        f"ALTER DATABASE {motor.banco.nome} SET default_transaction_read_only = on"
    )
    motor.consultar(MATA)
    for _ in range(2):
        with pytest.raises((Indisponivel, TalvezGravado), match=r"só de leitura|não chegou"):
            gravacao.gravar(ANA)
    with pytest.raises(Indisponivel):
        banco.acesso()
    motor.banco.no_servidor(
        f"ALTER DATABASE {motor.banco.nome} RESET default_transaction_read_only"
    )
    motor.consultar(MATA)
    assert isinstance(gravacao.gravar(ANA)[0], Recibo)
    assert banco.acesso()[1] == 1
    gravacao.fechar()
    banco.fechar()
    conferir(motor)


def test_quem_le_so_le(motor: Servidor) -> None:
    """Nem com o papel do escritor a conexão de leitura grava."""
    banco = bancos.abrir(motor.endereco, motor.endereco, 30.0)
    with (
        banco._leituras.emprestada() as con,  # type: ignore[attr-defined]
        pytest.raises(Exception, match="read-only transaction"),
    ):
        con.execute("INSERT INTO servico.acessos DEFAULT VALUES")
    banco.fechar()


PRECISAM_DA_SALA: dict[str, Callable[[bancos.Banco], object]] = {
    "acesso": lambda banco: banco.acesso(),
    "busca": lambda banco: banco.pagina(10, 0, "ana"),
    "índice": lambda banco: banco.indexar(),
}


@pytest.mark.parametrize("o_que", PRECISAM_DA_SALA)
def test_sem_a_sala_do_servico(o_que: str, acesso: Acesso, monkeypatch: pytest.MonkeyPatch) -> None:
    """O que não precisa dela funciona; o resto diz o comando que a cria."""
    monkeypatch.setenv("PGPASSFILE", str(acesso.pgpass))
    with acesso.banco() as sem_sala:
        banco = aberto(Servidor(sem_sala))
        assert banco.pagina(10, 0, None).corpo == b"[]"
        with pytest.raises(Indisponivel, match=r"falta a sala .* -f web/servico.sql"):
            PRECISAM_DA_SALA[o_que](banco)
        banco.fechar()


def test_o_servidor_fora_do_ar() -> None:
    """Uma linha, sem senha, e quando tentar de novo."""
    endereco = "postgresql://escritor:segredo@127.0.0.1:1/desafio2"
    banco = bancos.abrir(endereco, None, 1.0)
    for pedir in (banco.ancora, banco.acesso, lambda: banco.gravacao(1.0).gravar(ANA)):
        with pytest.raises(Indisponivel) as fora:
            pedir()
        assert "segredo" not in fora.value.motivo
        assert "\n" not in fora.value.motivo
        assert fora.value.tente_em >= 1
    banco.fechar()


def test_um_endereco_que_nao_serve() -> None:
    """Dito ao abrir, sem repetir o que veio."""
    with pytest.raises(ValueError, match="BANCO") as erro:
        bancos.abrir("postgresql://u:segredo@[/x", None, 1.0)
    assert "segredo" not in str(erro.value)
