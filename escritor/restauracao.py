"""`restaurar`: uma cópia, conferida por inteiro, toma o lugar do banco de uma vez."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sqlite3
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from escritor import banco, conferencia, entrada, erros, espaco
from escritor.cabecalho import e_nosso
from escritor.erros import Erro
from escritor.guarda import firmar, nome_datado
from escritor.sinais import Sinais

PARCIAL = ".desafio2-restaurando"  # a cópia, até que tudo nela esteja conferido
ANTERIOR = ".desafio2-anterior"  # o banco que sai, só enquanto os nomes trocam
ACOMPANHANTES = ("-journal", "-wal", "-shm")


def restaurar(opcoes: Namespace, sinais: Sinais) -> list[str]:
    """Põe a cópia `opcoes.arquivo` no lugar do banco; devolve o que dizer.

    Nada é acrescentado à cópia: o livro dela continua a dizer só o que
    aconteceu. Uma queda deixa o banco velho ou o novo, inteiro. Levanta Erro 65
    se a cópia não passa, 66 se não há, e os de gravar.
    """
    caminho = os.path.realpath(opcoes.banco)
    os.makedirs(os.path.dirname(caminho), exist_ok=True)
    _conferir_troca_interrompida(caminho)
    with _parcial(caminho) as parcial:
        _receber(opcoes.arquivo, caminho, parcial)
        nome = entrada.nome_da_origem(opcoes.arquivo)
        resumo = _conferir(parcial, nome)
        with _parado(caminho, opcoes, sinais), sinais.irrevogavel():
            sinais.conferir()
            guardado = _trocar(parcial, caminho, guardar=not opcoes.sem_copia)
    ditos = [f"restaurado: {opcoes.banco} é agora {nome}; {resumo}"]
    return [*ditos, f"o banco que havia ficou em {guardado}"] if guardado else ditos


@contextmanager
def _parcial(caminho: str) -> Iterator[str]:
    """Cria o arquivo em que a cópia é recebida, só nosso enquanto durar."""
    parcial = caminho + PARCIAL
    with open(parcial, "ab") as arquivo:
        try:
            fcntl.flock(arquivo, fcntl.LOCK_EX | fcntl.LOCK_NB)
            nosso = os.path.samestat(os.fstat(arquivo.fileno()), os.stat(parcial))
        except (BlockingIOError, FileNotFoundError):
            nosso = False
        if not nosso:  # quem o tinha pode até já ter trocado os nomes
            raise Erro(
                erros.TENTE_DE_NOVO,
                f"{caminho}: outra restauração está em curso; nada mudou. Espere-a e rode de novo.",
            )
        try:
            arquivo.truncate(0)  # de uma restauração que morreu
            yield parcial
        finally:
            _apagar(parcial, *(parcial + sufixo for sufixo in ACOMPANHANTES))


def _receber(arquivo: str, caminho: str, parcial: str) -> None:
    """Traz os bytes da cópia para o volume do banco, até o disco."""
    if arquivo != "-":
        if os.path.realpath(arquivo) == caminho:
            raise Erro(erros.USO, f"{arquivo}: é o próprio banco. Diga uma cópia.")
        for sufixo in ACOMPANHANTES[:2]:
            if os.path.exists(arquivo + sufixo):
                raise Erro(
                    erros.DADOS,
                    f"{arquivo}: há {sufixo} ao lado, e sem ele a cópia não é o banco inteiro; "
                    "nada mudou. Faça a cópia com `leitor copiar`.",
                )
    with entrada.binario(arquivo) as origem, open(parcial, "wb") as destino:
        tamanho = entrada.tamanho(origem)
        sobra = espaco.livre(os.path.dirname(caminho))
        if tamanho > sobra:
            raise espaco.falta(caminho, "a restauração", tamanho, sobra)
        shutil.copyfileobj(origem, destino, 1 << 20)
        destino.flush()
        os.fsync(destino.fileno())


def _conferir(parcial: str, nome: str) -> str:
    """Confere a cópia recebida e a deixa com diário de rollback; devolve o resumo dela."""
    if not e_nosso(parcial):
        raise Erro(
            erros.DADOS,
            f"{nome}: não é um banco do escritor; o banco está como estava. "
            "Use uma cópia feita por `leitor copiar`.",
        )
    try:
        with closing(sqlite3.connect(parcial, isolation_level=None)) as con:
            con.execute("PRAGMA trusted_schema = OFF")
            con.execute("PRAGMA journal_mode = DELETE")
            return conferencia.conferir(con, nome)
    except (sqlite3.DatabaseError, UnicodeError) as erro:
        if isinstance(erro, sqlite3.Error) and erros.primario(erro) in erros.DISCO:
            raise
        motivo = " ".join(str(erro).split())
        raise Erro(
            erros.DADOS,
            f"{nome}: corrompida ({motivo}); o banco está como estava. Use outra cópia.",
        ) from erro


@contextmanager
def _parado(caminho: str, opcoes: Namespace, sinais: Sinais) -> Iterator[None]:
    """Segura a trava de gravação do banco que sai: ninguém confirma nada nele durante a troca.

    Quem já esperava por ela descobre, em banco.transacao, que o arquivo é outro.
    Um arquivo que não se abre como banco ninguém está gravando: não há o que segurar.
    """
    if os.path.lexists(caminho) and not os.path.isfile(caminho):
        raise Erro(erros.DADOS, f"{caminho}: não é um arquivo comum. Use outro BANCO.")
    vazio = not os.path.exists(caminho) or not os.path.getsize(caminho)
    if not vazio and not e_nosso(caminho):
        if opcoes.sem_copia:
            raise Erro(
                erros.DADOS,
                f"{caminho}: o que está aí não é um banco do escritor; nada mudou. "
                "Sem --sem-copia, ele é guardado e trocado.",
            )
        yield
        return
    with ExitStack() as pilha:
        try:
            con = pilha.enter_context(closing(banco.conectar(caminho, opcoes.espera, sinais)))
            banco.travar(con, opcoes.espera, sinais)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as erro:
            if not erros.estragado(erro):
                raise
        yield


def _trocar(parcial: str, caminho: str, *, guardar: bool) -> str | None:
    """Troca os nomes; devolve onde ficou o banco que havia, se havia e se ficou."""
    guardado = None
    if os.path.exists(caminho) and os.path.getsize(caminho) and guardar:
        os.link(caminho, caminho + ANTERIOR)
        guardado = nome_datado(caminho)
    for sufixo in ACOMPANHANTES:  # só sobram os de um banco que já nem se abre
        if guardado and os.path.exists(caminho + sufixo):
            os.replace(caminho + sufixo, guardado + sufixo)
        _apagar(caminho + sufixo)
    os.replace(parcial, caminho)
    if guardado:
        os.rename(caminho + ANTERIOR, guardado)
    firmar(os.path.dirname(caminho))
    return guardado


def _conferir_troca_interrompida(caminho: str) -> None:
    """Acaba o que uma queda no meio de _trocar deixou: o banco que saía ganha o nome, ou nada."""
    anterior = caminho + ANTERIOR
    if os.path.exists(anterior):
        if os.path.exists(caminho) and os.path.samefile(anterior, caminho):
            _apagar(anterior)
        else:
            os.rename(anterior, nome_datado(caminho))


def _apagar(*caminhos: str) -> None:
    for caminho in caminhos:
        try:
            os.unlink(caminho)
        except OSError as erro:
            if erro.errno != errno.ENOENT:
                raise
