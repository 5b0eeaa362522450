"""A cópia a restaurar: recebida ao lado do banco, até o disco, e conferida por inteiro."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from escritor import erros
from escritor.banco import conexao, conferencia, falhas, livro
from escritor.banco.cabecalho import ACOMPANHANTES, conferir_formato, e_nosso, ler_cabecalho
from escritor.entrada import fonte
from escritor.erros import Erro
from escritor.execucao import Execucao
from escritor.guarda import um_deles
from escritor.sinais import Sinais
from escritor.texto import numa_linha


def recusar_os_nossos(arquivo: str, caminho: str, apagados: list[str]) -> None:
    """Levanta Erro 2 se a cópia é o banco, ou um arquivo que a restauração apagaria."""
    entrada = fonte.DESCRITOR if arquivo == "-" else arquivo
    if um_deles(entrada, [caminho]):
        raise Erro(erros.USO, f"{arquivo}: é o próprio banco. Diga uma cópia.")
    if um_deles(entrada, apagados):
        raise Erro(
            erros.USO,
            f"{arquivo}: tem o nome de um arquivo que o escritor apaga; nada mudou. "
            "Dê-lhe outro nome, e rode de novo com ele.",
        )


def receber(arquivo: str, parcial: str) -> None:
    """Traz os bytes da cópia para o volume do banco, até o disco."""
    if arquivo != "-":
        for ao_lado in _diarios(arquivo):
            if os.path.exists(ao_lado) and os.path.getsize(ao_lado):
                raise Erro(
                    erros.DADOS,
                    f"{arquivo}: há {ao_lado} ao lado, e sem ele a cópia não é o banco inteiro; "
                    "nada mudou. Faça a cópia com `leitor copiar`.",
                )
    with fonte.binario(arquivo) as origem, open(parcial, "wb") as destino:
        destino.writelines(fonte.trechos(arquivo, origem))
        destino.flush()
        os.fsync(destino.fileno())


def _diarios(arquivo: str) -> list[str]:
    """Devolve onde o SQLite deixaria os diários da cópia: ao lado do arquivo, e não do link."""
    nomes = dict.fromkeys((arquivo, os.path.realpath(arquivo)))
    return [nome + sufixo for nome in nomes for sufixo in ACOMPANHANTES[:2]]


def conferir(parcial: str, nome: str, sinais: Sinais) -> tuple[str, Execucao]:
    """Confere a cópia e a deixa com diário de rollback; devolve o resumo e a última execução."""
    if not e_nosso(parcial):
        raise Erro(
            erros.DADOS,
            f"{nome}: não é um banco do escritor (regra A1 do contrato); o banco está como estava. "
            "Use uma cópia feita por `leitor copiar`.",
        )
    conferir_formato(nome, ler_cabecalho(parcial))
    try:
        with closing(conexao.ligar(parcial, "rw")) as con:
            conexao.vigiar(con, sinais)
            con.execute("PRAGMA journal_mode = DELETE")
            resumo = conferencia.conferir_copia(con, nome)
            return resumo, Execucao._make(con.execute(livro.ULTIMA_EXECUCAO).fetchone())
    except (sqlite3.DatabaseError, UnicodeError) as erro:
        sinais.conferir()
        if isinstance(erro, sqlite3.Error) and falhas.primario(erro) in falhas.DISCO:
            raise
        motivo = numa_linha(erro)
        raise Erro(
            erros.DADOS,
            f"{nome}: corrompida ({motivo}; regra A5 do contrato); o banco está como estava. "
            "Use outra cópia.",
        ) from erro
