#!/bin/bash
# O que cada nó faz agora, perguntado ao Patroni dele:
#
#   saude no               serve no seu papel: manda, ou é uma réplica que conta no quórum
#   saude manda            manda: tem o comando, renovado no etcd
#   saude portao SEGUNDOS  espera que um mande e outro conte, e termina; 75 se não acontece
set -u
nos=(pg1.nos pg2.nos pg3.nos)

# Diz se o Patroni de $1 responde 200 a $2. Um nó congelado aceita a conexão e não responde.
responde() {
  # shellcheck disable=SC2016 # quem expande é o bash de dentro
  timeout 3 bash -c '
    exec 3<>"/dev/tcp/$0/8008" && printf "HEAD %s HTTP/1.0\r\n\r\n" "$1" >&3 &&
      read -r linha <&3 && [[ $linha == *" 200 "* ]]' "$1" "$2" 2>/dev/null
}

algum() {
  local no
  for no in "${nos[@]}"; do responde "$no" "$1" && return; done
  return 1
}

falta() {
  algum /primary || { echo "nenhum nó manda ainda" && return; }
  algum /quorum || echo "nenhuma réplica conta no quórum ainda"
}

portao() {
  local motivo dito=
  while motivo=$(falta) && [[ $motivo ]]; do
    ((SECONDS < $1)) || {
      echo "portão: em $1 s, $motivo. Veja quem está no ar (docker compose ps) e o que dizem" \
        "(docker compose exec pg1 patronictl list), e suba de novo." >&2
      exit 75
    }
    [[ $motivo == "$dito" ]] || echo "portão: $motivo; esperando"
    dito=$motivo
    sleep 0.5
  done
  echo "portão: um nó manda, e uma réplica guarda o que ele confirma"
}

case ${1:-} in
  no)
    responde 127.0.0.1 /read-only-quorum && exit
    echo "nem manda, nem conta no quórum: docker compose exec $HOSTNAME patronictl list"
    exit 1
    ;;
  manda) responde 127.0.0.1 /primary ;;
  portao) portao "$2" ;;
  *)
    echo "uso: saude no|manda|portao SEGUNDOS" >&2
    exit 2
    ;;
esac
