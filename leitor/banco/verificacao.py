"""As verificações de um banco SQLite, na ordem em que uma depende da outra."""

from __future__ import annotations

import os
import sqlite3

from leitor import arquivo, erros, recalculo
from leitor.banco import consultas
from leitor.banco.leitura import Leitura, abrir_sqlite
from leitor.erros import restaure, rode_o_escritor
from leitor.texto import milhar
from leitor.verificacao import verificar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from leitor.porta import Ordem

MAGIA = b"SQLite format 3\x00"  # sqlite.org/fileformat2.html, seção 1.3
MAGIA_DO_DIARIO = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"  # idem, seção 3
DE_ROLLBACK, WAL = 1, 2  # idem, seção 1.3: bytes 18 e 19
APLICACAO = 0x44534632  # "DSF2" em ASCII
VERSAO_DO_ESQUEMA = 1
ABERTO = 3  # verificações até a conexão existir


def abrir(leitura: Leitura) -> None:
    """Abre o banco, com as verificações que vêm antes disso. Levanta o Erro da que falhar."""
    _, falha = verificar(leitura, ORDEM[:ABERTO])
    if falha:
        raise falha


def _arquivo(leitura: Leitura) -> str:
    tamanho = arquivo.tamanho(leitura.caminho)
    if tamanho is None:
        raise leitura.recusa(erros.DADOS, "não é um arquivo comum. Corrija BANCO.")
    if tamanho == 0:
        raise leitura.recusa(
            erros.SEM_ENTRADA, f"o arquivo está vazio. {rode_o_escritor(leitura.alvo)}"
        )
    return f"{milhar(tamanho)} bytes"


def _cabecalho(leitura: Leitura) -> str:
    leitura.cabecalho = arquivo.comeco(leitura.caminho, 100)
    if leitura.cabecalho[:16] != MAGIA or len(leitura.cabecalho) < 100:
        if _ao_lado(leitura, "-journal") and (
            arquivo.comeco(f"{os.path.realpath(leitura.caminho)}-journal", 8) == MAGIA_DO_DIARIO
        ):
            raise leitura.recusa(
                erros.TENTE_DE_NOVO,
                "há um diário de uma gravação interrompida no começo. "
                f"{rode_o_escritor(leitura.alvo)}",
            )
        raise leitura.recusa(
            erros.DADOS, f"não é um banco SQLite. Corrija BANCO. {restaure(leitura.alvo)}"
        )
    tamanho = int.from_bytes(leitura.cabecalho[16:18], "big")
    return f"SQLite 3, páginas de {milhar(tamanho if tamanho > 1 else 65_536)} bytes"


def _ao_lado(leitura: Leitura, sufixo: str) -> int:
    """Devolve o tamanho do arquivo ao lado do banco; 0 se não há, que para o SQLite é o mesmo.

    Levanta Erro 65 se não é um arquivo comum: o SQLite o abriria, e um FIFO
    sem ninguém do outro lado faz esperar para sempre.
    """
    try:
        tamanho = arquivo.tamanho(f"{os.path.realpath(leitura.caminho)}{sufixo}")
    except FileNotFoundError:
        return 0
    if tamanho is None:
        raise leitura.recusa(
            erros.DADOS,
            f"ao lado, {os.path.basename(leitura.caminho)}{sufixo} não é um arquivo comum. "
            "Tire-o dali e leia de novo.",
        )
    return tamanho


def _abertura(leitura: Leitura) -> str:
    if not {*leitura.cabecalho[18:20]} <= {DE_ROLLBACK, WAL}:
        formatos = " e ".join(map(str, leitura.cabecalho[18:20]))
        raise leitura.recusa(
            erros.DADOS,
            f"o cabeçalho diz um formato que não existe ({formatos}; regra A3 do contrato). "
            f"{restaure(leitura.alvo)}",
        )
    diarios = [_ao_lado(leitura, sufixo) for sufixo in ("-journal", "-wal")]
    # Um -wal vazio ao lado de um diário de rollback não quer dizer nada, nem para o SQLite.
    if WAL in leitura.cabecalho[18:20] or diarios[1]:
        # Abrir poderia criar -wal e -shm, e o leitor não cria nada.
        raise leitura.recusa(
            erros.TENTE_DE_NOVO,
            "está em modo WAL, que não se lê de uma montagem só de leitura; o escritor o devolve "
            f"ao diário de rollback (regra A3 do contrato). {rode_o_escritor(leitura.alvo)}",
        )
    leitura.con = abrir_sqlite(leitura.caminho, leitura.espera)
    return f"só de leitura, SQLite {sqlite3.sqlite_version}"


def _dono(leitura: Leitura) -> str:
    aplicacao = consultas.valor(leitura.con, consultas.APLICACAO) & 0xFFFFFFFF
    versao = consultas.valor(leitura.con, consultas.VERSAO)
    if aplicacao == versao == 0 and consultas.valor(leitura.con, consultas.VERSAO_COMUM):
        raise leitura.recusa(
            erros.ESQUEMA,
            "é da versão comum deste exercício, sem execuções nem lacres que se possam conferir; o "
            f"escritor a adota, e guarda uma cópia. {rode_o_escritor(leitura.alvo)}",
        )
    if aplicacao != APLICACAO:
        raise leitura.recusa(
            erros.DADOS,
            f"banco de outro programa (application_id 0x{aplicacao:08x}, o nosso é "
            f"0x{APLICACAO:08x}; regra A1 do contrato). Corrija BANCO.",
        )
    if versao != VERSAO_DO_ESQUEMA:
        raise leitura.recusa(
            erros.ESQUEMA,
            f"esquema na versão {versao}, este leitor conhece a {VERSAO_DO_ESQUEMA} "
            "(regra A2 do contrato). "
            "Use a imagem do leitor da mesma versão do escritor.",
        )
    return f"application_id 0x{aplicacao:08x}, esquema na versão {versao}"


def _esquema(leitura: Leitura) -> str:
    codificacao = consultas.valor(leitura.con, consultas.CODIFICACAO)
    if codificacao != "UTF-8":
        raise leitura.quebra("A3", f"o texto está em {codificacao}, e não em UTF-8")
    achados = leitura.con.execute(consultas.LE_ESQUEMA).fetchall()
    aceitos = consultas.ESQUEMA | consultas.DO_SQLITE
    sobram = {nome for tipo, nome, *resto in achados if (tipo, nome, *resto) not in aceitos}
    faltam = {nome for _, nome, *_ in consultas.ESQUEMA.difference(achados)}
    if faltam or sobram:
        diferencas = [f"difere {nome}" for nome in sorted(faltam & sobram)]
        diferencas += [f"falta {nome}" for nome in sorted(faltam - sobram)]
        diferencas += [f"sobra {nome}" for nome in sorted(sobram - faltam)]
        mostradas = f"{', '.join(diferencas[:3])}{' …' if len(diferencas) > 3 else ''}"
        raise leitura.quebra("A4", f"o esquema não é o do contrato: {mostradas}")
    return "usuarios e execucoes, como no contrato"


def _integridade(leitura: Leitura) -> str:
    achados = [achado for (achado,) in leitura.con.execute(consultas.INTEGRIDADE)]
    if achados != ["ok"]:
        texto = "; ".join(" ".join(str(achado).split()) for achado in achados)
        from leitor.banco.falhas import nao_leu  # só quem falha paga por elas

        if falha := nao_leu(texto, leitura.nome):
            raise falha
        raise leitura.quebra("A5", f"quick_check: {texto}")
    return "quick_check sem achados"


ORDEM: Ordem = (
    ("arquivo", _arquivo),
    ("cabeçalho", _cabecalho),
    ("abertura", _abertura),
    ("dono", _dono),
    ("esquema", _esquema),
    ("integridade", _integridade),
    ("lacres", recalculo.lacres),
    ("elos", recalculo.elos),
    ("totais", recalculo.totais),
    ("índice", recalculo.do_indice),
)
