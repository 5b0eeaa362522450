"""O índice de e-mails diz o mesmo que a tabela?

O `integrity_check` responde procurando no índice, linha por linha, em ordem
aleatória: nove décimos do tempo dele. Aqui cada lado é lido uma vez, em
sequência, e o que se compara é um resumo dos dois conjuntos de pares. Que isto
acusa tudo o que ele acusa, quem prova é a campanha de danos
(tests/campanhas/); quanto poupa, bench/comparar.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Pares:
    """Pares (e-mail, id), contados e resumidos num número que não depende da ordem deles.

    O resumo é a soma do `hash` de cada par: o do Python tem uma chave nova a cada
    processo e 64 bits, e dois conjuntos diferentes só por azar somariam o mesmo.
    """

    def __init__(self) -> None:
        self.quantos = 0
        self.soma = 0

    def acrescentar(self, emails: Sequence[bytes], ids: Sequence[bytes]) -> None:
        """Junta os pares `emails[i]`, `ids[i]`."""
        self.quantos += len(ids)
        self.soma += sum(map(hash, zip(emails, ids, strict=False)))


def problema(do_motor: Iterable[bytes], da_tabela: Pares) -> tuple[str, str] | None:
    """Lê o índice inteiro; devolve em que ele difere da tabela, e a regra, ou None.

    Cada bloco são pares `email US id US`, na ordem do índice; nenhum é vazio.
    """
    do_indice = Pares()
    anterior = b""
    for bloco in do_motor:
        campos = bloco.split(b"\x1f")
        emails = campos[:-1:2]
        do_indice.acrescentar(emails, campos[1::2])
        # O índice compara os bytes com as maiúsculas ASCII dobradas; o `lower` de bytes dobra as
        # mesmas.
        ordem = [email.lower() for email in (anterior, *emails)]
        if ordem != sorted(ordem):
            return "A5", f"o índice de e-mails está fora de ordem depois de {anterior!r}"
        if len({*ordem}) < len(ordem):
            return "U4", f"usuarios: um email se repete, depois de {anterior!r}"
        anterior = emails[-1]
    if do_indice.quantos != da_tabela.quantos:
        quantas = f"tem {do_indice.quantos} linhas, a tabela, {da_tabela.quantos}"
        return "A5", f"o índice de e-mails {quantas}"
    if do_indice.soma != da_tabela.soma:
        return "A5", "os e-mails do índice não são os da tabela"
    return None
