"""Os registros que os cômodos trocam entre si: dados, sem nada do banco de onde vieram."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False  # sem carregar typing nem dataclasses, que pesam na partida
if TYPE_CHECKING:
    from typing import dataclass_transform
else:

    def dataclass_transform() -> object:
        """Não faz nada: é para o mypy conferir cada `Registro(...)`."""
        return lambda classe: classe


@dataclass_transform()
class Registro:
    """Os campos são as anotações da classe, nessa ordem; `vars` os devolve por nome."""

    def __init__(self, *valores: object) -> None:
        vars(self).update(zip(type(self).__annotations__, valores, strict=True))


class Verificacao(Registro):
    """Uma verificação: nome, resultado (`ok`, `falha`, `não feita`) e o que se viu."""

    nome: str
    resultado: str
    detalhe: str


class Execucao(Registro):
    """Uma linha do livro: quem gravou, de onde, quando e quanto, e com que lacre."""

    id: int
    origem: str
    container: str
    versao: str
    iniciada_em: str
    concluida_em: str
    inseridos: int
    repetidos: int
    primeiro_id: int | None
    ultimo_id: int | None
    total: int
    lacre: str


class Prova(Registro):
    """Quanto há, que execução gravou por último, a âncora de agora; e quem lê, e quando."""

    usuarios: int
    execucoes: int
    ultima_gravacao: Execucao
    ancora: str
    lido_por: str
    lido_em: str


class Ponto(Registro):
    """Até onde se leu: a última execução, o total, as pontas da corrente de elos, o maior id."""

    execucao: int
    total: int
    elo: str
    primeiro_elo: str
    ultimo_id: int


def quem_le() -> tuple[str, str]:
    """Devolve o nome do container em que este processo roda e o momento, em UTC."""
    return os.uname().nodename, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
