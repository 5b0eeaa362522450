"""O que o ambiente dá ao escritor, que ele não escolhe: nomes, limites, memória, um pipe lento."""

import errno
import gzip
import os
import resource
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from escritor import versao
from escritor.banco import carga, conexao, falhas
from escritor.texto import sem_senhas
from tests.conftest import Programa
from tests.contrato import AMOSTRA, alterar, consultar, fotografar, pessoas
from tests.processos import alimentar, comando, fluxo, iniciado, no_shell, rodar, sem_root, terminar

SEM_ARQUIVOS = """
import resource, sys
from tests.motores import ESCRITOR
resource.setrlimit(resource.RLIMIT_NOFILE, (3, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
sys.exit(ESCRITOR([]))
"""


@pytest.mark.parametrize(
    "texto",
    [
        "https://u:s3nha@h/x.csv",
        "postgres://u:minha s3nha@h",
        "postgres://u:s3n@ha@h/db",
        "postgres://s3nha@h",
        "postgres://u:s3nha",
        "host=h password=s3nha",
        "host=h password = s3nha dbname=d",
        "Password=s3nha",
        "PASSWORD='s3nha com s3nha' user=u",
        'password="s3nha com s3nha" user=u',
        r"password=\'s3nha s3nha\' user=u",
        r"password='minha\'s3nha' user=u",
        r"password=minha\ s3nha user=u",
        "postgres://h/db?password=s3nha&sslmode=require",
        "sslpassword=s3nha",
    ],
)
def test_uma_senha_nao_se_mostra(
    texto: str, banco: Path, escritor: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Onde quer que a ponham: argumento, opção ou variável."""
    assert "s3n" not in sem_senhas(texto).removesuffix("@h")
    for argv in (["importar", texto], ["restaurar", texto], [texto], ["--banco", texto]):
        codigo, stdout, stderr = escritor(*argv)
        assert (codigo in {2, 66}, stdout, stderr.count("\n")) == (True, "", 1)
        assert "s3n" not in stderr
    monkeypatch.setenv("BANCO_ESPERA", texto)
    assert "s3n" not in escritor().stderr
    assert not banco.exists()


@pytest.mark.parametrize("texto", ["/data/a.db: 3 de 4", "joao@x.com", "senha errada", "a: b@c"])
def test_o_que_nao_e_senha_se_mostra(texto: str) -> None:
    """Só se esconde o que pode ser uma."""
    assert sem_senhas(texto) == texto


@pytest.mark.parametrize("nome", ["a\x1bb", "a\udcffb", "a\u202eb", "a\nb"])
def test_nome_do_container_e_versao(
    nome: str, banco: Path, escritor: Programa, leitor: Programa, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """O que se sela cumpre E3, venha o nome como vier: o leitor aprova."""
    (tmp_path / ".env").write_bytes(os.fsencode(f"X=\udcff\nDESAFIO2_VERSAO={nome}\n"))
    monkeypatch.setattr(versao, "__file__", str(tmp_path / "escritor" / "versao.py"))
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(nodename=nome))
    assert escritor().codigo == 0
    monkeypatch.undo()
    assert leitor("verificar", "--banco", str(banco)).codigo == 0
    [(container,)] = consultar(banco, "SELECT container FROM execucoes")
    assert container == {"a\udcffb": "a\\xffb"}.get(nome, "a?b")


@pytest.mark.parametrize(
    "nome", ["locale", "hex", "rot13", "undefined", "idna", "punycode", "não-há"]
)
def test_codificacao_que_nao_e_de_texto(nome: str, semeado: Path, escritor: Programa) -> None:
    """2, uma linha, e o banco nem é aberto."""
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor("importar", "a.csv", "--codificacao", nome)
    assert (codigo, stdout, stderr.count("\n")) == (2, "", 1)
    assert f"codificação desconhecida: {nome!r}" in stderr
    assert fotografar(semeado.parent) == antes


@pytest.mark.usefixtures("banco")
def test_gzip_num_pipe_lento(banco: Path) -> None:
    """O primeiro byte chega sozinho, e ainda assim é um gzip."""
    dados = gzip.compress(b"nome,email\nAna,ana@x.com\n")
    with iniciado(comando("escritor", "importar", "-")) as processo:
        alimentar(processo, dados[:1])
        with pytest.raises(Exception, match="timed out"):
            processo.wait(1)
        alimentar(processo, dados[1:])
        fluxo(processo.stdin).close()
        saida = terminar(processo)
    assert saida.codigo == 0, saida.stderr
    assert pessoas(banco) == [("Ana", "ana@x.com")]


@pytest.mark.parametrize("argv", [[], ["importar", "-", "--rejeitados", "r.csv"]])
def test_pasta_atual_que_ja_nao_existe(argv: list[str], tmp_path: Path) -> None:
    """Com um BANCO relativo: 73, e o que falta, e não a saída padrão."""
    ida = f'mkdir "{tmp_path}/some" && cd "{tmp_path}/some" && rmdir "{tmp_path}/some" && '
    linha = f'R=$PWD; {ida} BANCO=x.db PYTHONPATH="$R" "$@"'
    saida = rodar(no_shell(linha, *comando("escritor", *argv)))
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (73, "", 1)
    assert "x.db: a pasta em que este processo está já não existe" in saida.stderr


def test_recusas_num_dispositivo_cheio(misturado: Path, semeado: Path, escritor: Programa) -> None:
    """O que se diz é das recusas, e não da saída padrão."""
    codigo, stdout, stderr = escritor("importar", str(misturado), "--rejeitados", "/dev/full")
    assert (codigo, stdout, stderr.count("\n")) == (74, "", 1)
    assert "/dev/full: não dá para guardar as recusas (disco cheio)" in stderr
    assert pessoas(semeado) == AMOSTRA


def test_arquivos_abertos_demais(semeado: Path) -> None:
    """75, em português, e o limite é que se aumenta."""
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] > 3
    saida = rodar([sys.executable, "-c", SEM_ARQUIVOS])
    assert (saida.codigo, saida.stdout, saida.stderr.count("\n")) == (75, "", 1), saida.stderr
    assert "ulimit -n" in saida.stderr
    assert "Corrija BANCO" not in saida.stderr
    assert pessoas(semeado) == AMOSTRA


def test_falta_de_memoria(
    semeado: Path, repetir: Programa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """74, uma linha que diz que é a memória, e nada gravado; não é defeito nosso."""

    def faltar(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(carga, "gravar", faltar)
    codigo, stdout, stderr = repetir()
    assert (codigo, stdout, stderr.count("\n")) == (74, "", 1)
    assert "faltou memória a este processo; nada foi gravado" in stderr
    assert consultar(semeado, "SELECT count(*) FROM execucoes") == [(1,)]


def test_o_cache_que_o_arquivo_pede_nao_vale(semeado: Path) -> None:
    """Um default_cache_size enorme, que cumpre o contrato, não enche a memória de quem o abre."""
    alterar(semeado, "PRAGMA default_cache_size = 2000000000")
    with closing(conexao.ligar(str(semeado), "ro")) as con:
        assert con.execute("PRAGMA cache_size").fetchone() == (-2000,)


def test_o_que_a_integridade_conta_e_nao_e_dano() -> None:
    """Sem memória, ou com um disco que falha, o SQLite não leu a página: ela pode estar boa."""
    with pytest.raises(MemoryError):
        falhas.da_integridade("Tree 2 page 9: unable to get the page. error code=7")
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        falhas.da_integridade("Tree 2 page 9: unable to get the page. error code=266")
    falhas.da_integridade("Tree 2 page 9: unable to get the page. error code=11")


@pytest.mark.parametrize("byte", [18, 19])
def test_formato_que_ninguem_grava(
    byte: int, semeado: Path, copia: Path, escritor: Programa
) -> None:
    """65, como banco corrompido: nem se restaura, nem se manda verificar o disco."""
    for arquivo, argv in ((copia, ["restaurar", str(copia)]), (semeado, [])):
        inteiro = arquivo.read_bytes()
        arquivo.write_bytes(inteiro[:byte] + b"\x03" + inteiro[byte + 1 :])
        antes = fotografar(semeado.parent)
        codigo, _, stderr = escritor(*argv)
        assert (codigo, "regra A5" in stderr, stderr.count("\n")) == (65, True, 1)
        assert fotografar(semeado.parent) == antes
        if arquivo == copia:
            copia.write_bytes(inteiro)
    assert escritor("restaurar", str(copia)).codigo == 0
    assert len(pessoas(semeado)) == 5


@pytest.mark.parametrize("ambiente", [[], ["LC_ALL=C", "PYTHONUTF8=0", "PYTHONCOERCECLOCALE=0"]])
@pytest.mark.parametrize("pasta", ["p\udcff", "é"])
def test_pasta_que_nao_e_utf8(ambiente: list[str], pasta: str, tmp_path: Path, copia: Path) -> None:
    """Grava e restaura; nenhum arquivo de 0 byte fica."""
    banco = tmp_path / pasta / "x.db"
    for argv in ([], ["restaurar", str(copia)]):
        saida = rodar(["env", *ambiente, *comando("escritor", *argv, "--banco", str(banco))])
        assert saida.codigo == 0, saida.stderr
    assert len(pessoas(banco)) == 5
    assert all(fotografar(banco.parent).values())


def test_link_numa_pasta_so_de_leitura(pasta_publica: Path, escritor: Programa) -> None:
    """Quem tem de dar para gravar é a pasta do arquivo, e não a do link."""
    (pasta_publica / "r").mkdir()
    (pasta_publica / "r").chmod(0o777)
    real, link = pasta_publica / "r" / "z.db", pasta_publica / "l" / "x.db"
    assert escritor("--banco", str(real)).codigo == 0
    real.chmod(0o666)
    link.parent.mkdir()
    link.symlink_to(real)
    link.parent.chmod(0o555)
    saida = rodar(sem_root("escritor", "--banco", str(link)))
    assert saida.codigo == 0, saida.stderr
    (pasta_publica / "r").chmod(0o555)
    saida = rodar(sem_root("escritor", "--banco", str(link)))
    assert (saida.codigo, f"gravar em {real.parent} (" in saida.stderr) == (73, True)
