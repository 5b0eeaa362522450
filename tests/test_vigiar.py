"""O vigia: o que diz de cada mudança, e como atravessa um banco que falta, falha ou é trocado."""

import os
import re
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from leitor.vigia import Sinais
from tests.conftest import Programa
from tests.contrato import alterar, consultar, fotografar, reselar
from tests.processos import Saida, comando, rodar, trava
from tests.test_verificar_arquivo import diario_quente

ADULTERA = "UPDATE usuarios SET nome = 'Outra' WHERE id = 2"
NADA = "[LEITOR] nada mudou; daqui em diante, só digo o que mudar"
PASSOU = "[LEITOR] agora em ordem: tudo verificado"

Passo = Callable[[], object]
Vigiar = Callable[..., Saida]


@pytest.fixture(name="vigiar")
def _vigiar(leitor: Programa, banco: Path, monkeypatch: pytest.MonkeyPatch) -> Vigiar:
    """Vigia com um passo no lugar de cada espera: lê uma vez antes de cada um e uma no fim."""

    def rodar_passos(*passos: Passo) -> Saida:
        restam = list(passos)

        def dormir(_: Sinais, segundos: float) -> None:
            assert segundos == 7
            restam.pop(0)()

        monkeypatch.setattr(Sinais, "dormir", dormir)
        saida = leitor("vigiar", "--intervalo", "7", "--vezes", str(len(passos) + 1))
        assert restam == []
        assert saida.stderr.startswith(f"[LEITOR] vigiando {banco}, a cada 7 s\n")
        return saida

    return rodar_passos


def nada() -> None:
    """Um intervalo em que nada acontece."""


def grava(*argv: str, entrada: str = "") -> Passo:
    """Um escritor em outro processo, que não grava se o vigia segurar uma trava."""

    def passo() -> None:
        saida = rodar(comando("escritor", *argv), entrada.encode())
        assert saida.codigo == 0, saida.stderr

    return passo


def importa(quantos: int) -> Passo:
    """Uma importação de gente nova."""
    linhas = "".join(f"P{n},p{n}-{quantos}@x.com\n" for n in range(1, quantos + 1))
    return grava("importar", "-", entrada=f"nome,email\n{linhas}")


def ditas(saida: Saida) -> list[str]:
    """O que saiu em stdout, sem o instante, que toda linha traz."""
    linhas = saida.stdout.splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \S", linha) for linha in linhas)
    return [linha.partition(" ")[2] for linha in linhas]


def avisos(saida: Saida) -> list[str]:
    """O que saiu em stderr depois de dizer o que vigia."""
    return saida.stderr.splitlines()[1:]


def test_primeira_leitura(gravado: Path, vigiar: Vigiar) -> None:
    """Diz quanto há e com que elo se reconhece; não muda um byte."""
    antes = fotografar(gravado.parent)
    saida = vigiar()
    [(elo,)] = consultar(gravado, "SELECT elo FROM execucoes WHERE id = 3")
    assert (saida.codigo, avisos(saida)) == (0, [])
    assert ditas(saida) == [
        f"primeira leitura: verificado, tudo em ordem; usuários: 5, execuções: 3, elo {elo[:16]}…"
    ]
    assert fotografar(gravado.parent) == antes


def test_nada_mudou_e_dito_uma_vez(gravado: Path, vigiar: Vigiar) -> None:
    """Quem lê o log sabe que o vigia vive; e o log não enche."""
    saida = vigiar(nada, nada, grava(), nada, nada)
    assert saida.codigo == 0
    assert avisos(saida) == [NADA]
    assert len(ditas(saida)) == 2
    assert consultar(gravado, "SELECT count(*) FROM execucoes") == [(4,)]


def test_execucao_nova(semeado: Path, vigiar: Vigiar) -> None:
    """Uma linha por execução, uma para os usuários: quantos e os três primeiros."""
    saida = vigiar(importa(5), grava())
    [(lacre, onde), (vazio, _)] = consultar(
        semeado, "SELECT lacre, container FROM execucoes WHERE id > 1 ORDER BY id"
    )
    assert (saida.codigo, avisos(saida)) == (0, [])
    assert ditas(saida)[1:] == [
        f"execução 2 (importar:-), container {onde}; inseridos: 5, já existiam: 0, total: 8; "
        f"lacre sha256 {lacre[:16]}…",
        "usuários novos: 5; 4 P1 <p1-5@x.com>, 5 P2 <p2-5@x.com>, 6 P3 <p3-5@x.com> … e mais 2",
        f"execução 3 (semear), container {onde}; inseridos: 0, já existiam: 3, total: 8; "
        f"lacre sha256 {vazio[:16]}…",
    ]


def test_muitas_execucoes_de_uma_vez(semeado: Path, vigiar: Vigiar) -> None:
    """Depois de uma ausência longa, dez linhas e a conta do resto."""
    saida = vigiar(lambda: [grava()() for _ in range(13)])
    linhas = ditas(saida)[1:]
    assert saida.codigo == 0
    assert [linha.split(" ")[1] for linha in linhas[:10]] == [str(n) for n in range(2, 12)]
    assert linhas[10:] == ["… e mais execuções: 3"]
    assert consultar(semeado, "SELECT count(*) FROM execucoes") == [(14,)]


def test_banco_que_ainda_nao_ha(banco: Path, vigiar: Vigiar) -> None:
    """Um vigia que começa antes do escritor: diz a falta uma vez, e a primeira leitura."""
    saida = vigiar(nada, nada, grava())
    assert saida.codigo == 0
    assert avisos(saida) == [
        f"[LEITOR] ERRO: {banco}: não há banco. "
        "Rode o escritor (docker compose run --rm escritor) e leia de novo.",
        PASSOU,
    ]
    [linha] = ditas(saida)
    assert linha.startswith("primeira leitura: verificado, tudo em ordem; usuários: 3")


def sumir(banco: Path, _: ExitStack) -> Passo:
    """O banco sai de onde estava e volta."""
    fora = banco.with_name("fora")
    banco.rename(fora)
    return lambda: fora.rename(banco)


def travar(banco: Path, pilha: ExitStack) -> Passo:
    """Um escritor com a trava exclusiva por mais que a espera."""
    return pilha.enter_context(trava(banco, "EXCLUSIVE"))


def diario(banco: Path, _: ExitStack) -> Passo:
    """Uma gravação interrompida, que um escritor desfaz."""
    diario_quente(banco)
    return banco.with_name(f"{banco.name}-journal").unlink


def adulterar(banco: Path, _: ExitStack) -> Passo:
    """Uma linha mudada depois de selada, e a cópia boa de volta."""
    copia = banco.read_bytes()
    alterar(banco, ADULTERA)
    return lambda: banco.write_bytes(copia)


def rasgar(banco: Path, _: ExitStack) -> Passo:
    """Metade do arquivo."""
    copia = banco.read_bytes()
    os.truncate(banco, len(copia) // 2)
    return lambda: banco.write_bytes(copia)


@pytest.mark.parametrize(
    ("estragar", "codigo", "motivo"),
    [
        (sumir, 66, "não há banco"),
        (travar, 75, "segurou a trava por mais de 0.2 s"),
        (diario, 75, "diário quente"),
        (adulterar, 65, "lacre quebrado na execução 1"),
        (rasgar, 65, ""),
    ],
)
def test_falha_e_volta(
    estragar: Callable[[Path, ExitStack], Passo],
    codigo: int,
    motivo: str,
    semeado: Path,
    vigiar: Vigiar,
) -> None:
    """A falha é dita uma vez, a volta também; o que mudou no meio é dito depois dela."""
    with ExitStack() as pilha:
        consertos: list[Passo] = []

        def consertar() -> None:
            consertos.pop()()

        def quebrar() -> None:
            consertos.append(estragar(semeado, pilha))

        saida = vigiar(quebrar, nada, consertar, nada, importa(1))
    assert saida.codigo == 0
    erro, *resto = avisos(saida)
    assert erro.startswith(f"[LEITOR] ERRO: {semeado}: ")
    assert motivo in erro
    assert resto == [PASSOU, NADA]
    assert [linha.split(" ")[0] for linha in ditas(saida)] == ["primeira", "execução", "usuários"]

    with ExitStack() as pilha:
        estragado = vigiar(lambda: estragar(semeado, pilha), nada)
    assert (estragado.codigo, len(avisos(estragado))) == (codigo, 1), "o fim é o da última leitura"


def test_cada_falha_nova_e_dita(semeado: Path, vigiar: Vigiar) -> None:
    """De uma falha a outra, sem passar pela ordem: as duas são ditas."""
    saida = vigiar(lambda: alterar(semeado, ADULTERA), nada, semeado.unlink, nada)
    assert saida.codigo == 66
    assert ["lacre quebrado" in erro for erro in avisos(saida)] == [True, False]
    assert "não há banco" in avisos(saida)[1]


def test_trocado_por_outro_banco(semeado: Path, modelos: Path, vigiar: Vigiar) -> None:
    """Outro banco, também em ordem e com as mesmas pessoas: a corrente de elos é outra."""
    saida = vigiar(lambda: reselar_outro(semeado), nada, grava())
    assert (saida.codigo, avisos(saida)) == (0, [NADA])
    _, troca, execucao = ditas(saida)
    assert troca.startswith("trocado por outro banco: a corrente de elos é outra (usuários: 3, ")
    assert execucao.startswith("execução 2 (semear)"), "dali em diante, vale o novo"
    assert (modelos / "semeado").exists()


def reselar_outro(banco: Path) -> None:
    """O mesmo conteúdo, gravado por outro contêiner: elos todos diferentes."""
    alterar(banco, "UPDATE execucoes SET container = 'outro' WHERE id = 1")
    reselar(banco)


def test_trocado_por_uma_copia_antiga(semeado: Path, vigiar: Vigiar, tmp_path: Path) -> None:
    """Uma cópia de antes no lugar: o mesmo banco, noutro estado, e não uma perda calada."""
    copia = tmp_path / "copia"
    shutil.copy(semeado, copia)
    saida = vigiar(importa(2), lambda: shutil.copy(copia, semeado), importa(1))
    assert (saida.codigo, avisos(saida)) == (0, [])
    troca = ditas(saida)[3]
    assert troca.startswith("trocado por outro estado do mesmo banco, como o de uma cópia: ")
    assert "a execução 2 não é a que se viu (usuários: 5, execuções: 2, " in troca
    assert "agora, usuários: 3, execuções: 1, " in troca
    assert ditas(saida)[5].startswith("usuários novos: 1; 4 P1")


def test_trocado_enquanto_ninguem_olhava(semeado: Path, vigiar: Vigiar, tmp_path: Path) -> None:
    """A cópia antiga com outra execução por cima: a mesma conta, outra história."""
    copia = tmp_path / "copia"
    shutil.copy(semeado, copia)

    def trocar() -> None:
        shutil.copy(copia, semeado)
        importa(2)()
        alterar(semeado, "UPDATE execucoes SET container = 'outro' WHERE id = 2")
        reselar(semeado)

    saida = vigiar(importa(2), trocar)
    assert (saida.codigo, avisos(saida)) == (0, [])
    [troca] = ditas(saida)[3:]
    assert troca.startswith("trocado por outro estado do mesmo banco")


def test_controle_o_mesmo_arquivo_copiado_nao_e_troca(semeado: Path, vigiar: Vigiar) -> None:
    """Controle: outro inode com os mesmos bytes é o mesmo banco, e nada é dito."""

    def copiar() -> None:
        dados = semeado.read_bytes()
        semeado.unlink()
        semeado.write_bytes(dados)

    saida = vigiar(copiar)
    assert (saida.codigo, avisos(saida), len(ditas(saida))) == (0, [NADA], 1)


def test_nao_segura_o_banco_entre_as_leituras(semeado: Path, vigiar: Vigiar) -> None:
    """Enquanto espera, nem descritor aberto nem trava: quem quer o banco o tem inteiro."""
    abertos: list[Path] = []

    def olhar() -> None:
        abertos.extend(fd.resolve() for fd in Path("/proc/self/fd").iterdir())
        with trava(semeado, "EXCLUSIVE"):
            pass

    saida = vigiar(olhar)
    assert saida.codigo == 0
    assert abertos
    assert semeado not in abertos
