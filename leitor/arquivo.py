"""Um arquivo pequeno trocado de uma vez: o estado do vigia, as âncoras."""

from __future__ import annotations

import os
import stat
from contextlib import suppress


def trocar(caminho: str, dados: bytes) -> None:
    """Troca o conteúdo, até o disco: quem lê, e uma queda, só veem o velho ou o novo.

    Levanta OSError; aí o que havia está como estava, e nada sobra ao lado.
    """
    destino = os.path.realpath(caminho)  # um link continua a ser um link
    novo = f"{destino}.novo"
    try:
        with open(novo, "wb") as aberto:
            with suppress(FileNotFoundError):
                os.fchmod(aberto.fileno(), stat.S_IMODE(os.stat(destino).st_mode))
            aberto.write(dados)
            aberto.flush()
            os.fsync(aberto.fileno())
        os.replace(novo, destino)
    except BaseException:
        with suppress(OSError):
            os.unlink(novo)
        raise
    pasta = os.open(os.path.dirname(destino), os.O_RDONLY)
    try:
        os.fsync(pasta)
    finally:
        os.close(pasta)
