"""Um banco com passado, e o que se pode fazer a ele sem quebrar a corrente."""

from pathlib import Path
from typing import NamedTuple

from tests.contrato import alterar, reselar
from tests.vigilia import grava


class Historia(NamedTuple):
    """Um banco com quatro execuções, como era com três, e a âncora de cada uma."""

    banco: Path
    antiga: bytes
    ancoras: list[str]


def cortar_o_fim(historia: Historia) -> None:
    """As últimas execuções, e as linhas que elas gravaram, apagadas."""
    apagar = ("DELETE FROM execucoes WHERE id > 2", "DELETE FROM usuarios WHERE id > 3")
    alterar(historia.banco, *apagar)


def por_uma_copia_antiga(historia: Historia) -> None:
    """O arquivo como era uma execução antes."""
    historia.banco.write_bytes(historia.antiga)


def tomar_outro_rumo(historia: Historia) -> None:
    """A cópia antiga, e outra gravação por cima: as mesmas quatro execuções, outra história."""
    por_uma_copia_antiga(historia)
    grava("importar", "-", entrada="nome,email\nEva,eva@x.com\n")()


def mudar_e_selar_de_novo(historia: Historia) -> None:
    """Um nome da execução 3 mudado, e todos os lacres e elos recalculados."""
    alterar(historia.banco, "UPDATE usuarios SET nome = 'Outra' WHERE id = 4")
    reselar(historia.banco)


def trocar_tudo(historia: Historia) -> None:
    """Outro banco, com as mesmas pessoas e o mesmo número de execuções."""
    alterar(historia.banco, "UPDATE execucoes SET container = 'outro'")
    reselar(historia.banco)
