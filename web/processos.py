"""O gunicorn na imagem: quantos processos e threads, e o que fazer ao nascer e ao morrer."""

import os
from pathlib import Path
from typing import Any

from web.configuracao import Recusada, do_ambiente

# O que é só deste arquivo começa por "_": o gunicorn lê dele todas as variáveis que conhece.
_QUEM_LE = 16  # threads além das de WEB_FILA cadastros à espera
_METRICAS = "PROMETHEUS_MULTIPROC_DIR"

wsgi_app = "web:create_app()"
bind = "0.0.0.0:5000"  # dentro do contêiner; quem a publica, em 127.0.0.1, é o Compose
worker_class = "web.trabalhador.Trabalhador"
worker_connections = 2000
backlog = 2048
keepalive = 5  # segundos
timeout = 60
graceful_timeout = 20  # segundos para terminar o que começou
worker_tmp_dir = "/dev/shm"  # noqa: S108 - a raiz é só de leitura, e o pulso não precisa de disco
limit_request_line = 4094
limit_request_fields = 50
limit_request_field_size = 4094
accesslog = None  # a linha de cada pedido é nossa, sem a consulta
errorlog = "-"
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Confere o ambiente antes de criar processos, e esvazia as métricas de quem já não existe."""
    try:
        configuracao = do_ambiente(os.environ)
    except Recusada as erro:
        raise RuntimeError(erro.message) from None  # o gunicorn diz a linha, e sai com 1
    server.num_workers = configuracao.processos
    server.cfg.set("threads", configuracao.fila + _QUEM_LE)
    if pasta := os.environ.get(_METRICAS):
        Path(pasta).mkdir(parents=True, exist_ok=True)
        for arquivo in Path(pasta).glob("*.db"):
            arquivo.unlink()


def post_worker_init(worker: Any) -> None:
    """Conecta e começa a verificar antes do primeiro pedido."""
    _servico(worker).iniciar()


def worker_exit(_: Any, worker: Any) -> None:
    """Grava o que está à espera e fecha as conexões."""
    _servico(worker).parar()


def child_exit(_: Any, worker: Any) -> None:
    """Tira das métricas o processo que saiu."""
    if os.environ.get(_METRICAS):
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def _servico(worker: Any) -> Any:
    from web.servico import NOME

    return worker.wsgi.extensions[NOME]
