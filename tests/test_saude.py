"""O estado que o vigia grava e que `leitor saude`, o healthcheck, julga."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Programa
from tests.contrato import alterar
from tests.processos import comando, rodar


@pytest.fixture(name="estado")
def _estado(semeado: Path, leitor: Programa) -> Path:
    """O estado de um vigia que leu um banco em ordem."""
    arquivo = semeado.parent.with_name("vigia")
    assert leitor("vigiar", "--vezes", "1", "--estado", str(arquivo)).codigo == 0
    return arquivo


def mudar(estado: Path, **campos: Any) -> None:
    """Troca campos do estado; None tira o campo."""
    novo = json.loads(estado.read_text(encoding="utf-8")) | campos
    estado.write_text(json.dumps({nome: v for nome, v in novo.items() if v is not None}))


def test_em_ordem(estado: Path, leitor: Programa) -> None:
    """0 e uma linha; o estado foi gravado inteiro, sem sobra ao lado."""
    assert leitor("saude", str(estado)) == (0, "a última verificação, há 0 s, passou\n", "")
    assert [item.name for item in estado.parent.glob("vigia*")] == ["vigia"]


def test_como_o_healthcheck_o_chama(estado: Path) -> None:
    """Por um processo de verdade."""
    saida = rodar(comando("leitor", "saude", str(estado)))
    assert (saida.codigo, saida.stderr) == (0, "")
    assert saida.stdout.endswith("passou\n")


def test_a_ultima_falhou(estado: Path, semeado: Path, leitor: Programa) -> None:
    """O código e a mensagem são os da falha, para que o `docker inspect` os mostre."""
    alterar(semeado, "UPDATE usuarios SET nome = 'Outra' WHERE id = 2")
    falha = leitor("vigiar", "--vezes", "1", "--estado", str(estado))
    assert (falha.codigo, falha.stdout) == (65, "")
    codigo, stdout, stderr = leitor("saude", str(estado))
    assert (codigo, stdout) == (65, "")
    assert stderr == f"{falha.stderr.splitlines()[1]}\n"
    assert "lacre quebrado" in stderr


def test_antes_da_primeira_leitura(tmp_path: Path, leitor: Programa) -> None:
    """Sem estado, ainda não se sabe: 66, e não 0."""
    codigo, stdout, stderr = leitor("saude", str(tmp_path / "vigia"))
    assert (codigo, stdout) == (66, "")
    assert "o vigia ainda não verificou nada" in stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("deslocado", [-3600.0, 3600.0], ids=["vencido", "de outra partida"])
def test_vigia_travado(deslocado: float, estado: Path, leitor: Programa) -> None:
    """Um estado bom, mas velho, ou de antes de a máquina reiniciar: 75."""
    agora = time.monotonic() + deslocado
    mudar(estado, de=agora, ate=agora + 60)
    codigo, stdout, stderr = leitor("saude", str(estado))
    assert (codigo, stdout) == (75, "")
    assert stderr.endswith(
        "vigia: o vigia não dá sinal há mais de 60 s. Reinicie-o: docker compose restart vigia\n"
    )


def test_o_estado_vale_ate_a_proxima_leitura(semeado: Path, leitor: Programa) -> None:
    """Intervalo e espera pela trava contam: um vigia paciente não é um vigia travado."""
    arquivo = semeado.with_name("vigia")
    argv = ["vigiar", "--vezes", "1", "--intervalo", "100", "--espera", "50"]
    assert leitor(*argv, "--estado", str(arquivo)).codigo == 0
    estado = json.loads(arquivo.read_text(encoding="utf-8"))
    assert 180 <= estado["ate"] - estado["de"] < 200


@pytest.mark.parametrize("conteudo", ["", "ok", "[]", "{}", '{"codigo": "x"}', "\0"])
def test_estado_que_nao_e_de_um_vigia(conteudo: str, tmp_path: Path, leitor: Programa) -> None:
    """65, sem traceback."""
    arquivo = tmp_path / "vigia"
    arquivo.write_text(conteudo)
    codigo, stdout, stderr = leitor("saude", str(arquivo))
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)
    assert "não é o estado de um vigia" in stderr


@pytest.mark.parametrize("campo", ["codigo", "mensagem", "de", "ate"])
def test_estado_sem_um_campo(campo: str, estado: Path, leitor: Programa) -> None:
    """Faltar qualquer campo é o mesmo que não ser um estado."""
    mudar(estado, **{campo: None})
    codigo, stdout, stderr = leitor("saude", str(estado))
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)


def test_estado_que_nao_se_grava(semeado: Path, leitor: Programa) -> None:
    """Um vigia que não pode dizer como está termina com 74 e o motivo, em vez de fingir."""
    arquivo = semeado.parent / "não há" / "vigia"
    codigo, stdout, stderr = leitor("vigiar", "--estado", str(arquivo))
    assert (codigo, stdout.count("\n")) == (74, 1)
    assert stderr.splitlines()[1] == (
        f"[LEITOR] ERRO: {arquivo}: não dá para gravar o estado (não existe). Corrija --estado."
    )
    assert "saída padrão" not in stderr
