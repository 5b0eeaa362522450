#!/usr/bin/env bash
# A entrada da substituta de postgres:17, escrita a partir do que a imagem oficial documenta, e só o
# que o projeto usa dela. Serve para testes; em uso, a imagem é a oficial.
set -Eeuo pipefail

falhar() {
  echo "substituta do postgres: $*" >&2
  exit 1
}

# Dá à variável $1 o que está no arquivo de $1_FILE; sem um nem outro, vale $2.
ler_variavel() {
  local nome=$1 arquivo=${1}_FILE
  if [[ ${!nome:-} && ${!arquivo:-} ]]; then falhar "$nome e $arquivo, só um dos dois."; fi
  if [[ ${!arquivo:-} ]]; then
    export "$nome=$(<"${!arquivo}")"
  else
    export "$nome=${!nome:-${2:-}}"
  fi
  unset "$arquivo"
}

preparar_pastas() {
  mkdir -p "$PGDATA" /var/run/postgresql
  # Falham onde a pasta é de outro dono: se ela não servir, o postgres o diz melhor.
  chmod 700 "$PGDATA" 2>/dev/null || true
  chmod 3775 /var/run/postgresql 2>/dev/null || true
  ((EUID == 0)) || return 0
  find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres {} +
}

criar_cluster() {
  # initdb lê os argumentos como uma linha de shell, como na oficial.
  eval 'initdb --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD") '"${POSTGRES_INITDB_ARGS:-}"
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
}

sql() { psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc --username "$POSTGRES_USER" "$@"; }

rodar_iniciais() {
  local arquivo
  for arquivo in /docker-entrypoint-initdb.d/*; do
    [[ -e $arquivo ]] || continue # a pasta está vazia
    echo "substituta do postgres: rodando $arquivo"
    case $arquivo in
      *.sh)
        if [[ -x $arquivo ]]; then
          "$arquivo"
        else
          # shellcheck source=/dev/null
          . "$arquivo"
        fi
        ;;
      *.sql) sql --dbname "$POSTGRES_DB" -f "$arquivo" ;;
      *.sql.gz) gunzip -c "$arquivo" | sql --dbname "$POSTGRES_DB" ;;
      *) echo "substituta do postgres: $arquivo fica de fora" ;;
    esac
  done
}

# O servidor dos scripts iniciais não escuta TCP: quem pergunta por TCP só acha o definitivo.
iniciar_banco() {
  shift # a palavra `postgres`
  PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -w start -o "$(printf '%q ' "$@" -c listen_addresses= -p 5432)"
  [[ $POSTGRES_DB == postgres ]] ||
    sql --dbname postgres --set banco="$POSTGRES_DB" <<<'CREATE DATABASE :"banco"'
  rodar_iniciais
  PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -m fast -w stop
}

if [[ ${1:-} == -* ]]; then set -- postgres "$@"; fi
if [[ ${1:-} == postgres ]]; then
  preparar_pastas
  if ((EUID == 0)); then exec gosu postgres "$0" "$@"; fi
  ler_variavel POSTGRES_PASSWORD
  ler_variavel POSTGRES_USER postgres
  ler_variavel POSTGRES_DB "$POSTGRES_USER"
  if [[ -s $PGDATA/PG_VERSION ]]; then
    echo "substituta do postgres: $PGDATA já tem um cluster; nada a preparar"
  else
    [[ $POSTGRES_PASSWORD || ${POSTGRES_HOST_AUTH_METHOD:-} == trust ]] ||
      falhar "o superusuário não tem senha: defina POSTGRES_PASSWORD ou POSTGRES_PASSWORD_FILE."
    criar_cluster
    iniciar_banco "$@"
    echo "substituta do postgres: cluster pronto"
  fi
  unset POSTGRES_PASSWORD
fi
exec "$@"
