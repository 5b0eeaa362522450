"""O leitor acha os bytes trocados e as linhas mudadas depois que o escritor as selou."""

from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import AMOSTRA, alterar, consultar, fotografar, reselar
from tests.verificacao import PAGINA, conferir


def bytes_trocados(banco: Path, de: bytes, para: bytes, pagina: int = 0) -> None:
    """Troca bytes no arquivo, sem o SQLite saber; `pagina` 0 procura no arquivo inteiro."""
    dados = banco.read_bytes()
    inicio = dados.index(de, max(0, pagina - 1) * PAGINA)
    assert not pagina or inicio < pagina * PAGINA
    banco.write_bytes(dados[:inicio] + para + dados[inicio + len(de) :])


def pagina_de(banco: Path, nome: str) -> int:
    """Devolve o número da página em que começa a tabela ou o índice."""
    [(raiz,)] = consultar(banco, "SELECT rootpage FROM sqlite_schema WHERE name = ?", nome)
    return int(raiz)


def integridade(banco: Path) -> str:
    """O que o SQLite, sozinho, diz do arquivo."""
    return str(consultar(banco, "PRAGMA integrity_check")[0][0])


@pytest.mark.parametrize("tabela", ["usuarios", "usuarios_email", "execucoes"])
def test_pagina_destruida(tabela: str, gravado: Path, leitor: Programa) -> None:
    """Uma página ilegível é achada pela integridade, qualquer que seja a tabela."""
    inicio = (pagina_de(gravado, tabela) - 1) * PAGINA
    dados = bytearray(gravado.read_bytes())
    dados[inicio : inicio + 100] = b"\xff" * 100
    gravado.write_bytes(dados)
    conferir(leitor, gravado, 65, "integridade")


def test_arquivo_cortado(gravado: Path, leitor: Programa) -> None:
    """Sem a última página, o leitor recusa com 65 e não lista nem o que restou."""
    gravado.write_bytes(gravado.read_bytes()[:-PAGINA])
    antes = fotografar(gravado.parent)
    codigo, stdout, stderr = leitor()
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)
    assert stderr.startswith(f"[LEITOR] ERRO: {gravado}: ")
    assert fotografar(gravado.parent) == antes


@pytest.mark.parametrize(
    ("de", "para"),
    [
        pytest.param(b"TEXT NOT NULL", b"TEXT \x8aOT NULL", id="o tipo não é UTF-8"),
        pytest.param(b"TEXT NOT NULL", b"TEXT 'OT NULL", id="aspas abertas"),
        pytest.param(b" versao ", b"\x80versao ", id="o nome não é UTF-8"),
    ],
)
@pytest.mark.parametrize("programa", ["escritor", "leitor"])
def test_esquema_ilegivel(
    programa: str, de: bytes, para: bytes, gravado: Path, request: pytest.FixtureRequest
) -> None:
    """O SQLite cita o esquema estragado no erro, bytes e quebras de linha: é 65, numa linha só."""
    bytes_trocados(gravado, de, para)
    antes = fotografar(gravado.parent)
    codigo, stdout, stderr = request.getfixturevalue(programa)()
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1), stderr
    assert f"{gravado}: banco corrompido (" in stderr
    assert fotografar(gravado.parent) == antes


@pytest.mark.parametrize(
    ("de", "para"),
    [
        pytest.param(b"Maria Santos", b"Maria Zantos", id="uma letra do nome"),
        pytest.param("João".encode(), b"Jo\xff\xffo", id="um nome que já não é UTF-8"),
        pytest.param(b"Pedro Oliveira", b"Pedro\x00Oliveira", id="um NUL no nome"),
    ],
)
def test_bytes_que_a_integridade_nao_ve(
    de: bytes, para: bytes, gravado: Path, leitor: Programa
) -> None:
    """Controle negativo: `integrity_check` diz ok, e o lacre diz que não é o que foi gravado."""
    bytes_trocados(gravado, de, para)
    assert integridade(gravado) == "ok"
    detalhe = conferir(leitor, gravado, 65, "lacres")
    assert "lacre quebrado na execução 1 (ids 1 a 3)" in detalhe


def test_bytes_que_nao_sao_utf8_selados_de_novo(
    gravado: Path, leitor: Programa, escritor: Programa, tmp_path: Path
) -> None:
    """Nem um lacre refeito por cima deles vale; e o escritor não os restaura."""
    alterar(gravado, "UPDATE usuarios SET nome = CAST(x'4aff' AS TEXT) WHERE id = 1")
    reselar(gravado)
    detalhe = conferir(leitor, gravado, 65, "lacres")
    assert "usuarios, id 1: nome com bytes que não são UTF-8 (regra U5 do contrato)" in detalhe
    falsa = tmp_path / "falsa.db"
    falsa.write_bytes(gravado.read_bytes())
    codigo, _, stderr = escritor("restaurar", str(falsa))
    assert (codigo, "usuarios, linha 1: " in stderr, "regra U5" in stderr) == (65, True, True)


def test_cada_byte_dos_dados_esta_sob_o_lacre(gravado: Path, leitor: Programa) -> None:
    """Trocado um bit de qualquer byte de qualquer valor, o leitor nunca diz 0."""
    dados = gravado.read_bytes()
    inicio = (pagina_de(gravado, "usuarios") - 1) * PAGINA
    valores = [campo.encode() for pessoa in AMOSTRA for campo in pessoa]
    posicoes = [dados.index(valor, inicio) + i for valor in valores for i in range(len(valor))]
    passaram = []
    for posicao in posicoes:
        gravado.write_bytes(dados[:posicao] + bytes([dados[posicao] ^ 1]) + dados[posicao + 1 :])
        if leitor("verificar").codigo != 65:
            passaram.append(posicao)
    assert passaram == []
    gravado.write_bytes(dados)
    assert leitor("verificar").codigo == 0


@pytest.mark.parametrize(
    ("sql", "execucao"),
    [
        ("UPDATE usuarios SET criado_em = '2020-01-01T00:00:00Z' WHERE id = 4", 3),
        ("UPDATE usuarios SET email = 'maria2@example.com' WHERE id = 2", 1),
        ("UPDATE usuarios SET email = upper(email) WHERE id = 2", 1),
        ("UPDATE usuarios SET nome = nome || ' ' WHERE id = 2", 1),
        ("UPDATE usuarios SET nome = nome || char(31) || email, email = '' WHERE id = 2", 1),
        ("UPDATE usuarios SET id = 99 WHERE id = 5", 3),
        ("DELETE FROM usuarios WHERE id = 2", 1),
        ("DELETE FROM usuarios WHERE id = 5", 3),
        ("DELETE FROM usuarios", 1),
        ("UPDATE execucoes SET lacre = upper(lacre) WHERE id = 3", 3),
        ("UPDATE execucoes SET primeiro_id = 2 WHERE id = 1", 1),
        ("UPDATE execucoes SET ultimo_id = 4 WHERE id = 3", 3),
        ("UPDATE execucoes SET primeiro_id = 1, ultimo_id = 1 WHERE id = 2", 2),
    ],
)
def test_linhas_alteradas_por_fora(
    sql: str, execucao: int, gravado: Path, leitor: Programa
) -> None:
    """Um UPDATE ou DELETE que o SQLite aceita sem reparo quebra o lacre da execução."""
    alterar(gravado, sql)
    assert integridade(gravado) == "ok"
    detalhe = conferir(leitor, gravado, 65, "lacres")
    assert f"lacre quebrado na execução {execucao} (" in detalhe


def test_dois_usuarios_trocados_de_lugar(gravado: Path, leitor: Programa) -> None:
    """As mesmas linhas em outra ordem não são as que foram gravadas."""
    alterar(gravado, *(f"UPDATE usuarios SET id = {b} WHERE id = {a}" for a, b in
                       [(1, 99), (2, 1), (99, 2)]))  # fmt: skip
    assert "lacre quebrado na execução 1" in conferir(leitor, gravado, 65, "lacres")


def test_varios_lacres_quebrados_sao_contados(gravado: Path, leitor: Programa) -> None:
    """A mensagem diz todas as execuções atingidas, não só a primeira."""
    alterar(gravado, "UPDATE usuarios SET nome = 'X'")
    detalhe = conferir(leitor, gravado, 65, "lacres")
    assert "execução 1 (ids 1 a 3), 3 (ids 4 a 5)" in detalhe
