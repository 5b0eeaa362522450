"""O vigia diante de outro banco no lugar do que viu: o elo diz se é o mesmo."""

import shutil
from pathlib import Path

from tests.contrato import alterar, reselar
from tests.vigilia import NADA, Vigiar, avisos, ditas, importa, nada, repete


def test_trocado_por_outro_banco(semeado: Path, vigiar: Vigiar) -> None:
    """Outro banco, também em ordem e com as mesmas pessoas: a corrente de elos é outra."""
    saida = vigiar(lambda: reselar_outro(semeado), nada, repete())
    assert (saida.codigo, avisos(saida)) == (0, [NADA])
    _, troca, execucao = ditas(saida)
    assert troca.startswith("trocado por outro banco: a corrente de elos é outra (usuários: 3, ")
    assert execucao.startswith("execução 2 (importar:-)"), "dali em diante, vale o novo"


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
