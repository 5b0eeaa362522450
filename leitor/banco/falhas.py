"""As falhas do SQLite, cada uma com uma linha e um código de saída."""

from __future__ import annotations

import os
import sqlite3

from leitor import erros
from leitor.erros import Erro, restaure, rode_o_escritor, sem_acesso

OCUPADO = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
MEMORIA = "Dê mais memória a este processo (no container, mem_limit) e leia de novo."


def traduzir(erro: Exception, nome: str, espera: float, alvo: str) -> Erro:
    """Traduz uma falha do SQLite ao ler (sqlite.org/rescode.html).

    O que não é trava, permissão, memória nem disco é culpa dos bytes do arquivo:
    num banco estragado, o SQLite falha de muitas formas, e todas são 65. `nome` é o
    que se diz do banco; `alvo`, o que os comandos a colar nomeiam.
    """
    estendido: int = getattr(erro, "sqlite_errorcode", 0)
    codigo = estendido & 0xFF
    if isinstance(erro, MemoryError) or codigo == sqlite3.SQLITE_NOMEM:
        return Erro(erros.ENTRADA_SAIDA, f"{nome}: faltou memória para ler. {MEMORIA}")
    if estendido == sqlite3.SQLITE_READONLY_ROLLBACK or codigo in OCUPADO:
        ocupado = f"um escritor segurou a trava por mais de {espera:g} s"
        remedio = "Leia de novo ou aumente BANCO_ESPERA."
        if codigo not in OCUPADO:
            ocupado = "há um diário quente, de uma gravação interrompida que só o escritor desfaz"
            remedio = rode_o_escritor(alvo)
        return Erro(erros.TENTE_DE_NOVO, f"{nome}: {ocupado}. {remedio}")
    if codigo == sqlite3.SQLITE_INTERRUPT:
        return Erro(erros.INTERROMPIDO, f"{nome}: leitura interrompida; nada foi alterado.")
    if codigo in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY}:
        return _nao_abriu(erro, nome)
    if codigo in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL}:
        return _de_leitura(nome, getattr(erro, "sqlite_errorname", str(erro)))
    texto = " ".join(str(erro).split())  # pode citar o esquema estragado, com as quebras de linha
    return Erro(
        erros.DADOS,
        f"{nome}: banco corrompido ({texto}; regra A5 do contrato). {restaure(alvo)}",
    )


def nao_leu(achados: str, nome: str) -> Erro | None:
    """Devolve a falha de quem não conseguiu ler uma página; None se todas foram lidas.

    O quick_check a conta como um achado a mais, com o código do SQLite.
    """
    ditos = [achado.partition(";")[0] for achado in achados.split("error code=")[1:]]
    codigos = {int(dito) & 0xFF for dito in ditos if dito.isdecimal()}
    if sqlite3.SQLITE_NOMEM in codigos:
        return Erro(erros.ENTRADA_SAIDA, f"{nome}: faltou memória para ler. {MEMORIA}")
    return _de_leitura(nome, "SQLITE_IOERR") if sqlite3.SQLITE_IOERR in codigos else None


def _de_leitura(nome: str, causa: str) -> Erro:
    return Erro(erros.ENTRADA_SAIDA, f"{nome}: erro de leitura ({causa}). Verifique o disco.")


def _nao_abriu(erro: Exception, caminho: str) -> Erro:
    diario = f"{caminho}-journal"
    if os.access(caminho, os.R_OK) and (not os.path.exists(diario) or os.access(diario, os.R_OK)):
        return Erro(
            erros.ENTRADA_SAIDA,
            f"{caminho}: não abriu ({erro}), e não é por falta de permissão. Verifique o disco.",
        )
    return sem_acesso(caminho, str(erro))
