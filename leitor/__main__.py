"""Ponto de entrada de `python3 -m leitor`: o programa, sobre o SQLite."""

import sys

try:
    from leitor import app, banco, console

    console.preparar()
    codigo = app.main(banco=banco)
    if codigo:  # o que ainda está no buffer é de quem falhou, e já o disse
        console.calar(sys.stdout)
except KeyboardInterrupt:  # enquanto os módulos se carregam, ou depois de tudo dito
    if sys.stderr is not None:
        sys.stderr.write("[LEITOR] interrompido; nada foi alterado.\n")
    codigo = 130
sys.exit(codigo)
