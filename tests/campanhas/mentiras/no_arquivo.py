"""As mentiras do arquivo: o esquema, o cabeçalho e o índice dizem o que não é."""

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

from tests.campanhas.mentiras import ruins
from tests.campanhas.mentiras.contrato import ESQUEMA
from tests.campanhas.mentiras.forja import Forja
from tests.campanhas.mentiras.no_livro import Faz

DISFARCA = """\
UPDATE sqlite_schema SET name = ?, sql = ?, tbl_name = iif(tbl_name = 'x', ?, tbl_name)
WHERE name = 'x'"""
TROCA_DDL = "UPDATE sqlite_schema SET sql = ? WHERE name = ?"
TROCA_EMAIL = "UPDATE usuarios SET email = ? WHERE id = ?"
POE_PESSOA = "INSERT INTO usuarios VALUES (?, ?, ?, ?)"
TIRA_PESSOA = "DELETE FROM usuarios WHERE id = ?"
RAIZ_DO_INDICE = "SELECT rootpage FROM sqlite_schema WHERE name = 'usuarios_email'"


def mentir_no_ddl(acaso: Random, forja: Forja) -> object:
    """Um objeto do contrato com o texto um pouco diferente."""
    nome, de, para = acaso.choice(ruins.DDL_RUINS)
    forja.esquema[nome] = forja.esquema[nome].replace(de, para)
    return nome, para


def sobrar(acaso: Random, forja: Forja) -> object:
    """Um objeto a mais."""
    ddl = acaso.choice(ruins.SOBRAS)
    forja.depois.append((ddl, ()))
    return ddl


def disfarcar_de_sqlite(acaso: Random, forja: Forja) -> object:
    """Um objeto a mais, com nome dos que são do SQLite."""
    criado, nome, ddl = acaso.choice(ruins.DISFARCES)
    forja.esquema["x"] = criado
    forja.disfarce.append((DISFARCA, (nome, ddl, nome)))
    return ddl


def faltar(acaso: Random, forja: Forja) -> object:
    """Sem o livro, ou sem o índice."""
    return forja.esquema.pop(acaso.choice(["execucoes", "usuarios_email"]))


def trocar_no_indice(_: Random, forja: Forja) -> None:
    """O índice tem outro e-mail, que também está em ordem."""
    id_, _, email, _ = forja.pessoas[-1]
    forja.depois.append((TROCA_EMAIL, ("outro" + email[-9:], id_)))
    forja.sem_o_indice.append((TROCA_EMAIL, (email, id_)))


def faltar_no_indice(_: Random, forja: Forja) -> None:
    """O índice não tem uma linha da tabela."""
    forja.depois.append((TIRA_PESSOA, (forja.pessoas[-1][0],)))
    forja.sem_o_indice.append((POE_PESSOA, tuple(forja.pessoas[-1])))


def sobrar_no_indice(_: Random, forja: Forja) -> None:
    """O índice tem uma linha que a tabela não tem."""
    forja.depois.append((POE_PESSOA, (77, "x", "sobra@x.com", forja.pessoas[0][3])))
    forja.sem_o_indice.append((TIRA_PESSOA, (77,)))


def virar_byte_do_indice(acaso: Random, forja: Forja) -> None:
    """Um byte a menos, ou a mais, numa célula da raiz do índice."""

    def virar(caminho: Path) -> None:
        with closing(sqlite3.connect(caminho)) as con:
            [(raiz,)] = con.execute(RAIZ_DO_INDICE)
            [(tamanho,)] = con.execute("PRAGMA page_size")
        dados = bytearray(caminho.read_bytes())
        pagina = (raiz - 1) * tamanho
        celulas = int.from_bytes(dados[pagina + 5 : pagina + 7], "big") or 65536
        dados[acaso.randrange(pagina + celulas, pagina + tamanho)] ^= 1 << acaso.randrange(8)
        caminho.write_bytes(dados)

    forja.no_arquivo = virar


def disfarcar_tipo(acaso: Random, forja: Forja) -> object:
    """NULL ou bytes onde o esquema, reescrito, diz que não cabem."""
    coluna = acaso.choice([1, 2, 3])
    ddl = ESQUEMA["usuarios"].replace("TEXT NOT NULL", "BLOB").replace(") STRICT", ")")
    forja.esquema["usuarios"] = ddl
    forja.disfarce.append((TROCA_DDL, (ESQUEMA["usuarios"], "usuarios")))
    acaso.choice(forja.pessoas)[coluna] = valor = acaso.choice([None, b"x", 7, 1.5])
    return coluna, valor


def repetir_email(acaso: Random, forja: Forja) -> object:
    """Um e-mail em dobro, que o índice, feito de outro jeito, deixou entrar."""
    uma, outra = acaso.sample(forja.pessoas, 2)
    uma[2], outra[2] = acaso.choice([("ana@x.com", "ANA@x.com"), ("á@x", "á@X"), ("a@b", "a@b")])
    ddl = ESQUEMA["usuarios_email"]
    falsos = [ddl.replace("UNIQUE ", "")]
    falsos += [ddl.replace(" COLLATE NOCASE", "")] if uma[2] != outra[2] else []
    forja.esquema["usuarios_email"] = acaso.choice(falsos)
    forja.disfarce.append((TROCA_DDL, (ddl, "usuarios_email")))
    return uma[2], outra[2]


def marcar(marca: str, *valores: int) -> Faz:
    """Outro valor no cabeçalho."""

    def faz(acaso: Random, forja: Forja) -> object:
        forja.marcas[marca] = acaso.choice(valores)
        return forja.marcas[marca]

    return faz


def em_utf16(acaso: Random, forja: Forja) -> object:
    """Outra codificação."""
    forja.ajustes.append(
        acaso.choice(["PRAGMA encoding = 'UTF-16le'", "PRAGMA encoding = 'UTF-16be'"])
    )
    return forja.ajustes[-1]
