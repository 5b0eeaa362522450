#!/bin/sh
# A entrada da substituta de redis:8, escrita a partir do que a imagem oficial documenta, e só o que o
# projeto usa dela. Serve para testes; em uso, a imagem é a oficial.
set -eu

# `docker run redis:8 --appendonly yes` e `docker run redis:8 /redis.conf` são para o redis-server.
case ${1:-} in
  -* | *.conf) set -- redis-server "$@" ;;
esac

if [ "${1:-}" = redis-server ]; then
  if [ "$(id -u)" -eq 0 ]; then
    find . ! -user redis -exec chown redis {} +
    exec gosu redis "$0" "$@"
  fi
  umask 077
  # A oficial nasce com o modo protegido desligado: sem isto, só o próprio contêiner se conectaria.
  case " $* " in
    *" --protected-mode "*) ;;
    *) set -- "$@" --protected-mode no ;;
  esac
fi
exec "$@"
