"""De quem é o arquivo: conferido antes de o SQLite o abrir, para que um alheio fique intacto."""

from __future__ import annotations

import os
import stat

from escritor import erros
from escritor.erros import Erro
from escritor.guarda import conferir_comuns

APLICACAO = 0x44534632  # "DSF2" em ASCII
VERSAO_DO_ESQUEMA = 1
MAGIA = b"SQLite format 3\x00"  # sqlite.org/fileformat2.html, seção 1.3
WAL = 2  # idem: bytes 18 e 19, os do formato de gravação e de leitura
FORMATOS = {1, WAL}  # 1 é o diário de rollback
ACOMPANHANTES = ("-journal", "-wal", "-shm")
MAGIA_DO_DIARIO = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"  # idem, seção 3


def ler_cabecalho(caminho: str) -> bytes:
    """Devolve os primeiros 100 bytes, o cabeçalho de um banco SQLite, ou os que houver."""
    with open(caminho, "rb") as arquivo:
        return arquivo.read(100)


def conferir_arquivo(caminho: str) -> None:
    """Recusa, sem abri-lo com o SQLite, um arquivo que não é um banco nosso.

    Abrir já poderia mudar bytes (um WAL alheio é recolhido ao fechar). Com um
    diário ao lado, o cabeçalho pode ser o de uma gravação interrompida: aí só
    outro application_id basta para recusar, o resto o SQLite recupera primeiro.
    """
    try:
        if not stat.S_ISREG(os.stat(caminho).st_mode):
            raise Erro(erros.DADOS, f"{caminho}: não é um arquivo comum. Use outro BANCO.")
        cabecalho = ler_cabecalho(caminho)
    except FileNotFoundError:
        return
    if not cabecalho:  # 0 byte: um banco que ainda não nasceu
        return
    diario = _tem_diario(caminho)
    if cabecalho[:16] != MAGIA:
        if diario:
            return
        raise Erro(
            erros.DADOS, f"{caminho}: não é um banco SQLite; ficou intacto. Use outro BANCO."
        )
    aplicacao = int.from_bytes(cabecalho[68:72], "big")
    if aplicacao == 0 and diario:
        return
    conferir_dono(caminho, aplicacao, int.from_bytes(cabecalho[60:64], "big"))
    if not diario:
        conferir_formato(caminho, cabecalho)


def conferir_formato(nome: str, cabecalho: bytes) -> None:
    """Levanta Erro 65 se os bytes 18 e 19 não são dos que o SQLite escreve: só leria o arquivo."""
    if not {*cabecalho[18:20]} <= FORMATOS:
        gravacao, leitura = cabecalho[18:20]
        raise Erro(
            erros.DADOS,
            f"{nome}: banco corrompido (formato de gravação {gravacao} e de leitura {leitura} no "
            "cabeçalho, e só há 1 e 2; regra A5 do contrato); nada foi gravado. "
            "Rode o leitor com `verificar` e restaure uma cópia.",
        )


def formato_conhecido(caminho: str) -> bool:
    """Diz se o SQLite saberia gravar no arquivo, ou se ele nem é um banco, ou não existe."""
    try:
        cabecalho = ler_cabecalho(caminho)
    except FileNotFoundError:
        return True
    return cabecalho[:16] != MAGIA or {*cabecalho[18:20]} <= FORMATOS


def conferir_acompanhantes(caminho: str) -> None:
    """Levanta Erro 65 se um dos diários do banco não é um arquivo comum: um FIFO não teria fim."""
    absoluto = os.path.realpath(caminho)  # ficam ao lado do arquivo, e não do link
    conferir_comuns(*(absoluto + sufixo for sufixo in ACOMPANHANTES))


def _tem_diario(caminho: str) -> bool:
    try:
        with open(f"{os.path.realpath(caminho)}-journal", "rb") as diario:
            return diario.read(8) == MAGIA_DO_DIARIO
    except FileNotFoundError:
        return False


def tem_diario_alheio(caminho: str) -> bool:
    """Diz se ao lado há um -journal que o SQLite não escreveu; os dele podem começar por zeros."""
    try:
        with open(f"{caminho}-journal", "rb") as diario:
            return diario.read(8) not in {b"", bytes(8), MAGIA_DO_DIARIO}
    except FileNotFoundError:
        return False


def conferir_dono(caminho: str, aplicacao: int, versao: int) -> None:
    """Recusa outro application_id (65) e outra versão do esquema (78)."""
    if aplicacao != APLICACAO:
        raise Erro(
            erros.DADOS,
            f"{caminho}: banco de outro programa (application_id 0x{aplicacao:08x}, o nosso é "
            f"0x{APLICACAO:08x}; regra A1 do contrato); ficou intacto. Use outro BANCO.",
        )
    if versao != VERSAO_DO_ESQUEMA:
        raise Erro(
            erros.ESQUEMA,
            f"{caminho}: esquema na versão {versao}, este escritor grava a "
            f"{VERSAO_DO_ESQUEMA} (regra A2 do contrato); ficou intacto. "
            "Use a imagem da versão que o criou.",
        )


def e_nosso(caminho: str) -> bool:
    """Diz se o arquivo tem o cabeçalho do SQLite e o nosso application_id, de qualquer versão."""
    cabecalho = ler_cabecalho(caminho)
    return cabecalho[:16] == MAGIA and int.from_bytes(cabecalho[68:72], "big") == APLICACAO
