"""Ponto de entrada de `python3 -m escritor`."""

import signal
import sys

# Enquanto os módulos se carregam, um Ctrl-C só mata: ainda não há o que desfazer.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from escritor import console  # noqa: E402 - só depois da linha acima
from escritor.app import main  # noqa: E402 - idem

console.preparar()
# Quem atende os sinais é main. Depois dela, o que está feito o código de saída já diz.
for sinal in (signal.SIGTERM, signal.SIGINT):
    signal.signal(sinal, signal.SIG_IGN)
codigo = main()
if codigo:  # o que ainda está no buffer é de quem falhou, e já o disse
    console.calar(sys.stdout)
sys.exit(codigo)
