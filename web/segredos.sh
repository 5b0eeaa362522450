#!/bin/sh
# As senhas do banco (postgres/segredos.sh) e, depois, a do cache: num arquivo que o Redis inclui na
# configuração dele, e noutro que só o serviço lê. Nunca em argumento, variável ou registro.
set -eu
umask 077
sh /segredos.sh

redis=999:999      # o uid da imagem do Redis
servico=10001:10001 # o uid da imagem do serviço
acesso=/segredo_cache/acesso.conf

if [ ! -s "$acesso" ]; then
  senha=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
  printf 'requirepass %s\n' "$senha" >/segredo_cache/.novo
  chown "$redis" /segredo_cache/.novo
  mv /segredo_cache/.novo "$acesso"
fi
# O volume novo nasce do root, com a pasta fechada a quem vai lê-la.
chmod 755 /segredo_cache /segredo_web

sed 's/^requirepass //' "$acesso" >/segredo_web/.novo
chown "$servico" /segredo_web/.novo
mv /segredo_web/.novo /segredo_web/cache.senha
