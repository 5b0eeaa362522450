"""Ponto de entrada de `python3 -m leitor`."""

import sys
from io import TextIOWrapper

from leitor.app import main

# O resultado é UTF-8 em qualquer localidade; um nome de arquivo que não é UTF-8
# aparece escapado em vez de derrubar a saída.
for saida in (sys.stdout, sys.stderr):
    if isinstance(saida, TextIOWrapper):
        saida.reconfigure(encoding="utf-8", errors="backslashreplace")

sys.exit(main())
