"""O par por HTTP: uma API, uma página e um cache sobre os mesmos dados selados."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apiflask import APIFlask

    from web.configuracao import Configuracao


def create_app(configuracao: Configuracao | None = None) -> APIFlask:
    """Monta a aplicação; sem configuração, a do ambiente. Levanta Recusada."""
    # Tardio: as métricas nascem ao importar, e o gunicorn lê web.processos antes da pasta delas.
    from web.app import montar

    return montar(configuracao)
