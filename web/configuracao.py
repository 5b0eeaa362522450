"""O que o ambiente diz ao serviço, lido uma vez e conferido antes de qualquer conexão."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from click import ClickException

from escritor import versao


class Recusada(ClickException):
    """Uma variável que não serve; o `flask run` diz a linha, sem traço."""


@dataclass(frozen=True)
class Configuracao:
    """Onde estão os dados e o cache, e os limites do serviço."""

    banco: str  # um arquivo SQLite, ou postgresql://…
    banco_leitura: str | None = None  # o mesmo banco, num papel que só lê
    cache: str | None = None  # redis://…; sem ele, só o cache do processo
    cache_senha: str | None = None  # o arquivo com a senha, nunca a senha
    cache_dura: int = 300  # segundos que um corpo fica no cache
    verifica_a_cada: float = 15.0  # segundos
    espera: float = 30.0  # segundos pela trava do banco, e pela primeira verificação
    fila: int = 64  # cadastros à espera do COMMIT, por processo; acima disso, 429
    processos: int = 2
    versao: str = "desconhecida"


def do_ambiente(ambiente: Mapping[str, str]) -> Configuracao:
    """Monta a configuração das variáveis. Levanta Recusada."""
    if not (banco := ambiente.get("BANCO", "").strip()):
        raise Recusada(
            "BANCO: falta dizer onde estão os dados. Diga um arquivo ou um servidor: "
            "BANCO=/tmp/desafio2.db flask --app web run"
        )
    return Configuracao(
        banco=banco,
        banco_leitura=ambiente.get("BANCO_LEITURA") or None,
        cache=ambiente.get("CACHE") or None,
        cache_senha=ambiente.get("CACHE_SENHA") or None,
        cache_dura=int(_numero(ambiente, "CACHE_DURA", Configuracao.cache_dura, 1)),
        verifica_a_cada=_numero(ambiente, "VERIFICA_A_CADA", Configuracao.verifica_a_cada, 1),
        espera=_numero(ambiente, "BANCO_ESPERA", Configuracao.espera, 0),
        fila=int(_numero(ambiente, "WEB_FILA", Configuracao.fila, 1)),
        processos=int(_numero(ambiente, "WEB_PROCESSOS", Configuracao.processos, 1)),
        versao=versao.ler(),
    )


def ler_senha(arquivo: str | None) -> str | None:
    """Lê a senha do cache do arquivo; None se não há arquivo dito. Levanta OSError."""
    return Path(arquivo).read_text(encoding="utf-8").strip() if arquivo else None


def _numero(ambiente: Mapping[str, str], nome: str, padrao: float, minimo: int) -> float:
    texto = ambiente.get(nome, "").strip()
    if not texto:
        return padrao
    try:
        valor = float(texto)
    except ValueError:
        valor = -1.0
    if not minimo <= valor <= 86_400:
        raise Recusada(f"{nome}: {texto!r} não serve; diga um número de {minimo} a 86400")
    return valor
