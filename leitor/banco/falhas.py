"""As falhas do SQLite, cada uma com uma linha e um código de saída."""

from __future__ import annotations

import os
import sqlite3

from leitor import erros
from leitor.erros import RODE_O_ESCRITOR, Erro, sem_acesso


def traduzir(erro: Exception, caminho: str, espera: float) -> Erro:
    """Traduz uma falha do SQLite ao ler (sqlite.org/rescode.html).

    O que não é trava, permissão nem disco é culpa dos bytes do arquivo: num
    banco estragado, o SQLite falha de muitas formas, e todas são 65.
    """
    estendido: int = getattr(erro, "sqlite_errorcode", 0)
    codigo = estendido & 0xFF
    if estendido == sqlite3.SQLITE_READONLY_ROLLBACK:
        return Erro(
            erros.TENTE_DE_NOVO,
            f"{caminho}: há um diário quente, de uma gravação interrompida que só o escritor "
            f"desfaz. {RODE_O_ESCRITOR}",
        )
    if codigo in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return Erro(
            erros.TENTE_DE_NOVO,
            f"{caminho}: um escritor segurou a trava por mais de {espera:g} s. "
            "Leia de novo ou aumente BANCO_ESPERA.",
        )
    if codigo == sqlite3.SQLITE_INTERRUPT:
        return Erro(erros.INTERROMPIDO, f"{caminho}: leitura interrompida; nada foi alterado.")
    if codigo in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY}:
        return _nao_abriu(erro, caminho)
    if codigo in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM}:
        nome = getattr(erro, "sqlite_errorname", str(erro))
        return Erro(erros.ENTRADA_SAIDA, f"{caminho}: erro de leitura ({nome}). Verifique o disco.")
    texto = " ".join(str(erro).split())  # pode citar o esquema estragado, com as quebras de linha
    return Erro(
        erros.DADOS,
        f"{caminho}: banco corrompido ({texto}; regra A5 do contrato). Restaure uma cópia.",
    )


def _nao_abriu(erro: Exception, caminho: str) -> Erro:
    diario = f"{caminho}-journal"
    if os.access(caminho, os.R_OK) and (not os.path.exists(diario) or os.access(diario, os.R_OK)):
        return Erro(
            erros.ENTRADA_SAIDA,
            f"{caminho}: não abriu ({erro}), e não é por falta de permissão. Verifique o disco.",
        )
    return sem_acesso(caminho, str(erro))
