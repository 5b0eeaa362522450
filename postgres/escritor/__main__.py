"""Ponto de entrada de `python3 -m postgres.escritor`."""

import sys

try:
    import signal

    # Enquanto os módulos se carregam, um Ctrl-C só mata: ainda não há o que desfazer.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
except KeyboardInterrupt:  # nem este se tinha carregado
    sys.exit(130)

from escritor import console
from escritor.app import main
from postgres.escritor import banco

console.preparar()
# Quem atende os sinais é main. Depois dela, o que está feito o código de saída já diz.
for sinal in (signal.SIGTERM, signal.SIGINT):
    signal.signal(sinal, signal.SIG_IGN)
codigo = main(banco=banco)
if codigo:  # o que ainda está no buffer é de quem falhou, e já o disse
    console.calar(sys.stdout)
sys.exit(codigo)
