"""As receitas: que mentira quebra que regra; e, de regra vazia, o mais estranho que se permite."""

from random import Random
from typing import NamedTuple

from tests.campanhas.mentiras import no_arquivo, no_livro, ruins
from tests.campanhas.mentiras.contrato import ESQUEMA, MAIOR_ID
from tests.campanhas.mentiras.forja import Forja
from tests.campanhas.mentiras.no_livro import (
    MAIOR_INTEIRO,
    Faz,
    execucao_com,
    mudar_depois,
    mudar_selo,
    pessoa_com,
)
from tests.contrato import AMOSTRA, APLICACAO

APAGA_EXECUCAO = "DELETE FROM execucoes WHERE id = ?"
ARRUMAM = ("ANALYZE", "PRAGMA auto_vacuum = FULL")
REFAZEM = ("VACUUM", "REINDEX")  # não deixariam um e-mail em dobro


class Receita(NamedTuple):
    """Uma mentira, e a regra que ela quebra; `faz` devolve o que sorteou, para a falha o dizer."""

    regra: str
    nome: str
    faz: Faz


def ids_no_limite(acaso: Random, forja: Forja) -> object:
    """A última pessoa perto de 2⁶²: pode não caber mais ninguém."""
    id_ = MAIOR_ID - acaso.choice([0, 0, 1, 2, 3, 4, 2**60])
    forja.pessoas[-1][0] = forja.livro[-1]["ultimo_id"] = id_
    return id_


def conta_enorme(acaso: Random, forja: Forja) -> None:
    """Repetidos até onde um inteiro chega."""
    execucao = acaso.choice(forja.livro)
    execucao |= {"repetidos": MAIOR_INTEIRO - execucao["inseridos"], "lidos": MAIOR_INTEIRO}


def execucoes_e_mais_nada(acaso: Random, forja: Forja) -> object:
    """Uma execução só, ou muitas; às vezes todas vazias."""
    forja.pessoas.clear()
    forja.livro.clear()
    quantas = acaso.choice([1, 1, 2, 60])
    cada = acaso.choice([0, 0, 1])
    for _ in range(quantas):
        forja.acrescentar(cada)
    return quantas, cada


def recem_criado(_: Random, forja: Forja) -> None:
    """Só o esquema."""
    forja.pessoas.clear()
    forja.livro.clear()


def arrumar(*comandos: str) -> Faz:
    """O que o SQLite faz no arquivo sem mudar o que ele diz."""

    def faz(acaso: Random, forja: Forja) -> object:
        comando = acaso.choice(comandos)
        if comando.startswith("PRAGMA"):
            forja.ajustes.append(comando)
        else:
            forja.depois.append((comando, ()))
        return comando

    return faz


def ddl_de_outro_jeito(acaso: Random, forja: Forja) -> object:
    """A mesma coluna `sql`: o SQLite reescreve o começo do DDL, e a ordem não é do contrato."""
    trocas = [("CREATE TABLE ", "create table IF NOT EXISTS main."), ("INDEX ", "INDEX main."),
              ("UNIQUE INDEX ", "unique index if not exists "), ("", "")]  # fmt: skip
    de, para = acaso.choice(trocas)
    nomes = acaso.choice(
        [["usuarios", "usuarios_email", "execucoes"], ["execucoes", "usuarios", "usuarios_email"]]
    )
    forja.esquema = {
        nome: ESQUEMA[nome].replace(de, para) if de else ESQUEMA[nome] for nome in nomes
    }
    return para, nomes[0]


def ja_teve_autoincrement(_: Random, forja: Forja) -> None:
    """O que fica de um banco adotado: o sqlite_sequence não se apaga."""
    forja.depois.append(("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)", ()))
    forja.depois.append(("DROP TABLE t", ()))


def a_amostra(acaso: Random, forja: Forja) -> None:
    """Os três usuários de exemplo já estão lá, com outra caixa."""
    forja.acrescentar(len(AMOSTRA))
    for pessoa, (_, email) in zip(forja.pessoas[-3:], AMOSTRA, strict=True):
        pessoa[2] = acaso.choice([email, email.upper()])


def caixa_que_nao_e_ascii(_: Random, forja: Forja) -> None:
    """NOCASE só dobra o ASCII."""
    forja.pessoas[0][2], forja.pessoas[-1][2] = "É@x.com", "é@x.com"


SUJO = ruins.sujo
SUJAS = SUJO("a{}b")
PERMITIDAS = [
    Receita("", "honesto", lambda _, __: None),
    Receita("", "ids no limite", ids_no_limite),
    Receita("", "conta enorme", conta_enorme),
    Receita("", "execuções e mais nada", execucoes_e_mais_nada),
    Receita("", "arrumado", arrumar(*ARRUMAM, *REFAZEM)),
    Receita("", "DDL de outro jeito", ddl_de_outro_jeito),
    Receita("", "já teve AUTOINCREMENT", ja_teve_autoincrement),
    Receita("", "a amostra já lá", a_amostra),
    Receita("", "caixa que não é ASCII", caixa_que_nao_e_ascii),
]
MENTIRAS = [
    Receita("E1", "recém-criado", recem_criado),
    Receita("A1", "application_id", no_arquivo.marcar("application_id", 0, 1, -1, APLICACAO + 1)),
    Receita("A2", "user_version", no_arquivo.marcar("user_version", 0, 2, -1, 2**31 - 1)),
    Receita("A3", "codificação", no_arquivo.em_utf16),
    Receita("A4", "DDL", no_arquivo.mentir_no_ddl),
    Receita("A4", "DDL, de novo", no_arquivo.mentir_no_ddl),
    Receita("A4", "objeto a mais", no_arquivo.sobrar),
    Receita("A4", "objeto com nome do SQLite", no_arquivo.disfarcar_de_sqlite),
    Receita("A4", "objeto a menos", no_arquivo.faltar),
    Receita("A5", "outro e-mail no índice", no_arquivo.trocar_no_indice),
    Receita("A5", "falta no índice", no_arquivo.faltar_no_indice),
    Receita("A5", "sobra no índice", no_arquivo.sobrar_no_indice),
    Receita("A5", "byte virado no índice", no_arquivo.virar_byte_do_indice),
    Receita("A5", "tipo disfarçado", no_arquivo.disfarcar_tipo),
    Receita("U1", "id fora do intervalo", no_livro.mudar_id),
    Receita("U2", "nome", pessoa_com(1, ruins.NOMES_RUINS)),
    Receita("U3", "e-mail", pessoa_com(2, ruins.EMAILS_RUINS)),
    Receita("U4", "e-mail em dobro", no_arquivo.repetir_email),
    Receita("U5", "nome sujo", pessoa_com(1, SUJAS)),
    Receita("U5", "nome só de sujeira", pessoa_com(1, SUJO("{}"))),
    Receita("U5", "e-mail sujo", pessoa_com(2, SUJO("a{}b@x.com"))),
    Receita("U5", "domínio sujo", pessoa_com(2, SUJO("ab@x.c{}m"))),
    Receita("U6", "criado_em", pessoa_com(3, ruins.MOMENTOS_RUINS)),
    Receita("E1", "números com falhas", no_livro.renumerar),
    Receita("E1", "livro calado", no_livro.calar_o_livro),
    Receita("E2", "origem", execucao_com("origem", ruins.ORIGENS_RUINS)),
    Receita("E3", "origem suja", execucao_com("origem", SUJO("importar:a{}b"))),
    Receita("E3", "container sujo", execucao_com("container", SUJAS)),
    Receita("E3", "versão suja", execucao_com("versao", SUJAS)),
    Receita("E4", "iniciada_em", execucao_com("iniciada_em", ruins.MOMENTOS_RUINS)),
    Receita("E4", "concluida_em", execucao_com("concluida_em", ruins.MOMENTOS_RUINS)),
    Receita("E5", "contas", no_livro.contas_erradas),
    Receita("E6", "intervalo além das linhas", no_livro.passar_do_fim),
    Receita("E6", "meio intervalo", no_livro.meio_intervalo),
    Receita("E6", "vazia com ids", no_livro.vazia_com_ids),
    Receita("E6", "intervalo invertido", no_livro.inverter_intervalo),
    Receita("E7", "fora de ordem", no_livro.fora_de_ordem),
    Receita("E7", "intervalo que invade", no_livro.invadir),
    Receita("E8", "inseridos", no_livro.inseridos_de_mentira),
    Receita("E9", "total", no_livro.total_errado),
    Receita("E9", "órfã", no_livro.orfa),
    Receita("E10", "lacre", mudar_selo("muda_lacre")),
    Receita("E10", "linha mudada depois", mudar_depois([
        "UPDATE usuarios SET nome = nome || 'x' WHERE id = ?",
        "UPDATE usuarios SET email = 'outro@x.com' WHERE id = ?",
        "UPDATE usuarios SET criado_em = '2026-11-24T12:00:01Z' WHERE id = ?",
        "DELETE FROM usuarios WHERE id = ?",
    ])),
    Receita("E11", "elo", mudar_selo("muda_elo")),
    Receita("E11", "execução mudada depois", mudar_depois([
        "UPDATE execucoes SET container = container || 'x' WHERE id = ?",
        "UPDATE execucoes SET iniciada_em = '2026-11-24T12:00:01Z' WHERE id = ?",
        "UPDATE execucoes SET lidos = lidos + 1, repetidos = repetidos + 1 WHERE id = ?",
        "UPDATE execucoes SET elo = hex(randomblob(32)) WHERE id = ?",
    ])),
    Receita("E1", "execução do meio apagada", mudar_depois([APAGA_EXECUCAO], slice(None, -1))),
    Receita("E9", "última execução apagada", mudar_depois([APAGA_EXECUCAO], slice(-1, None))),
]  # fmt: skip
# O que pode vir junto com qualquer outra: uma coisa permitida antes, outra mentira depois.
JUNTO_ANTES = [
    Receita("", "arrumado", arrumar(*ARRUMAM)),
    Receita("", "a amostra já lá", a_amostra),
]
JUNTO_DEPOIS = [
    receita for receita in MENTIRAS if receita.regra in {"U2", "U3", "U5", "U6", "E2", "E3", "E4"}
]
