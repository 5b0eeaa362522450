#!/bin/sh
# Troca um byte do banco sem passar pelo SQLite: no disco, Maria Santos vira Maria Zantos.
set -eu

docker compose run --rm -T --no-deps --entrypoint python escritor - <<'FIM'
import sys

with open("/data/desafio2.db", "r+b") as banco:
    onde = banco.read().find(b"Maria Santos")
    if onde < 0:
        sys.exit("não achei Maria Santos; comece a aula pelo passo 1")
    banco.seek(onde + len("Maria "))
    banco.write(b"Z")
print("um byte trocado")
FIM
