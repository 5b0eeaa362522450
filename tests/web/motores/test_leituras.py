"""O que o serviço lê: páginas, busca, uma linha e quem a selou, o livro, e a tabela inteira."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from tests.web.motores.apoio import LINHAS, LIVRO, Arquivo, Motor, Servidor, conferir, gravar_todos
from web.bancos import Banco, Indisponivel, Pagina
from web.gravador import Gravador

COLUNAS = ("id", "nome", "email", "criado_em")
PESSOAS = [
    ("Ana Costa", "ana@example.com"),
    ('João "Zé" D\'Ávila \\ 100%', "joao_silva@exemplo.com.br"),
    ("山田\u2028👩‍👧", "Yamada@Example.JP"),
    ("=CMD()", "a,b@x.com"),
    ("ana maria", "outra@x.com"),
]
Abrir = Callable[[], Banco]


@pytest.fixture
def gravado(gravador: Gravador) -> Gravador:
    """Umas pessoas, cada uma numa execução."""
    gravar_todos(gravador, PESSOAS)
    return gravador


def paginas(banco: Banco, limite: int, busca: str | None = None) -> Iterator[Pagina]:
    """Percorre as páginas como um cliente: pelo `proximo` de cada uma."""
    depois_de: int | None = 0
    while depois_de is not None:
        pagina = banco.pagina(limite, depois_de, busca)
        yield pagina
        depois_de = pagina.proximo


def nomes(banco: Banco, busca: str | None) -> list[str]:
    """Devolve os nomes que uma busca acha, em páginas de duas."""
    lidas = [json.loads(pagina.corpo) for pagina in paginas(banco, 2, busca)]
    return [linha["nome"] for pagina in lidas for linha in pagina]


def ancora(motor: Motor) -> str:
    """Devolve a âncora do banco, lida por fora."""
    execucao = motor.consultar(LIVRO)[-1]
    return f"{execucao[0]} {execucao[13]}"


def indexado(banco: Banco) -> None:
    """Põe o índice da busca em dia."""
    while banco.indexar():
        pass


def test_um_banco_sem_ninguem(banco: Banco) -> None:
    """Antes do primeiro: nada, sem âncora, e nenhuma falha."""
    assert banco.pagina(10, 0, None) == ("", b"[]", None)
    assert banco.pagina(10, 0, "ana") == ("", b"[]", None)
    assert banco.ancora() is None
    assert banco.totais() == (0, 0)
    assert banco.execucoes(10, None) == ("", [])
    assert banco.usuario(1) == ("", None, None)
    assert b"".join(banco.fluxo("jsonl")[1]) == b""


def test_as_paginas_juntas_sao_a_tabela(motor: Motor, banco: Banco, gravado: Gravador) -> None:  # noqa: ARG001
    """Cada linha uma vez, na ordem do id, com a âncora; e o JSON é o que o json escreveria."""
    for limite in (1, 2, len(PESSOAS), 100):
        lidas = [*paginas(banco, limite)]
        assert {pagina.ancora for pagina in lidas} == {ancora(motor)}
        linhas = [tuple(li.values()) for pagina in lidas for li in json.loads(pagina.corpo)]
        assert linhas == motor.consultar(LINHAS)
        assert len(lidas) == -(-len(PESSOAS) // limite)
    inteira = json.loads(lidas[0].corpo)
    assert list(inteira[0]) == [*COLUNAS]
    corpo = json.dumps(inteira, ensure_ascii=False, separators=(",", ":"))
    assert lidas[0].corpo == corpo.encode()


BUSCAS = [
    ("ana", ["Ana Costa", "ana maria"]),
    ("ANA C", ["Ana Costa"]),
    ("JOÃO", [PESSOAS[1][0]]),
    ("d'ávila", [PESSOAS[1][0]]),
    ("100%", [PESSOAS[1][0]]),
    ("%", [PESSOAS[1][0]]),
    ("o_s", [PESSOAS[1][0]]),
    ("\\", [PESSOAS[1][0]]),
    ('"', [PESSOAS[1][0]]),
    ("山田", [PESSOAS[2][0]]),
    ("EXAMPLE.JP", [PESSOAS[2][0]]),
    ("maria@", []),
    ("ninguém", []),
]


@pytest.mark.parametrize("como", ["sem índice", "com índice", "com parte dele"])
def test_a_busca(como: str, banco: Banco, gravado: Gravador) -> None:
    """Letras do nome ou do e-mail, maiúsculas ou não; o índice não muda a resposta."""
    novas: list[str] = []
    if como != "sem índice":
        indexado(banco)
    if como == "com parte dele":
        gravar_todos(gravado, [("Anabela", "nova@x.com")])
        novas = ["Anabela"]
    for busca, esperados in BUSCAS:
        assert nomes(banco, busca) == esperados + novas * (busca == "ana"), busca


def test_o_indice_de_outra_historia_nao_vale(
    motor: Motor, banco: Banco, gravado: Gravador, abrir: Abrir
) -> None:
    """Trocado o banco, o índice que se tinha não esconde nem inventa ninguém, e se refaz."""
    indexado(banco)
    motor.alterar("DELETE FROM usuarios", "DELETE FROM execucoes")
    with pytest.raises(Indisponivel):
        gravado.gravar("Zoé Lima", "zoe@x.com", None, None)
    gravar_todos(gravado, [("Zoé Lima", "zoe@x.com"), ("Ana Nova", "an@x.com")])
    for _ in range(2):
        assert (nomes(banco, "zoé"), nomes(banco, "ana")) == (["Zoé Lima"], ["Ana Nova"])
        indexado(abrir())
    conferir(motor)


def test_uma_linha_e_a_execucao_que_a_selou(motor: Motor, banco: Banco, gravado: Gravador) -> None:
    """De cada uma, por id e por e-mail, com qualquer maiúscula ASCII; de ninguém, nada."""
    livro = {execucao[0]: execucao for execucao in motor.consultar(LIVRO)}
    for linha in motor.consultar(LINHAS):
        achado = banco.usuario(linha[0])
        assert achado == banco.por_email(linha[2].upper().replace("É", "é"))
        assert achado.usuario is not None
        assert achado.execucao is not None
        assert tuple(achado.usuario.values()) == linha
        assert tuple(achado.execucao.values()) == livro[linha[0]]
        assert achado.ancora == ancora(motor)
    assert banco.usuario(99)[1:] == (None, None)
    assert banco.por_email("ninguem@x.com")[1:] == (None, None)
    assert gravado is not None


def test_o_livro_do_mais_novo_ao_mais_velho(motor: Motor, banco: Banco, gravado: Gravador) -> None:
    """Em páginas, por `antes_de`; e o elo de cada execução."""
    livro = motor.consultar(LIVRO)[::-1]
    ancora_, primeiras = banco.execucoes(2, None)
    _, outras = banco.execucoes(10, primeiras[-1]["id"])
    assert [tuple(execucao.values()) for execucao in primeiras + outras] == livro
    assert ancora_ == banco.ancora() == ancora(motor)
    assert [banco.elo(execucao[0]) for execucao in livro] == [execucao[13] for execucao in livro]
    assert banco.elo(99) is None
    assert banco.totais() == (len(PESSOAS), len(livro))
    assert gravado is not None


@pytest.mark.parametrize("formato", ["jsonl", "csv"])
def test_a_tabela_inteira(formato: str, motor: Motor, banco: Banco, gravado: Gravador) -> None:
    """Os mesmos bytes que `leitor listar` escreve."""
    ancora_, fluxo = banco.fluxo("jsonl" if formato == "jsonl" else "csv")
    saida = motor.leitor("listar", "--formato", formato)
    assert b"".join(fluxo).decode() == saida.stdout
    assert ancora_ == ancora(motor)
    assert gravado is not None


def test_a_tabela_de_um_instante(motor: Motor, banco: Banco, gravado: Gravador) -> None:
    """O que entra depois do começo não aparece no meio; quem sai antes não deixa nada preso."""
    _, fluxo = banco.fluxo("jsonl")
    gravar_todos(gravado, [("Depois", "depois@x.com")])
    assert b"".join(fluxo).count(b"\n") == len(PESSOAS)

    _, outro = banco.fluxo("jsonl")
    next(outro)
    outro.close()  # type: ignore[attr-defined]
    assert gravado.gravar("Mais", "mais@x.com", None, None).id == len(PESSOAS) + 2
    conferir(motor)


def test_a_tabela_so_com_o_que_se_busca(banco: Banco, gravado: Gravador) -> None:
    """A busca vale também para o fluxo."""
    assert gravado is not None
    linhas = [json.loads(linha) for linha in b"".join(banco.fluxo("jsonl", "aNa")[1]).splitlines()]
    assert [linha["nome"] for linha in linhas] == ["Ana Costa", "ana maria"]
    csv = b"".join(banco.fluxo("csv", "%")[1]).decode().splitlines()
    assert [linha.partition(",")[0] for linha in csv] == ["id", "2"]


def test_a_historia_trocada_no_meio_do_fluxo(motor: Motor, banco: Banco, gravado: Gravador) -> None:
    """Metade de uma história e metade de outra, nunca: o fluxo se corta."""
    assert gravado is not None
    _, fluxo = banco.fluxo("jsonl")
    motor.alterar("UPDATE execucoes SET elo = repeat('0', 64) WHERE id = 5") if isinstance(
        motor, Servidor
    ) else motor.alterar("UPDATE execucoes SET elo = 'outro' WHERE id = 5")
    with pytest.raises(Indisponivel, match="trocado no meio"):
        b"".join(fluxo)


def test_os_acessos_se_contam(motor: Motor, banco: Banco, abrir: Abrir) -> None:
    """Na sala do serviço, que não é do contrato: o leitor nada tem a dizer dela."""
    assert [banco.acesso(), abrir().acesso(), banco.acesso()] == [(1, 1), (2, 2), (3, 3)]
    if isinstance(motor, Arquivo):
        return
    assert motor.consultar("SELECT count(*) FROM servico.acessos") == [(3,)]
