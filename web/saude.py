"""O exame do contêiner: sai com 0 se /pronto diz que o serviço pode atender, e com 1 se não."""

from __future__ import annotations

import sys
from urllib.error import HTTPError
from urllib.request import urlopen

PRONTO = "http://127.0.0.1:5000/pronto"
PRAZO = 8.0  # segundos


def main() -> int:
    """Pergunta a /pronto e mostra o que ele disse."""
    try:
        with urlopen(PRONTO, timeout=PRAZO) as resposta:
            print(resposta.read().decode())
            return 0
    except HTTPError as erro:
        print(erro.read().decode())
    except OSError as erro:
        print(erro)
    return 1


if __name__ == "__main__":
    sys.exit(main())
