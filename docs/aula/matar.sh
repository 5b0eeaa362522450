#!/bin/sh
# Mata o escritor no meio de uma importação:  docs/aula/matar.sh clientes.csv
set -eu

arquivo=${1:?diga o arquivo: docs/aula/matar.sh clientes.csv}
nome=${COMPOSE_PROJECT_NAME:-desafio2}-morto
espera=60 # segundos

# Entrega as linhas e segura a entrada aberta: o escritor as grava e espera mais, sem confirmar.
(exec 2>/dev/null && cat "$arquivo" && sleep "$espera") |
  docker compose run -T --name "$nome" escritor importar - >/dev/null 2>&1 &

# Olha o banco, de dentro do container, até haver nele mais de um milhão de bytes.
gravados=0
while [ "$gravados" -le 1000000 ]; do
  espera=$((espera - 1))
  if [ "$espera" -lt 0 ]; then
    echo "o escritor não gravou um milhão de bytes em um minuto; veja docker logs $nome" >&2
    exit 1
  fi
  sleep 1
  gravados=$(docker exec "$nome" sh -c 'wc -c </data/desafio2.db' 2>/dev/null) || gravados=0
done

# SIGKILL: sem aviso nem despedida. O container, parado, já não serve.
docker kill "$nome" >/dev/null
docker rm "$nome" >/dev/null
echo "morto no meio da gravação"
