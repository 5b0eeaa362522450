"""`restaurar`: uma cópia, conferida por inteiro, toma o lugar do banco de uma vez."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from escritor import erros
from escritor.banco import conexao, esquema, falhas
from escritor.banco.cabecalho import (
    ACOMPANHANTES,
    APLICACAO,
    MAGIA,
    WAL,
    conferir_acompanhantes,
    formato_conhecido,
    ler_cabecalho,
    tem_diario_alheio,
)
from escritor.banco.conexao import Conexao
from escritor.copias import linhagem, recebida
from escritor.entrada import fonte
from escritor.erros import Erro
from escritor.execucao import Execucao
from escritor.guarda import exclusivo, firmar, nome_datado, um_deles
from escritor.sinais import Sinais

PARCIAL = ".desafio2-restaurando"  # a cópia, até que tudo nela esteja conferido
ANTERIOR = ".desafio2-anterior"  # o banco que sai, só enquanto os nomes trocam
TRANCA = ".desafio2-tranca"  # vazio: quem o tem é a única restauração


def restaurar(
    banco: str, arquivo: str, espera: float, sinais: Sinais, *, sem_copia: bool
) -> tuple[list[str], Execucao]:
    """Põe a cópia `arquivo` no lugar do banco; devolve o que dizer e a última execução dela.

    Nada é acrescentado à cópia: o livro dela continua a dizer só o que
    aconteceu. Uma queda deixa o banco velho ou o novo, inteiro. Levanta Erro 65
    se a cópia não passa, 66 se não há, e os de gravar.
    """
    caminho = os.path.realpath(banco)
    recebida.recusar_os_nossos(arquivo, caminho, _que_se_apagam(caminho))
    os.makedirs(os.path.dirname(caminho), exist_ok=True)
    ditos = []
    with _so_eu(caminho) as (parcial, terminada):
        if terminada:
            ditos.append(em_texto(terminada))
            if um_deles(arquivo, [caminho + ANTERIOR]):
                raise Erro(
                    erros.SEM_ENTRADA,
                    f"{arquivo}: era o banco que uma restauração interrompida tirava do lugar, e "
                    f"agora é {terminada}; nada mais mudou. Rode de novo com esse nome.",
                )
        recebida.receber(arquivo, parcial)
        nome = "a cópia da entrada padrão"
        if arquivo != "-":
            nome = fonte.nome_da_origem(arquivo)
        resumo, ultima = recebida.conferir(parcial, nome, sinais)
        parado = _parado(caminho, espera, sinais, sem_copia=sem_copia)
        with parado as atual, sinais.irrevogavel():
            if atual and (parentesco := linhagem.comparar(atual, parcial)):
                resumo += f"; {parentesco}"
            guardado = _trocar(parcial, caminho, guardar=not sem_copia)
    ditos.append(f"restaurado: {banco} é agora {nome}; {resumo}")
    if guardado:
        ditos.append(f"o banco que havia ficou em {guardado}")
    return ditos, ultima


def _que_se_apagam(caminho: str) -> list[str]:
    """Devolve os nomes ao lado do banco que uma restauração esvazia ou apaga."""
    nossos = (PARCIAL, TRANCA, *ACOMPANHANTES, *(PARCIAL + sufixo for sufixo in ACOMPANHANTES))
    return [caminho + sufixo for sufixo in nossos]


def terminar_troca(banco_: str) -> str | None:
    """Acaba o que uma restauração que morreu deixou; não faz nada se uma está em curso.

    Devolve o nome que ganhou o banco que ela tirava do lugar, se ficou.
    """
    caminho = os.path.realpath(banco_)
    if not any(os.path.lexists(caminho + sufixo) for sufixo in (ANTERIOR, PARCIAL, TRANCA)):
        return None
    try:
        with _so_eu(caminho) as (_, terminada):
            return terminada
    except Erro as erro:
        if erro.codigo != erros.TENTE_DE_NOVO:
            raise
        return None


def em_texto(terminada: str) -> str:
    """Devolve o que dizer de um banco que `terminar_troca` encontrou."""
    return f"o banco que uma restauração interrompida tirava do lugar ficou em {terminada}"


@contextmanager
def _so_eu(caminho: str) -> Iterator[tuple[str, str | None]]:
    """Entrega onde a cópia é recebida, e o que ficou de uma restauração; uma de cada vez."""
    ocupado = f"{caminho}: outra restauração está em curso"
    # A tranca é outro arquivo: a do parcial iria embora com o nome dele, no meio da troca.
    with exclusivo(caminho + TRANCA, ocupado), exclusivo(caminho + PARCIAL, ocupado) as parcial:
        _apagar(*(parcial + sufixo for sufixo in ACOMPANHANTES))
        try:
            yield parcial, _terminar(caminho)
        finally:
            _apagar(*(parcial + sufixo for sufixo in ACOMPANHANTES))


def _terminar(caminho: str) -> str | None:
    anterior = caminho + ANTERIOR
    if not os.path.lexists(anterior):
        return None
    if um_deles(anterior, [caminho]):
        _apagar(anterior)
        return None
    guardado = nome_datado(caminho)
    os.rename(anterior, guardado)
    return guardado


@contextmanager
def _parado(
    caminho: str, espera: float, sinais: Sinais, *, sem_copia: bool
) -> Iterator[Conexao | None]:
    """Segura a trava de gravação do banco que sai: ninguém confirma nada nele durante a troca.

    Entrega a conexão, ou None se o que sai já nem se abre.

    Quem já esperava por ela descobre, em Conexao.travar, que o arquivo é outro.
    Só se dispensa a trava do que o SQLite, livre de travas alheias, diz que não
    é um banco: um que nasce, com a primeira página ainda em zeros, está trancado.
    """
    conferir_acompanhantes(caminho)
    nosso = _nosso_ou_estragado(caminho)
    atual = None
    with ExitStack() as pilha:
        try:
            if not nosso and tem_diario_alheio(caminho):  # abrir o banco o apagaria
                raise sqlite3.OperationalError("o diário ao lado não é do SQLite")
            if not formato_conhecido(caminho):  # o SQLite só o leria, e ninguém grava nele
                raise sqlite3.OperationalError("o cabeçalho não é o que o SQLite escreve")
            con = pilha.enter_context(closing(conexao.conectar(caminho, espera, sinais)))
            con.travar()
            # Pela conexão: abrir e fechar o arquivo à mão soltaria a trava (fcntl(2)).
            if not esquema.vazio(con) and not esquema.nosso(con):
                raise _alheio(caminho)
            atual = con
        except (sqlite3.DatabaseError, UnicodeDecodeError) as erro:
            if not falhas.estragado(erro):
                raise
            if sem_copia and not nosso:
                raise Erro(
                    erros.DADOS,
                    f"{caminho}: o que está aí não é um banco do escritor; nada mudou. "
                    "Sem --sem-copia, ele é guardado e trocado.",
                ) from erro
        yield atual


def _nosso_ou_estragado(caminho: str) -> bool:
    """Diz se o cabeçalho é o nosso; recusa, sem abri-lo com o SQLite, um banco alheio."""
    if not os.path.lexists(caminho):
        return False
    if not os.path.isfile(caminho):
        raise Erro(erros.DADOS, f"{caminho}: não é um arquivo comum. Use outro BANCO.")
    cabecalho = ler_cabecalho(caminho)
    aplicacao = int.from_bytes(cabecalho[68:72], "big")
    if cabecalho[:16] == MAGIA and aplicacao not in {0, APLICACAO}:
        raise _alheio(caminho)
    if cabecalho[:16] == MAGIA and aplicacao == 0 and WAL in cabecalho[18:20]:
        raise _alheio(caminho)
    return cabecalho[:16] == MAGIA and aplicacao == APLICACAO


def _alheio(caminho: str) -> Erro:
    return Erro(
        erros.DADOS,
        f"{caminho}: é um banco SQLite que não é do escritor; nada mudou. Se é da versão comum "
        "deste exercício, rode o escritor, que o adota; se não, mude-o de lugar.",
    )


def _trocar(parcial: str, caminho: str, *, guardar: bool) -> str | None:
    """Troca os nomes; devolve onde ficou o banco que havia, se havia e se ficou."""
    guardado = None
    if os.path.exists(caminho) and os.path.getsize(caminho):
        os.chmod(parcial, stat.S_IMODE(os.stat(caminho).st_mode))
        if guardar:
            guardado = nome_datado(caminho)
            _ligar(caminho, caminho + ANTERIOR)
    for sufixo in ACOMPANHANTES:  # só sobram os de um banco que já nem se abre
        if guardado and os.path.exists(caminho + sufixo):
            os.replace(caminho + sufixo, guardado + sufixo)
        _apagar(caminho + sufixo)
    os.replace(parcial, caminho)
    try:
        if guardado:
            os.rename(caminho + ANTERIOR, guardado)
        firmar(os.path.dirname(caminho))
    except OSError as erro:
        onde = f"; o banco que havia está em {caminho}{ANTERIOR} ou {guardado}" if guardado else ""
        raise Erro(
            erros.ENTRADA_SAIDA,
            f"{caminho}: a cópia já está no lugar, mas falhou levar os nomes ao disco "
            f"({erros.motivo(erro)}){onde}. Verifique o disco e rode o leitor.",
        ) from erro
    return guardado


def _ligar(caminho: str, outro: str) -> None:
    try:
        os.link(caminho, outro)
    except OSError as erro:
        if erro.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}:
            raise
        raise Erro(
            erros.ENTRADA_SAIDA,
            f"{caminho}: este sistema de arquivos não tem links, com que se guardaria o banco que "
            "há; nada mudou. Copie-o antes com `leitor copiar` e use --sem-copia.",
        ) from erro


def _apagar(*caminhos: str) -> None:
    for caminho in caminhos:
        try:
            os.unlink(caminho)
        except OSError as erro:
            if erro.errno != errno.ENOENT:
                raise
