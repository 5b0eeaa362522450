"""Erros de disco: EIO e ENOSPC em cada chamada, disco cheio; 74, e os dados antigos inteiros."""

import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.campanhas.apoio import SEM_TRANSACAO, Campanha, Caso, Estado, conferir_e_curar, estado
from tests.campanhas.ext4 import Ext4
from tests.campanhas.strace import DO_BANCO, Ponto, pontos, python, rastrear
from tests.conftest import Programa
from tests.contrato import fotografar
from tests.processos import Saida, comando, rodar

ERROS = ("EIO", "ENOSPC")


def vizinhanca(banco: Path) -> list[Path]:
    """Os caminhos em que o escritor toca."""
    sufixos = ["", "-journal", ".desafio2-restaurando", ".desafio2-anterior"]
    return [banco.parent, *(banco.with_name(banco.name + sufixo) for sufixo in sufixos)]


def possiveis(saida: Saida, caso: Caso) -> list[Estado]:
    """Em que estado o banco pode estar, conforme o que o escritor disse."""
    if saida.codigo == 0 or "gravado, mas" in saida.stderr:
        return [caso.depois]
    if "nada foi gravado" in saida.stderr or "está como estava" in saida.stderr:
        return [caso.antes]
    return [caso.antes, caso.depois]


def codigos_de(ponto: Ponto) -> set[int]:
    """Os códigos que servem: 74, ou 0 se a chamada era dispensável.

    De um erro ao ler, o SQLite às vezes só conta que o banco está corrompido
    (vdbe.c, SQLITE_IOERR_CORRUPTFS, e o integrity_check): 65 também serve.
    """
    return {0, 74, 65} if ponto.chamada == "pread64" else {0, 74}


@pytest.mark.usefixtures("strace")
def test_erro_em_cada_chamada_do_escritor(
    campanha: Campanha,
    casos_pequenos: list[Caso],
    banco: Path,
    leitor: Programa,
    escritor: Programa,
) -> None:
    """Uma linha que diz a verdade sobre o que foi gravado, e o próximo escritor segue em frente."""
    todos = []
    for caso in casos_pequenos:
        caso.preparar(banco)
        rastro = rastrear(python("escritor", *caso.argv), DO_BANCO, so=vizinhanca(banco))
        todos += [(caso, ponto, erro) for ponto in pontos(rastro.registro) for erro in ERROS]
    vezes = min(campanha.vezes("erros de disco"), len(todos))
    codigos: Counter[int] = Counter()
    for caso, ponto, erro in campanha.acaso("erros").sample(todos, vezes):
        rotulo = campanha.rotulo(caso.nome, f"{erro} em {ponto}")
        caso.preparar(banco)
        injetar = ("-e", f"inject={ponto.chamada}:error={erro}:when={ponto.n}")
        cmd = python("escritor", *caso.argv)
        saida, registro = rastrear(cmd, DO_BANCO, *injetar, so=vizinhanca(banco))
        assert "(INJECTED)" in registro, rotulo
        assert saida.codigo in codigos_de(ponto), f"{rotulo}: {saida.stderr}"
        if saida.codigo:
            assert saida.stderr.count("\n") == 1, f"{rotulo}: {saida.stderr}"
            assert saida.stderr.startswith("[ESCRITOR] ERRO: "), rotulo
        conferir_e_curar(banco, possiveis(saida, caso), leitor, escritor, rotulo)
        codigos[saida.codigo] += 1
    assert codigos[74] > vezes / 2
    campanha.anotar(
        tentou=f"EIO e ENOSPC em {vezes} de {len(todos)} chamadas do escritor",
        viu=f"códigos {dict(sorted(codigos.items()))}",
        perdeu="nada: os dados antigos inteiros, e a mensagem verdadeira",
    )


@pytest.mark.usefixtures("strace")
def test_erro_em_cada_chamada_do_leitor(
    campanha: Campanha, gravado: Path, leitor: Programa
) -> None:
    """O leitor recusa com 74 e uma linha, ou mostra tudo; e não muda nada."""
    antes = fotografar(gravado.parent)
    argv = ["listar", "--formato", "jsonl"]
    inteiro = leitor(*argv).stdout
    chamadas = pontos(rastrear(python("leitor", *argv), DO_BANCO, so=vizinhanca(gravado)).registro)
    codigos: Counter[int] = Counter()
    for ponto in chamadas:
        rotulo = campanha.rotulo("leitor", f"EIO em {ponto}")
        injetar = ("-e", f"inject={ponto.chamada}:error=EIO:when={ponto.n}")
        saida, registro = rastrear(
            python("leitor", *argv), DO_BANCO, *injetar, so=vizinhanca(gravado)
        )
        assert "(INJECTED)" in registro, rotulo
        assert saida.codigo in codigos_de(ponto), f"{rotulo}: {saida.stderr}"
        assert saida.stdout == (inteiro if saida.codigo == 0 else ""), rotulo
        if saida.codigo:
            assert saida.stderr.count("\n") == 1, f"{rotulo}: {saida.stderr}"
        assert fotografar(gravado.parent) == antes, rotulo
        codigos[saida.codigo] += 1
    assert codigos[74]
    campanha.anotar(tentou=f"EIO em cada uma das {len(chamadas)} chamadas do leitor")


def test_disco_cheio_de_verdade(
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
    lastro = ext4.ponto / "lastro"
    cheios = 0
    vezes = campanha.vezes("disco cheio")
    for vez in range(vezes):
        sobra = campanha.acaso("disco", vez).randrange(4096, 6 << 20)
        rotulo = campanha.rotulo("disco cheio", vez, f"com {sobra} bytes livres")
        caso.preparar(banco)
        lastro.write_bytes(bytes(max(0, ext4.livre() - sobra)))
        saida = rodar(comando("escritor", *caso.argv))
        cheios += saida.codigo == 74
        assert saida.codigo in {0, 74}, f"{rotulo}: {saida.stderr}"
        if saida.codigo:
            assert saida.stderr.count("\n") == 1, rotulo
            assert "disco cheio; nada foi gravado" in saida.stderr, f"{rotulo}: {saida.stderr}"
            assert estado(banco) == caso.antes, rotulo
        lastro.unlink()
        conferir_e_curar(banco, possiveis(saida, caso), leitor, escritor, rotulo)
        assert rodar(comando("escritor", *caso.argv)).codigo == 0, rotulo
    assert cheios > 0, "o disco nunca encheu"
    campanha.anotar(
        tentou=f"{vezes} importações num disco que enche", viu=f"{cheios} discos cheios"
    )


def test_controle_disco_cheio_sem_transacao(
    campanha: Campanha, ext4: Ext4, modelos: Path, leitor: Programa
) -> None:
    """Controle negativo: quem confirma linha por linha, com o disco cheio, deixa metade."""
    banco = ext4.ponto / "b.db"
    shutil.copyfile(modelos / "gravado", banco)
    antes = estado(banco)
    (ext4.ponto / "lastro").write_bytes(bytes(ext4.livre() - 200_000))
    saida = rodar([sys.executable, "-c", SEM_TRANSACAO, str(banco)])
    assert "database or disk is full" in saida.stderr
    assert estado(banco).pessoas > antes.pessoas
    (ext4.ponto / "lastro").unlink()
    assert leitor("verificar", "--banco", str(banco)).codigo in {65, 75}
    campanha.anotar(controle="sem transação, o disco cheio deixa metade das linhas")
