"""Ponto de entrada de `python3 -m postgres.leitor`: o leitor, sobre o PostgreSQL."""

import sys

try:
    from leitor import app, console
    from postgres.leitor import banco

    console.preparar()
    codigo = app.main(banco=banco)
    if codigo:  # o que ainda está no buffer é de quem falhou, e já o disse
        console.calar(sys.stdout)
except KeyboardInterrupt:  # enquanto os módulos se carregam, ou depois de tudo dito
    if sys.stderr is not None:
        sys.stderr.write("[LEITOR] interrompido; nada foi alterado.\n")
    codigo = 130
sys.exit(codigo)
