"""Os três passos do escritor — criar, inserir, listar — e o programa que os junta."""

from __future__ import annotations

import os
import sqlite3
import sys
import traceback
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from escritor import __version__, argumentos, banco, entrada, erros
from escritor.banco import Execucao
from escritor.entrada import Pessoa
from escritor.erros import Erro
from escritor.sinais import Interrompido, Sinais

AMOSTRA: tuple[Pessoa, ...] = (
    ("João Silva", "joao@example.com"),
    ("Maria Santos", "maria@example.com"),
    ("Pedro Oliveira", "pedro@example.com"),
)
LISTADOS = 20  # linhas que `semear` mostra; quem lista tudo é o leitor

Linha = tuple[int, str, str, str]


def criar_banco(con: sqlite3.Connection, caminho: str) -> bool:
    """Passo 1: cria o esquema do contrato se falta; devolve True se criou agora.

    Roda dentro da transação de quem chama: esquema e dados nascem juntos.
    Levanta Erro 65 se o banco não é nosso, 78 se o esquema é outro.
    """
    return banco.garantir_esquema(con, caminho)


def inserir_dados(
    con: sqlite3.Connection, pessoas: Iterable[Pessoa], origem: str, iniciada_em: str
) -> Execucao:
    """Passo 2: insere as pessoas cujo e-mail falta; registra e sela a execução.

    `origem`: `semear` ou `importar:NOME`; `iniciada_em`: UTC, ISO 8601. Roda
    dentro da transação de quem chama, e levanta o que `pessoas` levantar.
    """
    anterior = banco.ultima_execucao(con)
    lidos, inseridos, intervalo = banco.gravar(con, pessoas, iniciada_em)
    primeiro, ultimo = intervalo
    execucao = Execucao(
        id=anterior.id + 1 if anterior else 1,
        origem=origem,
        container=os.uname().nodename,
        versao=__version__,
        iniciada_em=iniciada_em,
        concluida_em=banco.agora(),
        lidos=lidos,
        inseridos=inseridos,
        repetidos=lidos - inseridos,
        primeiro_id=primeiro,
        ultimo_id=ultimo,
        total=(anterior.total if anterior else 0) + inseridos,
        lacre=banco.lacrar(con, primeiro, ultimo),
        elo="",
    )
    return banco.registrar(con, execucao, anterior)


def listar_dados(con: sqlite3.Connection, limite: int = -1) -> Iterator[Linha]:
    """Passo 3: devolve (id, nome, email, criado_em) na ordem do id; -1 é sem limite."""
    return con.execute(banco.LISTA_USUARIOS, (limite,))


def _executar(opcoes: Namespace, sinais: Sinais) -> None:
    origem = opcoes.comando
    iniciada_em = banco.agora()
    fonte: AbstractContextManager[Iterator[Pessoa]] = nullcontext(iter(AMOSTRA))
    if opcoes.comando == "importar":
        origem = f"importar:{entrada.nome_da_origem(opcoes.arquivo)}"
        fonte = entrada.abrir(opcoes.arquivo)
    with (
        fonte as pessoas,
        _falhas_traduzidas(opcoes.banco, opcoes.espera, sinais),
        banco.abrir(opcoes.banco, opcoes.espera, sinais) as con,
    ):
        with banco.transacao(con, opcoes.espera, sinais):
            criado = criar_banco(con, opcoes.banco)
            execucao = inserir_dados(con, pessoas, origem, iniciada_em)
        linhas = list(listar_dados(con, LISTADOS)) if opcoes.comando == "semear" else []
    _dizer(*[f"banco criado em {opcoes.banco}"] * criado, _resumo(execucao))
    _mostrar(linhas, execucao.total)


@contextmanager
def _falhas_traduzidas(caminho: str, espera: float, sinais: Sinais) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as erro:
        sinais.conferir()
        raise erros.do_sqlite(erro, caminho, espera) from erro
    except OSError as erro:
        raise erros.do_sistema(erro, caminho) from erro


def _resumo(execucao: Execucao) -> str:
    return (
        f"execução {execucao.id} ({execucao.origem}): inseridos: {_milhar(execucao.inseridos)}, "
        f"já existiam: {_milhar(execucao.repetidos)}, total: {_milhar(execucao.total)}; "
        f"lacre sha256 {execucao.lacre[:16]}…"
    )


def _mostrar(linhas: Sequence[Linha], total: int) -> None:
    texto = [f"{id_:>4}  {nome} <{email}>  {criado_em}" for id_, nome, email, criado_em in linhas]
    if linhas and total > len(linhas):
        texto.append(f"      … e mais {_milhar(total - len(linhas))}; o leitor lista todos")
    sys.stdout.write("".join(f"{linha}\n" for linha in texto))
    sys.stdout.flush()


def _milhar(numero: int) -> str:
    return f"{numero:,}".replace(",", ".")


def _dizer(*linhas: str) -> None:
    """Escreve tudo de uma vez: em várias escritas, o `docker logs` poderia misturar."""
    sys.stderr.write("".join(f"[ESCRITOR] {linha}\n" for linha in linhas))
    sys.stderr.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Executa o escritor e devolve o código de saída (veja erros.py e o README)."""
    sinais = Sinais()
    with sinais.instalados():
        try:
            opcoes = argumentos.ler(sys.argv[1:] if argv is None else argv, os.environ)
            _executar(opcoes, sinais)
        except Interrompido as pedido:
            _dizer("interrompido: a transação foi desfeita e nada foi gravado. Rode de novo.")
            return 128 + pedido.numero
        except Erro as erro:
            _dizer(f"ERRO: {erro}")
            return erro.codigo
        except BrokenPipeError:  # `| head`: quem lia a lista já foi; os dados estão gravados
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as erro:
            _dizer(f"ERRO: gravado, mas a saída padrão falhou ({erros.motivo(erro)}).")
            return erros.ENTRADA_SAIDA
        except Exception:  # noqa: BLE001 - o único lugar: 70 é, por definição, o que não se previu
            traceback.print_exc()
            _dizer("ERRO: defeito nosso; nada foi gravado. Relate com as linhas acima.")
            return erros.DEFEITO
    return os.EX_OK
