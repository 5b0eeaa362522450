"""Disco cheio: um ext4 pequeno que enche de verdade no meio de cada comando, e depois esvazia."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leitor.texto import milhar
from tests.campanhas.adocao import MUITAS_VEZES, conferir_adocao, criar_comum
from tests.campanhas.apoio import (
    SEM_TRANSACAO,
    Caso,
    conferir_copia,
    conferir_e_curar,
    ensaiar,
    estado,
    limpar,
    possiveis,
    sobras,
)
from tests.campanhas.ext4 import Ext4
from tests.campanhas.relato import Campanha
from tests.conftest import Programa
from tests.contrato import AMOSTRA
from tests.docker.apoio import Projeto
from tests.docker.volume import UID
from tests.processos import Saida, comando, rodar

FOLGA = 6 << 20  # bytes; com mais que isto, tudo cabe
VOLUME = {"type": "none", "o": "bind"}


@pytest.fixture(scope="module", name="muitas")
def _muitas(casos: list[Caso], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Um banco de alguns megabytes, a copiar e a restaurar."""
    [caso] = [caso for caso in casos if caso.nome == "importar muitas"]
    banco = tmp_path_factory.mktemp("muitas") / "muitas.db"
    caso.preparar(banco)
    assert rodar(comando("escritor", *caso.argv, "--banco", str(banco))).codigo == 0
    return banco


@contextmanager
def enchido(ext4: Ext4, sobra: int) -> Iterator[None]:
    """Deixa livres só uns `sobra` bytes do disco; no fim, devolve o espaço."""
    lastro = ext4.ponto / "lastro"
    lastro.write_bytes(bytes(max(0, ext4.livre() - sobra)))
    yield
    lastro.unlink()


def uma_linha(saida: Saida, rotulo: str) -> bool:
    """Confere o que se disse; devolve se o disco encheu."""
    assert saida.codigo in {0, 74}, f"{rotulo}: {saida.stderr}"
    if saida.codigo:
        assert saida.stderr.count("\n") == (4 if "adotado: " in saida.stderr else 1), rotulo
        assert "disco cheio" in saida.stderr or "Libere espaço" in saida.stderr, rotulo
    return saida.codigo == 74


def anotar(campanha: Campanha, vezes: int, cheios: int, o_que: str) -> None:
    """Anota quantas vezes se tentou, e em quantas o disco encheu: alguma tem de haver."""
    assert cheios > 0, "o disco nunca encheu"
    campanha.anotar(
        tentou=f"{milhar(vezes)} {o_que}",
        viu=f"{milhar(cheios)} {o_que} sem espaço",
        perdeu="nada: os dados antigos inteiros, e com espaço tudo volta a funcionar",
    )


def test_importar(
    campanha: Campanha,
    casos: list[Caso],
    ext4: Ext4,
    leitor: Programa,
    escritor: Programa,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Com um lastro sorteado, o disco enche num ponto qualquer; sem ele, tudo volta a caber."""
    [caso] = [caso for caso in casos if caso.nome == "importar muitas"]
    banco = ext4.ponto / "dados" / "desafio2.db"
    monkeypatch.setenv("BANCO", str(banco))
    cheios = 0
    vezes = campanha.vezes("disco cheio")
    for vez in range(vezes):
        sobra = campanha.acaso("disco", vez).randrange(4096, FOLGA)
        rotulo = campanha.rotulo("disco cheio", vez, f"com {sobra} bytes livres")
        caso.preparar(banco)
        with enchido(ext4, sobra):
            saida = rodar(comando("escritor", *caso.argv))
            if uma_linha(saida, rotulo):
                assert "disco cheio; nada foi gravado" in saida.stderr, f"{rotulo}: {saida.stderr}"
                assert estado(banco) == caso.antes, rotulo
                cheios += 1
        conferir_e_curar(banco, caso, possiveis(saida, caso), leitor, escritor, rotulo)
        assert rodar(comando("escritor", *caso.argv)).codigo == 0, rotulo
    anotar(campanha, vezes, cheios, "importações")


def test_restaurar(
    campanha: Campanha,
    modelos: Path,
    muitas: Path,
    ext4: Ext4,
    leitor: Programa,
    escritor: Programa,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """De um arquivo, a falta se sabe antes; da entrada padrão, só quando o disco enche."""
    argv = ["restaurar", str(muitas)]
    caso = ensaiar("restaurar muitas", modelos / "gravado", argv, tmp_path / "ensaio")
    banco = ext4.ponto / "dados" / "desafio2.db"
    monkeypatch.setenv("BANCO", str(banco))
    dados = muitas.read_bytes()
    cheios = 0
    vezes = campanha.vezes("restaurar em disco cheio")
    for vez in range(vezes):
        sobra = campanha.acaso("restaurar", vez).randrange(4096, len(dados) * 5 // 4)
        rotulo = campanha.rotulo("restaurar", vez, f"com {sobra} bytes livres")
        caso.preparar(banco)
        with enchido(ext4, sobra):
            cmd = comando("escritor", "restaurar", "-") if vez % 2 else comando("escritor", *argv)
            saida = rodar(cmd, dados)
            if uma_linha(saida, rotulo):
                assert estado(banco) == caso.antes, rotulo
                assert not sobras(banco.parent), rotulo
                cheios += 1
        conferir_e_curar(banco, caso, possiveis(saida, caso), leitor, escritor, rotulo)
        assert rodar(comando("escritor", *argv)).codigo == 0, rotulo
    anotar(campanha, vezes, cheios, "restaurações")


def test_adotar(
    campanha: Campanha,
    ext4: Ext4,
    leitor: Programa,
    escritor: Programa,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """O volume antigo fica como era, e é adotado na execução seguinte ao espaço voltar."""
    banco = ext4.ponto / "dados" / "desafio2.db"
    monkeypatch.setenv("BANCO", str(banco))
    criar_comum(banco, MUITAS_VEZES)
    comum = banco.read_bytes()
    cheios = 0
    vezes = campanha.vezes("adotar em disco cheio")
    for vez in range(vezes):
        sobra = campanha.acaso("adotar", vez).randrange(4096, len(comum) * 3)
        rotulo = campanha.rotulo("adotar", vez, f"com {sobra} bytes livres")
        limpar(banco.parent)
        banco.write_bytes(comum)
        with enchido(ext4, sobra):
            saida = rodar(comando("escritor"))
            cheios += uma_linha(saida, rotulo)
        conferir_adocao(banco, MUITAS_VEZES, saida, leitor, escritor, rotulo)
    anotar(campanha, vezes, cheios, "adoções")


def test_copiar(
    campanha: Campanha,
    muitas: Path,
    ext4: Ext4,
    leitor: Programa,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nenhuma cópia fica, nem pedaço dela; com espaço, a mesma linha de comando a faz."""
    monkeypatch.setenv("BANCO", str(muitas))
    destino = ext4.ponto / "cópias" / "cópia.db"
    cmd = comando("leitor", "copiar", str(destino))
    cheios = 0
    vezes = campanha.vezes("copiar em disco cheio")
    for vez in range(vezes):
        sobra = campanha.acaso("copiar", vez).randrange(0, muitas.stat().st_size * 5 // 4)
        rotulo = campanha.rotulo("copiar", vez, f"com {sobra} bytes livres")
        limpar(destino.parent)
        with enchido(ext4, sobra):
            saida = rodar(cmd)
            cheios += uma_linha(saida, rotulo)
            assert destino.exists() == (saida.codigo == 0), rotulo
            assert not sobras(destino.parent), rotulo
        conferir_copia(destino, None, saida, leitor, rotulo)
    anotar(campanha, vezes, cheios, "cópias do leitor")


@pytest.mark.docker
def test_volume_do_docker(campanha: Campanha, ext4: Ext4, projeto: Projeto) -> None:
    """O disco pequeno como volume do par: 74 num container, e com espaço tudo volta a caber."""
    pasta = ext4.ponto / "volume"
    pasta.mkdir()
    os.chown(pasta, UID, UID)
    rotulos = {"project": projeto.nome, "volume": "dados_db"}  # os com que o Compose o reconhece
    projeto.engine.volumes.create(
        projeto.volume.nome,
        driver="local",
        driver_opts={**VOLUME, "device": str(pasta)},
        labels={f"com.docker.compose.{nome}": valor for nome, valor in rotulos.items()},
    )
    entrada = "nome,email\n" + "".join(f"Pessoa {i},p{i}@x.com\n" for i in range(60_000))
    importar = ("run", "--rm", "-T", "escritor", "importar", "-")
    projeto.compose("run", "--rm", "escritor")
    with enchido(ext4, 1 << 20):
        saida = projeto.compose(*importar, entrada=entrada, codigo=74)
        assert "disco cheio; nada foi gravado" in saida.stderr
        assert estado(pasta / "desafio2.db").pessoas == len(AMOSTRA)
    projeto.compose("run", "--rm", "escritor")
    assert projeto.volume.banco().pessoas == AMOSTRA
    projeto.compose(*importar, entrada=entrada)
    projeto.compose("run", "--rm", "--no-deps", "leitor", "verificar")
    assert len(projeto.volume.banco().pessoas) == len(AMOSTRA) + 60_000
    campanha.anotar(tentou="uma importação em container, com o disco como volume do Docker")


def test_controle_sem_transacao(
    campanha: Campanha, ext4: Ext4, modelos: Path, leitor: Programa
) -> None:
    """Controle negativo: quem confirma linha por linha, com o disco cheio, deixa metade."""
    banco = ext4.ponto / "b.db"
    shutil.copyfile(modelos / "gravado", banco)
    antes = estado(banco)
    with enchido(ext4, 200_000):
        saida = rodar([sys.executable, "-c", SEM_TRANSACAO, str(banco)])
        assert "database or disk is full" in saida.stderr
        assert estado(banco).pessoas > antes.pessoas
    assert leitor("verificar", "--banco", str(banco)).codigo in {65, 75}
    campanha.anotar(controle="sem transação, fica a metade das linhas que coube")
