"""Quem fala com os bancos, e para que lado vão os imports do serviço."""

from __future__ import annotations

from pathlib import Path

from tests.test_casa import circulo, grafo

MOTORES = ("sqlite3", "psycopg", "psycopg_pool")


def que_falam(modulos: dict[str, set[str]], raizes: tuple[str, ...]) -> set[str]:
    """Devolve os módulos que importam um destes pacotes, ou algo deles."""
    return {
        modulo
        for modulo, de in modulos.items()
        if any(importado.partition(".")[0] in raizes for importado in de)
    }


def test_so_os_motores_falam_com_os_bancos() -> None:
    """O resto do serviço não notaria um terceiro; e algum deles fala."""
    falam = que_falam(grafo("web"), MOTORES)
    assert falam
    assert all(modulo.startswith("web.bancos.") for modulo in falam), falam


def test_um_motor_nao_conhece_o_outro_nem_quem_o_usa() -> None:
    """De `web`, o que está em web/bancos só importa o que está lá."""
    modulos = grafo("web")
    for modulo, de in modulos.items():
        if modulo.startswith("web.bancos."):
            motor = ".".join(modulo.split(".")[:3])
            daqui = {importado for importado in de if importado.startswith("web")}
            outros = {
                i for i in daqui if i.startswith(("web.bancos.sqlite", "web.bancos.postgres"))
            }
            assert all(importado.startswith("web.bancos") for importado in daqui), modulo
            assert all(importado.startswith(motor) for importado in outros), modulo


def test_nenhum_circulo() -> None:
    """Entre os dados do serviço, nem tardio."""
    assert not [modulo for modulo in circulo(grafo("web")) if modulo.startswith("web.bancos")]


def test_ninguem_de_baixo_conhece_o_servico() -> None:
    """O par e os motores dele nasceram antes."""
    for pacote in ("escritor", "leitor", "postgres"):
        assert que_falam(grafo(pacote), ("web",)) == set()


def test_controle_um_intruso_e_acusado(tmp_path: Path) -> None:
    """Controle negativo."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "api.py").write_text("def f():\n    import sqlite3\n", encoding="utf-8")
    assert que_falam(grafo("web", tmp_path), MOTORES) == {"web.api"}
