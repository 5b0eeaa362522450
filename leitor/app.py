"""As duas perguntas do leitor — está inteiro? o que há? — e o programa que as faz."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence

from leitor import banco, configuracao, erros, saida
from leitor.configuracao import Opcoes
from leitor.erros import Erro
from leitor.saida import Linha
from leitor.verificacao import Leitura, Verificacao, verificar


def verificar_banco(leitura: Leitura) -> tuple[list[Verificacao], Erro | None]:
    """Verifica tudo, na ordem; devolve as verificações e a falha, ou None.

    Não cria nem altera nada. A conexão fica em `leitura`, na transação em que
    as verificações foram feitas.
    """
    return verificar(leitura)


def ler_dados(con: sqlite3.Connection, limite: int = -1) -> Iterator[list[Linha]]:
    """Devolve em lotes (id, nome, email, criado_em), na ordem do id; -1 é sem limite."""
    return banco.lotes(con, banco.USUARIOS, (limite,))


class Prova:
    """Que execução gravou por último, onde, quando e com que lacre; e quem lê agora."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self.usuarios = banco.valor(con, banco.QUANTOS)
        self.execucoes = banco.valor(con, banco.CONTA_EXECUCOES)
        self.ultima_gravacao = banco.registro(con, banco.ULTIMA_GRAVACAO)
        self.lido_por = os.uname().nodename
        self.lido_em = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _listar(leitura: Leitura, opcoes: Opcoes) -> int:
    verificacoes, falha = verificar_banco(leitura)
    if falha:
        raise falha
    prova = Prova(leitura.con)
    nomes = ", ".join(verificacao.nome for verificacao in verificacoes)
    _dizer(f"verificado: {nomes}; tudo em ordem", *_prova_em_texto(prova))
    for bloco in saida.FORMATOS[opcoes.formato](lambda: ler_dados(leitura.con, opcoes.limite)):
        sys.stdout.write(bloco)
    return os.EX_OK


def _verificar(leitura: Leitura, opcoes: Opcoes) -> int:
    verificacoes, falha = verificar_banco(leitura)
    prova = None if falha else Prova(leitura.con)
    if opcoes.formato == "json":
        relatorio: dict[str, object] = {
            "banco": opcoes.banco,
            "verificado": falha is None,
            "codigo": falha.codigo if falha else os.EX_OK,
            "verificacoes": [vars(verificacao) for verificacao in verificacoes],
            "prova": vars(prova) if prova else None,
        }
        sys.stdout.write(saida.relatorio_em_json(relatorio))
    else:
        sys.stdout.write(saida.relatorio_em_texto(verificacoes))
        if prova:
            sys.stdout.write("".join(f"{linha}\n" for linha in _prova_em_texto(prova)))
    sys.stdout.flush()
    if falha:
        raise falha
    return os.EX_OK


def _prova_em_texto(prova: Prova) -> list[str]:
    gravacao = prova.ultima_gravacao
    return [
        f"gravado: execução {gravacao['id']} ({gravacao['origem']}), container "
        f"{gravacao['container']}, {gravacao['concluida_em']}; inseridos: {gravacao['inseridos']}",
        f"lacre:   sha256 {gravacao['lacre']}",
        f"lido:    container {prova.lido_por}, {prova.lido_em}; "
        f"usuários: {prova.usuarios}, execuções: {prova.execucoes}",
    ]


def _dizer(*linhas: str) -> None:
    """Escreve tudo de uma vez: em várias escritas, o `docker logs` poderia misturar."""
    sys.stderr.write("".join(f"[LEITOR] {linha}\n" for linha in linhas))
    sys.stderr.flush()


def _executar(opcoes: Opcoes) -> int:
    acao = _verificar if opcoes.comando == "verificar" else _listar
    with Leitura(opcoes.banco, opcoes.espera) as leitura:
        try:
            codigo = acao(leitura, opcoes)
        except sqlite3.Error as erro:
            raise erros.do_sqlite(erro, leitura.caminho, leitura.espera) from erro
    sys.stdout.flush()
    return codigo


def main(argv: Sequence[str] | None = None) -> int:
    """Executa o leitor e devolve o código de saída (veja erros.py e o README)."""
    try:
        return _executar(configuracao.ler(sys.argv[1:] if argv is None else argv, os.environ))
    except Erro as erro:
        _dizer(f"ERRO: {erro}")
        return erro.codigo
    except BrokenPipeError:  # `| head`: quem lia já foi, e isso não é falha
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return os.EX_OK
    except OSError as erro:
        _dizer(f"ERRO: a saída padrão falhou ({erros.motivo(erro)}). Leia de novo.")
        return erros.ENTRADA_SAIDA
    except KeyboardInterrupt:
        _dizer("interrompido; nada foi alterado.")
        return erros.INTERROMPIDO
    except Exception:  # noqa: BLE001 - o único lugar: 70 é, por definição, o que não se previu
        import traceback

        traceback.print_exc()
        _dizer("ERRO: defeito nosso. Relate com as linhas acima.")
        return erros.DEFEITO
