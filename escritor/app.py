"""Os três passos do escritor — criar, inserir, listar — e o programa que os junta."""

from __future__ import annotations

import os
import sys
import traceback
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence

from escritor import argumentos, console, erros, lugar
from escritor.entrada import fonte
from escritor.entrada.colunas import Nomes
from escritor.entrada.fonte import Entrada, Forma
from escritor.entrada.pessoa import Lote
from escritor.entrada.progresso import Espera, Progresso
from escritor.erros import Erro
from escritor.execucao import Execucao, agora, seguinte
from escritor.porta import Banco, Conexao, Linha
from escritor.sinais import Interrompido, Sinais
from escritor.texto import milhar

AMOSTRA = Lote(
    ["João Silva", "Maria Santos", "Pedro Oliveira"],
    ["joao@example.com", "maria@example.com", "pedro@example.com"],
    range(3),
)
RESTO = "o que já está gravado não se repete."
LISTADOS = 20  # linhas que `semear` mostra; quem lista tudo é o leitor


def criar_banco(banco: Banco, con: Conexao) -> bool:
    """Passo 1: cria o esquema do contrato se falta; devolve True se criou agora.

    Roda dentro da transação de quem chama: esquema e dados nascem juntos. Um
    banco que já havia é conferido antes que se grave nele. Levanta Erro 65 se não
    é nosso ou quebra o contrato, 78 se o esquema é outro.
    """
    if banco.garantir_esquema(con):
        return True
    banco.conferir(con)
    return False


def inserir_dados(
    banco: Banco, con: Conexao, lotes: Iterable[Lote], origem: str, iniciada_em: str
) -> Execucao:
    """Passo 2: insere as pessoas cujo e-mail falta; registra e sela a execução.

    `origem`: `semear` ou `importar:NOME`; `iniciada_em`: UTC, ISO 8601. Roda
    dentro da transação de quem chama, e levanta o que `lotes` levantar.
    """
    gravadas = banco.gravar(con, lotes, iniciada_em)
    execucao = seguinte(banco.ultima_execucao(con), gravadas, origem, iniciada_em)
    banco.registrar(con, execucao)
    return execucao


def listar_dados(banco: Banco, con: Conexao, limite: int = -1) -> Iterable[Linha]:
    """Passo 3: devolve (id, nome, email, criado_em) na ordem do id; -1 é sem limite."""
    return banco.listar(con, limite)


def _semear(banco: Banco, opcoes: Namespace, sinais: Sinais) -> None:
    """Grava a amostra num banco sem usuários; de outro, só confere e mostra o que há."""
    iniciada_em = agora()
    with banco.abrir(opcoes.banco, opcoes.espera, sinais, console.dizer) as con:
        with con.transacao():
            criado = criar_banco(banco, con)
            execucao = banco.ultima_execucao(con)
            ja_havia = execucao is not None and execucao.total > 0
            if execucao is None or not ja_havia:
                execucao = inserir_dados(banco, con, [AMOSTRA], "semear", iniciada_em)
        linhas = [*listar_dados(banco, con, LISTADOS)]
    if ja_havia:
        console.dizer(_nada_a_semear(execucao), f"âncora: {execucao.ancora}")
    else:
        console.dizer(*_resumo(opcoes.banco, criado, execucao))
    _mostrar(linhas, execucao.total, "nada foi gravado, e" if ja_havia else "gravado, mas")


def _importar(banco: Banco, opcoes: Namespace, sinais: Sinais) -> None:
    iniciada_em = agora()
    nomes = Nomes(opcoes.colunas, opcoes.ignorar_colunas)
    forma = Forma(opcoes.formato, opcoes.codificacao, opcoes.delimitador, nomes)
    with (
        fonte.abrir(
            opcoes.arquivo, forma, opcoes.rejeitados, banco.ao_lado(opcoes.banco)
        ) as aberta,
        banco.abrir(opcoes.banco, opcoes.espera, sinais, console.dizer) as con,
    ):
        recusas = aberta.recusas
        progresso = Progresso(lambda: aberta.fracao, lambda: recusas.impedem, opcoes.silencioso)
        try:
            with con.transacao():
                criado = criar_banco(banco, con)
                lotes = recusas.filtrar(progresso.acompanhar(aberta.lotes))
                if opcoes.conflito == "falhar":
                    lotes = banco.sem_conflitos(con, lotes, aberta.nome)
                origem = f"importar:{aberta.nome}"
                execucao = inserir_dados(banco, con, lotes, origem, iniciada_em)
                recusas.firmar()
        finally:
            progresso.apagar()
    console.dizer(*_resumo(opcoes.banco, criado, execucao), *_ressalvas(opcoes.rejeitados, aberta))


def _restaurar(banco: Banco, opcoes: Namespace, sinais: Sinais) -> None:
    with Espera("recebendo e conferindo a cópia"):
        ditos, ultima = banco.restaurar(
            opcoes.banco, opcoes.arquivo, opcoes.espera, sinais, sem_copia=opcoes.sem_copia
        )
    console.dizer(*ditos, f"âncora: {ultima.ancora}")


ACOES = {"semear": _semear, "importar": _importar, "restaurar": _restaurar}


def _nada_a_semear(execucao: Execucao) -> str:
    return f"o banco já tem usuários ({milhar(execucao.total)}): nada a semear, nada foi gravado"


def _resumo(endereco: str, criado: bool, execucao: Execucao) -> list[str]:
    nascimento = [f"banco criado em {endereco}"] if criado else []
    return [
        *nascimento,
        f"execução {execucao.id} ({execucao.origem}): inseridos: {milhar(execucao.inseridos)}, "
        f"já existiam: {milhar(execucao.repetidos)}, total: {milhar(execucao.total)}",
        f"lacre: sha256 {execucao.lacre[:16]}…",
        f"âncora: {execucao.ancora}",
    ]


def _ressalvas(rejeitados: str | None, aberta: Entrada) -> Iterator[str]:
    if aberta.recusas.total:
        onde = "na saída padrão" if rejeitados == "-" else f"em {rejeitados}"
        yield f"linhas recusadas: {milhar(aberta.recusas.total)}, {onde}"
    if ignoradas := aberta.ignoradas:
        yield f"colunas deixadas de lado: {len(ignoradas)} ({', '.join(ignoradas)})"
    if aberta.refeitas:
        yield f"colunas dadas de novo, e não copiadas: {', '.join(aberta.refeitas)}"


def _mostrar(linhas: Sequence[Linha], total: int, feito: str) -> None:
    """Lista as linhas. Levanta Erro 74, que diz o `feito`, se a saída padrão não as recebe."""
    texto = [f"{id_:>4}  {nome} <{email}>  {criado_em}" for id_, nome, email, criado_em in linhas]
    if linhas and total > len(linhas):
        texto.append(f"      … e mais {milhar(total - len(linhas))}; o leitor lista todos")
    try:
        console.saida().write("".join(f"{linha}\n" for linha in texto))
        console.saida().flush()
    except OSError as erro:  # também de um pipe que se fecha: a lista não chegou inteira
        console.calar(sys.stdout)
        motivo = f"{feito} a saída padrão falhou ({erros.motivo(erro)})."
        raise Erro(erros.ENTRADA_SAIDA, motivo) from erro


def _executar(opcoes: Namespace, banco: Banco, sinais: Sinais) -> None:
    """Faz o que se pediu; um Erro que este mesmo pedido, mudado, cura, sai com a linha a colar."""
    console.dizer(*_antes(opcoes))
    try:
        ACOES[opcoes.comando](banco, opcoes, sinais)
    except Erro as erro:
        if erro.mudar is None:
            raise
        linha = lugar.refeito(opcoes.pedido, opcoes.arquivo, erro.mudar)
        raise Erro(erro.codigo, f"{erro}: {linha}", erro.detalhes) from erro


def _antes(opcoes: Namespace) -> Iterator[str]:
    """O que convém saber antes de começar."""
    if opcoes.presumido:
        yield f"sem BANCO, e fora de um container, o banco é {opcoes.banco}, na pasta atual"
    ruins = getattr(opcoes, "rejeitados", None)
    if ruins and ruins != "-" and lugar.some_com_o_container(ruins):
        certo = lugar.refeito(opcoes.pedido, opcoes.arquivo, {"--rejeitados": "-"})
        yield (
            f"AVISO: {ruins} fica dentro do container e some com ele. Para ficar com as linhas "
            f"ruins: {certo} > ruins.csv"
        )
    no_terminal = sys.stdin is not None and sys.stdin.isatty()
    if getattr(opcoes, "arquivo", None) == "-" and no_terminal:
        yield "lendo o que se digita aqui; Ctrl-D, numa linha vazia, termina"


def main(argv: Sequence[str] | None = None, *, banco: Banco) -> int:
    """Executa o escritor sobre o motor dado; devolve o código de saída (erros.py)."""
    sinais = Sinais()
    with sinais.instalados():
        try:
            opcoes = argumentos.ler(sys.argv[1:] if argv is None else argv, os.environ, banco)
            _executar(opcoes, banco, sinais)
        except Interrompido as pedido:
            console.dizer(str(pedido))
            return 128 + pedido.numero
        except Erro as erro:
            console.dizer(*erro.detalhes, f"ERRO: {erro}")
            return erro.codigo
        except (OSError, MemoryError) as erro:
            onde = getattr(erro, "filename", None) or "sistema operacional"
            motivo = f"{onde}: {erros.motivo(erro)}"
            console.dizer(f"ERRO: {motivo}. Corrija isso e rode de novo: {RESTO}")
            return erros.ENTRADA_SAIDA
        except Exception:  # noqa: BLE001 - o único lugar: 70 é, por definição, o que não se previu
            traceback.print_exc()
            console.dizer(
                "ERRO: o programa errou, e a culpa não é sua. Relate com as linhas acima."
            )
            return erros.DEFEITO
    return os.EX_OK
