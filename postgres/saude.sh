#!/bin/sh
# O banco está são quando o leitor, por TCP e com a senha dele, lê a marca que setup.sql escreve por
# último. Perguntar ao socket, ou ao pg_isready, seria cedo: o servidor que roda os scripts do primeiro
# boot já responde lá, e um boot que morreu no meio volta a responder em todo lugar.
export PGPASSFILE=/run/segredos/leitor.pgpass PGCONNECT_TIMEOUT=5
marca='desafio2: contrato 1'
pergunta="SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'desafio2'"

perguntar() { psql -XAtqw -d desafio2 -c "$pergunta" "$@" 2>&1; }

# Vai para o registro do exame (docker inspect) e, uma vez por boot, para o do banco.
acusar() {
  echo "$*"
  [ -e /tmp/acusado ] || echo "saúde: $*" >/proc/1/fd/2
  : >/tmp/acusado
  exit 1
}

resposta=$(perguntar -h 127.0.0.1 -U leitor) && [ "$resposta" = "$marca" ] && exit 0

# Sem TCP, ou ainda se recuperando: não há o que acusar, é esperar.
pg_isready -q -h 127.0.0.1 || { echo "$resposta" && exit 1; }

# Daqui em diante o servidor está no ar e não serve. O porquê, perguntado ao socket, que não pede senha.
superusuario() { perguntar -U "${POSTGRES_USER:-postgres}"; }

if [ "$(superusuario)" = "$marca" ]; then
  acusar "o leitor não entra ($resposta). Se o volume das senhas foi trocado, dê as novas ao banco:" \
    "docker compose exec db sh /docker-entrypoint-initdb.d/10-papeis.sh"
fi
pergunta="SELECT count(*) FROM pg_tables WHERE schemaname = 'desafio2'"
case $(superusuario) in
  0 | *'does not exist'*)
    acusar "o primeiro boot morreu antes do fim, e este banco nunca foi usado. Apague-o e suba de novo:" \
      "docker compose down --volumes"
    ;;
esac
acusar "há tabelas em desafio2 e falta a marca, '$marca'. Refaça o que falta, sem mexer nelas:" \
  "docker compose exec db psql -v ON_ERROR_STOP=1 -U postgres -f /docker-entrypoint-initdb.d/20-setup.sql desafio2"
