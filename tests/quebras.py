"""Como quebrar cada regra do contrato num banco gravado, e só ela: o resto é selado de novo."""

from collections.abc import Callable
from pathlib import Path

from tests.contrato import alterar, consultar, elo, reselar

Estragar = Callable[[Path], None]


def sql(*comandos: str) -> Estragar:
    """Devolve quem altera o banco sem mais nada: lacres e elos ficam os de antes."""
    return lambda banco: alterar(banco, *comandos)


def selado(*comandos: str) -> Estragar:
    """Devolve quem altera o banco e falsifica lacres e elos: só a regra pedida o acusa."""

    def estragar(banco: Path) -> None:
        alterar(banco, *comandos)
        reselar(banco)

    return estragar


def encadeado(*comandos: str) -> Estragar:
    """Devolve quem altera o livro e falsifica só os elos: os lacres ficam como se quis."""

    def estragar(banco: Path) -> None:
        alterar(banco, *comandos)
        reencadear(banco)

    return estragar


def reencadear(banco: Path) -> None:
    """Refaz cada elo para o que há agora no livro."""
    anterior = "0" * 64
    for *colunas, _ in consultar(banco, "SELECT * FROM execucoes ORDER BY id"):
        anterior = elo(anterior, colunas)
        alterar(banco, f"UPDATE execucoes SET elo = '{anterior}' WHERE id = {colunas[0]}")


def mudar_no_indice(banco: Path, antes: bytes = b"joao@", depois: bytes = b"joan@") -> None:
    """Muda um e-mail só na página do índice."""
    dados = banco.read_bytes()
    [(raiz,)] = consultar(banco, "SELECT rootpage FROM sqlite_schema WHERE name = 'usuarios_email'")
    onde = dados.index(antes, (raiz - 1) * 8192)
    banco.write_bytes(dados[:onde] + depois + dados[onde + len(depois) :])


def disfarcado(comando: str) -> Estragar:
    """Devolve quem põe um valor do tipo errado, com o esquema a dizer que isso não pode ser."""
    sem_strict = "UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')')"
    com_strict = "UPDATE sqlite_schema SET sql = sql || ' STRICT' WHERE type = 'table'"

    def estragar(banco: Path) -> None:
        alterar(banco, "PRAGMA writable_schema = ON", sem_strict)
        alterar(banco, comando, "PRAGMA writable_schema = ON", com_strict)

    return estragar


def nome(valor: str) -> Estragar:
    """Devolve quem dá este nome (um literal SQL) à primeira linha, e sela de novo."""
    return selado(f"UPDATE usuarios SET nome = {valor} WHERE id = 1")


def email(valor: str) -> Estragar:
    """Devolve quem dá este e-mail à primeira linha, e sela de novo."""
    return selado(f"UPDATE usuarios SET email = '{valor}' WHERE id = 1")


def criado_em(valor: str) -> Estragar:
    """Devolve quem dá esta data à primeira linha, e sela de novo."""
    return selado(f"UPDATE usuarios SET criado_em = '{valor}' WHERE id = 1")


def execucao(coluna: str, valor: str) -> Estragar:
    """Devolve quem muda uma coluna da execução 2, que não inseriu nada, e refaz os elos."""
    return encadeado(f"UPDATE execucoes SET {coluna} = {valor} WHERE id = 2")


VAZIO = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
QUEBRAS = [
    ("A5", "índice que mente", mudar_no_indice),
    ("A5", "número que é texto", disfarcado("UPDATE execucoes SET lidos = 'três' WHERE id = 2")),
    ("A5", "texto que é bytes", disfarcado("UPDATE usuarios SET nome = x'41' WHERE id = 2")),
    ("U1", "id zero", sql("UPDATE usuarios SET id = 0 WHERE id = 1")),
    ("U1", "id negativo", sql("INSERT INTO usuarios VALUES (-7, 'A', 'a@x.com', '')")),
    ("U1", "id acima do teto", selado("UPDATE usuarios SET id = 4611686018427387905 WHERE id = 5",
           "UPDATE execucoes SET ultimo_id = 4611686018427387905 WHERE id = 3")),
    ("U1", "o maior id", sql(
        "INSERT INTO usuarios VALUES (9223372036854775807, 'A', 'a@x.com', '2026-01-01T00:00:00Z')"
    )),
    ("U2", "nome vazio", nome("''")),
    ("U2", "nome só de espaços", nome("'\u2003 '")),
    ("U2", "nome de 1.001 caracteres", nome(f"'{'é' * 1001}'")),
    ("U3", "sem arroba", email("ana")),
    ("U3", "duas arrobas", email("a@b@c")),
    ("U3", "nada antes", email("@x.com")),
    ("U3", "parte vazia", email("a@x..com")),
    ("U3", "ponto no fim", email("a@x.")),
    ("U3", "espaço", email("a b@x.com")),
    ("U3", "espaço do Unicode", email("a\u3000b@x.com")),
    ("U3", "255 bytes", email("é" * 124 + "aaa@x.y")),
    ("U5", "tabulação", nome("'a' || char(9) || 'b'")),
    ("U5", "separador", nome("'a' || char(31) || 'b'")),
    ("U5", "fim de linha do lacre", nome("'a' || char(30) || 'b'")),
    ("U5", "NUL", nome("'a' || char(0) || 'b'")),
    ("U5", "DEL", nome("'a' || char(127)")),
    ("U5", "C1", nome("'a' || char(155)")),
    ("U5", "não é UTF-8", sql("UPDATE usuarios SET nome = CAST(x'61ff' AS TEXT) WHERE id = 1")),
    ("U6", "dia que não existe", criado_em("2026-02-30T00:00:00Z")),
    ("U6", "ano zero", criado_em("0000-01-01T00:00:00Z")),
    ("U6", "24 horas", criado_em("2026-01-01T24:00:00Z")),
    ("U6", "sem Z", criado_em("2026-01-01T00:00:00")),
    ("U6", "com espaço", criado_em("2026-01-01 00:00:00Z")),
    ("U6", "algarismos de outra escrita", criado_em("٢026-01-01T00:00:00Z")),
    ("E1", "execução a menos", sql("DELETE FROM execucoes WHERE id = 2")),
    ("E1", "execução zero", sql("UPDATE execucoes SET id = 0 WHERE id = 1")),
    ("E1", "execução negativa", sql("UPDATE execucoes SET id = -9 WHERE id = 1")),
    ("E2", "origem desconhecida", execucao("origem", "'outra'")),
    ("E2", "importar sem nome", execucao("origem", "'importar:'")),
    ("E3", "controle na origem", execucao("origem", "'importar:a' || char(10)")),
    ("E3", "separador no container", execucao("container", "'a' || char(31)")),
    ("E3", "NUL na versão", execucao("versao", "'1' || char(0)")),
    ("E4", "início", execucao("iniciada_em", "'ontem'")),
    ("E4", "fim", execucao("concluida_em", "'2026-13-01T00:00:00Z'")),
    ("E5", "lidos", execucao("lidos", "9")),
    ("E5", "repetidos negativos", execucao("repetidos", "-1")),
    ("E5", "dois negativos", execucao("lidos", "-1, repetidos = -1")),
    ("E6", "intervalo sem inseridos", execucao("primeiro_id", "4, ultimo_id = 4")),
    ("E6", "meio intervalo", encadeado("UPDATE execucoes SET ultimo_id = NULL WHERE id = 3")),
    ("E6", "última que não há", selado("UPDATE execucoes SET ultimo_id = 90 WHERE id = 3")),
    ("E7", "intervalo que invade", selado("UPDATE execucoes SET primeiro_id = 3 WHERE id = 3")),
    ("E8", "linha apagada", selado("DELETE FROM usuarios WHERE id = 2")),
    ("E8", "mais inseridos que ids", selado(
        "UPDATE execucoes SET lidos = 3, inseridos = 3, total = 6 WHERE id = 3")),
    ("E9", "total", selado("UPDATE execucoes SET total = 9 WHERE id = 3")),
    ("E9", "total maior que um inteiro", selado(
        "UPDATE execucoes SET total = 9223372036854775807 WHERE id = 3")),
    ("E9", "linha sem execução, no fim", sql(
        "INSERT INTO usuarios VALUES (9, 'A', 'a@x.com', '2026-01-01T00:00:00Z')")),
    ("E9", "linha sem execução, no meio", selado(
        "UPDATE usuarios SET id = id + 6 WHERE id > 3",
        "UPDATE execucoes SET primeiro_id = 10, ultimo_id = 11 WHERE id = 3",
        "INSERT INTO usuarios VALUES (7, 'A', 'a@x.com', '2026-01-01T00:00:00Z')")),
    ("E9", "livro esvaziado", sql("DELETE FROM execucoes")),
    ("E10", "linha editada", sql("UPDATE usuarios SET nome = 'Outra' WHERE id = 2")),
    ("E10", "lacre de quem não inseriu", execucao("lacre", f"'{VAZIO[::-1]}'")),
    ("E10", "lacre em maiúsculas", encadeado(
        "UPDATE execucoes SET lacre = upper(lacre) WHERE id = 3")),
    ("E11", "execução editada", sql("UPDATE execucoes SET container = 'x' WHERE id = 2")),
    ("E11", "elo editado", sql("UPDATE execucoes SET elo = upper(elo) WHERE id = 1")),
]  # fmt: skip
