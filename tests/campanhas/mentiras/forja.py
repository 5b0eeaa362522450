"""Bancos que um terceiro selaria à mão: o que se quiser nas linhas, e as contas certas por cima."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

from tests.campanhas.mentiras.contrato import ELO_ZERO, ESQUEMA, NA_ORDEM, encadear, lacrar
from tests.contrato import APLICACAO

# Estranhos, e todos permitidos: o leitor tem de aceitar cada um.
NOMES = [
    "João Silva", "D'Ávila", "O’Neil", '"aspas"', "=1+1", "'; DROP TABLE usuarios; --", "a,b;c|d",
    " Ana ", "Zoé", "Zoe\u0301", "👩\u200d👩\u200d👧", "مرحبا", "שלום",
    "\u202eana\u202c", "\u2066x\u2069",
    "\u200b", "\ufeffAna", "a\u2028b", "a\u00a0b", "\u2800", "\u180e", "\ufffd", "\uffff",
    "\U0010ffff",
    "x", "é" * 1000, "𝒳" * 1000, "%s %d %n", "\\x00", "1", "NULL", "a\u00adb", "ǆ", "İ", "ß",
]  # fmt: skip
EMAILS = [
    "p{}@x.com", "P{}@X.COM", "p{}@localhost", "é{}@é.br", "É{}@é.br", "o'neil{}@x.com",
    "p+{}@x.y.z",
    "%{}@x", '"p{}"@x.com', "'{}'@x.com", "p..{}@x", ".{}.@x", "\u200b{}@x.com", "p{}@\u202ex.com",
    "👩\u200d👧{}@x", "p{}@x.-", "-{}@-", "p{:x>250}@x", "é{:x>250}@x", "{}!#$&*/=?^`{{|}}~@x,com",
]  # fmt: skip
MOMENTOS = [
    "2026-11-24T12:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2024-02-29T00:00:00Z",
    "2000-02-29T23:59:59Z", "0004-02-29T12:00:00Z", "1582-10-10T00:00:00Z", "1970-01-01T00:00:00Z",
]  # fmt: skip
ORIGENS = [
    "semear", "adocao", "api", "importar:-", "importar:clientes.csv", "importar: ", "importar::",
    "importar:importar:", "importar:d'água 👩\u200d👧.csv", "importar:\u202evsc.x",
    "importar:" + "é" * 3000,
]  # fmt: skip
QUEM = ["", "a1b2c3", "é", "\u2028", "1.0.0+ç", "x" * 5000]

PESSOA = "INSERT INTO usuarios (id, nome, email, criado_em) VALUES ({})"
EXECUCAO = f"INSERT INTO execucoes (id, {', '.join(NA_ORDEM)}) VALUES ({{}})"
TIRA_O_INDICE = "DELETE FROM sqlite_schema WHERE name = 'usuarios_email'"
LE_O_INDICE = "SELECT * FROM sqlite_schema WHERE name = 'usuarios_email'"
DEVOLVE_O_INDICE = "INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)"

Comando = tuple[str, tuple[object, ...]]
Muda = Callable[[str], str]


class Forja:
    """Um banco por fazer. Bytes que não são UTF-8 vão nos textos como surrogateescape os põe."""

    def __init__(self, acaso: Random) -> None:
        self.acaso = acaso
        self.ajustes = [f"PRAGMA page_size = {acaso.choice([512, 1024, 4096, 8192, 65536])}"]
        self.marcas = {"application_id": APLICACAO, "user_version": 1}
        self.esquema = dict(ESQUEMA)  # o DDL que roda
        self.disfarce: list[Comando] = []  # o que depois se escreve por cima em sqlite_schema
        self.pessoas: list[list[Any]] = []
        self.livro: list[dict[str, Any]] = []
        self.muda_lacre: dict[int, Muda] = {}  # pela posição em `livro`
        self.muda_elo: dict[int, Muda] = {}
        self.depois: list[Comando] = []
        self.sem_o_indice: list[Comando] = []  # o que o índice não fica sabendo
        self.no_arquivo: Callable[[Path], None] = lambda _: None

    def acrescentar(self, quantas: int) -> None:
        """Mais uma execução, honesta, com tantas pessoas."""
        acaso = self.acaso
        ids = []
        for _ in range(quantas):
            id_ = (self.pessoas[-1][0] if self.pessoas else 0) + acaso.choice([1, 1, 2, 5, 2**40])
            email = acaso.choice(EMAILS).format(len(self.pessoas))
            self.pessoas.append([id_, acaso.choice(NOMES), email, acaso.choice(MOMENTOS)])
            ids.append(id_)
        repetidos = acaso.choice([0, 3, 10**6])
        self.livro.append({
            "id": len(self.livro) + 1, "origem": acaso.choice(ORIGENS),
            "container": acaso.choice(QUEM), "versao": acaso.choice(QUEM),
            "iniciada_em": acaso.choice(MOMENTOS), "concluida_em": acaso.choice(MOMENTOS),
            "lidos": quantas + repetidos, "inseridos": quantas, "repetidos": repetidos,
            "primeiro_id": min(ids, default=None), "ultimo_id": max(ids, default=None),
            "total": len(self.pessoas),
        })  # fmt: skip

    def somar(self) -> None:
        """Refaz os totais, para o que cada execução diz que inseriu."""
        soma = 0
        for execucao in self.livro:
            soma += execucao["inseridos"]
            execucao["total"] = soma

    def cheias(self, ao_menos: int = 1) -> list[int]:
        """As posições das execuções que inseriram."""
        return [i for i, e in enumerate(self.livro) if e["inseridos"] >= ao_menos]

    def fazer(self, caminho: Path) -> None:
        """Sela e grava."""
        caminho.unlink(missing_ok=True)
        self._selar()
        with closing(_abrir(caminho)) as con:
            for ajuste in [*self.ajustes, "BEGIN", *self.esquema.values()]:
                con.execute(ajuste)
            if "usuarios" in self.esquema:
                for pessoa in self.pessoas:
                    _inserir(con, PESSOA, pessoa)
            if "execucoes" in self.esquema:
                for execucao in self.livro:
                    _inserir(con, EXECUCAO, [execucao[nome] for nome in ("id", *NA_ORDEM)])
            for nome, valor in self.marcas.items():
                con.execute(f"PRAGMA {nome} = {valor}")
            con.execute("COMMIT")
            _no_esquema(con, self.disfarce)
        with closing(_abrir(caminho)) as con:
            for comando in self.depois:
                con.execute(*comando)
        if self.sem_o_indice:
            _sem_o_indice(caminho, self.sem_o_indice)
        self.no_arquivo(caminho)

    def _selar(self) -> None:
        elo = ELO_ZERO.decode()
        for i, execucao in enumerate(self.livro):
            primeiro, ultimo = execucao["primeiro_id"], execucao["ultimo_id"]
            dentro = [
                pessoa for pessoa in sorted(self.pessoas, key=lambda pessoa: pessoa[0])
                if None not in (primeiro, ultimo) and primeiro <= pessoa[0] <= ultimo
            ]  # fmt: skip
            execucao["lacre"] = self.muda_lacre.get(i, str)(lacrar(dentro))
            colunas = [execucao[nome] for nome in ("id", *NA_ORDEM[:-1])]
            elo = self.muda_elo.get(i, str)(encadear(elo.encode(), colunas))
            execucao["elo"] = elo


def honesta(acaso: Random) -> Forja:
    """Um banco como o contrato o quer: três a cinco execuções, ao menos duas com gente."""
    forja = Forja(acaso)
    for quantas in (2, *acaso.choices([0, 0, 1, 2, 4], k=acaso.randint(1, 3)), 2):
        forja.acrescentar(quantas)
    return forja


def _abrir(caminho: Path) -> sqlite3.Connection:
    con = sqlite3.connect(caminho, isolation_level=None)
    con.execute("PRAGMA synchronous = OFF")
    con.execute("PRAGMA journal_mode = MEMORY")
    return con


def _inserir(con: sqlite3.Connection, sql: str, valores: list[Any]) -> None:
    crus = [_cru(valor) for valor in valores]
    postos = ["CAST(? AS TEXT)" if cru is not valor else "?"
              for cru, valor in zip(crus, valores, strict=True)]  # fmt: skip
    con.execute(sql.format(", ".join(postos)), crus)


def _cru(valor: Any) -> Any:
    """Os bytes do texto, se nem todos são UTF-8; senão, o próprio valor."""
    if isinstance(valor, str) and any("\udc80" <= letra <= "\udcff" for letra in valor):
        return valor.encode("utf-8", "surrogateescape")
    return valor


def _no_esquema(con: sqlite3.Connection, comandos: list[Comando]) -> None:
    """Escreve em sqlite_schema à mão, e faz quem abrir depois relê-lo."""
    if not comandos:
        return
    con.execute("PRAGMA writable_schema = ON")
    for comando in comandos:
        con.execute(*comando)
    [(versao,)] = con.execute("PRAGMA schema_version").fetchall()
    con.execute(f"PRAGMA schema_version = {versao + 1}")


def _sem_o_indice(caminho: Path, comandos: list[Comando]) -> None:
    """Muda a tabela enquanto o índice não consta do esquema."""
    with closing(_abrir(caminho)) as con:
        [linha] = con.execute(LE_O_INDICE).fetchall()
        _no_esquema(con, [(TIRA_O_INDICE, ())])
    with closing(_abrir(caminho)) as con:
        for comando in comandos:
            con.execute(*comando)
        _no_esquema(con, [(DEVOLVE_O_INDICE, linha)])
