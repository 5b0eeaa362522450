"""O que o leitor verifica, lista e acusa, seja qual for o motor."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from tests.nos_dois_motores.motor import Motor
from tests.pagina import Pagina
from tests.processos import no_shell, rodar
from tests.test_listagem import ESPERADO

FIM = ["lacres", "elos", "totais", "índice"]  # o que se recalcula; antes, cada motor tem as suas


def ancora(motor: Motor, execucao: int) -> str:
    """Devolve a âncora desta execução, lida por fora."""
    [[elo]] = motor.consultar(f"SELECT elo FROM execucoes WHERE id = {execucao}")
    return f"{execucao} {elo}"


def test_verifica_e_diz_a_prova(historia: Motor) -> None:
    """Tudo em ordem, uma verificação por linha, e a âncora da última execução."""
    codigo, stdout, stderr = historia.leitor("verificar")
    assert (codigo, stderr) == (0, "")
    *verificacoes, gravado, lacre, ate_aqui, lido = stdout.splitlines()
    assert {linha.split()[0] for linha in verificacoes} == {"ok"}
    assert [linha.split()[1] for linha in verificacoes][-4:] == FIM
    assert gravado.startswith("gravado: execução 4 (importar:-), ")
    assert lacre == f"lacre:   {historia.provado()[-1][12]}"
    assert ate_aqui == f"âncora:  {ancora(historia, 4)}"
    assert lido.endswith(f"; {len(historia.linhas())} usuários, 4 execuções")


@pytest.mark.parametrize("formato", ESPERADO)
def test_lista_em_cada_formato(formato: str, historia: Motor) -> None:
    """Byte por byte, o que os módulos csv e json escreveriam; em stderr, que se verificou."""
    linhas = historia.linhas()
    for limite in ([], ["--limite", "5"]):
        codigo, stdout, stderr = historia.leitor("listar", "--formato", formato, *limite)
        assert (codigo, stdout) == (0, ESPERADO[formato](linhas[:5] if limite else linhas))
        assert re.match(r"\[LEITOR\] ✓ (\d+) de \1 verificações\n", stderr)


def test_a_pagina(historia: Motor) -> None:
    """Bem formada, com o título do motor; o comando dela, colado no bash, dá o lacre."""
    codigo, stdout, _ = historia.leitor("listar", "--formato", "html")
    assert codigo == 0
    Pagina(stdout)
    assert f'<h2 id="banco">{historia.titulo}</h2>' in stdout
    assert historia.mostrado in html.unescape(stdout)
    [receita] = re.findall(r"<pre[^>]*><code><bdi>(.*?)</bdi></code></pre>", stdout, re.DOTALL)
    ambiente = [f"{nome}={valor}" for nome, valor in historia.ambiente["leitor"].items()]
    feito = rodar(["env", *ambiente, *no_shell(html.unescape(receita))])
    assert feito == (0, f"{historia.provado()[-1][12]}  -\n", "")


def test_ancoras(historia: Motor, tmp_path: Path) -> None:
    """A de cada execução confere; a de outra história é acusada; um arquivo guarda a de agora."""
    arquivo = tmp_path / "ancoras"
    guardar = historia.leitor(
        "verificar", "--ancora", ancora(historia, 2), "--ancoras", str(arquivo)
    )
    assert guardar.codigo == 0
    assert arquivo.read_text() == f"{ancora(historia, 4)}\n"
    falsa = f"2 {'f' * 64}"
    codigo, stdout, stderr = historia.leitor("--ancora", falsa)
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)
    assert falsa in stderr


def test_um_banco_mexido_nao_se_mostra_nem_se_copia(mexida: Motor, tmp_path: Path) -> None:
    """65 em cada pergunta, a execução e a regra, nenhuma linha e nenhuma cópia."""
    assert mexida.leitor("verificar").codigo == 0
    mexida.alterar("UPDATE usuarios SET nome = 'Outra' WHERE id = 2")
    destino = tmp_path / "copia.db"
    for argv in ([], ["verificar"], ["copiar", str(destino)], ["listar", "--formato", "html"]):
        codigo, stdout, stderr = mexida.leitor(*argv)
        assert (codigo, stderr.count("\n")) == (65, 1), argv
        assert ": lacre quebrado na execução 1 (" in stderr
        assert "regra E10 do contrato" in stderr
        assert "maria@example.com" not in stdout
    assert list(tmp_path.iterdir()) == []


def test_o_que_foi_selado_de_novo_so_a_ancora_acusa(mexida: Motor) -> None:
    """O nome mudado e o livro inteiro refeito: 0 sem a âncora (o controle), 65 com ela."""
    guardadas = [ancora(mexida, 2), ancora(mexida, 4)]
    mexida.alterar("UPDATE usuarios SET nome = 'Outra' WHERE email = 'zoe@x.com'")
    mexida.reselar()
    mexida.provado()
    assert mexida.leitor("verificar", "--ancora", guardadas[0]).codigo == 0
    as_duas = [parte for dita in guardadas for parte in ("--ancora", dita)]
    codigo, _, stderr = mexida.leitor("verificar", *as_duas)
    assert (codigo, stderr.count("\n")) == (65, 1)
    assert f"a 4 não é a da âncora {guardadas[1]}" in stderr
