#!/bin/sh
# O cache está são quando responde PONG a quem tem a senha. O redis-cli sai com 0 também diante de
# LOADING e de NOAUTH, e por isso se lê a resposta.
REDISCLI_AUTH=$(sed 's/^requirepass //' /run/segredo/acesso.conf)
export REDISCLI_AUTH
resposta=$(redis-cli -h 127.0.0.1 ping 2>&1)
echo "$resposta"
[ "$resposta" = PONG ]
