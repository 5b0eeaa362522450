"""O que se pediu: o ambiente, a linha de comando por cima dele, e o que disso não pode ser."""

from __future__ import annotations

import os
from collections.abc import Sequence

from leitor import arquivo, erros
from leitor.configuracao import Opcoes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from leitor.porta import Banco

NESTA_PASTA = "./desafio2.db"  # o banco de quem não diz qual, fora de um container


def ler(argumentos: Sequence[str], banco: Banco) -> Opcoes:
    """O que fazer. Levanta Erro 2 no uso errado.

    Sem argumentos — o caso de `docker compose run --rm leitor` — o argparse
    nem é carregado: sozinho ele custa um terço da partida do Python
    (bench/partida.py).
    """
    opcoes = Opcoes(os.environ, banco.PADRAO)
    ninguem_disse = opcoes.banco == erros.DO_VOLUME and not os.environ.get("BANCO")
    if argumentos:
        from leitor import argumentos as analise

        analise.aplicar(argumentos, opcoes, banco.AJUDA, banco.DESCRICAO)
    if ninguem_disse and opcoes.banco == erros.DO_VOLUME and not erros.em_container():
        opcoes.banco = NESTA_PASTA
        if opcoes.comando != "saude":
            opcoes.dizer(f"sem BANCO nem --banco, o banco é {NESTA_PASTA}")
    opcoes.banco = banco.endereco(opcoes.banco)
    arquivo.conferir_pasta(opcoes.banco, opcoes.estado, opcoes.ancoras, opcoes.arquivo)
    escritos = {"--ancoras": opcoes.ancoras, "--estado": opcoes.estado}
    if opcoes.comando == "copiar" and opcoes.arquivo != "-":
        escritos = {"DESTINO": opcoes.arquivo, **escritos}
    if any(escritos.values()) or arquivo.e_comum(1) or arquivo.e_comum(2):
        from leitor import destinos  # só quem escreve num arquivo paga por eles

        destinos.conferir_saida(opcoes.banco)
        destinos.conferir(opcoes.banco, escritos)
    return opcoes
