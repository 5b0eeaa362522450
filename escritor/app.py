"""Os três passos do escritor — criar, inserir, listar — e o programa que os junta."""

from __future__ import annotations

import os
import sqlite3
import sys
import traceback
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from escritor import argumentos, console, erros, guarda
from escritor.banco import carga, conexao, conferencia, conflito, livro, montagem
from escritor.banco.conexao import Conexao
from escritor.banco.livro import Execucao
from escritor.copias import adocao, restauracao
from escritor.entrada import fonte
from escritor.entrada.fonte import Entrada
from escritor.entrada.pessoa import Lote
from escritor.entrada.progresso import Progresso, milhar
from escritor.erros import Erro
from escritor.sinais import Interrompido, Sinais

AMOSTRA = Lote(
    ["João Silva", "Maria Santos", "Pedro Oliveira"],
    ["joao@example.com", "maria@example.com", "pedro@example.com"],
    range(3),
)
DESFEITO = "interrompido: a transação foi desfeita e nada foi gravado. Rode de novo."
LISTADOS = 20  # linhas que `semear` mostra; quem lista tudo é o leitor

Linha = tuple[int, str, str, str]


def criar_banco(con: sqlite3.Connection, caminho: str) -> bool:
    """Passo 1: cria o esquema do contrato se falta; devolve True se criou agora.

    Roda dentro da transação de quem chama: esquema e dados nascem juntos. Um
    banco que já havia é conferido antes que se grave nele. Levanta Erro 65 se não
    é nosso ou quebra o contrato, 78 se o esquema é outro.
    """
    if conexao.garantir_esquema(con, caminho):
        return True
    conferencia.antes_de_gravar(con, caminho)
    return False


def inserir_dados(
    con: sqlite3.Connection, lotes: Iterable[Lote], origem: str, iniciada_em: str
) -> Execucao:
    """Passo 2: insere as pessoas cujo e-mail falta; registra e sela a execução.

    `origem`: `semear` ou `importar:NOME`; `iniciada_em`: UTC, ISO 8601. Roda
    dentro da transação de quem chama, e levanta o que `lotes` levantar.
    """
    gravadas = carga.gravar(con, lotes, iniciada_em, conexao.CRIA_EMAIL_UNICO)
    return livro.registrar(con, gravadas, origem, iniciada_em)


def listar_dados(con: sqlite3.Connection, limite: int = -1) -> Iterator[Linha]:
    """Passo 3: devolve (id, nome, email, criado_em) na ordem do id; -1 é sem limite."""
    return con.execute(conexao.LISTA_USUARIOS, (limite,))


def _semear(opcoes: Namespace, sinais: Sinais) -> None:
    iniciada_em = livro.agora()
    with _gravacao(opcoes, sinais) as con:
        with conexao.transacao(con, opcoes.espera, sinais):
            criado = criar_banco(con, opcoes.banco)
            execucao = inserir_dados(con, [AMOSTRA], "semear", iniciada_em)
        console.dizer(*_resumo(opcoes, criado, execucao))
        linhas = list(listar_dados(con, LISTADOS))
    _mostrar(linhas, execucao.total)


def _importar(opcoes: Namespace, sinais: Sinais) -> None:
    iniciada_em = livro.agora()
    with fonte.abrir(opcoes) as aberta, _gravacao(opcoes, sinais) as con:
        progresso = Progresso(aberta, opcoes.silencioso)
        try:
            with conexao.transacao(con, opcoes.espera, sinais):
                criado = criar_banco(con, opcoes.banco)
                lotes = aberta.recusas.filtrar(progresso.acompanhar(aberta.lotes))
                if opcoes.conflito == "falhar":
                    lotes = conflito.sem_conflitos(con, lotes, aberta.nome)
                execucao = inserir_dados(con, lotes, f"importar:{aberta.nome}", iniciada_em)
                aberta.recusas.firmar()
        finally:
            progresso.apagar()
    console.dizer(*_resumo(opcoes, criado, execucao), *_ressalvas(opcoes, aberta))


def _restaurar(opcoes: Namespace, sinais: Sinais) -> None:
    with _traduzidas(opcoes, sinais):
        ditos, ultima = restauracao.restaurar(opcoes, sinais)
    console.dizer(*ditos, _ancora(ultima))


@contextmanager
def _gravacao(opcoes: Namespace, sinais: Sinais) -> Iterator[Conexao]:
    """Abre o banco; traduz as falhas do SQLite e do sistema em Erro."""
    with _traduzidas(opcoes, sinais):
        restauracao.terminar_troca(opcoes.banco)
        pasta = os.path.dirname(os.path.abspath(opcoes.banco))
        adocao.limpar(pasta)
        guarda.limpar_temporarios(pasta)
        antigo = adocao.candidato(opcoes.banco)
        # Um diário ao lado pode ser o de uma adoção que morreu: ao abrir, ela é desfeita.
        talvez = antigo or os.path.exists(f"{os.path.realpath(opcoes.banco)}-journal")
        with conexao.abrir(opcoes.banco, opcoes.espera, sinais, a_adotar=antigo) as con:
            if talvez:
                _adotar(con, opcoes, sinais)
            yield con


def _adotar(con: Conexao, opcoes: Namespace, sinais: Sinais) -> None:
    """Numa transação só dela: o que vem depois pode falhar sem a desfazer."""
    iniciada_em = livro.agora()
    adotadas = None
    ditos = []
    try:
        with conexao.transacao(con, opcoes.espera, sinais):
            if adocao.por_adotar(con):  # senão, outro escritor adotou enquanto se esperava a vez
                adotadas = adocao.adotar(con)
                execucao = livro.registrar(con, adotadas.gravadas, "adocao", iniciada_em)
                ditos = [*adocao.em_texto(opcoes.banco, adotadas, execucao), _ancora(execucao)]
    except BaseException as erro:
        # Se o COMMIT pode ter vingado, a cópia é tudo o que há do banco como era.
        if adotadas and not erros.talvez_gravado(erro):
            os.unlink(adotadas.guardado)
        raise
    console.dizer(*ditos)
    sinais.recomecar(adotadas is not None)


@contextmanager
def _traduzidas(opcoes: Namespace, sinais: Sinais) -> Iterator[None]:
    if aviso := montagem.aviso(opcoes.banco):
        console.dizer(aviso)
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as erro:
        if not sinais.confirmado and not erros.talvez_gravado(erro):
            sinais.conferir()
        falha = erros.do_sqlite(erro, opcoes.banco, opcoes.espera)
        if sinais.confirmado:
            texto = f"gravado, mas não deu para reler ({erros.numa_linha(erro)}). Rode o leitor."
            falha = Erro(falha.codigo, f"{opcoes.banco}: {texto}")
        raise falha from erro
    except OSError as erro:
        raise erros.do_sistema(erro, opcoes.banco) from erro


ACOES = {"semear": _semear, "importar": _importar, "restaurar": _restaurar}


def _resumo(opcoes: Namespace, criado: bool, execucao: Execucao) -> list[str]:
    nascimento = [f"banco criado em {opcoes.banco}"] if criado else []
    return [
        *nascimento,
        f"execução {execucao.id} ({execucao.origem}): inseridos: {milhar(execucao.inseridos)}, "
        f"já existiam: {milhar(execucao.repetidos)}, total: {milhar(execucao.total)}; "
        f"lacre sha256 {execucao.lacre[:16]}…",
        _ancora(execucao),
    ]


def _ancora(execucao: Execucao) -> str:
    """Diz o que se guarda fora do volume para conferir depois a história até aqui."""
    return f"âncora: {execucao.id} {execucao.elo}"


def _ressalvas(opcoes: Namespace, aberta: Entrada) -> Iterator[str]:
    if aberta.recusas.total:
        onde = "na saída padrão" if opcoes.rejeitados == "-" else f"em {opcoes.rejeitados}"
        yield f"linhas recusadas: {milhar(aberta.recusas.total)}, {onde}"
    if aberta.refeitas:
        yield f"colunas dadas de novo, e não copiadas: {', '.join(aberta.refeitas)}"


def _mostrar(linhas: Sequence[Linha], total: int) -> None:
    texto = [f"{id_:>4}  {nome} <{email}>  {criado_em}" for id_, nome, email, criado_em in linhas]
    if linhas and total > len(linhas):
        texto.append(f"      … e mais {milhar(total - len(linhas))}; o leitor lista todos")
    console.saida().write("".join(f"{linha}\n" for linha in texto))
    console.saida().flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Executa o escritor e devolve o código de saída (veja erros.py e o README)."""
    sinais = Sinais()
    with sinais.instalados():
        try:
            opcoes = argumentos.ler(sys.argv[1:] if argv is None else argv, os.environ)
            ACOES[opcoes.comando](opcoes, sinais)
        except Interrompido as pedido:
            texto = "interrompido: a transação foi desfeita e nada foi gravado. Rode de novo."
            console.dizer(erros.afora_a_adocao(texto, sinais.recomecou))
            return 128 + pedido.numero
        except Erro as erro:
            texto = erros.afora_a_adocao(str(erro), sinais.recomecou)
            console.dizer(*erro.detalhes, f"ERRO: {texto}")
            return erro.codigo
        except OSError as erro:
            console.calar(sys.stdout)
            if not isinstance(erro, BrokenPipeError):
                feito = "gravado, mas" if sinais.confirmado else "nada foi gravado:"
                feito = erros.afora_a_adocao(feito, sinais.recomecou)
                console.dizer(f"ERRO: {feito} a saída padrão falhou ({erros.motivo(erro)}).")
                return erros.ENTRADA_SAIDA
            # `| head`: quem lia a lista, ou a ajuda, já foi; o que havia a gravar está gravado.
        except Exception:  # noqa: BLE001 - o único lugar: 70 é, por definição, o que não se previu
            traceback.print_exc()
            console.dizer("ERRO: defeito nosso. Relate com as linhas acima.")
            return erros.DEFEITO
    return os.EX_OK
