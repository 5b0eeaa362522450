"""O SHA-256 mais barato para o tanto que há a resumir."""

from __future__ import annotations

TYPE_CHECKING = False  # sem carregar o módulo typing, que pesa na partida
if TYPE_CHECKING:
    from collections.abc import Callable
    from hashlib import _Hash

POUCAS = 10_000  # linhas; daqui em diante, o OpenSSL ganha mais do que custou carregá-lo


def sha256(linhas: int) -> Callable[[bytes], _Hash]:
    """Devolve o construtor: o do próprio Python, ou o do OpenSSL se as linhas são muitas.

    Carregar o OpenSSL custa um quarto da partida (bench/partida.py). O do Python
    só se deixa importar assim, sem o hashlib, a partir do 3.12.
    """
    if linhas <= POUCAS:
        try:
            from _sha2 import sha256 as do_python  # type: ignore[import-not-found]
        except ImportError:
            pass
        else:
            return do_python  # type: ignore[no-any-return]
    from hashlib import sha256 as do_openssl

    return do_openssl
