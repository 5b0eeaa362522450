"""Adoção: o banco da versão comum deste exercício passa a cumprir o contrato, sem perder nada.

Aquela versão tem só a tabela `usuarios`, sem índice único nem execuções, e
grava os mesmos três usuários a cada vez.
"""

from __future__ import annotations

import glob
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from escritor import erros
from escritor.banco import conexao
from escritor.banco.cabecalho import MAGIA, WAL, conferir_acompanhantes, ler_cabecalho
from escritor.banco.carga import Gravadas, lacrar
from escritor.banco.conexao import Conexao
from escritor.banco.livro import Execucao
from escritor.entrada.pessoa import problema
from escritor.entrada.progresso import milhar
from escritor.entrada.recusas import MOSTRADAS
from escritor.erros import Erro
from escritor.guarda import exclusivo, firmar, nome_datado, trancada

COLUNAS = ("id", "nome", "email", "criado_em")
LE_COLUNAS = "SELECT name, type, pk FROM pragma_table_xinfo('usuarios') ORDER BY cid"
LE_OBJETOS = "SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
RENOMEIA = "ALTER TABLE usuarios RENAME TO usuarios_antiga"
LE_ANTIGA = "SELECT id, nome, email, criado_em FROM usuarios_antiga ORDER BY id"
APAGA_ANTIGA = "DROP TABLE usuarios_antiga"
INSERE = "INSERT INTO usuarios VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
PONTAS = "SELECT min(id), max(id) FROM usuarios"
PARCIAL = ".desafio2-guardando"  # a cópia do banco de antes, até que esteja inteira no disco
OLHANDO = ".desafio2-olhando-"  # pasta em que se olha uma cópia
MAIOR_ID = 2**53  # ainda exato num JSON, e longe do fim dos ids
CABE_NO_TMP = 1 << 22  # bytes

Linha = tuple[Any, str, str, str]  # o id de uma tabela alheia pode ser qualquer coisa


class Adotadas(NamedTuple):
    """O que a adoção fez; `guardado` é a cópia do banco como era."""

    gravadas: Gravadas
    sem_fuso: int
    guardado: str


class DiarioSumiu(Exception):
    """O diário que havia ao lado do banco já não está lá."""


def candidato(caminho: str) -> bool:
    """Diz se o arquivo é o banco da versão comum. Não muda um byte dele.

    Levanta Erro 65 se ninguém assinou o banco e as tabelas são outras.
    """
    conferir_acompanhantes(caminho)
    if not os.path.isfile(caminho):  # quem diz o que há de errado é cabecalho.py
        return False
    cabecalho = ler_cabecalho(caminho)
    if cabecalho[:16] != MAGIA or cabecalho[60:64] + cabecalho[68:72] != bytes(8):  # tem dono
        return False
    try:
        return _examinar(caminho, WAL in cabecalho[18:20])
    except DiarioSumiu:  # outro escritor acaba de adotar, ou de desfazer
        return candidato(caminho)
    except sqlite3.OperationalError as erro:
        if erros.primario(erro) not in erros.OCUPADO:
            raise
        return True  # em uso: quem espera a vez, e confere de novo, é a adoção


def _examinar(caminho: str, em_wal: bool) -> bool:
    """Olha o esquema; o que só se abre mudando (WAL, diário ao lado), numa cópia à parte."""
    absoluto = os.path.realpath(caminho)
    if not em_wal and not os.path.exists(f"{absoluto}-journal"):
        return _tem_a_forma(absoluto, "ro", caminho)
    pasta_do_banco = os.path.dirname(absoluto)
    limpar(pasta_do_banco)
    # O temporário do sistema se limpa sozinho, mas o do container é pequeno.
    onde = None if os.path.getsize(absoluto) < CABE_NO_TMP else pasta_do_banco
    with (
        tempfile.TemporaryDirectory(prefix=OLHANDO, dir=onde) as pasta,
        trancada(pasta, f"{pasta}: em uso"),
    ):
        copia = os.path.join(pasta, "copia.db")
        _copiar_com_o_diario(absoluto, copia)
        return _tem_a_forma(copia, "rw", caminho)


def _copiar_com_o_diario(absoluto: str, copia: str) -> None:
    for sufixo in ("", "-wal", "-journal"):
        if os.path.exists(absoluto + sufixo):
            try:
                shutil.copyfile(absoluto + sufixo, copia + sufixo)
            except FileNotFoundError as erro:
                raise DiarioSumiu from erro


def limpar(pasta: str) -> None:
    """Apaga as cópias que um exame que morreu deixou; as em uso estão trancadas."""
    for resto in glob.glob(os.path.join(glob.escape(pasta), f"{OLHANDO}*")):
        with suppress(Erro, OSError), trancada(resto, f"{resto}: em uso"):
            shutil.rmtree(resto)


def _tem_a_forma(olhado: str, modo: str, caminho: str) -> bool:
    with closing(_ligar(olhado, modo)) as con:
        if not con.execute(LE_OBJETOS).fetchone():
            return False
        conferir_forma(con, caminho)
        return True


def _ligar(caminho: str, modo: str) -> sqlite3.Connection:
    # sqlite.org/uri.html, seção 3.1: só estes três caracteres precisam de escape.
    uri = caminho.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    con = sqlite3.connect(f"file://{uri}?mode={modo}", uri=True, timeout=0, isolation_level=None)
    con.execute("PRAGMA trusted_schema = OFF")
    return con


def conferir_forma(con: sqlite3.Connection, caminho: str) -> None:
    """Levanta Erro 65 se não há só a tabela `usuarios` da versão comum, em UTF-8."""
    objetos = con.execute(LE_OBJETOS).fetchall()
    colunas = con.execute(LE_COLUNAS).fetchall()
    nomes = [nome for nome, *_ in colunas]
    codificacao = con.execute("PRAGMA encoding").fetchone()[0]
    if objetos != [("table", "usuarios")]:
        motivo = f"há {', '.join(sorted(nome for _, nome in objetos))}"
    elif nomes != [*COLUNAS] or colunas[0] != ("id", "INTEGER", 1):
        motivo = f"usuarios tem outras colunas: {', '.join(nomes)}"
    elif codificacao != "UTF-8":
        motivo = f"o texto está em {codificacao}"
    else:
        return
    raise Erro(
        erros.DADOS,
        f"{caminho}: banco de outro programa, que não dá para adotar ({motivo}); ficou intacto. "
        "Use outro BANCO.",
    )


def por_adotar(con: Conexao) -> bool:
    """Diz se o banco aberto, já sem o que uma queda deixou, é um que ninguém assinou."""
    dono = [con.execute(sql).fetchone() for sql in (conexao.LE_APLICACAO, conexao.LE_VERSAO)]
    return dono == [(0,), (0,)] and con.execute(LE_OBJETOS).fetchone() is not None


def adotar(con: Conexao) -> Adotadas:
    """Refaz a tabela como no contrato, na transação de quem chama; antes, guarda uma cópia.

    Fica a primeira linha de cada e-mail, com o id e a data dela. Levanta Erro
    65, com os motivos, se alguma linha não cabe no contrato.
    """
    conferir_forma(con, con.caminho)
    guardado = _guardar(con.caminho)
    try:
        return Adotadas(*_refazer(con), guardado)
    except BaseException:
        os.unlink(guardado)
        raise


def _guardar(caminho: str) -> str:
    """Copia o banco por outra conexão: a trava da transação não a impede de ler.

    A cópia só ganha o nome datado inteira: quem o vê pode confiar nela.
    """
    guardado = nome_datado(caminho)
    with (
        exclusivo(caminho + PARCIAL, f"{caminho}: outra adoção está em curso") as parcial,
        closing(_ligar(os.path.abspath(caminho), "ro")) as fonte,
    ):
        with closing(sqlite3.connect(parcial)) as copia:
            copia.execute("PRAGMA journal_mode = OFF")  # pela metade, joga-se fora
            fonte.backup(copia)
        firmar(parcial)
        os.rename(parcial, guardado)
        firmar(os.path.dirname(os.path.abspath(caminho)))
    return guardado


def _refazer(con: Conexao) -> tuple[Gravadas, int]:
    con.execute(RENOMEIA)
    conexao.criar_esquema(con)
    recusas: list[str] = []
    lidas = inseridas = sem_fuso = 0
    # Bytes que não são UTF-8 são uma linha a recusar, e não um erro do módulo.
    con.text_factory = lambda texto: texto.decode("utf-8", "surrogateescape")
    for antiga in con.execute(LE_ANTIGA):
        lidas += 1
        try:
            nova, com_fuso = _convertida(antiga)
        except ValueError as erro:
            recusas.append(f"{con.caminho}: usuarios, id {antiga[0]}: {erro}")
        else:
            inseridas += con.execute(INSERE, nova).rowcount
            sem_fuso += not com_fuso
    con.text_factory = str
    if recusas:
        raise _recusa(con.caminho, recusas)
    con.execute(APAGA_ANTIGA)
    conexao.conferir_esquema(con, con.caminho)
    primeiro, ultimo = con.execute(PONTAS).fetchone()
    lacre = lacrar(con, (primeiro or 1) - 1, ultimo or 0)
    return Gravadas(lidas, inseridas, primeiro, ultimo, lacre), sem_fuso


def _convertida(linha: Linha) -> tuple[Linha, bool]:
    """Devolve a linha como o contrato a quer, e se a data tinha fuso. Levanta ValueError."""
    id_, nome, email, criado_em = linha
    if not all(isinstance(texto, str) for texto in (nome, email, criado_em)):
        raise ValueError("há um valor que não é texto")
    if achado := problema(nome, email):
        raise ValueError(": ".join(achado))
    if type(id_) is not int or not 1 <= id_ <= MAIOR_ID:
        raise ValueError(f"o id devia ser um inteiro de 1 a {MAIOR_ID}")
    try:
        quando = datetime.fromisoformat(criado_em)
        com_fuso = quando.tzinfo is not None
        quando = quando.astimezone(UTC) if com_fuso else quando
    except (ValueError, OverflowError):
        raise ValueError(f"criado_em: {criado_em[:40]!r} não é uma data ISO 8601") from None
    cortada = f"{quando.replace(microsecond=0, tzinfo=None).isoformat()}Z"
    return (id_, nome.strip(), email.strip(), cortada), com_fuso


def _recusa(caminho: str, recusas: list[str]) -> Erro:
    return Erro(
        erros.DADOS,
        f"{caminho}: não dá para adotar: linhas que o contrato não aceita: {milhar(len(recusas))}; "
        "ficou intacto. Corrija-as com o programa que as gravou, ou use outro BANCO.",
        recusas[:MOSTRADAS],
    )


def em_texto(caminho: str, adotadas: Adotadas, execucao: Execucao) -> list[str]:
    """Devolve o que dizer de uma adoção que se confirmou."""
    return [
        f"adotado: {caminho} era da versão comum deste exercício, que repete os usuários; "
        f"linhas lidas: {milhar(execucao.lidos)}, repetidas, que não ficam: "
        f"{milhar(execucao.repetidos)}, usuários: {milhar(execucao.inseridos)}",
        f"datas sem fuso, tomadas como UTC e cortadas nos segundos: {milhar(adotadas.sem_fuso)}",
        f"o banco como era ficou em {adotadas.guardado}",
    ]
