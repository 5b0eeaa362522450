#!/bin/sh
# Cria o escritor e o leitor com as senhas de /run/segredos, ou lhes dá de novo essas senhas. A imagem
# o roda no primeiro boot, antes de setup.sql; à mão, serve a quem perdeu o volume das senhas:
#
#   docker compose exec db sh /docker-entrypoint-initdb.d/10-papeis.sh
#
# As senhas entram no psql por um arquivo: nem argumentos, nem ambiente, nem o registro do servidor,
# que guardaria o comando se ele falhasse.
set -eu

psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet \
  --username "${POSTGRES_USER:-postgres}" --dbname "$POSTGRES_DB" <<'SQL'
SET log_statement = none;
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
\set escritor `sed 's/.*://' /run/segredos/escritor.pgpass`
\set leitor `sed 's/.*://' /run/segredos/leitor.pgpass`
SELECT format('CREATE ROLE %I LOGIN', papel)
FROM unnest(ARRAY['escritor', 'leitor']) AS papel
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = papel) \gexec
BEGIN;
ALTER ROLE escritor PASSWORD :'escritor';
ALTER ROLE leitor PASSWORD :'leitor';
COMMIT;
SQL
