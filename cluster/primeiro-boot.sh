#!/bin/sh
# O que o Patroni roda uma vez, no nó que funda o cluster: o banco, os papéis e o esquema do contrato.
# Se falha, ele apaga o que fez e recomeça: um cluster pela metade não chega a existir. Ainda não há
# réplica: só aqui um COMMIT não espera por uma (o Patroni o pede em PGOPTIONS).
set -eu
cd "$(dirname "$0")"
export PGHOST=/var/run/postgresql PGUSER=postgres POSTGRES_DB=desafio2

comandos() { psql -v ON_ERROR_STOP=1 --no-psqlrc --no-align --tuples-only --quiet "$@"; }

# Antes que alguém possa entrar, e até que o Patroni diga quais, o servidor espera por uma réplica
# qualquer: nem a primeira confirmação é de uma máquina só. Nem o initdb pode começar assim: esperaria.
base=$(comandos -c "SELECT current_setting('data_directory') || '/postgresql.base.conf'" postgres)
echo "synchronous_standby_names = '*'" >>"$base"
comandos -c 'SELECT FROM pg_reload_conf()' postgres

createdb --template=template0 "$POSTGRES_DB"
sh papeis.sh
comandos --file=servico.sql --file=setup.sql "$POSTGRES_DB"
# O banco diz que aqui se espera por uma réplica, mesmo que um dia o servidor esqueça; e o escritor,
# que confere, precisa ver se há uma.
comandos "$POSTGRES_DB" <<'SQL'
ALTER DATABASE desafio2 SET desafio2.exige_replica = 'on';
GRANT pg_read_all_stats TO escritor;
SQL
