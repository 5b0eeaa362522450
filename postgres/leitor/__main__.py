"""Ponto de entrada de `python3 -m postgres.leitor`: o leitor, sobre o PostgreSQL."""

import sys

try:
    from signal import SIG_IGN, SIGINT, SIGTERM, signal

    from leitor import app, console
    from postgres.leitor import banco

    console.preparar()
    codigo = app.main(banco=banco)
    for sinal in (SIGINT, SIGTERM):  # o que está feito o código de saída já diz
        signal(sinal, SIG_IGN)
    if codigo:  # o que ainda está no buffer é de quem falhou, e já o disse
        console.calar(sys.stdout)
except KeyboardInterrupt:  # enquanto os módulos se carregam
    if sys.stderr is not None:
        sys.stderr.write("[LEITOR] interrompido; nada foi alterado.\n")
    codigo = 130
sys.exit(codigo)
