"""O que docs/contrato.md diz, lido dali ou dito de novo: o esquema, os números, as contas."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from tests.processos import RAIZ

# A forma num arquivo; a de um servidor diz as mesmas regras de outro jeito.
CONTRATO = (RAIZ / "docs/contrato.md").read_text(encoding="utf-8").partition("## No PostgreSQL")[0]
REGRAS = re.findall(r"^\| ([AUE]\d+) \|", CONTRATO, re.MULTILINE)
_DDL = CONTRATO.partition("```sql\n")[2].partition("```")[0]
# Os três objetos do contrato: nome, e o texto como `sqlite_schema` o guarda.
ESQUEMA = {
    re.findall(r"(?:TABLE|INDEX) (\w+)", ddl)[0]: ddl.strip()
    for ddl in _DDL.split(";\n")
    if ddl.strip()
}
# O tipo e a tabela de cada um.
DE_QUE = {
    "usuarios": ("table", "usuarios"),
    "usuarios_email": ("index", "usuarios"),
    "execucoes": ("table", "execucoes"),
}
# O que o SQLite pode ter acrescentado (A4), como ele o escreve (analyze.c, build.c).
DO_SQLITE = {
    "sqlite_stat1": "CREATE TABLE sqlite_stat1(tbl,idx,stat)",
    "sqlite_stat4": "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)",
    "sqlite_sequence": "CREATE TABLE sqlite_sequence(name,seq)",
}
DO_ESQUEMA = {"A2", "A3", "A4"}  # recusadas com 78; as outras, com 65
MAIOR_ID = 2**62
ELO_ZERO = b"0" * 64
# PropList.txt do Unicode, White_Space.
ESPACO = frozenset(
    map(chr, [*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029,
              0x202F, 0x205F, 0x3000])
)  # fmt: skip
CONTROLE = frozenset(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
NA_ORDEM = ("origem", "container", "versao", "iniciada_em", "concluida_em", "lidos", "inseridos",
            "repetidos", "primeiro_id", "ultimo_id", "total", "lacre", "elo")  # fmt: skip

Linha = Sequence[Any]


def lacrar(linhas: Iterable[Linha]) -> str:
    """O lacre destas linhas (id, nome, email, criado_em)."""
    juntas = (b"\x1f".join(map(em_bytes, linha)) + b"\x1e" for linha in linhas)
    return hashlib.sha256(b"".join(juntas)).hexdigest()


def encadear(anterior: bytes, colunas: Linha) -> str:
    """O elo de uma execução: `colunas` são todas as dela, menos o próprio elo."""
    campos = b"".join(b"\x1f" + em_bytes(coluna) for coluna in colunas)
    return hashlib.sha256(anterior + campos + b"\x1e").hexdigest()


def em_bytes(valor: object) -> bytes:
    """Um valor como o lacre e o elo o leem."""
    if isinstance(valor, bytes):
        return valor
    return b"" if valor is None else str(valor).encode("utf-8", "surrogateescape")
