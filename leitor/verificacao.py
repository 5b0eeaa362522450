"""As verificações, na ordem em que uma depende da outra."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
from collections.abc import Callable, Sequence

from leitor import banco, erros, indice
from leitor.erros import RODE_O_ESCRITOR, Erro
from leitor.lacres import conferir_lacres
from leitor.leitura import Leitura

MAGIA = b"SQLite format 3\x00"  # sqlite.org/fileformat2.html, seção 1.3
MAGIA_DO_DIARIO = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"  # idem, seção 3
WAL = 2  # idem, seção 1.3: bytes 18 e 19
APLICACAO = 0x44534632  # "DSF2" em ASCII
VERSAO_DO_ESQUEMA = 1
ELO_ZERO = "0" * 64
ABERTO = 3  # verificações até a conexão existir


class Verificacao:
    """Uma verificação: nome, resultado (`ok`, `falha`, `não feita`) e o que se viu."""

    def __init__(self, nome: str, resultado: str, detalhe: str) -> None:
        self.nome = nome
        self.resultado = resultado
        self.detalhe = detalhe


Ordem = Sequence[tuple[str, Callable[[Leitura], str]]]


def verificar(
    leitura: Leitura, ordem: Ordem | None = None
) -> tuple[list[Verificacao], Erro | None]:
    """Faz as verificações até a primeira que falha; as demais ficam `não feita`.

    Devolve todas, na ordem, e a falha (None: tudo em ordem). A conexão fica
    aberta na mesma transação, para que se liste o que se verificou.
    """
    feitas: list[Verificacao] = []
    falha: Erro | None = None
    for nome, fazer in ordem or ORDEM:
        if falha:
            feitas.append(Verificacao(nome, "não feita", ""))
            continue
        try:
            feitas.append(Verificacao(nome, "ok", fazer(leitura)))
        except (sqlite3.Error, UnicodeDecodeError) as erro:
            falha = erros.do_sqlite(erro, leitura.nome, leitura.espera)
        except OSError as erro:
            falha = erros.do_sistema(erro, leitura.nome)
        except Erro as erro:
            falha = erro
        if falha:
            feitas.append(Verificacao(nome, "falha", str(falha)))
    return feitas, falha


def abrir(leitura: Leitura) -> None:
    """Abre o banco, com as verificações que vêm antes disso. Levanta o Erro da que falhar."""
    _, falha = verificar(leitura, ORDEM[:ABERTO])
    if falha:
        raise falha


def _arquivo(leitura: Leitura) -> str:
    estado = os.stat(leitura.caminho)
    if not stat.S_ISREG(estado.st_mode):
        raise leitura.recusa(erros.DADOS, "não é um arquivo comum. Corrija BANCO.")
    if estado.st_size == 0:
        raise leitura.recusa(erros.SEM_ENTRADA, f"o arquivo está vazio. {RODE_O_ESCRITOR}")
    return f"{milhar(estado.st_size)} bytes"


def _cabecalho(leitura: Leitura) -> str:
    with open(leitura.caminho, "rb") as arquivo:
        leitura.cabecalho = arquivo.read(100)
    if leitura.cabecalho[:16] != MAGIA or len(leitura.cabecalho) < 100:
        if _tem_diario(leitura.caminho):
            raise leitura.recusa(
                erros.TENTE_DE_NOVO,
                f"há um diário de uma gravação interrompida no começo. {RODE_O_ESCRITOR}",
            )
        raise leitura.recusa(
            erros.DADOS, "não é um banco SQLite. Corrija BANCO ou restaure uma cópia."
        )
    tamanho = int.from_bytes(leitura.cabecalho[16:18], "big")
    return f"SQLite 3, páginas de {milhar(tamanho if tamanho > 1 else 65_536)} bytes"


def _tem_diario(caminho: str) -> bool:
    try:
        with open(f"{os.path.realpath(caminho)}-journal", "rb") as diario:
            return diario.read(8) == MAGIA_DO_DIARIO
    except FileNotFoundError:
        return False


def _abertura(leitura: Leitura) -> str:
    if WAL in leitura.cabecalho[18:20] or os.path.exists(
        f"{os.path.realpath(leitura.caminho)}-wal"
    ):
        # Abrir poderia criar -wal e -shm, e o leitor não cria nada.
        raise leitura.recusa(
            erros.TENTE_DE_NOVO,
            "está em modo WAL, que não se lê de uma montagem só de leitura; o escritor o devolve "
            f"ao diário de rollback. {RODE_O_ESCRITOR}",
        )
    leitura.con = banco.abrir(leitura.caminho, leitura.espera)
    return f"só de leitura, SQLite {sqlite3.sqlite_version}"


def _dono(leitura: Leitura) -> str:
    aplicacao = banco.valor(leitura.con, banco.APLICACAO) & 0xFFFFFFFF
    versao = banco.valor(leitura.con, banco.VERSAO)
    if aplicacao == versao == 0 and banco.valor(leitura.con, banco.VERSAO_COMUM):
        raise leitura.recusa(
            erros.ESQUEMA,
            "é da versão comum deste exercício, sem execuções nem lacres que se possam conferir; o "
            f"escritor a adota, e guarda uma cópia. {RODE_O_ESCRITOR}",
        )
    if aplicacao != APLICACAO:
        raise leitura.recusa(
            erros.DADOS,
            f"banco de outro programa (application_id 0x{aplicacao:08x}, o nosso é "
            f"0x{APLICACAO:08x}). Corrija BANCO.",
        )
    if versao != VERSAO_DO_ESQUEMA:
        raise leitura.recusa(
            erros.ESQUEMA,
            f"esquema na versão {versao}, este leitor conhece a {VERSAO_DO_ESQUEMA}. "
            "Use a imagem do leitor da mesma versão do escritor.",
        )
    return f"application_id 0x{aplicacao:08x}, esquema na versão {versao}"


def _esquema(leitura: Leitura) -> str:
    sobram = [str(linha) for (linha,) in leitura.con.execute(banco.LE_ESQUEMA)]
    faltam = []
    for linha in banco.ESQUEMA:
        if linha in sobram:
            sobram.remove(linha)
        else:
            faltam.append(linha)
    if faltam or sobram:
        diferencas = [f"falta {linha}" for linha in faltam] + [f"sobra {linha}" for linha in sobram]
        raise leitura.recusa(
            erros.ESQUEMA,
            f"o esquema não é o do contrato: {'; '.join(diferencas[:3])}"
            f"{' …' if len(diferencas) > 3 else ''}. Restaure uma cópia.",
        )
    return "usuarios e execucoes, como no contrato"


def _integridade(leitura: Leitura) -> str:
    achados = [achado for (achado,) in leitura.con.execute(banco.INTEGRIDADE)]
    if achados != ["ok"]:
        texto = "; ".join(" ".join(str(achado).split()) for achado in achados)
        raise leitura.recusa(erros.DADOS, f"quick_check: {texto}. Restaure uma cópia.")
    return "quick_check sem achados"


def _lacres(leitura: Leitura) -> str:
    quantos, quebrados = conferir_lacres(leitura.con, leitura.pares)
    if quebrados:
        raise leitura.recusa(
            erros.DADOS,
            f"lacre quebrado na execução {', '.join(quebrados[:3])}"
            f"{' …' if len(quebrados) > 3 else ''}: as linhas não são as que foram gravadas. "
            "Restaure uma cópia.",
        )
    return f"recalculados das linhas e iguais: {milhar(quantos)}"


def _elos(leitura: Leitura) -> str:
    anterior = ELO_ZERO
    quantos = 0
    for id_, elo, colunas in leitura.con.execute(banco.ELOS):
        anterior = hashlib.sha256(anterior.encode() + (colunas or b"")).hexdigest()
        if elo != anterior:
            raise leitura.recusa(
                erros.DADOS,
                f"elo quebrado na execução {id_}: o livro não é o que foi gravado. "
                "Restaure uma cópia.",
            )
        quantos += 1
    return f"corrente de {milhar(quantos)} inteira"


def _totais(leitura: Leitura) -> str:
    esperado = fim = soma = 0
    for linha in leitura.con.execute(banco.TOTAIS):
        esperado += 1
        id_, lidos, inseridos, repetidos, primeiro, ultimo, total, achados = linha
        soma += inseridos
        contas = {
            f"o número esperado é {esperado}": id_ == esperado,
            "lidos não é inseridos + repetidos": lidos == inseridos + repetidos,
            f"registra {inseridos} inseridos, há {achados}": inseridos == achados,
            f"registra total {total}, a soma é {soma}": total == soma,
            "só metade do intervalo de ids": (primeiro is None) == (ultimo is None),
            "o intervalo de ids invade o anterior": None in (primeiro, ultimo)
            or fim < primeiro <= ultimo,
        }
        if erradas := [conta for conta, certa in contas.items() if not certa]:
            raise leitura.recusa(
                erros.DADOS, f"execução {id_}: {'; '.join(erradas)}. Restaure uma cópia."
            )
        fim = ultimo or fim
    if not esperado:
        raise leitura.recusa(erros.SEM_ENTRADA, f"nenhuma execução registrada. {RODE_O_ESCRITOR}")
    quantos = banco.valor(leitura.con, banco.QUANTOS)
    if quantos != soma:
        raise leitura.recusa(
            erros.DADOS,
            f"há {quantos} usuários, as execuções registram {soma}: alguém gravou ou apagou por "
            "fora. Restaure uma cópia.",
        )
    return f"usuários: {milhar(quantos)}, cada um em uma execução"


def _indice(leitura: Leitura) -> str:
    if problema := indice.problema(leitura.con, leitura.pares):
        raise leitura.recusa(erros.DADOS, f"{problema}. Restaure uma cópia.")
    return "o dos e-mails diz o mesmo que a tabela"


def milhar(numero: int) -> str:
    """Escreve um inteiro com o ponto de milhar do português."""
    return f"{numero:,}".replace(",", ".")


ORDEM: Ordem = (
    ("arquivo", _arquivo),
    ("cabeçalho", _cabecalho),
    ("abertura", _abertura),
    ("dono", _dono),
    ("esquema", _esquema),
    ("integridade", _integridade),
    ("lacres", _lacres),
    ("elos", _elos),
    ("totais", _totais),
    ("índice", _indice),
)
