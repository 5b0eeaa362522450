"""Dano no PostgreSQL: bits trocados nas páginas de um servidor parado, e quem vê cada um."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import psycopg
import pytest

from leitor.texto import milhar
from tests.campanhas.postgres.apoio import escrever
from tests.campanhas.relato import Campanha, contas_em_texto
from tests.conftest import Programa
from tests.contrato import lacre
from tests.postgres.apoio import IMAGEM, Servidor, rodar
from tests.postgres.bancos import Acesso, Banco

pytestmark = pytest.mark.docker

POR_VEZ = 20  # bancos danificados entre uma parada do servidor e outra
PASTA = "/var/lib/postgresql/data"
TABELAS = ("usuarios", "execucoes")
INDICES = ("usuarios_pkey", "usuarios_email", "execucoes_pkey")
ARQUIVO = """\
SELECT pg_relation_filepath(oid), pg_relation_size(oid)
FROM pg_class WHERE relnamespace = 'desafio2'::regnamespace AND relname = %s"""
# Ao lado do servidor parado, troca um bit de cada arquivo dito; sem posição, o da letra de um nome.
TROCAR = """\
perl -e 'while (<STDIN>) {
    my ($arquivo, $onde, $bit) = split;
    open my $aberto, "+<:raw", $arquivo or die "$arquivo: $!";
    my $dados = do { local $/; <$aberto> };
    $onde = index $dados, "Pessoa 7 " if $onde < 0;
    seek $aberto, $onde, 0;
    print $aberto chr(ord(substr $dados, $onde, 1) ^ 1 << $bit);
}' """
# Desligadas e religadas, as somas se refazem todas: já não acusam nada do que houve antes.
REFAZER = "pg_checksums --disable >/dev/null; pg_checksums --enable >/dev/null"
CONFERIR = "pg_checksums --check 2>&1 || :"
PELA_TABELA = (
    "SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off"
)
PELO_INDICE = "SET enable_indexscan = on; SET enable_seqscan = off"
PROCURA = """\
SELECT id FROM desafio2.usuarios WHERE lower(email COLLATE "C") = lower(%s::text COLLATE "C")"""
AMCHECK = (
    *(f"SELECT msg FROM verify_heapam('{tabela}')" for tabela in TABELAS),
    *(f"SELECT bt_index_check('{indice}', true)::text" for indice in INDICES),
)
QUEM = ("as somas", "o amcheck", "os lacres")
RECUSAS = {65, 74, 75, 78}
UM_NOME = -1  # no lugar da posição: há sempre um dano que só o lacre vê


class Dano(NamedTuple):
    """Um banco, a relação e o arquivo em que se trocou um bit, e se a soma da página se refez."""

    banco: Banco
    relacao: str
    arquivo: str
    onde: int
    bit: int
    refeita: bool


def sortear(banco: Banco, acaso: Random, numero: int) -> Dano:
    """Escolhe onde danificar este banco; nos pares, a soma da página é refeita."""
    relacao = "usuarios" if not numero else acaso.choice([*TABELAS * 2, "usuarios", *INDICES])
    [(arquivo, tamanho)] = banco.consultar(ARQUIVO, relacao)
    onde = acaso.randrange(tamanho) if numero else UM_NOME
    return Dano(banco, relacao, arquivo, onde, acaso.randrange(3), refeita=numero % 2 == 0)


def danificar(servidor: Servidor, danos: list[Dano]) -> str:
    """Para o servidor, faz os danos e o reergue; devolve o que pg_checksums diz deles."""
    danos[0].banco.no_servidor("CHECKPOINT")
    rodar("docker", "stop", f"{servidor.nome}-db-1")
    passos = [_trocas(danos, refeita=True), REFAZER, _trocas(danos, refeita=False), CONFERIR]
    roteiro = "\n".join(['cd "$PGDATA"', *passos])
    somas = rodar(
        *("docker", "run", "--rm", "--user", "999:999", "--network", "none"),
        *("-v", f"{servidor.nome}_dados_pg:{PASTA}"),
        *("--entrypoint", "sh", IMAGEM, "-e", "-c", roteiro),
        prazo=600,  # refazer as somas relê e regrava todos os bancos
    )
    servidor.reerguer()
    return somas.stdout


def _trocas(danos: list[Dano], *, refeita: bool) -> str:
    lista = [f"{dano.arquivo} {dano.onde} {dano.bit}" for dano in danos if dano.refeita == refeita]
    return "\n".join([f"{TROCAR}<<'FIM'", *lista, "FIM"])


def respostas(banco: Banco, emails: list[str]) -> list[Any] | None:
    """As linhas das duas tabelas e cada busca por e-mail, por fora; None se algo não se lê."""
    try:
        with banco.conexao() as con:
            con.execute("SET statement_timeout = '20s'")
            con.execute(PELA_TABELA)
            lidas: list[Any] = [
                con.execute(f"SELECT * FROM {tabela} ORDER BY id").fetchall() for tabela in TABELAS
            ]
            con.execute(PELO_INDICE)
            return [*lidas, [con.execute(PROCURA, (email,)).fetchall() for email in emails]]
    except (psycopg.Error, UnicodeDecodeError):
        return None


def quem_ve(dano: Dano, somas: str, lidas: list[Any] | None) -> Iterator[str]:
    """Quem, sozinho, acusaria o dano: as somas, o amcheck ou os lacres."""
    if f'{dano.arquivo}"' in somas:
        yield "as somas"
    with dano.banco.conexao() as con:
        con.execute("SET search_path = desafio2, public")
        if any(recusado(con, pergunta) for pergunta in AMCHECK):
            yield "o amcheck"
    if lidas is None or not selado(*lidas[:2]):
        yield "os lacres"


def recusado(con: psycopg.Connection[tuple[Any, ...]], sql: str) -> bool:
    """Diz se o amcheck acha algo, ou se o servidor nem o deixa acabar."""
    try:
        return bool([linha for linha in con.execute(sql).fetchall() if linha != ("",)])
    except psycopg.Error:
        return True


def selado(linhas: list[Any], livro: list[Any]) -> bool:
    """Diz se cada lacre é o das linhas que há, e se elas são todas."""
    achadas = [
        [linha for linha in linhas if (e[9] or 1) <= linha[0] <= (e[10] or 0)] for e in livro
    ]
    lacres = [lacre(dela) == e[12] for dela, e in zip(achadas, livro, strict=True)]
    return all(lacres) and sum(map(len, achadas)) == len(linhas)


@pytest.fixture
def acesso_que_cai(
    servidor_que_cai: Servidor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Acesso:
    """Como se chega ao servidor que se para."""
    acesso = Acesso(servidor_que_cai, tmp_path)
    monkeypatch.setenv("PGPASSFILE", str(acesso.pgpass))
    return acesso


@pytest.fixture
def molde(acesso_que_cai: Acesso, escritor_pg: Programa, tmp_path: Path) -> Iterator[Banco]:
    """Um banco com duas execuções e umas páginas."""
    pessoas = [(f"Pessoa {n} de Souza", f"p{n}@x.com") for n in range(300)]
    with acesso_que_cai.banco() as banco:
        for argv in ([], ["importar", escrever(tmp_path, "a.csv", pessoas)]):
            assert escritor_pg("--banco", banco.uri(), *argv).codigo == 0
        yield banco


def test_um_bit_trocado(
    campanha: Campanha, molde: Banco, servidor_que_cai: Servidor, leitor_pg: Programa
) -> None:
    """O que muda uma resposta é recusado, com a soma da página como ficou ou refeita.

    As refeitas são o controle negativo das somas, que nelas não veem nada: o lacre vê.
    """
    contas: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    codigos: Counter[int] = Counter()
    emails = [email for _, email in molde.pessoas()]
    certas = respostas(molde, emails)
    assert certas is not None
    vezes = campanha.vezes("PostgreSQL, dano")
    for vez in range(0, vezes, POR_VEZ):
        acaso = campanha.acaso("dano", vez)
        with ExitStack() as pilha:
            bancos = [
                pilha.enter_context(molde.acesso.banco(molde.nome))
                for _ in range(min(POR_VEZ, vezes - vez))
            ]
            danos = [sortear(banco, acaso, numero) for numero, banco in enumerate(bancos)]
            somas = danificar(servidor_que_cai, danos)
            molde.acesso.reencontrar()
            for dano in danos:
                rotulo = campanha.rotulo("dano", vez, *dano[1:])
                lidas = respostas(dano.banco, emails)
                lido = leitor_pg("verificar", "--espera", "30", "--banco", dano.banco.uri("leitor"))
                assert lido.codigo in RECUSAS or (lido.codigo, lidas) == (0, certas), rotulo
                assert lido.stderr.count("\n") == (lido.codigo != 0), f"{rotulo}: {lido.stderr}"
                codigos[lido.codigo] += 1
                if lidas != certas:
                    vistos = [*quem_ve(dano, somas, lidas)]
                    contas[dano.refeita].update(["mudaram", *vistos])
                    contas[dano.refeita]["só os lacres"] += vistos == ["os lacres"]
    anotar(campanha, vezes, contas, codigos)


def anotar(
    campanha: Campanha, vezes: int, contas: dict[bool, Counter[str]], codigos: Counter[int]
) -> None:
    """Confere o que as somas podem e não podem ver, e escreve a linha."""
    frases = {}
    for refeita, vistas in contas.items():
        viram = ", ".join(f"{quem} {milhar(vistas[quem])}" for quem in QUEM)
        frases[refeita] = f"{milhar(vistas['mudaram'])} mudavam uma resposta; veem: {viram}"
    cruas, refeitas = contas[False], contas[True]
    assert cruas["as somas"] == cruas["mudaram"], contas
    assert refeitas["as somas"] == 0, contas
    assert refeitas["só os lacres"] > 0, contas
    campanha.anotar(
        tentou=f"{milhar(vezes)} bits trocados em tabelas e índices, com o servidor parado, metade "
        "com a soma da página refeita",
        viu=f"como ficaram, {frases[False]}; códigos do leitor: {contas_em_texto(codigos)}",
        perdeu="nenhuma resposta errada com 0",
        controle=f"refeita a soma, {frases[True]} ({milhar(refeitas['só os lacres'])}, só eles)",
    )
