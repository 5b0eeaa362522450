"""O leitor só lê: não cria nada, e funciona onde não pode escrever."""

from pathlib import Path

import pytest

from leitor import erros
from tests.conftest import Programa
from tests.contrato import fotografar
from tests.processos import UID, rodar, sem_root


@pytest.mark.parametrize("comando", ["listar", "verificar"])
def test_sem_pasta_nem_banco_nao_cria_nada(
    comando: str, banco: Path, tmp_path: Path, leitor: Programa
) -> None:
    """Onde não há nada continua a não haver: 66 e o que fazer."""
    codigo, stdout, stderr = leitor(comando)
    assert (codigo, "@" in stdout) == (66, False)
    assert stderr == (
        f"[LEITOR] ERRO: {banco}: não há banco. {erros.rode_o_escritor(str(banco))}\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_arquivo_vazio_fica_vazio(banco: Path, leitor: Programa) -> None:
    """Um arquivo de zero byte não vira banco: 66."""
    banco.parent.mkdir()
    banco.touch()
    codigo, stdout, stderr = leitor()
    assert (codigo, stdout, stderr.count("\n")) == (66, "", 1)
    assert "o arquivo está vazio" in stderr
    assert fotografar(banco.parent) == {banco.name: b""}


def test_ler_nao_muda_nem_a_data(gravado: Path, leitor: Programa) -> None:
    """Depois de ler, os bytes e a data do arquivo e da pasta são os de antes."""
    antes = fotografar(gravado.parent)
    datas = [item.stat().st_mtime_ns for item in (gravado, gravado.parent)]
    codigo, stdout, _ = leitor("listar", "--formato", "jsonl")
    assert (codigo, stdout.count("\n")) == (0, 5)
    assert fotografar(gravado.parent) == antes
    assert [item.stat().st_mtime_ns for item in (gravado, gravado.parent)] == datas


# Ao root as permissões não se aplicam; por isso o processo destes testes roda como outro uid
# quando quem testa é o root, e como ele mesmo quando não é.


def test_pasta_e_arquivo_so_de_leitura(
    pasta_publica: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sem permissão de escrita em lugar nenhum, como na montagem :ro, o leitor lê tudo."""
    banco = pasta_publica / "x.db"
    assert escritor("--banco", str(banco)).codigo == 0
    banco.chmod(0o444)
    pasta_publica.chmod(0o555)
    monkeypatch.setenv("BANCO", str(banco))
    antes = fotografar(pasta_publica)
    assert rodar(sem_root("escritor")).codigo == 73, "aqui não se grava mesmo"
    saida = rodar(sem_root("leitor", "listar", "--formato", "jsonl"))
    assert (saida.codigo, saida.stdout.count("\n")) == (0, 3), saida.stderr
    assert "✓ 10 de 10 verificações" in saida.stderr
    assert fotografar(pasta_publica) == antes


@pytest.mark.parametrize("fechado", ["o arquivo", "a pasta"])
def test_sem_permissao_de_leitura(
    fechado: str, pasta_publica: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sem permissão de ler: 73, com o uid do processo e o comando que conserta."""
    pasta = pasta_publica / "dados"
    banco = pasta / "x.db"
    assert escritor("--banco", str(banco)).codigo == 0
    (banco if fechado == "o arquivo" else pasta).chmod(0)
    monkeypatch.setenv("BANCO", str(banco))
    saida = rodar(sem_root("leitor"))
    pasta.chmod(0o755)
    assert (saida.codigo, saida.stdout) == (73, "")
    assert saida.stderr.startswith(f"[LEITOR] ERRO: {banco}: o uid {UID} não consegue ")
    assert "chmod " in saida.stderr
    assert banco.exists()
