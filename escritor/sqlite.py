"""O SQLite como o escritor o pede (veja porta.py): um arquivo, num volume."""

from __future__ import annotations

import argparse
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from escritor import erros, guarda
from escritor.banco import carga, conexao, conferencia, esquema, falhas, montagem
from escritor.banco.cabecalho import ACOMPANHANTES
from escritor.banco.conexao import Conexao
from escritor.banco.conflito import sem_conflitos
from escritor.banco.livro import registrar, ultima_execucao
from escritor.copias import adocao, exame, restauracao
from escritor.entrada.pessoa import Lote
from escritor.erros import Erro
from escritor.execucao import Execucao, Gravadas
from escritor.lugar import no_container
from escritor.percurso import Ponto
from escritor.sinais import Interrompido, Sinais
from escritor.texto import CONTROLES, tem_senha

__all__ = [  # o que porta.py pede
    "AJUDA",
    "DESCRICAO",
    "abrir",
    "ao_lado",
    "conferir",
    "endereco",
    "garantir_esquema",
    "gravar",
    "listar",
    "padrao",
    "registrar",
    "restaurar",
    "sem_conflitos",
    "ultima_execucao",
]

NO_VOLUME = "/data/desafio2.db"
NA_PASTA = "./desafio2.db"  # sem Docker não há /data, e criá-la surpreenderia
AJUDA = f"arquivo do banco (variável BANCO; padrão {NO_VOLUME}); fora de um container, {NA_PASTA}"
DESCRICAO = "Cria e preenche o banco SQLite do volume compartilhado, sela o que gravou e termina."
LISTA_USUARIOS = "SELECT id, nome, email, criado_em FROM usuarios ORDER BY id LIMIT ?"

Linha = tuple[int, str, str, str]


def padrao() -> str:
    """Devolve o banco de quem não disse nenhum: o do volume, ou o da pasta atual."""
    return NO_VOLUME if no_container() else NA_PASTA


def endereco(texto: str) -> str:
    """Recusa o que não pode ser o arquivo do banco: um endereço, um nome com controles.

    E o que o SQLite tomaria por um banco que some ao fechar (inmemorydb.html).
    Um endereço pode trazer uma senha: não se repete. Levanta Erro 73 se o caminho
    parte de uma pasta atual que já não existe.
    """
    if "://" in texto or tem_senha(texto):
        postgres = "://" not in texto or texto.lower().startswith("postgres")
        remedio = ". PostgreSQL é com `python -m postgres.escritor`" if postgres else ""
        raise argparse.ArgumentTypeError(
            f"BANCO deve ser o caminho de um arquivo; veio o endereço de um servidor{remedio}"
        )
    if texto in {"", ":memory:"} or CONTROLES & {*map(ord, texto)}:
        raise argparse.ArgumentTypeError(f"BANCO deve ser o caminho de um arquivo; veio {texto!r}")
    try:
        os.path.abspath(texto)
    except OSError as erro:
        raise Erro(
            erros.NAO_CRIA,
            f"{texto}: a pasta em que este processo está já não existe; nada foi gravado. Entre "
            "noutra (cd), ou dê a BANCO um caminho que comece por /.",
        ) from erro
    return texto


def ao_lado(caminho: str) -> list[str]:
    """Devolve o arquivo do banco e os que o acompanham, os do SQLite e os nossos."""
    nossos = (restauracao.PARCIAL, restauracao.ANTERIOR, restauracao.TRANCA, adocao.PARCIAL)
    nomes = dict.fromkeys((caminho, os.path.realpath(caminho)))  # o SQLite usa o do arquivo
    return [nome + sufixo for nome in nomes for sufixo in ("", *ACOMPANHANTES, *nossos)]


@contextmanager
def abrir(
    caminho: str, espera: float, sinais: Sinais, dizer: Callable[..., None]
) -> Iterator[Conexao]:
    """Abre o banco; antes, limpa o que outros deixaram ao morrer e adota o da versão comum."""
    con: Conexao | None = None
    try:
        with falhas.traduzidas(caminho, espera):
            try:
                antigo = _antes_de_abrir(caminho, dizer)
                with conexao.abrir(caminho, espera, sinais, a_adotar=antigo is None) as con:
                    if antigo is not False:
                        adocao.adotar(con, dizer)
                    yield con
            except falhas.FALHAS as erro:
                if con and con.desfecho == "gravada":
                    raise falhas.ao_reler(erro, caminho, espera) from erro
                if not falhas.talvez_gravado(erro):
                    sinais.conferir()
                raise
    except (Erro, Interrompido) as erro:
        if con and con.adotou:
            adocao.ressalvar(erro)
        raise


def _antes_de_abrir(caminho: str, dizer: Callable[..., None]) -> bool | None:
    """Diz se pode haver um banco a adotar: None se há, True se talvez, False se não.

    Talvez, se há um diário ao lado: pode ser o de uma adoção que morreu, e ao
    abrir ela é desfeita.
    """
    if aviso := montagem.aviso(caminho):
        dizer(aviso)
    if terminada := restauracao.terminar_troca(caminho):
        dizer(restauracao.em_texto(terminada))
    pasta = os.path.dirname(os.path.realpath(caminho))
    exame.limpar(pasta)
    guarda.limpar_temporarios(pasta)
    if exame.candidato(caminho):
        return None
    return os.path.exists(f"{os.path.realpath(caminho)}-journal")


def garantir_esquema(con: Conexao) -> bool:
    """Cria o esquema num banco vazio, ou confere que é o do contrato; diz se criou."""
    return esquema.garantir(con, con.caminho)


def conferir(con: Conexao, desde: tuple[int, str] | None = None) -> Ponto:
    """Confere o livro e as linhas antes de gravar; devolve onde o livro acaba."""
    return conferencia.antes_de_gravar(con, con.caminho, desde)


def gravar(con: Conexao, lotes: Iterable[Lote], criado_em: str) -> Gravadas:
    """Insere as pessoas cujo e-mail falta, e as sela."""
    return carga.gravar(con, lotes, criado_em, esquema.CRIA_EMAIL_UNICO)


def listar(con: sqlite3.Connection, limite: int) -> Iterator[Linha]:
    """Devolve as primeiras linhas, na ordem do id; -1 é todas."""
    return con.execute(LISTA_USUARIOS, (limite,))


def restaurar(
    caminho: str, arquivo: str, espera: float, sinais: Sinais, *, sem_copia: bool
) -> tuple[list[str], Execucao]:
    """Põe a cópia no lugar do banco; devolve o que dizer e a última execução dela."""
    with falhas.traduzidas(caminho, espera):
        try:
            return restauracao.restaurar(caminho, arquivo, espera, sinais, sem_copia=sem_copia)
        except falhas.FALHAS:
            sinais.conferir()
            raise
