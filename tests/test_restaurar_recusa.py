"""`escritor restaurar`: a cópia que não passa é recusada com o motivo, e nada muda."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import AMOSTRA, alterar, consultar, fotografar, pessoas, reselar


def trocar_um_byte(copia: Path) -> None:
    """Muda uma letra de um nome, sem o SQLite saber."""
    copia.write_bytes(copia.read_bytes().replace(b"Maria Santos", b"Maria Zantos"))


def com_sql(*comandos: str, selar: bool = False) -> Callable[[Path], None]:
    """Devolve quem estraga a cópia com SQL; `selar` falsifica o livro depois."""

    def estragar(copia: Path) -> None:
        alterar(copia, *comandos)
        if selar:
            reselar(copia)

    return estragar


@pytest.mark.parametrize(
    ("estragar", "codigo", "motivo"),
    [
        pytest.param(trocar_um_byte, 65, "execução 1: lacre quebrado", id="um byte"),
        pytest.param(
            lambda c: c.write_bytes(c.read_bytes()[:-8192]), 65, "copia.db: ", id="cortada"
        ),
        pytest.param(lambda c: c.write_bytes(b""), 65, "não é um banco do escritor", id="vazia"),
        pytest.param(lambda c: c.write_bytes(b"oi" * 99), 65, "não é um banco", id="texto"),
        pytest.param(
            com_sql("PRAGMA application_id = 7"), 65, "não é um banco do escritor", id="alheia"
        ),
        pytest.param(com_sql("PRAGMA user_version = 2"), 78, "esquema na versão 2", id="versão"),
        pytest.param(com_sql("CREATE TABLE x (y)"), 78, "do contrato (x; regra A4)", id="esquema"),
        pytest.param(
            com_sql("UPDATE execucoes SET origem = 'x' WHERE id = 2"), 65, "2: elo", id="livro"
        ),
        pytest.param(com_sql("DELETE FROM execucoes"), 65, "nenhuma execução", id="livro vazio"),
        pytest.param(
            com_sql("DELETE FROM execucoes WHERE id = 2"), 65, "3: fora da sequência", id="falta"
        ),
        pytest.param(
            com_sql("INSERT INTO usuarios VALUES (9, 'A', 'a@x.com', '2025-01-01T00:00:00Z')"),
            65,
            "linha 9: não está em nenhuma execução (regra E9",
            id="linha por fora",
        ),
        pytest.param(
            com_sql("UPDATE execucoes SET total = 9 WHERE id = 3", selar=True),
            65,
            "o total não é a soma",
            id="total",
        ),
        pytest.param(
            com_sql("UPDATE execucoes SET lidos = 9 WHERE id = 3", selar=True),
            65,
            "lidos não é",
            id="lidos",
        ),
        pytest.param(
            com_sql("UPDATE execucoes SET primeiro_id = 2, lidos = 4, inseridos = 4, total = 7 "
                    "WHERE id = 3", selar=True),
            65,
            "execução 3: o intervalo de ids invade o anterior (regra E7",
            id="intervalos que se cruzam",
        ),
    ],
)  # fmt: skip
def test_copia_que_nao_passa(
    estragar: Callable[[Path], None],
    codigo: int,
    motivo: str,
    semeado: Path,
    copia: Path,
    escritor: Programa,
) -> None:
    """Recusada com o motivo; o banco, byte por byte, e a pasta como estavam."""
    estragar(copia)
    antes = fotografar(semeado.parent)
    saida = escritor("restaurar", str(copia))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (codigo, "", 1)
    assert motivo in saida.stderr
    assert fotografar(semeado.parent) == antes


def test_indice_estragado_na_copia(semeado: Path, copia: Path, escritor: Programa) -> None:
    """O índice que discorda da tabela também recusa a cópia."""
    dados = copia.read_bytes()
    [(raiz,)] = consultar(copia, "SELECT rootpage FROM sqlite_schema WHERE name = 'usuarios_email'")
    onde = dados.index(b"zoe@x.com", (raiz - 1) * 8192)
    copia.write_bytes(dados[:onde] + b"zoa@x.com" + dados[onde + 9 :])
    antes = fotografar(semeado.parent)
    saida = escritor("restaurar", str(copia))
    assert (saida.codigo, "regra A5" in saida.stderr) == (65, True)
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize("sufixo", ["-journal", "-wal"])
def test_copia_com_diario_ao_lado(
    sufixo: str, semeado: Path, copia: Path, escritor: Programa
) -> None:
    """Quem copiou só o arquivo de um banco em uso não tem o banco inteiro: 65."""
    Path(f"{copia}{sufixo}").write_bytes(b"x")
    antes = fotografar(semeado.parent)
    codigo, _, stderr = escritor("restaurar", str(copia))
    assert (codigo, "leitor copiar" in stderr) == (65, True)
    assert fotografar(semeado.parent) == antes


def test_intervalo_ao_contrario(semeado: Path, copia: Path, escritor: Programa) -> None:
    """O que o leitor recusaria depois, a restauração recusa antes."""
    vazio = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    alterar(
        copia,
        f"UPDATE execucoes SET primeiro_id = 9, ultimo_id = 5, lacre = '{vazio}' WHERE id = 2",
    )
    reselar(copia)
    codigo, _, stderr = escritor("restaurar", str(copia))
    assert (codigo, "execução 2: inseridos e o intervalo de ids discordam" in stderr) == (65, True)
    assert pessoas(semeado) == AMOSTRA


def test_intervalo_sem_fim_nao_demora(semeado: Path, copia: Path, escritor: Programa) -> None:
    """Um livro refeito por quem diz que a última execução vai até 9 quatrilhões: recusado logo."""
    alterar(copia, "UPDATE execucoes SET ultimo_id = 9000000000000000 WHERE id = 3")
    reselar(copia)
    codigo, _, stderr = escritor("restaurar", str(copia))
    assert (codigo, "não há a linha 4 ou a 9000000000000000 (regra E6" in stderr) == (65, True)
    assert pessoas(semeado) == AMOSTRA
