"""A página do serviço: o que se vê num navegador, e o que se manda por ele."""

from web.paginas.rotas import bp, inicio

__all__ = ["bp", "inicio"]
