"""As duas perguntas do leitor — está inteiro? o que há? — e o programa que as faz."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator, Sequence

from leitor import configuracao, console, erros, formatos
from leitor.banco import consultas, montagem
from leitor.banco.leitura import Leitura, quem_le
from leitor.banco.verificacao import ORDEM, Ordem, Verificacao, verificar
from leitor.configuracao import Opcoes
from leitor.erros import Erro
from leitor.texto import milhar


def verificar_banco(
    leitura: Leitura, ordem: Ordem = ORDEM
) -> tuple[list[Verificacao], Erro | None]:
    """Verifica tudo, na ordem; devolve as verificações e a falha, ou None.

    Não cria nem altera nada. A conexão fica em `leitura`, na transação em que
    as verificações foram feitas.
    """
    return verificar(leitura, ordem)


def ler_dados(
    con: sqlite3.Connection, formato: str = "tabela", limite: int = -1
) -> Iterator[bytes]:
    """Devolve os usuários na ordem do id, no formato pedido, em blocos de UTF-8.

    `limite` -1 é sem limite. A memória não cresce com o banco.
    """
    return formatos.FORMATOS[formato](con, limite)


class Prova:
    """Que execução gravou por último, onde, quando e com que lacre; a âncora; e quem lê agora."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self.usuarios = consultas.valor(con, consultas.QUANTOS)
        self.execucoes = consultas.valor(con, consultas.CONTA_EXECUCOES)
        self.ultima_gravacao = consultas.registro(con, consultas.ULTIMA_GRAVACAO)
        self.ancora = consultas.valor(con, consultas.ANCORA)
        self.lido_por, self.lido_em = quem_le()


def _ordem(opcoes: Opcoes) -> Ordem:
    """As verificações a fazer; sem âncoras, nem o módulo delas se carrega."""
    if not (opcoes.ancora or opcoes.ancoras):
        return ORDEM
    from leitor import ancoras

    return ancoras.na_ordem(opcoes)


def _listar(leitura: Leitura, opcoes: Opcoes) -> int:
    verificacoes, falha = verificar_banco(leitura, _ordem(opcoes))
    if falha and opcoes.formato != "html":
        raise falha
    resultado = falha or Prova(leitura.con)
    if isinstance(resultado, Prova):
        nomes = ", ".join(verificacao.nome for verificacao in verificacoes)
        console.dizer(f"verificado: {nomes}; tudo em ordem", *_prova_em_texto(resultado))
    if opcoes.formato == "html":
        from leitor.pagina import relatorio

        blocos = relatorio.pagina(leitura, verificacoes, resultado, opcoes.limite)
    else:
        blocos = ler_dados(leitura.con, opcoes.formato, opcoes.limite)
    _entregar(blocos, falha)
    return os.EX_OK


def _entregar(blocos: Iterator[bytes], falha: Erro | None) -> None:
    """Escreve os blocos e só então levanta a falha, mesmo que já não haja quem os leia."""
    try:
        console.saida().buffer.writelines(blocos)
        console.saida().flush()
    except OSError:
        if falha is None:
            raise
        console.calar(sys.stdout)
    if falha:
        raise falha


def _verificar(leitura: Leitura, opcoes: Opcoes) -> int:
    verificacoes, falha = verificar_banco(leitura, _ordem(opcoes))
    prova = None if falha else Prova(leitura.con)
    if opcoes.formato == "json":
        texto = formatos.relatorio_em_json(
            {
                "banco": opcoes.banco,
                "verificado": falha is None,
                "codigo": falha.codigo if falha else os.EX_OK,
                "verificacoes": [vars(verificacao) for verificacao in verificacoes],
                "prova": vars(prova) if prova else None,
            }
        )
    else:
        linhas = _prova_em_texto(prova) if prova else []
        texto = formatos.relatorio_em_texto(verificacoes) + "".join(
            f"{linha}\n" for linha in linhas
        )
    # Como em stderr: um caminho que não é UTF-8 aparece escapado.
    _entregar(iter([texto.encode("utf-8", "backslashreplace")]), falha)
    return os.EX_OK


def _copiar(leitura: Leitura, opcoes: Opcoes) -> int:
    from leitor.banco import copia

    if opcoes.arquivo != "-":
        console.dizer(
            copia.copiar(leitura, opcoes.arquivo, _ordem(opcoes), substituir=opcoes.substituir)
        )
        return os.EX_OK
    copia.conferir_saida()
    try:
        console.saida().buffer.writelines(copia.despejar(leitura, _ordem(opcoes)))
        console.saida().flush()
    except OSError as erro:
        raise copia.cortada(erro) from erro
    console.dizer(f"copiado: {opcoes.banco}, verificado antes do primeiro byte")
    return os.EX_OK


def _prova_em_texto(prova: Prova) -> list[str]:
    gravacao = prova.ultima_gravacao
    inseridos = milhar(int(gravacao["inseridos"] or 0))
    return [
        f"gravado: execução {gravacao['id']} ({gravacao['origem']}), container "
        f"{gravacao['container']}, {gravacao['concluida_em']}; inseridos: {inseridos}",
        f"lacre:   sha256 {gravacao['lacre']}",
        f"âncora:  {prova.ancora}",
        f"lido:    container {prova.lido_por}, {prova.lido_em}; "
        f"usuários: {milhar(prova.usuarios)}, execuções: {milhar(prova.execucoes)}",
    ]


def _vigiar(opcoes: Opcoes) -> int:
    from leitor.vigia import vigia

    with vigia.Vigia(opcoes, _ordem(opcoes), console.saida(), console.dizer) as vigilia:
        return vigilia.vigiar()


def _saude(opcoes: Opcoes) -> int:
    from leitor.vigia import saude

    console.saida().write(f"{saude.conferir(opcoes.arquivo)}\n")
    console.saida().flush()
    return os.EX_OK


def _executar(opcoes: Opcoes) -> int:
    if opcoes.comando == "saude":
        return _saude(opcoes)
    segundos = opcoes.segundos
    if aviso := montagem.aviso(opcoes.banco):
        console.dizer(aviso)
    if opcoes.comando == "vigiar":
        return _vigiar(opcoes)
    acao = {"listar": _listar, "verificar": _verificar, "copiar": _copiar}[opcoes.comando]
    with Leitura(opcoes.banco, segundos) as leitura:
        try:
            return acao(leitura, opcoes)
        except (sqlite3.Error, UnicodeDecodeError) as erro:
            raise erros.do_sqlite(erro, leitura.caminho, leitura.espera) from erro


def main(argv: Sequence[str] | None = None) -> int:
    """Executa o leitor e devolve o código de saída (veja erros.py e o README)."""
    try:
        return _executar(configuracao.ler(sys.argv[1:] if argv is None else argv, os.environ))
    except Erro as erro:
        console.dizer(f"ERRO: {erro}")
        return erro.codigo
    except BrokenPipeError:  # `| head`: quem lia já foi, e isso não é falha
        console.calar(sys.stdout)
        return os.EX_OK
    except OSError as erro:
        console.calar(sys.stdout)
        console.dizer(f"ERRO: a saída padrão falhou ({erros.motivo(erro)}). Leia de novo.")
        return erros.ENTRADA_SAIDA
    except KeyboardInterrupt:
        console.dizer("interrompido; o banco não foi alterado.")
        return erros.INTERROMPIDO
    except Exception:  # noqa: BLE001 - o único lugar: 70 é, por definição, o que não se previu
        import traceback

        traceback.print_exc()
        console.dizer("ERRO: defeito nosso. Relate com as linhas acima.")
        return erros.DEFEITO
