"""O oráculo: diz que regras de docs/contrato.md um banco quebra, lendo só o que está escrito ali.

Uma terceira implementação, lenta e sem nada do escritor nem do leitor: quando os
dois se enganam do mesmo jeito, só ela o percebe.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.campanhas.mentiras.contrato import (
    CONTROLE,
    DE_QUE,
    DO_SQLITE,
    ELO_ZERO,
    ESPACO,
    ESQUEMA,
    MAIOR_ID,
    NA_ORDEM,
    Linha,
    em_bytes,
    encadear,
    lacrar,
)

MOMENTO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z")
SELO = re.compile(rb"[0-9a-f]{64}")
LE_ESQUEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
PESSOAS = "SELECT id, nome, email, criado_em FROM usuarios NOT INDEXED ORDER BY id"
EXECUCOES = "SELECT * FROM execucoes ORDER BY id"
DA_TABELA = "SELECT CAST(email AS BLOB), id FROM usuarios NOT INDEXED"
DO_INDICE = DA_TABELA.replace("NOT INDEXED", "INDEXED BY usuarios_email")


class Execucao:
    """Uma linha do livro, com as colunas pelo nome; os textos, em bytes."""

    def __init__(self, linha: Linha) -> None:
        self.colunas = linha
        self.id: int = linha[0]
        self.de = dict(zip(NA_ORDEM, linha[1:], strict=True))


def quebradas(banco: Path) -> set[str]:
    """Devolve os números das regras que este banco quebra; nenhum, se cumpre o contrato."""
    with closing(sqlite3.connect(f"{banco.as_uri()}?mode=ro", uri=True)) as con:
        con.text_factory = bytes
        achadas = set(_numeros(con, DO_ARQUIVO))
        if not achadas & {"A3", "A4"}:  # sem as tabelas do contrato não há o que perguntar delas
            try:
                pessoas = con.execute(PESSOAS).fetchall()
                livro = [Execucao(linha) for linha in con.execute(EXECUCOES)]
            except sqlite3.DatabaseError:
                return achadas | {"A5"}
            achadas |= {numero for numero, vale in DAS_PESSOAS.items() if not vale(pessoas)}
            achadas |= {numero for numero, vale in DO_LIVRO.items() if not vale(livro, pessoas)}
    return achadas


def _texto(valor: Any) -> str | None:
    """O texto, ou None se os bytes não são UTF-8 (ou nem texto é)."""
    try:
        return str(valor, "utf-8") if isinstance(valor, bytes) else None
    except UnicodeDecodeError:
        return None


def _numeros(
    con: sqlite3.Connection, regras: dict[str, Callable[[sqlite3.Connection], bool]]
) -> Iterator[str]:
    for numero, vale in regras.items():
        try:
            if not vale(con):
                yield numero
        except sqlite3.DatabaseError:
            yield numero


def _a3(con: sqlite3.Connection) -> bool:
    [(codificacao,)] = con.execute("PRAGMA encoding")
    [(diario,)] = con.execute("PRAGMA journal_mode")
    return (codificacao, diario == b"wal") == (b"UTF-8", False)


def _a4(con: sqlite3.Connection) -> bool:
    objetos = [
        tuple(coluna and coluna.decode("utf-8", "replace") for coluna in linha)
        for linha in con.execute(LE_ESQUEMA)
    ]
    nossos = {(tipo, nome, tabela, ESQUEMA[nome]) for nome, (tipo, tabela) in DE_QUE.items()}
    do_sqlite = {("table", nome, nome, ddl) for nome, ddl in DO_SQLITE.items()}
    return len(objetos) == len({*objetos}) and nossos <= {*objetos} <= nossos | do_sqlite


def _a5(con: sqlite3.Connection) -> bool:
    """As páginas, e o índice; o integrity_check, porque ele também o procura linha por linha."""
    if con.execute("PRAGMA integrity_check").fetchall() != [(b"ok",)]:
        return False
    return not _a4(con) or sorted(con.execute(DA_TABELA)) == sorted(con.execute(DO_INDICE))


DO_ARQUIVO: dict[str, Callable[[sqlite3.Connection], bool]] = {
    "A1": lambda con: con.execute("PRAGMA application_id").fetchone() == (0x44534632,),
    "A2": lambda con: con.execute("PRAGMA user_version").fetchone() == (1,),
    "A3": _a3,
    "A4": _a4,
    "A5": _a5,
}


def _nome(valor: Any) -> bool:
    texto = _decodificado(valor)
    return 1 <= len(texto) <= 1000 and not ESPACO.issuperset(texto)


def _email(valor: Any) -> bool:
    texto = _decodificado(valor)
    antes, _, depois = texto.partition("@")
    return (
        texto.count("@") == 1
        and antes != ""
        and all(depois.split("."))
        and ESPACO.isdisjoint(texto)
        and len(em_bytes(valor)) <= 254
    )


def _decodificado(valor: Any) -> str:
    """O texto, com um substituto por byte que não é UTF-8: isso é com U5, não com quem pergunta."""
    return valor.decode("utf-8", "surrogateescape") if isinstance(valor, bytes) else ""


def _limpo(valor: Any) -> bool:
    texto = _texto(valor)
    return texto is not None and CONTROLE.isdisjoint(texto)


def _momento(valor: Any) -> bool:
    achado = MOMENTO.fullmatch(_texto(valor) or "")
    if not achado:
        return False
    try:
        ano, mes, dia, hora, minuto, segundo = map(int, achado.groups())
        datetime(ano, mes, dia, hora, minuto, segundo, tzinfo=UTC)
    except ValueError:
        return False
    return True


def _unicos(pessoas: list[Linha]) -> bool:
    emails = [em_bytes(email).lower() for _, _, email, _ in pessoas]  # em bytes, só A a Z mudam
    return len({*emails}) == len(emails)


DAS_PESSOAS: dict[str, Callable[[list[Linha]], bool]] = {
    "U1": lambda pessoas: all(1 <= id_ <= MAIOR_ID for id_, *_ in pessoas),
    "U2": lambda pessoas: all(_nome(nome) for _, nome, _, _ in pessoas),
    "U3": lambda pessoas: all(_email(email) for _, _, email, _ in pessoas),
    "U4": _unicos,
    "U5": lambda pessoas: all(_limpo(nome) and _limpo(email) for _, nome, email, _ in pessoas),
    "U6": lambda pessoas: all(_momento(criado_em) for *_, criado_em in pessoas),
}


def _origem(valor: Any) -> bool:
    texto = _decodificado(valor)
    de_arquivo = texto.startswith("importar:") and texto != "importar:"
    return texto in {"semear", "adocao", "api"} or de_arquivo


def _dentro(execucao: Execucao, pessoas: list[Linha]) -> list[Linha]:
    """As linhas de primeiro_id a ultimo_id; nenhuma, se falta um dos dois."""
    primeiro, ultimo = execucao.de["primeiro_id"], execucao.de["ultimo_id"]
    if primeiro is None or ultimo is None:
        return []
    return [linha for linha in pessoas if primeiro <= linha[0] <= ultimo]


def _e5(livro: list[Execucao], _: list[Linha]) -> bool:
    return all(
        min(contas := [e.de[nome] for nome in ("lidos", "inseridos", "repetidos")]) >= 0
        and contas[0] == contas[1] + contas[2]
        for e in livro
    )


def _e6(livro: list[Execucao], pessoas: list[Linha]) -> bool:
    ids = {id_ for id_, *_ in pessoas}
    for e in livro:
        primeiro, ultimo = e.de["primeiro_id"], e.de["ultimo_id"]
        if not e.de["inseridos"]:
            if (primeiro, ultimo) != (None, None):
                return False
        elif not {primeiro, ultimo} <= ids or primeiro > ultimo:
            return False
    return True


def _e7(livro: list[Execucao], _: list[Linha]) -> bool:
    maior: int | None = None
    for e in livro:
        primeiro = e.de["primeiro_id"]
        if None not in (maior, primeiro) and primeiro <= maior:
            return False
        maior = max(
            (n for n in (maior, primeiro, e.de["ultimo_id"]) if n is not None), default=None
        )
    return True


def _e9(livro: list[Execucao], pessoas: list[Linha]) -> bool:
    soma = 0
    for e in livro:
        soma += e.de["inseridos"]
        if e.de["total"] != soma:
            return False
    em_uma = {linha[0] for e in livro for linha in _dentro(e, pessoas)}
    return soma == len(pessoas) == len(em_uma)


def _e11(livro: list[Execucao], _: list[Linha]) -> bool:
    anteriores = [ELO_ZERO, *(e.de["elo"] for e in livro)]
    return all(
        SELO.fullmatch(e.de["elo"]) and e.de["elo"].decode() == encadear(anterior, e.colunas[:-1])
        for anterior, e in zip(anteriores, livro, strict=False)
    )


DO_LIVRO: dict[str, Callable[[list[Execucao], list[Linha]], bool]] = {
    "E1": lambda livro, _: [e.id for e in livro] == [*range(1, len(livro) + 1)] != [],
    "E2": lambda livro, _: all(_origem(e.de["origem"]) for e in livro),
    "E3": lambda livro, _: all(
        _limpo(e.de[nome]) for e in livro for nome in ("origem", "container", "versao")
    ),
    "E4": lambda livro, _: all(
        _momento(e.de[nome]) for e in livro for nome in ("iniciada_em", "concluida_em")
    ),
    "E5": _e5,
    "E6": _e6,
    "E7": _e7,
    "E8": lambda livro, pessoas: all(e.de["inseridos"] == len(_dentro(e, pessoas)) for e in livro),
    "E9": _e9,
    "E10": lambda livro, pessoas: all(
        e.de["lacre"] == lacrar(_dentro(e, pessoas)).encode() for e in livro
    ),
    "E11": _e11,
}
