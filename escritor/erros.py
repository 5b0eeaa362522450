"""Falhas previstas: cada uma vira uma linha e um código de saída (sysexits.h)."""

import errno
import os
from collections.abc import Mapping, Sequence

USO = 2
DADOS = os.EX_DATAERR
SEM_ENTRADA = os.EX_NOINPUT
DEFEITO = os.EX_SOFTWARE
NAO_CRIA = os.EX_CANTCREAT
ENTRADA_SAIDA = os.EX_IOERR
TENTE_DE_NOVO = os.EX_TEMPFAIL
ESQUEMA = os.EX_CONFIG

SEM_MEMORIA = "faltou memória a este processo"
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
    errno.EMFILE: "este processo já tem todos os arquivos abertos que pode (ulimit -n)",
    errno.ENFILE: "o sistema já tem todos os arquivos abertos que pode (fs.file-max)",
    errno.ENOMEM: SEM_MEMORIA,
}


class Erro(Exception):
    """O que aconteceu, onde e o que fazer, numa linha; `codigo` é o de saída.

    `detalhes`: linhas a mostrar antes, como cada recusa de um arquivo. `mudar`: o remédio
    é este mesmo pedido, com estas opções; quem sabe qual foi põe o comando no fim da linha.
    """

    def __init__(
        self,
        codigo: int,
        mensagem: str,
        detalhes: Sequence[str] = (),
        mudar: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(mensagem)
        self.codigo = codigo
        self.detalhes = detalhes
        self.mudar = mudar


def motivo(erro: OSError | MemoryError) -> str:
    """Devolve em poucas palavras por que o sistema operacional recusou."""
    if isinstance(erro, MemoryError):
        return SEM_MEMORIA
    return MOTIVOS.get(erro.errno or 0, erro.strerror or str(erro))
