"""Ponto de entrada de `python3 -m leitor`."""

import sys

try:
    from leitor import console
    from leitor.app import main

    console.preparar()
    codigo = main()
    if codigo:  # o que ainda está no buffer é de quem falhou, e já o disse
        console.calar(sys.stdout)
except KeyboardInterrupt:  # enquanto os módulos se carregam, ou depois de tudo dito
    if sys.stderr is not None:
        sys.stderr.write("[LEITOR] interrompido; nada foi alterado.\n")
    codigo = 130
sys.exit(codigo)
