"""Cada regra do contrato quebrada num servidor por um superusuário: o leitor a recusa e a diz."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from tests.conftest import Programa
from tests.postgres.bancos import Banco
from tests.postgres.selado import (
    BYTES_SAO_TEXTO,
    a_forca,
    executar,
    gravar_tres,
    sem_indice,
)
from tests.test_regras import MOMENTOS_RUINS

pytestmark = pytest.mark.docker

ORDEM = ["conexão", "dono", "esquema", "páginas", "lacres", "elos", "totais", "índice"]


class Caso(NamedTuple):
    """Uma regra, como se quebra, o código, a verificação que a acusa e o que ela diz."""

    regra: str
    estragar: Callable[[Banco], None]
    codigo: int
    verificacao: str
    detalhe: str


def conferir(leitor: Programa, codigo: int, verificacao: str) -> str:
    """Roda `verificar`, confere o que se fez e o que não, e devolve o detalhe da que falhou."""
    saida = leitor("verificar", "--formato", "json")
    assert saida.codigo == codigo, saida
    feitas = json.loads(saida.stdout)["verificacoes"]
    antes = ORDEM.index(verificacao)
    esperadas = ["ok"] * antes + ["falha"] + ["não feita"] * (len(ORDEM) - antes - 1)
    assert [(v["nome"], v["resultado"]) for v in feitas] == [*zip(ORDEM, esperadas, strict=True)]
    detalhe = str(feitas[antes]["detalhe"])
    assert saida.stderr == f"[LEITOR] ERRO: {detalhe}\n"
    assert leitor() == (codigo, "", saida.stderr), "listar não mostra o que não verificou"
    return detalhe


def forca(*comandos: str, selar: bool = True) -> Callable[[Banco], None]:
    """Devolve quem adultera o que os CHECK não deixam."""
    return lambda banco: a_forca(banco, *comandos, selar=selar)


def so_sql(comando: str) -> Callable[[Banco], None]:
    """Devolve quem roda isto como superusuário."""
    return lambda banco: executar(banco, comando)


def valor(regra: str, coluna: str, sql: str, detalhe: str) -> Caso:
    """Uma coluna do usuário 4, da execução 3, com este valor, e selada de novo."""
    mudanca = forca(f"UPDATE usuarios SET {coluna} = {sql} WHERE id = 4")
    return Caso(regra, mudanca, 65, "lacres", f"usuarios, id 4: {detalhe}")


def livro(regra: str, mudanca: str, detalhe: str, execucao: int = 3) -> Caso:
    """Uma execução com estas colunas mudadas."""
    sql = f"UPDATE execucoes SET {mudanca} WHERE id = {execucao}"
    return Caso(regra, forca(sql), 65, "totais", f"execução {execucao}: {detalhe}")


def do_servidor() -> Iterator[Caso]:
    """A1, A2, A4 e A5; o esquema, peça por peça, é com test_leitor_esquema."""
    marca = "COMMENT ON SCHEMA desafio2 IS "
    yield Caso("A1", so_sql(f"{marca}NULL"), 78, "dono", "sem a marca 'desafio2: contrato 1'")
    yield Caso("A2", so_sql(f"{marca}'desafio2: contrato 2'"), 78, "dono", "contrato na versão 2")
    yield Caso("A4", so_sql("CREATE TABLE desafio2.x (y int)"), 78, "esquema", "sobra tabela x rp")
    sem_no_indice = forca(*sem_indice("UPDATE usuarios SET email = 'w@x.com' WHERE id = 4"))
    yield Caso("A5", sem_no_indice, 65, "índice", "bt_index_check, em desafio2.usuarios_email")


def dos_usuarios() -> Iterator[Caso]:
    """U1 a U6."""
    for velho, novo in ((1, 0), (1, -5), (5, 2**62 + 1)):
        coluna = "primeiro_id" if velho == 1 else "ultimo_id"
        mudanca = forca(
            f"UPDATE usuarios SET id = {novo} WHERE id = {velho}",
            f"UPDATE execucoes SET {coluna} = {novo} WHERE {coluna} = {velho}",
        )
        yield Caso("U1", mudanca, 65, "lacres", f"usuarios, id {novo}: o id não está entre 1 e 2⁶²")
    for sql in ("''", "'   '", "chr(160) || chr(8195) || chr(12288)"):
        yield valor("U2", "nome", sql, "nome vazio, ou só de espaços")
    yield valor("U2", "nome", f"'{'á' * 1001}'", "nome com mais de 1000 caracteres")
    for email in ("", "@x.com", "a@x..com", "a@b@c", "a b@x", f"a@{'x' * 253}"):
        yield valor("U3", "email", f"'{email}'", "email que não é um endereço")
    yield valor("U3", "email", "'a@x' || chr(8195) || 'y'", "email que não é um endereço")
    repetido = forca(
        "DROP INDEX usuarios_email",
        "UPDATE usuarios SET email = 'JOAO@x.com' WHERE id = 2",
        'CREATE INDEX usuarios_email ON usuarios (lower(email COLLATE "C"))',
        "UPDATE pg_index SET indisunique = true WHERE indexrelid = 'usuarios_email'::regclass",
    )
    yield Caso("U4", repetido, 65, "índice", "um email se repete, JOAO@x.com")
    for ponto in (9, 10, 0x1E, 0x1F, 0x7F, 0x80, 0x9F):
        for coluna, base in (("nome", "'Zé'"), ("email", "'z@x.com'")):
            trecho = f"{coluna} com caractere de controle, U+{ponto:04X}"
            yield valor("U5", coluna, f"{base} || chr({ponto}) || 'o'", trecho)
    ruim = forca(
        BYTES_SAO_TEXTO,
        r"UPDATE usuarios SET nome = '\x4aff'::bytea::text WHERE id = 4",
        "DROP CAST (bytea AS text)",
    )
    yield Caso("U5", ruim, 65, "lacres", "usuarios, id 4: nome com bytes que não são UTF-8")
    for quando in MOMENTOS_RUINS[::3]:
        yield valor("U6", "criado_em", f"'{quando}'", "criado_em que não é um momento em UTC")


def do_livro() -> Iterator[Caso]:
    """E1 a E11."""
    sete = livro("E1", "id = 7", "")
    yield sete._replace(detalhe="execução 7: o número esperado é 3")
    apagar = forca("DELETE FROM execucoes")
    yield Caso("E1", apagar, 65, "totais", "há 5 usuários, e nenhuma execução")
    for origem in ("'importar:'", "'Semear'", "'api:'", "''"):
        yield livro("E2", f"origem = {origem}", "a origem não é semear")
    controle = "com caractere de controle, U+"
    yield livro("E3", "origem = 'importar:a' || chr(10)", f"origem {controle}000A")
    yield livro("E3", "container = 'c' || chr(27) || '[2J'", f"container {controle}001B")
    yield livro("E3", "versao = '1' || chr(155)", f"versao {controle}009B")
    yield livro("E4", "iniciada_em = '2026-13-02T03:04:05Z'", "iniciada_em que não é um momento")
    yield livro("E4", "concluida_em = 'ontem'", "concluida_em que não é um momento")
    yield livro("E5", "lidos = 1, repetidos = -1", "uma contagem é negativa")
    yield livro("E5", "lidos = 9", "lidos não é inseridos + repetidos")
    yield livro("E6", "primeiro_id = 4", "só metade do intervalo", execucao=2)
    yield livro("E6", "primeiro_id = NULL, ultimo_id = NULL", "inseriu 2, sem intervalo")
    yield livro("E6", "primeiro_id = 8, ultimo_id = 9", "não inseriu nada, e tem", execucao=2)
    yield livro("E6", "primeiro_id = 5, ultimo_id = 4", "o intervalo de ids 5 a 4 está ao contr")
    yield livro("E6", "ultimo_id = 9", "o intervalo de ids 4 a 9 não começa e termina em linhas")
    yield livro("E6", f"primeiro_id = -{2**63}", "o intervalo de ids -", execucao=1)
    yield livro("E7", "primeiro_id = 3, inseridos = 3, lidos = 3", "o intervalo de ids invade")
    yield livro("E8", "inseridos = 1, lidos = 1", "registra 1 inseridos, há 2")
    yield livro("E9", "total = 9", "registra total 9, a soma é 5")
    a_mais = forca("INSERT INTO usuarios VALUES (9, 'I', 'i@x.com', '2026-01-02T03:04:05Z')")
    yield Caso("E9", a_mais, 65, "totais", "há 6 usuários, as execuções registram 5")
    for mudanca in (
        "UPDATE usuarios SET nome = 'Outro' WHERE id = 4",
        "DELETE FROM usuarios WHERE id = 5",
    ):
        yield Caso("E10", forca(mudanca, selar=False), 65, "lacres", "quebrado na execução 3")
    trocar = forca("UPDATE execucoes SET lacre = upper(lacre) WHERE id = 3", selar=False)
    yield Caso("E10", trocar, 65, "lacres", "lacre quebrado na execução 3")
    for mudanca in ("elo = upper(elo)", "container = 'c2'"):
        trocar = forca(f"UPDATE execucoes SET {mudanca} WHERE id = 2", selar=False)
        yield Caso("E11", trocar, 65, "elos", "elo quebrado na execução 2")


CASOS = [*do_servidor(), *dos_usuarios(), *do_livro()]


@pytest.mark.parametrize("caso", CASOS, ids=[f"{n}-{caso.regra}" for n, caso in enumerate(CASOS)])
def test_regra_quebrada(caso: Caso, banco_pg: Banco, leitor_pg: Programa) -> None:
    """Uma linha imprimível com a linha do banco, ou a execução, e o número da regra."""
    gravar_tres(banco_pg)
    caso.estragar(banco_pg)

    dito = conferir(leitor_pg, caso.codigo, caso.verificacao)

    assert dito.startswith(f"{banco_pg.mostrado}: ")
    assert caso.detalhe in dito
    assert re.search(rf"\bregra {caso.regra} do contrato\)", dito)
    assert dito.isprintable()


def test_todas_as_regras_tem_caso() -> None:
    """As dos dados, todas; A3, a codificação, é do servidor inteiro (test_leitor_recusas)."""
    regras = {*(f"A{n}" for n in (1, 2, 4, 5)), *(f"U{n}" for n in range(1, 7))}
    assert {caso.regra for caso in CASOS} == regras | {f"E{n}" for n in range(1, 12)}


def test_controle_a_forca_sem_mudar_nada_passa(banco_pg: Banco, leitor_pg: Programa) -> None:
    """Controle negativo: quem adultera não deixa outro rastro além do que mudou."""
    gravar_tres(banco_pg)
    a_forca(banco_pg, "UPDATE usuarios SET nome = 'João' WHERE id = 1")
    assert leitor_pg("verificar").codigo == 0


PECAS = [
    ("DROP TRIGGER so_insercoes ON desafio2.usuarios", "falta gatilho CREATE TRIGGER"),
    ("ALTER TABLE desafio2.usuarios DISABLE TRIGGER so_insercoes", "que não vale sempre"),
    ("ALTER TABLE desafio2.execucoes ENABLE TRIGGER so_insercoes", "que não vale sempre"),
    ("DROP INDEX desafio2.usuarios_email", "falta índice CREATE UNIQUE INDEX usuarios_email"),
    (
        "ALTER TABLE desafio2.usuarios DROP CONSTRAINT usuarios_nome",
        "falta restrição usuarios_nome",
    ),
    ("ALTER TABLE desafio2.usuarios ADD COLUMN x int", "sobra coluna usuarios.x integer"),
    ('ALTER TABLE desafio2.usuarios ALTER nome TYPE text COLLATE "default"', "COLLATE default"),
    ("ALTER TABLE desafio2.usuarios ALTER nome DROP NOT NULL", "falta coluna usuarios.nome"),
    ("ALTER TABLE desafio2.usuarios ALTER nome SET DEFAULT 'x'", "que se calcula"),
    ("ALTER TABLE desafio2.usuarios ENABLE ROW LEVEL SECURITY", "que esconde linhas"),
    ("ALTER TABLE desafio2.usuarios OWNER TO postgres", "que não é do dono"),
    ("CREATE RULE r AS ON INSERT TO desafio2.usuarios DO ALSO NOTHING", "com regras"),
    ("CREATE TABLE desafio2.filha () INHERITS (desafio2.usuarios)", "sobra coluna filha."),
    ("CREATE VIEW desafio2.v AS SELECT 1", "sobra tabela v vp"),
    ("GRANT UPDATE ON desafio2.usuarios TO escritor", "sobra direito UPDATE: escritor em usuarios"),
    ("GRANT DELETE ON desafio2.execucoes TO PUBLIC", "sobra direito DELETE: PUBLIC em execucoes"),
    ("GRANT UPDATE (nome) ON desafio2.usuarios TO leitor", "UPDATE: leitor em usuarios.nome"),
    ("REVOKE INSERT ON desafio2.usuarios FROM escritor", "falta direito INSERT: escritor"),
    ("GRANT EXECUTE ON FUNCTION desafio2.soltar_indices() TO PUBLIC", "PUBLIC em soltar_indices()"),
    ("GRANT CREATE ON SCHEMA desafio2 TO escritor", "sobra direito CREATE: escritor em esquema"),
]


@pytest.mark.parametrize(("comando", "dito"), PECAS)
def test_o_esquema_mudado(comando: str, dito: str, banco_pg: Banco, leitor_pg: Programa) -> None:
    """78, e a peça que falta ou sobra."""
    gravar_tres(banco_pg)
    executar(banco_pg, comando)
    detalhe = conferir(leitor_pg, 78, "esquema")
    assert "o esquema não é o do contrato: " in detalhe
    assert dito in detalhe


def test_outro_papel_pode_ler(banco_pg: Banco, leitor_pg: Programa) -> None:
    """Dar a leitura a mais alguém não desfaz o contrato."""
    gravar_tres(banco_pg)
    executar(banco_pg, "GRANT SELECT ON desafio2.usuarios TO PUBLIC")
    assert leitor_pg("verificar").codigo == 0
