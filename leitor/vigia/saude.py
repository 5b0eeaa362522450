"""O estado do vigia num arquivo: quem vigia o grava, o healthcheck o lê."""

from __future__ import annotations

import json
import os
import time

from leitor import erros
from leitor.arquivo import ler
from leitor.erros import Erro
from leitor.troca import trocando

ESPERA = 1.0  # segundos por outro vigia com o mesmo --estado
REINICIE = "Reinicie-o: docker compose restart vigia"
MAIOR_ESTADO = 1 << 16  # bytes


def gravar(arquivo: str, falha: Erro | None, vale: float) -> None:
    """Grava o que a última verificação deu, de uma vez: quem lê nunca vê metade.

    `vale`: segundos até que um estado assim seja o de um vigia travado. O relógio
    é o monotônico, que um acerto de hora não move. Levanta Erro se não dá para gravar.
    """
    agora = time.monotonic()
    estado = {
        "codigo": falha.codigo if falha else os.EX_OK,
        "mensagem": str(falha or ""),
        "de": agora,
        "ate": agora + vale,
    }
    ocupado = Erro(
        erros.TENTE_DE_NOVO, f"{arquivo}: outro vigia o está gravando. Dê a este outro --estado."
    )
    try:
        with trocando(arquivo, ocupado, ESPERA) as trocar:
            trocar(json.dumps(estado).encode())
    except OSError as erro:
        raise Erro(
            erros.ENTRADA_SAIDA,
            f"{arquivo}: não dá para gravar o estado ({erros.motivo(erro)}). Corrija --estado.",
        ) from erro


def conferir(arquivo: str) -> str:
    """Devolve o que dizer se a última verificação passou; senão, levanta a falha dela.

    Levanta Erro 66 se nada foi verificado ainda, 75 se o vigia travou.
    """
    try:
        codigo, mensagem, idade, vale = _entender(ler(arquivo, MAIOR_ESTADO))
    except FileNotFoundError:
        raise Erro(
            erros.SEM_ENTRADA, f"{arquivo}: o vigia ainda não verificou nada. Espere."
        ) from None
    except OSError as erro:
        raise Erro(
            erros.ENTRADA_SAIDA,
            f"{arquivo}: {erros.motivo(erro)}. Corrija o caminho, ou verifique o disco.",
        ) from erro
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as erro:
        raise Erro(
            erros.DADOS, f"{arquivo}: não é o estado de um vigia. Corrija o caminho."
        ) from erro
    if not 0 <= idade <= vale:  # negativa: a máquina reiniciou depois dele
        raise Erro(
            erros.TENTE_DE_NOVO,
            f"{arquivo}: o vigia não dá sinal há mais de {vale:.0f} s. {REINICIE}",
        )
    if codigo:
        raise Erro(codigo, mensagem)
    return f"a última verificação, há {idade:.0f} s, passou"


def _entender(dados: bytes) -> tuple[int, str, float, float]:
    """Devolve o código, a mensagem, a idade e a validade. Levanta o que `json` levanta."""
    estado = json.loads(dados)
    codigo, mensagem = estado["codigo"], estado["mensagem"]
    de, ate = float(estado["de"]), float(estado["ate"])
    if type(codigo) is not int or codigo not in {os.EX_OK, *erros.CODIGOS}:
        raise ValueError(codigo)
    if not isinstance(mensagem, str) or not abs(de) + abs(ate) < float("inf"):
        raise ValueError(mensagem)
    return codigo, mensagem, time.monotonic() - de, ate - de
