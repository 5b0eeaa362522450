#!/bin/sh
# Inventa as senhas no primeiro `up`, cada uma num arquivo que só o dono dela lê, e nunca as diz.
#
#   /segredos           o que o banco lê: as três
#   /segredo_escritor   o que o escritor lê: a dele, e nenhuma outra
#   /segredo_leitor     o que o leitor lê: a dele
#
# O que já existe fica como está. Roda como root para dar cada arquivo a quem o lê.
set -eu
umask 077
programas=10001:10001 # o uid das imagens do escritor e do leitor

senha() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# Dá ao arquivo $1 o dono $2 e, já pronto, o nome $3: quem morre no meio não deixa um pela metade.
entregar() {
  chown "$2" "$1"
  mv "$1" "$3"
}

if [ ! -s /segredos/postgres.senha ]; then
  senha >/segredos/.novo
  entregar /segredos/.novo postgres:postgres /segredos/postgres.senha
fi

for papel in escritor leitor; do
  guardada=/segredos/$papel.pgpass
  copia=/segredo_$papel/pgpass
  if [ ! -s "$guardada" ]; then
    printf '*:*:desafio2:%s:%s\n' "$papel" "$(senha)" >/segredos/.novo
    entregar /segredos/.novo postgres:postgres "$guardada"
  fi
  if ! cmp -s "$guardada" "$copia"; then
    cat "$guardada" >"/segredo_$papel/.novo"
    entregar "/segredo_$papel/.novo" "$programas" "$copia"
  fi
done
