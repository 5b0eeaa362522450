"""As regras das linhas, procuradas de 500 em 500: nenhuma linha ruim passa por estar entre boas."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from leitor import regras
from tests.conftest import Programa
from tests.contrato import alterar, reselar
from tests.verificacao import conferir


def test_num_bloco_do_meio(banco: Path, escritor: Programa, leitor: Programa) -> None:
    """A linha ruim é achada e nomeada onde quer que esteja, entre milhares de boas."""
    entrada = banco.parent.parent / "muitas.csv"
    corpo = "".join(f"P{i},p{i}@x.com\n" for i in range(1_700))
    entrada.write_text(f"nome,email\n{corpo}", encoding="utf-8")
    assert escritor("importar", str(entrada)).codigo == 0
    alterar(banco, "UPDATE usuarios SET nome = 'a' || char(10) WHERE id IN (1234, 1500)")
    reselar(banco)
    assert "usuarios, id 1234: nome com" in conferir(leitor, banco, 65, "lacres")


CAMPO = st.text(st.sampled_from("aé\x00\x1e\x1f\x7f\x85 \u2003あ@.|"), max_size=4).map(str.encode)
QUANDO = st.sampled_from(
    [b"2026-01-02T03:04:05Z", b"2024-02-29T00:00:00Z", b"2026-02-29T03:04:05Z"]
)
LINHAS = st.lists(st.tuples(CAMPO, CAMPO | st.just(b"a@x"), QUANDO), min_size=1, max_size=3)


@given(LINHAS)
def test_o_bloco_nunca_aprova_o_que_a_linha_recusa(
    linhas: list[tuple[bytes, bytes, bytes]],
) -> None:
    """A conferência rápida pode desconfiar à toa; aprovar uma linha ruim, não."""
    bloco = b"".join(b"\x1f".join((b"1", *linha)) + b"\x1e" for linha in linhas)
    if any(regras.problema(*linha) for linha in linhas):
        assert regras.suspeito(bloco, len(linhas), regras.em_campos(bloco))
