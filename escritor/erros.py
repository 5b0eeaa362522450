"""Falhas previstas: cada uma vira uma linha e um código de saída (sysexits.h)."""

import errno
import fcntl
import os
import shlex
import sqlite3
import sys
from collections.abc import Sequence

USO = 2
DADOS = os.EX_DATAERR
SEM_ENTRADA = os.EX_NOINPUT
DEFEITO = os.EX_SOFTWARE
NAO_CRIA = os.EX_CANTCREAT
ENTRADA_SAIDA = os.EX_IOERR
TENTE_DE_NOVO = os.EX_TEMPFAIL
ESQUEMA = os.EX_CONFIG

# linux/fs.h: FS_IOC_GETFLAGS, FS_IMMUTABLE_FL e FS_APPEND_FL (chattr +i e +a).
LE_ATRIBUTOS = 0x80086601
PRENDEM = 0x10 | 0x20

# Códigos primários do SQLite (sqlite.org/rescode.html); os estendidos trazem
# o primário no byte baixo.
OCUPADO = {sqlite3.SQLITE_BUSY}  # LOCKED é um conflito da conexão consigo mesma: um defeito
SEM_ACESSO = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
# SQLITE_ERROR: num SQL que é sempre o mesmo, só um esquema estragado o causa.
ESTRAGADO = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
# As falhas de disco e permissão que um volume costuma dar, na língua do resto.
MOTIVOS = {
    errno.EACCES: "permissão negada",
    errno.EPERM: "operação não permitida",
    errno.EROFS: "montagem só de leitura",
    errno.ENOENT: "não existe",
    errno.EEXIST: "já existe, e não é uma pasta",
    errno.ENOTDIR: "uma parte do caminho não é uma pasta",
    errno.EISDIR: "é uma pasta",
    errno.ENOSPC: "disco cheio",
    errno.EDQUOT: "cota de disco esgotada",
    errno.EFBIG: "o arquivo passaria do tamanho permitido",
    errno.EBADF: "fechada",
    errno.EAGAIN: "está cheia, e não espera (O_NONBLOCK)",
    errno.ENAMETOOLONG: "nome comprido demais",
    errno.EPIPE: "quem lia já saiu",
    errno.EIO: "erro de entrada e saída",
    errno.ELOOP: "links simbólicos em círculo",
}

# O segundo, quando o SQLite cita um esquema estragado numa mensagem que não é UTF-8.
Falha = sqlite3.Error | UnicodeDecodeError
# Sem código do SQLite: o módulo Python não decodificou um texto ou uma mensagem.
ILEGIVEL = (sqlite3.OperationalError, UnicodeDecodeError)
DISCO = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL}
CONTROLES = {*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029}  # e as quebras de linha
# Eles, o que muda a direção de uma linha e o que não se vê não se mostram como são.
ESCAPES = {
    codigo: repr(chr(codigo))[1:-1]
    for codigo in (*CONTROLES, 0x200B, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
# Um COMMIT ainda pode falhar assim depois de apagar o diário, que é o que o confirma.
TALVEZ_GRAVADO = {
    sqlite3.SQLITE_IOERR_DIR_FSYNC,
    sqlite3.SQLITE_IOERR_RDLOCK,
    sqlite3.SQLITE_IOERR_UNLOCK,
}


class Erro(Exception):
    """O que aconteceu, onde e o que fazer, numa linha; `codigo` é o de saída.

    `detalhes`: linhas a mostrar antes, como cada recusa de um arquivo.
    """

    def __init__(self, codigo: int, mensagem: str, detalhes: Sequence[str] = ()) -> None:
        super().__init__(mensagem)
        self.codigo = codigo
        self.detalhes = detalhes


def primario(erro: Falha) -> int:
    """Devolve o código primário do SQLite; 0 quando o erro é do módulo Python."""
    codigo: int = getattr(erro, "sqlite_errorcode", 0)
    return codigo & 0xFF


def estragado(erro: Falha) -> bool:
    """Diz se a culpa é dos bytes do banco."""
    codigo = primario(erro)
    return codigo in ESTRAGADO or (codigo == 0 and isinstance(erro, ILEGIVEL))


def talvez_gravado(erro: BaseException) -> bool:
    """Diz se a falha veio depois de o diário sumir, que é o que confirma uma transação."""
    return getattr(erro, "sqlite_errorcode", 0) in TALVEZ_GRAVADO


def do_sqlite(erro: Falha, caminho: str, espera: float) -> Erro:
    """Traduz uma falha do SQLite; uma que não é prevista volta a ser lançada."""
    codigo = primario(erro)
    if codigo in OCUPADO:
        return Erro(
            TENTE_DE_NOVO,
            f"{caminho}: outro processo segurou a trava por mais de {espera:g} s; "
            "nada foi gravado. Rode de novo ou aumente BANCO_ESPERA.",
        )
    if getattr(erro, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_DBMOVED:
        return trocado(caminho)
    if codigo in SEM_ACESSO:
        return sem_acesso(caminho, getattr(erro, "sqlite_errorname", str(erro)))
    if codigo in DISCO:
        if talvez_gravado(erro):
            return Erro(
                ENTRADA_SAIDA,
                f"{caminho}: {_motivo_do_disco(erro)} ao confirmar; a execução pode ter sido "
                "gravada. Verifique o disco e rode de novo: o que já está gravado não se repete.",
            )
        return Erro(
            ENTRADA_SAIDA,
            f"{caminho}: {_motivo_do_disco(erro)}; nada foi gravado e os dados antigos "
            "estão inteiros. Libere espaço ou verifique o disco e rode de novo.",
        )
    if estragado(erro):
        return Erro(
            DADOS,
            f"{caminho}: banco corrompido ({numa_linha(erro)}; regra A5 do contrato); "
            "nada foi gravado. "
            "Rode o leitor com `verificar` e restaure uma cópia.",
        )
    raise erro


def trocado(caminho: str) -> Erro:
    """Devolve a falha de quem abriu um banco que uma restauração tirou do lugar."""
    return Erro(
        TENTE_DE_NOVO,
        f"{caminho}: o banco foi restaurado enquanto este processo esperava; nada foi gravado. "
        "Rode de novo.",
    )


def escapar(texto: str) -> str:
    r"""Devolve o texto como se mostra numa linha só: uma quebra num nome de arquivo é `\n`."""
    return texto.translate(ESCAPES)


def afora_a_adocao(texto: str, adotou: bool) -> str:
    """Corrige o que se diz de uma falha depois de uma adoção que se confirmou: ela ficou."""
    if not adotou:
        return texto
    corrigido = texto.replace("nada foi gravado", "além da adoção nada foi gravado")
    return corrigido.replace("Nada foi gravado", "Além da adoção nada foi gravado")


def numa_linha(erro: Exception) -> str:
    """Devolve a mensagem sem as quebras de linha, que vêm do esquema quando ela o cita."""
    return " ".join(str(erro).split())


def _motivo_do_disco(erro: Falha) -> str:
    if primario(erro) == sqlite3.SQLITE_FULL:
        return "disco cheio"
    return f"erro de entrada e saída ({getattr(erro, 'sqlite_errorname', erro)})"


def motivo(erro: OSError) -> str:
    """Devolve em poucas palavras por que o sistema operacional recusou."""
    return MOTIVOS.get(erro.errno or 0, erro.strerror or str(erro))


def do_sistema(erro: OSError, caminho: str) -> Erro:
    """Traduz uma falha do sistema operacional ao abrir ou criar o banco em `caminho`."""
    if erro.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return sem_acesso(caminho, motivo(erro))
    if erro.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}:
        return Erro(ENTRADA_SAIDA, f"{caminho}: {motivo(erro)}. Verifique o disco.")
    return Erro(NAO_CRIA, f"{caminho}: não dá para criar ({motivo(erro)}). Corrija BANCO.")


def sem_acesso(caminho: str, causa: str) -> Erro:
    """Explica por que não dá para gravar em `caminho` e o comando que conserta."""
    pasta = os.path.dirname(os.path.abspath(caminho))
    while not os.path.exists(pasta):
        pasta = os.path.dirname(pasta)
    if os.statvfs(pasta).f_flag & os.ST_RDONLY:
        remedio = "A montagem é só de leitura: monte o volume com escrita no escritor."
    elif presos := [p for p in (pasta, caminho, f"{caminho}-journal") if _preso(p)]:
        nomes = " ".join(map(shlex.quote, presos))
        onde = ", no hospedeiro, na pasta do volume" if os.path.exists("/.dockerenv") else ""
        remedio = (
            f"Tem um atributo que nem o root contorna (veja-o com lsattr -d {nomes}): "
            f"sudo chattr -i -a {nomes}{onde}"
        )
    elif os.access(pasta, os.W_OK | os.X_OK) and _da_para_gravar(caminho):
        return Erro(
            ENTRADA_SAIDA,
            f"{caminho}: não abriu ({causa}), e não é por falta de permissão; nada foi gravado. "
            "Verifique o disco e o espaço (df -h, df -i) e rode de novo.",
        )
    else:
        remedio = f"Dê a pasta ao uid deste processo: {_comando_chown(pasta)}"
    return Erro(
        NAO_CRIA,
        f"{caminho}: o uid {os.getuid()} não consegue gravar em {pasta} ({causa}). {remedio}",
    )


def _preso(caminho: str) -> bool:
    """Diz se o arquivo ou a pasta tem o atributo imutável, ou o de só acrescentar."""
    try:
        descritor = os.open(caminho, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        atributos = fcntl.ioctl(descritor, LE_ATRIBUTOS, bytes(8))
    except OSError:  # um sistema de arquivos que não os tem
        return False
    finally:
        os.close(descritor)
    return bool(int.from_bytes(atributos[:4], sys.byteorder) & PRENDEM)


def _da_para_gravar(caminho: str) -> bool:
    arquivos = (caminho, f"{caminho}-journal")
    return all(os.access(a, os.R_OK | os.W_OK) for a in arquivos if os.path.exists(a))


def _comando_chown(pasta: str) -> str:
    """Devolve o comando exato; no container, o que roda de fora dele.

    Sem CHOWN nem DAC_OVERRIDE (o Compose tira todas as capacidades), nem o
    root conserta um volume alheio: fato medido, não teoria.
    """
    dono = f"-R {os.getuid()}:{os.getgid()} {shlex.quote(pasta)}"
    if not os.path.exists("/.dockerenv"):
        return f"sudo chown {dono}"
    return (
        "docker compose run --rm --user 0 --cap-add CHOWN --cap-add DAC_OVERRIDE "
        f"--entrypoint chown escritor {dono}"
    )
