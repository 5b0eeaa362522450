"""Adoção: o banco da versão comum deste exercício passa a cumprir o contrato, sem perder nada."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, NamedTuple

from escritor import erros
from escritor.banco import esquema, livro
from escritor.banco.carga import lacrar
from escritor.banco.conexao import Conexao, ligar
from escritor.copias import exame
from escritor.entrada.pessoa import problema
from escritor.entrada.recusas import MOSTRADAS
from escritor.erros import Erro
from escritor.execucao import Execucao, Gravadas, agora, seguinte
from escritor.guarda import exclusivo, firmar, nome_datado
from escritor.sinais import Interrompido
from escritor.texto import milhar

RENOMEIA = "ALTER TABLE usuarios RENAME TO usuarios_antiga"
LE_ANTIGA = "SELECT id, nome, email, criado_em FROM usuarios_antiga ORDER BY id"
APAGA_ANTIGA = "DROP TABLE usuarios_antiga"
INSERE = "INSERT INTO usuarios VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
PONTAS = "SELECT min(id), max(id) FROM usuarios"
PARCIAL = ".desafio2-guardando"  # a cópia do banco de antes, até que esteja inteira no disco
MAIOR_ID = 2**53  # ainda exato num JSON, e longe do fim dos ids

Linha = tuple[Any, str, str, str]  # o id de uma tabela alheia pode ser qualquer coisa


class Adotadas(NamedTuple):
    """O que a adoção fez; `guardado` é a cópia do banco como era."""

    gravadas: Gravadas
    sem_fuso: int
    guardado: str


def por_adotar(con: Conexao) -> bool:
    """Diz se o banco aberto, já sem o que uma queda deixou, é um que ninguém assinou."""
    dono = [con.execute(sql).fetchone() for sql in (esquema.LE_APLICACAO, esquema.LE_VERSAO)]
    return dono == [(0,), (0,)] and con.execute(exame.LE_OBJETOS).fetchone() is not None


def adotar(con: Conexao, dizer: Callable[..., None]) -> None:
    """Adota o banco aberto, se é um que ninguém assinou, numa transação só disto.

    O que vem depois pode falhar sem a desfazer. Levanta Erro 65 se não dá.
    """
    iniciada_em = agora()
    adotadas = None
    try:
        with con.transacao():
            if por_adotar(con):  # senão, outro escritor adotou enquanto se esperava a vez
                adotadas = _adotar(con)
                execucao = seguinte(None, adotadas.gravadas, "adocao", iniciada_em)
                livro.registrar(con, execucao)
    except BaseException:
        # Se o COMMIT pode ter vingado, a cópia é tudo o que há do banco como era.
        if adotadas and con.desfecho != "talvez":
            os.unlink(adotadas.guardado)
        raise
    if adotadas:
        con.adotou = True
        dizer(*em_texto(con.caminho, adotadas, execucao))
    con.sinais.recomecar()


def ressalvar(erro: Erro | Interrompido) -> None:
    """Corrige o que se diz de uma falha depois de uma adoção que se confirmou: ela ficou."""
    texto = str(erro).replace("nada foi gravado", "além da adoção nada foi gravado")
    erro.args = (texto.replace("Nada foi gravado", "Além da adoção nada foi gravado"),)


def _adotar(con: Conexao) -> Adotadas:
    """Refaz a tabela como no contrato, na transação de quem chama; antes, guarda uma cópia.

    Fica a primeira linha de cada e-mail, com o id e a data dela. Levanta Erro
    65, com os motivos, se alguma linha não cabe no contrato.
    """
    exame.conferir_forma(con, con.caminho)
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
    caminho = os.path.realpath(caminho)
    guardado = nome_datado(caminho)
    with (
        exclusivo(caminho + PARCIAL, f"{caminho}: outra adoção está em curso") as parcial,
        closing(ligar(caminho, "ro")) as fonte,
    ):
        with closing(ligar(parcial, "rw")) as copia:
            copia.execute("PRAGMA journal_mode = OFF")  # pela metade, joga-se fora
            fonte.backup(copia)
        firmar(parcial)
        os.rename(parcial, guardado)
        firmar(os.path.dirname(caminho))
    return guardado


def _refazer(con: Conexao) -> tuple[Gravadas, int]:
    con.execute(RENOMEIA)
    esquema.criar(con)
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
    esquema.conferir(con, con.caminho)
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
        f"âncora: {execucao.ancora}",
    ]
