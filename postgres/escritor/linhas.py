"""As linhas de `usuarios` no servidor, em blocos, lidos e mandados: os bytes que o lacre sela."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from escritor import regras
from escritor.percurso import RS, US, Seladas
from escritor.regras import Quebra
from postgres.escritor.conexao import PG

# Uma mensagem por linha custaria o dobro, e quinhentas linhas por bloco, também.
POR_BLOCO = 5_000
# Por uma faixa de ids, e não por LIMIT: logo depois de uma carga ainda não há estatísticas, e sem
# elas o planejador leria e ordenaria o resto da tabela a cada bloco.
BLOCO = r"""
SELECT string_agg(
    id || E'\x1f' || nome || E'\x1f' || email || E'\x1f' || criado_em || E'\x1e', ''
), count(*)
FROM (SELECT * FROM {} WHERE id > %s AND id <= %s ORDER BY id) AS bloco"""
DE_USUARIOS = BLOCO.format("desafio2.usuarios")
# As colunas se separam como no lacre; as linhas, por LF no lugar do RS.
COPIA = r"COPY {} FROM STDIN (DELIMITER E'\x1f')"
COPIA_USUARIOS = COPIA.format("desafio2.usuarios")
PROXIMO = "SELECT min(id) FROM desafio2.usuarios WHERE id > %s"
ULTIMO = "SELECT coalesce(max(id), 0) FROM desafio2.usuarios"

Mandar = Callable[[bytes], None]


def blocos(pg: PG, consulta: str, depois_de: int, ultimo: int) -> Iterator[tuple[bytes, int]]:
    """Devolve os bytes das linhas com `depois_de` < id ≤ `ultimo`, e quantas são.

    `consulta`: BLOCO, na tabela que se quer.
    """
    while depois_de < ultimo:
        fim = min(depois_de + POR_BLOCO, ultimo)
        bloco, quantas = em_bytes(pg, consulta, depois_de, fim)
        if bloco:
            yield bloco, int(quantas)
            depois_de = fim
        else:  # um buraco nos ids, talvez enorme: salta-o
            (proximo,) = em_bytes(pg, PROXIMO, depois_de)
            depois_de = int(proximo or ultimo + 1) - 1


def conferidas(pg: PG, depois_de: int) -> Iterator[list[bytes]]:
    """Devolve as linhas com id maior que `depois_de`; levanta Quebra ao chegar a uma ruim."""
    ultimo = int(em_bytes(pg, ULTIMO)[0])
    for bloco, quantas in blocos(pg, DE_USUARIOS, depois_de, ultimo):
        yield separadas(bloco, quantas)


def separadas(bloco: bytes, quantas: int) -> list[bytes]:
    """Divide um bloco nas linhas dele, sem o RS; levanta Quebra se uma é ruim."""
    linhas = bloco.split(RS)[:-1]
    if not regras.linhas_em_ordem(bloco, quantas):
        for linha in linhas:
            _conferir(linha)
    return linhas


def intactas(pg: PG, depois_de: int, inseridas: int, seladas: Seladas) -> bool:
    """Diz se depois do id `depois_de` há as `inseridas`, com o lacre delas, e mais nenhuma.

    Só sela: nem olha o que cada linha diz, nem sabe qual delas mudou.
    """
    resumo = hashlib.sha256()
    achadas = primeira = 0
    ultima = int(em_bytes(pg, ULTIMO)[0])
    for bloco, quantas in blocos(pg, DE_USUARIOS, depois_de, ultima):
        resumo.update(bloco)
        achadas += quantas
        primeira = primeira or int(bloco.partition(US)[0])
    return (achadas, Seladas(primeira, ultima, resumo.hexdigest())) == (inseridas, seladas)


def _conferir(linha: bytes) -> None:
    id_, *textos = linha.split(US)
    if len(textos) != regras.DA_LINHA - 1:  # um separador num dos textos
        raise Quebra(f"usuarios, linha {id_.decode()}: {regras.DIZ['U5']}", "U5")
    if regra := regras.da_linha(int(id_), *textos):
        raise Quebra(f"usuarios, linha {id_.decode()}: {regras.DIZ[regra]}", regra)


def copiar(pg: PG, sql: str, selados: Iterable[tuple[bytes, int]]) -> tuple[int, str]:
    """Manda os blocos por COPY; devolve quantas linhas foram, e o lacre delas."""
    resumo = hashlib.sha256()
    quantas = 0
    with copiando(pg, sql) as mandar:
        for bloco, linhas in selados:
            resumo.update(bloco)
            mandar(bloco)
            quantas += linhas
    return quantas, resumo.hexdigest()


@contextmanager
def copiando(pg: PG, sql: str) -> Iterator[Mandar]:
    """Entrega a função que manda um bloco: US entre colunas, RS no fim de cada linha."""
    with pg.cursor() as cursor, cursor.copy(sql) as copia:
        yield lambda bloco: copia.write(bloco.replace(b"\\", b"\\\\").replace(b"\x1e", b"\n"))


def em_bytes(pg: PG, sql: str, *parametros: object) -> tuple[bytes, ...]:
    """Devolve a única linha que `sql` seleciona como o servidor a mandou, sem decodificar nada."""
    resultado = pg.execute(sql, parametros).pgresult
    if resultado is None or resultado.ntuples != 1:
        raise psycopg.ProgrammingError(f"uma linha se esperava de {sql}")
    return tuple(resultado.get_value(0, coluna) or b"" for coluna in range(resultado.nfields))


def todas_em_bytes(pg: PG, sql: str, *parametros: object) -> list[tuple[Any, ...]]:
    """Devolve todas as linhas, cada valor em bytes, vazio se é NULL."""
    resultado = pg.execute(sql, parametros).pgresult
    if resultado is None:
        return []
    return [
        tuple(resultado.get_value(linha, coluna) or b"" for coluna in range(resultado.nfields))
        for linha in range(resultado.ntuples)
    ]
