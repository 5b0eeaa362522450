#!/bin/sh
# As senhas do par e do serviço web (web/segredos.sh), e as que os nós usam entre si, num arquivo que o
# Patroni lê. O que já existe fica como está; nenhuma é dita.
set -eu
umask 077
sh /segredos-web.sh

senha() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

[ ! -s /segredos/patroni.yml ] || exit 0
cat >/segredos/.novo <<FIM
restapi:
  authentication: {username: patroni, password: $(senha)}
postgresql:
  authentication:
    superuser: {username: postgres, password: $(cat /segredos/postgres.senha)}
    replication: {username: replicador, password: $(senha)}
    rewind: {username: rebobinador, password: $(senha)}
FIM
chown postgres:postgres /segredos/.novo
mv /segredos/.novo /segredos/patroni.yml
