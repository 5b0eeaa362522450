"""`importar` de dentro de um contêiner: de um arquivo montado e da entrada padrão."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docker.apoio import Projeto
from tests.docker.volume import ARQUIVO
from tests.processos import RAIZ

pytestmark = pytest.mark.docker

MUITAS = 900_000
CHINOOK = RAIZ / "tests" / "dados" / "clientes-chinook.csv"
DA_ENTRADA = ("run", "--rm", "-T", "escritor", "importar", "-")


def test_importa_da_entrada_padrao_e_o_leitor_devolve_igual(projeto: Projeto) -> None:
    """`importar - < clientes.csv`: as 59 pessoas chegam, com acentos, ao banco e ao leitor."""
    texto = CHINOOK.read_text(encoding="utf-8")
    clientes = [(linha["nome"], linha["email"]) for linha in csv.DictReader(io.StringIO(texto))]

    resultado = projeto.compose(*DA_ENTRADA, entrada=texto)

    assert resultado.stdout == ""
    assert "[ESCRITOR] execução 1 (importar:-): inseridos: 59, já existiam: 0" in resultado.stderr
    banco = projeto.volume.banco()
    assert banco.pessoas == clientes
    [execucao] = banco.execucoes
    assert (execucao["origem"], execucao["inseridos"]) == ("importar:-", 59)
    lido = projeto.compose("run", "--rm", "-T", "--no-deps", "leitor", "listar", "--formato", "csv")
    linhas = csv.DictReader(io.StringIO(lido.stdout))
    assert [(linha["nome"], linha["email"]) for linha in linhas] == clientes


def test_importa_de_um_arquivo_montado(projeto: Projeto, tmp_path: Path) -> None:
    """Um CSV montado, com ponto e vírgula e BOM: entra inteiro, e de novo não duplica."""
    arquivo = tmp_path / "clientes.csv"
    arquivo.write_text("email;nome\nines@example.com;Inês Araújo\n", encoding="utf-8-sig")
    montado = ("-v", f"{arquivo}:/entrada/clientes.csv:ro", "escritor")
    importar = ("run", "--rm", *montado, "importar", "/entrada/clientes.csv")

    primeira = projeto.compose(*importar)
    segunda = projeto.compose(*importar)

    assert "execução 1 (importar:clientes.csv): inseridos: 1, já existiam: 0" in primeira.stderr
    assert "execução 2 (importar:clientes.csv): inseridos: 0, já existiam: 1" in segunda.stderr
    banco = projeto.volume.banco()
    assert banco.pessoas == [("Inês Araújo", "ines@example.com")]
    assert [e["origem"] for e in banco.execucoes] == ["importar:clientes.csv"] * 2


def test_linha_ruim_recusa_tudo_e_o_banco_fica_como_estava(projeto: Projeto) -> None:
    """Um erro na linha 3 do que veio pela entrada padrão: 65, e o arquivo igual byte a byte."""
    projeto.compose("run", "--rm", "escritor")
    antes = projeto.volume.arquivos()

    resultado = projeto.compose(
        *DA_ENTRADA,
        entrada="nome,email\nInês Araújo,ines@example.com\nSem arroba,nada\n",
        codigo=os.EX_DATAERR,
    )

    assert resultado.stdout == ""
    assert "ERRO: entrada padrão, linha 3: email: 'nada' não é um e-mail" in resultado.stderr
    assert projeto.volume.arquivos() == antes
    assert list(antes) == [ARQUIVO]


def test_os_temporarios_nao_cabem_no_tmp_e_vao_para_o_volume(
    projeto: Projeto, tmp_path: Path
) -> None:
    """Ordenar o índice de tantas linhas pede mais que os 16 MiB do /tmp; nada sobra no volume."""
    arquivo = tmp_path / "muitas.csv"
    with arquivo.open("w") as saida:
        gerar = [sys.executable, str(RAIZ / "bench/gerar.py"), str(MUITAS)]
        subprocess.run(gerar, stdout=saida, check=True)
    montado = ("-v", f"{arquivo}:/muitas.csv:ro", "escritor")
    resultado = projeto.compose("run", "--rm", *montado, "importar", "/muitas.csv")
    assert "inseridos: 900.000, já existiam: 0" in resultado.stderr
    assert list(projeto.volume.arquivos()) == [ARQUIVO]
