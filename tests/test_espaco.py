"""O disco que uma importação pede é conferido antes da primeira linha."""

from pathlib import Path

import pytest

from escritor import espaco
from tests.conftest import Programa
from tests.contrato import fotografar, pessoas


def test_sem_espaco_nem_comeca(
    semeado: Path, escritor: Programa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """74 antes de tocar no banco, com o que se pede e o que há; com lugar, entra."""
    arquivo = tmp_path / "a.csv"
    arquivo.write_text("nome,email\n" + "".join(f"P{i},p{i}@x.com\n" for i in range(1_000)))
    monkeypatch.setattr(espaco, "PEQUENO", 1)
    monkeypatch.setattr(espaco, "livre", lambda _pasta: arquivo.stat().st_size * espaco.POR_BYTE)
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor("importar", str(arquivo))
    assert (codigo, stdout, stderr.count("\n")) == (74, "", 1)
    assert "a importação, com os temporários, pede uns 0 MiB de disco, e há 0 MiB; nada" in stderr
    assert fotografar(semeado.parent) == antes
    monkeypatch.setattr(espaco, "livre", lambda _pasta: 10**9)
    assert escritor("importar", str(arquivo)).codigo == 0
    assert len(pessoas(semeado)) == 1_003
