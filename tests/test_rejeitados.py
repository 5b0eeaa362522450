"""Onde as recusas se guardam: com outro processo, num pipe, e com tudo o que se leu delas."""

import csv
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import AMOSTRA, pessoas
from tests.processos import (
    alimentar,
    comando,
    esperar,
    fluxo,
    iniciado,
    no_shell,
    rodar,
    terminar,
)


def test_duas_importacoes_com_o_mesmo_destino(
    misturado: Path, semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """A segunda diz 75 e não toca no arquivo da primeira, que fica inteiro."""
    destino = tmp_path / "ruins.csv"
    cmd = comando("escritor", "importar", "-", "--rejeitados", str(destino))
    with iniciado(cmd) as primeira:
        alimentar(primeira, b"nome,email\n,a1@x.com\n")
        esperar(Path(f"{destino}.desafio2-parcial").exists, "a primeira começar")
        codigo, _, stderr = escritor("importar", str(misturado), "--rejeitados", str(destino))
        assert (codigo, "outra importação está guardando recusas nele" in stderr) == (75, True)
        fluxo(primeira.stdin).close()
        assert terminar(primeira).codigo == 0
    assert [linha["email"] for linha in csv.DictReader(destino.read_text().splitlines())] == [
        "a1@x.com"
    ]
    assert pessoas(semeado) == AMOSTRA


def test_rejeitados_num_pipe_do_shell(misturado: Path, semeado: Path, tmp_path: Path) -> None:
    """`--rejeitados >(programa)` e /dev/stderr são fluxos: não se trocam por um arquivo."""
    linha = f'"$@" --rejeitados >(cat > {tmp_path}/ruins.csv) && "$@" --rejeitados /dev/stderr'
    saida = rodar(no_shell(linha, *comando("escritor", "importar", str(misturado))))
    assert saida.codigo == 0, saida.stderr
    assert "sem-arroba" in saida.stderr
    assert len(pessoas(semeado)) == 33


@pytest.mark.parametrize(
    ("nome", "dados", "registro"),
    [
        ("a.csv", 'nome,email\n"B" x,b@x.com\nA,a@x.com\n', '"B" x,b@x.com\n'),
        ("a.jsonl", '{"nome":"B","mail":"b@x.com"}\n{"nome":"A","email":"a@x.com"}\n', None),
        ("a.jsonl", '{"nome":"B"\n{"nome":"A","email":"a@x.com"}\n', '{"nome":"B"'),
        ("a.json", '[{"nome":"B","mail":"b@x.com"}, {"nome":"A","email":"a@x.com"}]', None),
    ],
)
def test_o_registro_recusado_se_guarda(
    nome: str, dados: str, registro: str | None, semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """Vindo de um pipe, o que não ficasse no CSV das recusas estaria perdido."""
    (tmp_path / nome).write_text(dados)
    destino = tmp_path / "ruins.csv"
    assert escritor("importar", str(tmp_path / nome), "--rejeitados", str(destino)).codigo == 0
    with destino.open(newline="") as arquivo:
        [recusa] = csv.DictReader(arquivo)
    assert recusa["registro"] == (registro or '{"nome":"B","mail":"b@x.com"}')
    assert pessoas(semeado)[3:] == [("A", "a@x.com")]
