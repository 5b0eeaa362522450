"""TLS, que é do endereço: quem confere o certificado entra, e o que não confere não se aceita."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.postgres.bancos import Banco

pytestmark = pytest.mark.docker

NOME = "banco.exemplo"  # o que o certificado diz; ninguém o resolve


def certificar(pasta: Path, openssl: str) -> Path:
    """Faz um certificado que se assina a si mesmo, e a chave dele ao lado."""
    pasta.mkdir()
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", f"/CN={NOME}", "-addext", f"subjectAltName=DNS:{NOME}"),
            *("-keyout", str(pasta / "chave"), "-out", str(pasta / "certificado")),
        ],
        check=True,
        capture_output=True,
    )
    return pasta / "certificado"


@pytest.fixture
def certificado(
    banco_pg: Banco, tmp_path: Path, ferramenta: Callable[[str], str]
) -> Iterator[Path]:
    """O servidor com TLS ligado, e o certificado dele."""
    feito = certificar(tmp_path / "do servidor", ferramenta("openssl"))
    servidor = banco_pg.acesso.servidor
    for nome in ("certificado", "chave"):
        servidor.guardar(feito.with_name(nome).read_text(), nome)
    servidor.ajustar(ssl_cert_file="certificado", ssl_key_file="chave", ssl="on")
    yield feito
    servidor.ajustar(ssl="", ssl_cert_file="", ssl_key_file="")


def dsn(banco: Banco, papel: str, raiz: Path, nome: str = NOME) -> str:
    """O endereço de quem só aceita um servidor com este nome, assinado por esta raiz."""
    return (
        f"host={nome} hostaddr={banco.acesso.ip} user={papel} dbname={banco.nome} "
        f"sslmode=verify-full sslrootcert='{raiz}'"
    )


def test_quem_confere_o_certificado_entra(
    certificado: Path, banco_pg: Banco, escritor_pg: Programa, leitor_pg: Programa
) -> None:
    """Os dois programas, por `sslmode=verify-full`."""
    assert escritor_pg("--banco", dsn(banco_pg, "escritor", certificado)).codigo == 0
    assert len(banco_pg.pessoas()) == 3
    lido = leitor_pg("verificar", "--banco", dsn(banco_pg, "leitor", certificado))
    assert (lido.codigo, lido.stderr) == (0, "")


def test_controle_o_que_nao_confere_nao_entra(
    certificado: Path,
    banco_pg: Banco,
    tmp_path: Path,
    ferramenta: Callable[[str], str],
    escritor_pg: Programa,
    leitor_pg: Programa,
) -> None:
    """Outra autoridade, outro nome, um servidor sem TLS: 73 e uma linha, e nada se grava."""
    outra = certificar(tmp_path / "outra", ferramenta("openssl"))
    programas = {"escritor": escritor_pg, "leitor": leitor_pg}
    for papel, programa in programas.items():
        estranha = dsn(banco_pg, papel, outra)
        recusado(programa("--banco", estranha), "certificate verify failed")
        de_outro = dsn(banco_pg, papel, certificado, f"outro.{NOME}")
        recusado(programa("--banco", de_outro), f'does not match host name "outro.{NOME}"')
    banco_pg.acesso.servidor.ajustar(ssl="off")
    for papel, programa in programas.items():
        as_claras = programa("--banco", dsn(banco_pg, papel, certificado))
        recusado(as_claras, "server does not support SSL")
    assert banco_pg.tudo() == [[], []]


def recusado(saida: tuple[int, str, str], motivo: str) -> None:
    """Confere o código, que é uma linha só, o motivo e o remédio, que é do TLS e não da senha."""
    codigo, stdout, stderr = saida
    assert (codigo, stdout, stderr.count("\n")) == (73, "", 1), saida
    assert ": não se chegou a um acordo sobre o TLS (" in stderr
    assert motivo in stderr
    assert stderr.endswith("Confira sslmode e sslrootcert em BANCO.\n")
