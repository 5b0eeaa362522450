"""O que o leitor escreve — cópia, âncoras, estado — e o que ele se recusa a tocar."""

from __future__ import annotations

import errno
import os
import shlex
import stat
import sys
from collections.abc import Mapping

from leitor import erros
from leitor.erros import Erro
from leitor.troca import NOVO

# O banco e o que o SQLite põe ao lado dele. O endereço de um servidor não é nome de arquivo nenhum.
DO_BANCO = ("", "-journal", "-wal", "-shm")
PARCIAL = ".desafio2-parcial"  # a cópia, antes de ganhar o nome
SUFIXOS = {"DESTINO": (*DO_BANCO, PARCIAL)}  # das outras opções: o nome, e o de antes dele
SEM_LUGAR = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
# linux/fs.h: FS_IOC_GETFLAGS, FS_IMMUTABLE_FL e FS_APPEND_FL (chattr +i e +a).
LE_ATRIBUTOS = 0x80086601
PRENDEM = 0x10 | 0x20


def conferir(banco: str, escritos: Mapping[str, str]) -> None:
    """Levanta Erro 2 se o que se vai escrever é o banco, o que há ao lado dele, ou um o outro.

    `escritos`: de cada opção, o arquivo; vazio se não foi pedido. A cópia vem antes.
    """
    ocupados = _com_sufixos(banco, DO_BANCO)
    de_quem = "o banco, ou um arquivo que o SQLite põe ao lado dele"
    for opcao, caminho in escritos.items():
        if not caminho:
            continue
        if opcao == "--estado" and not _comum_ou_nada(caminho):
            raise Erro(erros.USO, f"{caminho}: não é um arquivo comum. Corrija --estado.")
        nomes = _com_sufixos(caminho, SUFIXOS.get(opcao, ("", NOVO)))
        if nomes & ocupados or any(_o_mesmo(caminho, outro) for outro in ocupados):
            raise Erro(
                erros.USO, f"{caminho}: é {de_quem}; nada foi alterado. Use outro nome em {opcao}."
            )
        ocupados |= nomes
        de_quem = f"{de_quem}, ou o de {opcao}"


def _comum_ou_nada(caminho: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(caminho).st_mode)
    except OSError:  # quem diz por que não se chega a ele é quem o grava
        return True


def _com_sufixos(caminho: str, sufixos: tuple[str, ...]) -> set[str]:
    """Os nomes, pelo link e pelo arquivo a que ele leva."""
    nomes = {os.path.abspath(caminho), os.path.realpath(caminho)}
    return {nome + sufixo for nome in nomes for sufixo in sufixos}


def _o_mesmo(caminho: str, outro: str) -> bool:
    try:
        return os.path.samefile(caminho, outro)
    except OSError:  # o que não existe não é o mesmo que nada
        return False


def conferir_saida(banco: str) -> None:
    """Levanta Erro 2 se uma das saídas é o banco: o que se escrevesse ficaria dentro dele."""
    for descritor, nome in ((2, "a saída de erros"), (1, "a saída padrão")):
        try:
            saida = os.fstat(descritor)
            do_banco = any(
                os.path.samestat(saida, os.stat(outro))
                for outro in _com_sufixos(banco, DO_BANCO)
                if os.path.exists(outro)
            )
        except OSError:  # fechada; ou o banco sumiu agora mesmo, e quem o diz é a verificação
            continue
        if do_banco:
            if descritor == 2:
                sys.stderr = None
            estado = "" if saida.st_size else "; `>` já o esvaziou"
            raise Erro(
                erros.USO,
                f"{banco}: {nome} é o próprio banco{estado}. Redirecione para outro arquivo."
                f"{'' if saida.st_size else ' ' + erros.restaure(banco)}",
            )


def nao_escreve(caminho: str, erro: OSError, o_que: str, remedio: str) -> Erro:
    """Devolve a falha de quem não conseguiu `o_que` em `caminho`, com o que a conserta."""
    motivo = erros.motivo(erro)
    if erro.errno in SEM_LUGAR:
        return Erro(
            erros.ENTRADA_SAIDA,
            f"{caminho}: não deu para {o_que} ({motivo}); o que havia está como estava. "
            "Libere espaço, ou verifique o disco, e rode de novo.",
        )
    final = os.path.realpath(caminho)
    if presos := [p for p in (os.path.dirname(final), final) if preso(p)]:
        nomes = " ".join(map(shlex.quote, presos))
        onde = " no hospedeiro, na pasta do volume" if erros.em_container() else ""
        remedio = (
            f"Tem um atributo que nem o root contorna (veja-o com lsattr -d {nomes}); "
            f"tire-o{onde}: sudo chattr -i -a {nomes}"
        )
    return Erro(
        erros.SEM_ACESSO,
        f"{caminho}: o uid {os.getuid()} não consegue {o_que} ({motivo}). {remedio}",
    )


def preso(caminho: str) -> bool:
    """Diz se o arquivo ou a pasta tem o atributo imutável, ou o de só acrescentar."""
    import fcntl

    try:
        descritor = os.open(caminho, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        atributos = fcntl.ioctl(descritor, LE_ATRIBUTOS, bytes(8))
    except OSError:  # um sistema de arquivos que não os tem
        return False
    finally:
        os.close(descritor)
    return bool(int.from_bytes(atributos[:4], sys.byteorder) & PRENDEM)
