"""As páginas que o servidor junta, na forma em que se listam: uma troca no bloco inteiro."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from leitor import formatos

SEPARADORES = b"\x1c", b"\x1d", b"\x1f", b"\x1e"  # os de consultas.LINHAS_SEPARADAS


def no_molde(blocos: Iterable[bytes], molde: bytes, com_barra: Sequence[bytes]) -> Iterator[bytes]:
    """Devolve, de blocos de LINHAS_SEPARADAS, cada linha no molde; `com_barra` ganha uma."""
    abre, *entre, fecha = molde.split(b"%b")
    trocas = [*zip(SEPARADORES, (*entre, fecha + abre), strict=True)]
    for bloco in blocos:
        linhas = formatos.com_barras(bloco, com_barra)
        for separador, trecho in trocas:
            linhas = linhas.replace(separador, trecho)
        yield abre + linhas + fecha


def em_csv(blocos: Iterable[bytes]) -> Iterator[bytes]:
    """Devolve, de blocos de LINHAS_DO_CSV, as linhas; só o que pede aspas passa por elas."""
    for bloco in blocos:
        yield formatos.com_aspas(bloco).replace(formatos.US, b",")
