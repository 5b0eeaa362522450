"""Estragos que um disco, uma cópia ou a sorte fazem num arquivo de banco."""

from random import Random


def um_bit(acaso: Random, dados: bytearray, _pagina: int) -> None:
    """O acidente mais comum."""
    dados[acaso.randrange(len(dados))] ^= 1 << acaso.randrange(8)


def um_trecho(acaso: Random, dados: bytearray, _pagina: int) -> None:
    """Uns bytes sorteados por cima de outros."""
    inicio = acaso.randrange(len(dados) - 64)
    quantos = acaso.randint(1, 64)
    dados[inicio : inicio + quantos] = acaso.randbytes(quantos)


def pagina_zerada(acaso: Random, dados: bytearray, pagina: int) -> None:
    """Um bloco que o disco nunca chegou a gravar."""
    inicio = acaso.randrange(0, len(dados), pagina)
    dados[inicio : inicio + pagina] = bytes(pagina)


def paginas_trocadas(acaso: Random, dados: bytearray, pagina: int) -> None:
    """Duas páginas boas, uma no lugar da outra."""
    a, b = acaso.sample(range(0, len(dados), pagina), 2)
    dados[a : a + pagina], dados[b : b + pagina] = dados[b : b + pagina], dados[a : a + pagina]


def pagina_repetida(acaso: Random, dados: bytearray, pagina: int) -> None:
    """Uma gravação que foi parar no endereço errado."""
    de, para = acaso.sample(range(0, len(dados), pagina), 2)
    dados[para : para + pagina] = dados[de : de + pagina]


def cortado(acaso: Random, dados: bytearray, pagina: int) -> None:
    """Uma cópia interrompida, num byte qualquer ou no fim de uma página."""
    del dados[acaso.choice([acaso.randrange(len(dados)), acaso.randrange(0, len(dados), pagina)]) :]


DANOS = {um_bit: 12, um_trecho: 3, pagina_zerada: 2, paginas_trocadas: 2, pagina_repetida: 2,
         cortado: 1}  # fmt: skip


def danificar(dados: bytes, pagina: int, acaso: Random) -> bytes:
    """Devolve os bytes com um dano sorteado; `pagina` é o tamanho dela, em bytes."""
    [dano] = acaso.choices(list(DANOS), list(DANOS.values()))
    estragados = bytearray(dados)
    dano(acaso, estragados, pagina)
    return bytes(estragados)
