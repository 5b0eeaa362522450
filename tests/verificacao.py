"""O que se confere de cada verificação do leitor, passe ou falhe."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Programa
from tests.contrato import fotografar

ORDEM = [
    "arquivo",
    "cabeçalho",
    "abertura",
    "dono",
    "esquema",
    "integridade",
    "lacres",
    "elos",
    "totais",
    "índice",
]
PAGINA = 8192  # a que o escritor escolhe ao criar

Adulterar = Callable[[Path], None]


def conferir(leitor: Programa, banco: Path, codigo: int, verificacao: str | None) -> str:
    """Roda `verificar` e confere tudo o que ele deixa; devolve o detalhe da que falhou."""
    antes = fotografar(banco.parent)
    saida = leitor("verificar", "--formato", "json")
    assert fotografar(banco.parent) == antes, "o leitor não muda nem cria nada"
    assert saida.codigo == codigo, saida.stderr or saida.stdout
    relatorio = json.loads(saida.stdout)
    resumo = (relatorio["banco"], relatorio["verificado"], relatorio["codigo"])
    assert resumo == (str(banco), codigo == 0, codigo)
    feitas = {v["nome"]: v["resultado"] for v in relatorio["verificacoes"]}
    assert list(feitas) == ORDEM
    quantas = ORDEM.index(verificacao) if verificacao else len(ORDEM)
    esperadas = ["ok"] * quantas + ["falha"] * (codigo != 0)
    esperadas += ["não feita"] * (len(ORDEM) - len(esperadas))
    assert list(feitas.values()) == esperadas, saida.stderr
    if not verificacao:
        assert saida.stderr == ""
        return ""
    detalhe = str(relatorio["verificacoes"][quantas]["detalhe"])
    assert saida.stderr == f"[LEITOR] ERRO: {detalhe}\n"
    assert relatorio["prova"] is None
    listado = leitor()
    assert listado == (codigo, "", saida.stderr), "listar não mostra o que não verificou"
    return detalhe
