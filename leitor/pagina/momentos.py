"""Os momentos da página: escritos de um só modo, num fuso que se diz uma vez."""

from __future__ import annotations

import time
from calendar import timegm

from leitor.pagina.pecas import dado

UNIDADES = (
    (86_400, "dia", "dias"),
    (3_600, "hora", "horas"),
    (60, "minuto", "minutos"),
    (1, "segundo", "segundos"),
)


class Relogio:
    """Escreve os momentos com um deslocamento, em segundos, que vale para a página inteira.

    Um só, e não o de cada data: dito uma vez, não há hora que se repita no fim do verão.
    """

    def __init__(self, deslocamento: int = 0) -> None:
        self.deslocamento = deslocamento // 60 * 60

    @property
    def fuso(self) -> str:
        """O nome do fuso: `UTC`, `UTC−3`, `UTC+5:30`."""
        if not self.deslocamento:
            return "UTC"
        horas, minutos = divmod(abs(self.deslocamento) // 60, 60)
        return f"UTC{'−' if self.deslocamento < 0 else '+'}{horas}" + (
            f":{minutos:02}" if minutos else ""
        )

    def momento(self, quando: str) -> str:
        """Devolve o momento, escapado, com a forma exata para as máquinas."""
        desde_1970 = segundos(quando)
        if desde_1970 is None:  # o que não é um momento fica como está
            return dado(quando)
        ano, mes, dia, hora, minuto, segundo, *_ = time.gmtime(desde_1970 + self.deslocamento)
        escrito = f"{dia:02}/{mes:02}/{ano:04} {hora:02}:{minuto:02}:{segundo:02}"
        return f'<time datetime="{quando}">{escrito}</time>'


def relogio(tz: str) -> Relogio:
    """Devolve o relógio de quem tem esta TZ, que o processo já segue; vazia, em UTC."""
    return Relogio(time.localtime().tm_gmtoff if tz else 0)


def segundos(quando: str) -> int | None:
    """Devolve o momento em segundos desde 1970; None se não está escrito como no contrato."""
    try:
        return timegm(time.strptime(quando, "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        return None
