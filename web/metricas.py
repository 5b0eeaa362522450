"""O que o Prometheus vê: pedidos, cache, e até onde a corrente foi conferida."""

from __future__ import annotations

import os

from prometheus_client import REGISTRY as DESTE_PROCESSO
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

TIPO = "text/plain; version=0.0.4; charset=utf-8"
FAIXAS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

PEDIDOS = Counter("desafio2_pedidos", "Pedidos atendidos", ("metodo", "rota", "codigo"))
DURACAO = Histogram("desafio2_pedido_segundos", "Tempo até a resposta", ("rota",), buckets=FAIXAS)
CACHE = Counter("desafio2_cache_corpos", "De onde saiu cada corpo", ("de",))
ENVENENADOS = Counter("desafio2_cache_envenenados", "Valores do Redis que não conferem")
NAO_MUDOU = Counter("desafio2_nao_mudou", "Respostas 304")
GRAVADOS = Counter("desafio2_cadastros", "Cadastros confirmados")
JUNTOS = Histogram(
    "desafio2_cadastros_por_execucao",
    "Quantos cadastros dividiram o COMMIT de cada um",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
)
CONFERIDO = Gauge(
    "desafio2_conferido_ate", "Última execução conferida", multiprocess_mode="mostrecent"
)


def expor() -> bytes:
    """Devolve as métricas de todos os processos, ou só as deste, se ele é o único."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(DESTE_PROCESSO)
    juntas = CollectorRegistry()
    MultiProcessCollector(juntas)  # type: ignore[no-untyped-call]
    return generate_latest(juntas)
