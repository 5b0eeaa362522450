"""Muitos cadastros, um lacre: quem se junta, quem espera, e a corrente que fica."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import pytest

from tests.web.motores.apoio import LINHAS, LIVRO, Motor, conferir, gravar_todos, juntos
from web.bancos import Banco, Pedido
from web.bancos.juntos import separar
from web.gravador import Existe, Gravador, Indisponivel, Invalido, Recibo

PESSOAS = [
    ("Ana Costa", "ana@example.com"),
    ('D\'Ávila "Zé" \\ da Silva', "ze@exemplo.com.br"),
    ("山田 👩‍👧", "Yamada@Example.JP"),
]
Ligar = Callable[[Banco], Gravador]
Abrir = Callable[[], Banco]


def test_cada_um_recebe_o_recibo_dele(motor: Motor, gravador: Gravador) -> None:
    """A linha como ficou, e a âncora da execução que a selou."""
    recibos = gravar_todos(gravador, PESSOAS)

    livro = {execucao[0]: execucao for execucao in motor.consultar(LIVRO)}
    for recibo, linha, (nome, email) in zip(recibos, motor.consultar(LINHAS), PESSOAS, strict=True):
        assert recibo[:4] == linha
        assert linha[1:3] == (nome, email)
        execucao = livro[recibo.execucao]
        assert (execucao[1], execucao[13], execucao[7]) == ("api", recibo.elo, recibo.quantas)
    conferir(motor)


def test_espacos_nas_pontas_nao_contam(motor: Motor, gravador: Gravador) -> None:
    """Como na importação."""
    recibo = gravador.gravar("  Ana ", " ana@x.com ", None, None)
    assert (recibo.nome, recibo.email) == ("Ana", "ana@x.com")
    assert motor.consultar("SELECT nome, email FROM usuarios") == [("Ana", "ana@x.com")]


def test_os_que_chegam_juntos_se_selam_juntos(motor: Motor, gravador: Gravador) -> None:
    """Poucas execuções para muitos pedidos, cada recibo na corrente, ninguém duas vezes."""
    gravar_todos(gravador, PESSOAS)
    quantos = 120
    pedidos = [partial(gravador.gravar, f"P{n}", f"p{n}@x.com", None, None) for n in range(quantos)]
    recibos = juntos(*pedidos)

    assert all(isinstance(recibo, Recibo) for recibo in recibos), recibos
    execucoes = {recibo.execucao: recibo.elo for recibo in recibos if isinstance(recibo, Recibo)}
    assert len(execucoes) < quantos / 2
    assert execucoes.items() <= {e[0]: e[13] for e in motor.consultar(LIVRO)}.items()
    assert len(motor.consultar(LINHAS)) == quantos + len(PESSOAS)
    conferir(motor)


def test_o_mesmo_email_ao_mesmo_tempo(motor: Motor, gravador: Gravador) -> None:
    """Um entra; os outros recebem a linha que ele gravou, digam-no com que maiúsculas for."""
    emails = ["ana@x.com", "ANA@x.com", "Ana@X.com"] * 5
    feitos = juntos(*(partial(gravador.gravar, "Ana", email, None, None) for email in emails))

    recibos = [feito for feito in feitos if isinstance(feito, Recibo)]
    assert len(recibos) == 1
    existem = [feito.usuario for feito in feitos if isinstance(feito, Existe)]
    assert len(existem) == len(emails) - 1
    assert all(tuple(usuario.values()) == recibos[0][:4] for usuario in existem)
    assert len(motor.consultar(LINHAS)) == 1
    conferir(motor)


def test_so_as_maiusculas_ascii_se_dobram(motor: Motor, gravador: Gravador) -> None:
    """É a regra U4 do contrato: com um acento em maiúscula, é outro e-mail."""
    gravar_todos(gravador, [("A", "é@x.com"), ("B", "É@x.com")])
    assert len(motor.consultar(LINHAS)) == 2
    conferir(motor)


def test_quem_nao_serve_falha_sozinho(motor: Motor, gravador: Gravador) -> None:
    """Entre os bons, um inválido e um repetido: só eles ficam de fora."""
    gravar_todos(gravador, PESSOAS)
    feitos = juntos(
        partial(gravador.gravar, "Bia", "bia@x.com", None, None),
        partial(gravador.gravar, "", "sem-nome@x.com", None, None),
        partial(gravador.gravar, "Ana", "ANA@example.com", None, None),
        partial(gravador.gravar, "Caio", "caio@x.com", None, None),
    )

    bia, ruim, repetida, caio = feitos
    assert isinstance(bia, Recibo)
    assert isinstance(caio, Recibo)
    assert isinstance(ruim, Invalido)
    assert (ruim.campo, ruim.motivo) == ("nome", "vazio")
    assert isinstance(repetida, Existe)
    assert repetida.usuario["nome"] == "Ana Costa"
    assert len(motor.consultar(LINHAS)) == len(PESSOAS) + 2
    conferir(motor)


def test_nada_inserido_nenhuma_execucao(motor: Motor, gravador: Gravador) -> None:
    """Um pedido que só repete não deixa nada no livro."""
    gravar_todos(gravador, PESSOAS)
    livro = motor.consultar(LIVRO)
    with pytest.raises(Existe):
        gravador.gravar("Outra", "ana@example.com", None, None)
    assert motor.consultar(LIVRO) == livro


def test_varios_processos_uma_corrente(motor: Motor, abrir: Abrir, ligar: Ligar) -> None:
    """Três gravadores ao mesmo tempo, como em três contêineres: nenhum número se repete."""
    gravadores = [ligar(abrir()) for _ in range(3)]
    pedidos = [
        partial(gravadores[n % 3].gravar, f"P{n}", f"p{n}@x.com", None, None) for n in range(90)
    ]
    recibos = juntos(*pedidos)

    assert all(isinstance(recibo, Recibo) for recibo in recibos), recibos
    assert len(motor.consultar(LINHAS)) == 90
    conferir(motor)


def test_um_depois_do_outro_em_dois_processos(motor: Motor, abrir: Abrir, ligar: Ligar) -> None:
    """Cada um confere o que o outro gravou, e continua dali."""
    um, outro = ligar(abrir()), ligar(abrir())
    for n in range(6):
        (um if n % 2 else outro).gravar(f"P{n}", f"p{n}@x.com", None, None)
    assert [execucao[0] for execucao in motor.consultar(LIVRO)] == [1, 2, 3, 4, 5, 6]
    conferir(motor)


@pytest.mark.parametrize(
    ("dano", "regra"),
    [
        ("UPDATE usuarios SET nome = 'Outra' WHERE id = 2", "E10"),
        ("UPDATE execucoes SET container = 'outro' WHERE id = 2", "E11"),
        ("INSERT INTO usuarios VALUES (3, 'X', 'x@x.com', '2026-01-01T00:00:00Z')", "E9"),
    ],
    ids=["linha", "livro", "por fora"],
)
def test_o_que_outro_gravou_e_conferido(
    dano: str, regra: str, motor: Motor, abrir: Abrir, ligar: Ligar
) -> None:
    """Por cima do que veio depois do que se conhece, e está quebrado, não se grava."""
    um, outro = ligar(abrir()), ligar(abrir())
    um.gravar("A", "a@x.com", None, None)
    outro.gravar("B", "b@x.com", None, None)
    motor.alterar(dano)
    livro = motor.consultar(LIVRO)

    with pytest.raises(Indisponivel, match=rf"regra {regra} do contrato\).*nada foi gravado"):
        um.gravar("C", "c@x.com", None, None)
    assert motor.consultar(LIVRO) == livro


def test_a_historia_trocada_e_recusada_uma_vez(motor: Motor, gravador: Gravador) -> None:
    """Se a última execução já não é a que se conhece, confere-se tudo antes de continuar."""
    gravar_todos(gravador, PESSOAS)
    motor.alterar("DELETE FROM usuarios WHERE id = 3", "DELETE FROM execucoes WHERE id = 3")

    with pytest.raises(Indisponivel, match="execução 3: "):
        gravador.gravar("C", "c@x.com", None, None)
    assert gravador.gravar("C", "c@x.com", None, None).execucao == 3
    conferir(motor)


def test_parado_nao_grava(motor: Motor, banco: Banco) -> None:
    """O que já estava na fila se grava; depois, ninguém fica à espera para sempre."""
    gravador = Gravador(banco, 30.0)
    gravador.iniciar()
    gravar_todos(gravador, PESSOAS)
    gravador.parar()
    with pytest.raises(Indisponivel, match="parando"):
        gravador.gravar("C", "c@x.com", None, None)
    assert len(motor.consultar(LINHAS)) == len(PESSOAS)


def test_quem_repete_espera_pela_execucao_seguinte() -> None:
    """O mesmo e-mail, ou a mesma chave: a resposta de um depende da do outro."""
    pedidos = [
        Pedido("A", "a@x.com"),
        Pedido("B", "A@X.com"),
        Pedido("C", "c@x.com", "k", "1"),
        Pedido("D", "d@x.com", "k", "2"),
        Pedido("E", "e@x.com"),
    ]
    assert separar(pedidos) == ([0, 2, 4], [1, 3])


def test_o_lacre_confere_com_o_comando_do_contrato(motor: Motor, gravador: Gravador) -> None:
    """Controle: `conferir` acusa uma letra trocada."""
    gravar_todos(gravador, PESSOAS)
    motor.alterar("UPDATE usuarios SET nome = 'Ana Casto' WHERE id = 1")
    with pytest.raises(AssertionError):
        conferir(motor)
    assert re.search("lacre quebrado", motor.leitor("verificar").stderr)
