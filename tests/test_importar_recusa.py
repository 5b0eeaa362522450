"""O escritor recusa um CSV ruim: diz a linha e o motivo, e o banco fica byte a byte igual."""

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import consultar, fotografar, pessoas
from tests.processos import UID, Saida, comando, no_shell, rodar, sem_root

Importar = Callable[[bytes | str], Saida]
BOA = b"nome,email\nAna,ana@x.com\n"


def ruim(rotulo: str, conteudo: bytes | str, linha: int, motivo: str) -> object:
    """Um caso: o conteúdo do arquivo, a linha a acusar e um trecho do motivo."""
    dados = conteudo.encode() if isinstance(conteudo, str) else conteudo
    return pytest.param(dados, linha, motivo, id=rotulo)


CABECALHOS = [
    ruim("arquivo vazio", b"", 1, "falta o cabeçalho"),
    ruim("primeira linha vazia", b"\nnome,email\n", 1, "falta o cabeçalho"),
    ruim("só um BOM", b"\xef\xbb\xbf", 1, "falta o cabeçalho"),
    ruim("coluna desconhecida", "nome,email,telefone\nAna,a@x.com,1\n", 1, "telefone"),
    ruim("coluna sem nome", "nome,email,\nAna,a@x.com,\n", 1, "coluna desconhecida"),
    ruim("coluna repetida", "nome,email,nome\nAna,a@x.com,Ana\n", 1, "coluna repetida"),
    ruim("falta a coluna email", "nome\nAna\n", 1, "falta a coluna email"),
    ruim("falta a coluna nome", "email\na@x.com\n", 1, "falta a coluna nome"),
    ruim("sem cabeçalho", "Ana,ana@x.com\n", 1, "faltam as colunas nome e email"),
    ruim("separador que não é dos três", "nome|email\nAna|a@x.com\n", 1, "faltam as colunas"),
]
LINHAS = [
    ruim("falta um campo", BOA + b"Bia\n", 3, "esperava 2 colunas, há 1"),
    ruim("colunas demais", BOA + b"Bia,bia@x.com,\n", 3, "esperava 2 colunas, há 3"),
    ruim("outro separador", BOA + b"Bia;bia@x.com\n", 3, "esperava 2 colunas, há 1"),
    ruim("só espaços", BOA + b"   \n", 3, "esperava 2 colunas, há 1"),
    ruim("nome vazio", BOA + b",bia@x.com\n", 3, "nome: vazio"),
    ruim("nome só de espaços", BOA + b'"  ",bia@x.com\n', 3, "nome: vazio"),
    ruim("email vazio", BOA + b"Bia,\n", 3, "email: vazio"),
    ruim("bytes que não são letras", BOA + b"Jos\xff,jose@x.com\n", 3, "nome: há letras que não"),
    ruim("UTF-8 longo demais", BOA + b"A\xc0\xaf,a@x.com\n", 3, "nome: há letras que não se"),
    ruim("meio par UTF-16", BOA + b"A\xed\xa0\x80,a@x.com\n", 3, "nome: há letras que não se"),
    ruim("bytes ruins no email", BOA + b"J,jos\xff@x.com\n", 3, "email: há letras que não se"),
    ruim("aspas nunca fechadas", BOA + b'"Bia,bia@x.com\nCris,c@x.com\n', 3, "nunca fechadas"),
    ruim("aspas fora do lugar", BOA + b'"Bia" Lima,bia@x.com\n', 3, "aspas fora do lugar"),
    ruim("campo enorme", BOA + b'"' + b"B" * 131_073 + b'",bia@x.com\n', 3, "mais de 131072 car"),
    ruim("nome de 1001 letras", BOA + b"B" * 1_001 + b",bia@x.com\n", 3, "nome: mais de 1000"),
    ruim("campo enorme em linhas", BOA + b'"' + b"B\n" * 70_000 + b'",b@x.com\n', 3, "131072"),
    ruim(
        "email de 255 bytes", BOA + b"Bia," + b"b" * 251 + b"@x.b\n", 3, "email: mais de 254 bytes"
    ),
    ruim("linha ruim após linhas vazias", BOA + b"\n\nBia\n", 5, "esperava 2 colunas"),
    ruim("linha ruim após CRLF", BOA.replace(b"\n", b"\r\n") + b"Bia\r\n", 3, "esperava 2"),
    ruim("linha ruim após CR", BOA.replace(b"\n", b"\r") + b"Bia\r", 3, "esperava 2 colunas"),
]
NAO_SAO_EMAILS = [
    "ana", "@", "@x.com", "ana@", "ana@x@y.com", "ana @x.com", "ana@x .com", "ana@.com", "ana@x.",
    "ana@x..com", "ana@x.com\u00a0b", "ana@x.com; bia@x.com", "Ana <ana@x.com> x",
]  # fmt: skip
# Todos os da categoria Cc do Unicode; as quebras de linha vão entre aspas para chegarem ao campo.
CONTROLES = [chr(codigo) for codigo in [*range(0x20), *range(0x7F, 0xA0)]]
INVISIVEIS = [0x200B, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]


def conferir_recusa(saida: Saida, linha: int, motivo: str) -> None:
    """Código 65, nada na saída e uma só linha `arquivo:linha: motivo` no erro."""
    assert (saida.codigo, saida.stdout) == (65, "")
    assert saida.stderr.startswith(f"[ESCRITOR] ERRO: entrada.csv:{linha}: "), saida.stderr
    assert motivo in saida.stderr
    assert saida.stderr.count("\n") == 1
    assert "Nada foi gravado" in saida.stderr


@pytest.mark.parametrize(("conteudo", "linha", "motivo"), CABECALHOS + LINHAS)
def test_arquivo_ruim(
    conteudo: bytes, linha: int, motivo: str, semeado: Path, importar: Importar
) -> None:
    """Cada defeito é acusado na sua linha, e o que já havia fica igual, byte a byte."""
    antes = fotografar(semeado.parent)
    conferir_recusa(importar(conteudo), linha, motivo)
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize("email", NAO_SAO_EMAILS)
def test_email_que_nao_e_email(email: str, semeado: Path, importar: Importar) -> None:
    """O que não é `alguém@lugar` é recusado com o valor à vista."""
    antes = fotografar(semeado.parent)
    saida = importar(f'nome,email\nAna,ana@x.com\nBia,"{email}"\n')
    conferir_recusa(saida, 3, "não é um e-mail")
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize("campo", ["nome", "email"])
@pytest.mark.parametrize("forma", ["no meio", "no começo", "no fim"])
def test_caractere_de_controle(campo: str, forma: str, semeado: Path, importar: Importar) -> None:
    """Nenhum caractere de controle entra nem some em silêncio, esteja onde estiver no campo."""
    antes = fotografar(semeado.parent)
    aceitos = []
    for controle in CONTROLES:
        antes_de, depois_de = {
            "no meio": ("a", "b"),
            "no começo": ("", "ab"),
            "no fim": ("ab", ""),
        }[forma]
        texto = f"{antes_de}{controle}{depois_de}"
        nome, email = (texto, "b@x.com") if campo == "nome" else ("Bia", f"{texto}@x.com")
        if campo == "email" and forma == "no fim":
            email = f"b@x.com{controle}"
        saida = importar(f'nome,email\nAna,ana@x.com\n"{nome}","{email}"\n')
        if saida.codigo == 0:
            aceitos.append(f"U+{ord(controle):04X}")
        else:
            conferir_recusa(saida, 3, f"{campo}: caractere de controle U+{ord(controle):04X}")
    assert aceitos == []
    assert fotografar(semeado.parent) == antes


def test_o_numero_da_linha_conta_as_quebras_entre_aspas(semeado: Path, importar: Importar) -> None:
    """Um campo de três linhas antes da ruim: o número é o da linha física em que ela começa."""
    antes = fotografar(semeado.parent)
    # O próprio campo de várias linhas é recusado, por ter quebras; a ruim aqui é a das colunas.
    saida = importar('nome,email\nAna,ana@x.com\n"um\ndois\ntrês",b@x.com,sobra\n')
    conferir_recusa(saida, 3, "esperava 2 colunas, há 3")
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize(
    "conteudo",
    [BOA[:0], BOA + b"Bia\n", BOA * 1 + b"Bia,bia@x.com\n" * 5_000 + b"Cris,sem-arroba\n"],
    ids=["cabeçalho", "linha 3", "linha 5003"],
)
def test_sem_banco_antes_nao_fica_esquema(
    conteudo: bytes, banco: Path, importar: Importar, leitor: Programa
) -> None:
    """Recusado o primeiro arquivo, não há esquema nem diário: o banco não nasceu."""
    saida = importar(conteudo)
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (65, "", 1)
    restou = fotografar(banco.parent) if banco.parent.exists() else {}
    assert restou in ({}, {banco.name: b""})
    assert leitor("verificar").codigo == 66


def test_tudo_ou_nada_com_a_ultima_linha_ruim(semeado: Path, importar: Importar) -> None:
    """Vinte mil linhas boas e a última ruim: nem uma entra."""
    antes = fotografar(semeado.parent)
    boas = "".join(f"Pessoa {i},p{i}@x.com\n" for i in range(20_000))
    conferir_recusa(importar(f"nome,email\n{boas}Fim,sem-arroba\n"), 20_002, "não é um e-mail")
    assert fotografar(semeado.parent) == antes
    saida = importar(f"nome,email\n{boas}")
    assert (saida.codigo, len(pessoas(semeado))) == (0, 20_003), "o mesmo arquivo, corrigido, entra"


def test_linha_sem_fim(semeado: Path) -> None:
    """Um arquivo sem quebra nem fim não esgota a memória: é recusado no limite da linha."""
    antes = fotografar(semeado.parent)
    com_um_giga = 'ulimit -v 1000000; exec "$@"'  # para que a falha não leve a máquina junto
    saida = rodar(no_shell(com_um_giga, *comando("escritor", "importar", "/dev/zero")))
    assert (saida.codigo, saida.stdout) == (65, "")
    assert saida.stderr.startswith("[ESCRITOR] ERRO: zero:1: linha com mais de 131072 caracteres")
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize("arquivo", ["não-existe.csv", "", ".", "entrada.csv/dentro"])
def test_arquivo_que_nao_da_para_ler(
    arquivo: str, semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """Sem o arquivo, ou com uma pasta no lugar dele: 66, e o que fazer."""
    (tmp_path / "entrada.csv").write_bytes(BOA)
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor("importar", f"{tmp_path}/{arquivo}")
    assert (codigo, stdout) == (66, "")
    assert stderr.startswith(f"[ESCRITOR] ERRO: {tmp_path}/{arquivo}: ")
    assert re.search(
        r"(não existe|é uma pasta|não é uma pasta)\. Confira o nome e a pasta\.$", stderr
    )
    assert fotografar(semeado.parent) == antes


def test_arquivo_sem_permissao(pasta_publica: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sem permissão de leitura: 66, e a mensagem diz de quem é o processo."""
    monkeypatch.setenv("BANCO", str(pasta_publica / "x.db"))
    pasta_publica.chmod(0o777)
    segredo = pasta_publica / "segredo.csv"
    segredo.write_bytes(BOA)
    segredo.chmod(0)
    saida = rodar(sem_root("escritor", "importar", str(segredo)))
    assert (saida.codigo, saida.stdout) == (66, "")
    assert f"o uid {UID} não consegue ler (permissão negada)" in saida.stderr
    assert list(pasta_publica.iterdir()) == [segredo]
    remedio = saida.stderr.strip().rpartition("permissão: ")[2]
    subprocess.run(shlex.split(remedio), check=True)
    assert rodar(sem_root("escritor", "importar", str(segredo))).codigo == 0


def test_entrada_padrao_fechada(semeado: Path) -> None:
    """`importar - <&-` não tem o que ler: 66, e não um defeito nosso."""
    antes = fotografar(semeado.parent)
    saida = rodar(no_shell('exec "$@" <&-', *comando("escritor", "importar", "-")))
    assert (saida.codigo, saida.stdout) == (66, ""), saida.stderr
    assert saida.stderr.startswith("[ESCRITOR] ERRO: ")
    assert "Traceback" not in saida.stderr
    assert fotografar(semeado.parent) == antes


@pytest.mark.parametrize("campo", ["nome", "email"])
@pytest.mark.parametrize("codigo", INVISIVEIS)
def test_caractere_que_nao_se_ve(
    codigo: int, campo: str, semeado: Path, importar: Importar
) -> None:
    """O que muda a direção do texto ou não ocupa lugar faria iguais duas linhas que não o são."""
    antes = fotografar(semeado.parent)
    texto = f"b{chr(codigo)}b"
    nome, email = (texto, "b@x.com") if campo == "nome" else ("Bia", f"{texto}@x.com")
    saida = importar(f"nome,email\nAna,ana@x.com\n{nome},{email}\n")
    conferir_recusa(saida, 3, f"{campo}: caractere que não se vê U+{codigo:04X}")
    assert fotografar(semeado.parent) == antes


def test_o_que_junta_emojis_fica(semeado: Path, importar: Importar) -> None:
    """U+200D, e o U+FE0F que muda um emoji, fazem parte do nome."""
    familia = "Família \U0001f468\u200d\U0001f469\u200d\U0001f467 ❤\ufe0f"
    assert importar(f"nome,email\n{familia},f@x.com\n").codigo == 0
    assert pessoas(semeado)[3:] == [(familia, "f@x.com")]


def test_nome_de_arquivo_com_o_que_nao_se_ve(
    semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """No livro, e nas mensagens, cada um deles é um ponto de interrogação."""
    arquivo = tmp_path / "a\u202eb\u200bc\ufeff\n.csv"
    arquivo.write_text("nome,email\n")
    codigo, _, stderr = escritor("importar", str(arquivo))
    assert (codigo, "(importar:a?b?c??.csv)" in stderr) == (0, True), stderr
    origens = consultar(semeado, "SELECT origem FROM execucoes")
    assert origens == [("semear",), ("importar:a?b?c??.csv",)]
