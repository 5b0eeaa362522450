"""`restaurar`: uma cópia, conferida por inteiro, toma o lugar do banco de uma vez."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

from escritor import erros
from escritor.banco import conexao, conferencia, esquema, falhas, livro
from escritor.banco.cabecalho import (
    ACOMPANHANTES,
    APLICACAO,
    MAGIA,
    WAL,
    conferir_acompanhantes,
    e_nosso,
    ler_cabecalho,
    tem_diario_alheio,
)
from escritor.banco.conexao import Conexao
from escritor.copias import linhagem
from escritor.entrada import fonte
from escritor.erros import Erro
from escritor.execucao import Execucao
from escritor.guarda import exclusivo, firmar, nome_datado, trancada
from escritor.sinais import Sinais

PARCIAL = ".desafio2-restaurando"  # a cópia, até que tudo nela esteja conferido
ANTERIOR = ".desafio2-anterior"  # o banco que sai, só enquanto os nomes trocam


def restaurar(
    banco: str, arquivo: str, espera: float, sinais: Sinais, *, sem_copia: bool
) -> tuple[list[str], Execucao]:
    """Põe a cópia `arquivo` no lugar do banco; devolve o que dizer e a última execução dela.

    Nada é acrescentado à cópia: o livro dela continua a dizer só o que
    aconteceu. Uma queda deixa o banco velho ou o novo, inteiro. Levanta Erro 65
    se a cópia não passa, 66 se não há, e os de gravar.
    """
    caminho = os.path.realpath(banco)
    os.makedirs(os.path.dirname(caminho), exist_ok=True)
    with _so_eu(caminho) as parcial:
        _receber(arquivo, caminho, parcial)
        nome = "a cópia da entrada padrão"
        if arquivo != "-":
            nome = fonte.nome_da_origem(arquivo)
        resumo, ultima = conferir(parcial, nome, sinais)
        parado = _parado(caminho, espera, sinais, sem_copia=sem_copia)
        with parado as atual, sinais.irrevogavel():
            if atual and (parentesco := linhagem.comparar(atual, parcial)):
                resumo += f"; {parentesco}"
            guardado = _trocar(parcial, caminho, guardar=not sem_copia)
    ditos = [f"restaurado: {banco} é agora {nome}; {resumo}"]
    if guardado:
        ditos.append(f"o banco que havia ficou em {guardado}")
    return ditos, ultima


def terminar_troca(banco_: str) -> None:
    """Acaba o que uma restauração que morreu deixou; não faz nada se uma está em curso."""
    caminho = os.path.realpath(banco_)
    if any(map(os.path.exists, (caminho + ANTERIOR, caminho + PARCIAL))):
        with suppress(Erro), _so_eu(caminho):
            pass


@contextmanager
def _so_eu(caminho: str) -> Iterator[str]:
    """Entrega o arquivo em que a cópia é recebida; uma restauração de cada vez."""
    ocupado = f"{caminho}: outra restauração está em curso"
    # A tranca é a da pasta: a do arquivo parcial iria embora com o nome dele, no meio da troca.
    with (
        trancada(os.path.dirname(caminho), ocupado),
        exclusivo(caminho + PARCIAL, ocupado) as parcial,
    ):
        _apagar(*(parcial + sufixo for sufixo in ACOMPANHANTES))
        anterior = caminho + ANTERIOR
        if os.path.exists(anterior):
            if os.path.exists(caminho) and os.path.samefile(anterior, caminho):
                _apagar(anterior)
            else:
                os.rename(anterior, nome_datado(caminho))
        try:
            yield parcial
        finally:
            _apagar(*(parcial + sufixo for sufixo in ACOMPANHANTES))


def _receber(arquivo: str, caminho: str, parcial: str) -> None:
    """Traz os bytes da cópia para o volume do banco, até o disco."""
    if arquivo != "-":
        if os.path.realpath(arquivo) == caminho:
            raise Erro(erros.USO, f"{arquivo}: é o próprio banco. Diga uma cópia.")
        for sufixo in ACOMPANHANTES[:2]:
            if os.path.exists(arquivo + sufixo) and os.path.getsize(arquivo + sufixo):
                raise Erro(
                    erros.DADOS,
                    f"{arquivo}: há {sufixo} ao lado, e sem ele a cópia não é o banco inteiro; "
                    "nada mudou. Faça a cópia com `leitor copiar`.",
                )
    with fonte.binario(arquivo) as origem, open(parcial, "wb") as destino:
        destino.writelines(fonte.trechos(arquivo, origem))
        destino.flush()
        os.fsync(destino.fileno())


def conferir(parcial: str, nome: str, sinais: Sinais) -> tuple[str, Execucao]:
    """Confere a cópia e a deixa com diário de rollback; devolve o resumo e a última execução."""
    if not e_nosso(parcial):
        raise Erro(
            erros.DADOS,
            f"{nome}: não é um banco do escritor (regra A1 do contrato); o banco está como estava. "
            "Use uma cópia feita por `leitor copiar`.",
        )
    try:
        with closing(sqlite3.connect(parcial, isolation_level=None)) as con:
            conexao.vigiar(con, sinais)
            con.execute("PRAGMA trusted_schema = OFF")
            con.execute("PRAGMA journal_mode = DELETE")
            resumo = conferencia.conferir_copia(con, nome)
            return resumo, Execucao._make(con.execute(livro.ULTIMA_EXECUCAO).fetchone())
    except (sqlite3.DatabaseError, UnicodeError) as erro:
        sinais.conferir()
        if isinstance(erro, sqlite3.Error) and falhas.primario(erro) in falhas.DISCO:
            raise
        motivo = " ".join(str(erro).split())
        raise Erro(
            erros.DADOS,
            f"{nome}: corrompida ({motivo}; regra A5 do contrato); o banco está como estava. "
            "Use outra cópia.",
        ) from erro


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
