"""O que todo teste usa: um banco novo e os dois programas, chamados no próprio processo."""

import os
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from escritor import lugar
from leitor.vigia.vigia import Sinais
from tests.ajuda import Ajuda
from tests.contrato import AMOSTRA, INSERE_COMUM, VERSAO_COMUM, ancora
from tests.historia import Historia
from tests.motores import ESCRITOR, LEITOR
from tests.processos import Saida
from tests.vigilia import Passo, Vigiar

Programa = Callable[..., Saida]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--campanha` e `--semente`: aqui, e não em campanhas/, para que `./testar` as conheça."""
    parser.addoption(
        "--campanha",
        action="store_true",
        help="roda só as campanhas de falhas, inteiras, e refaz a tabela de docs/confiabilidade.md",
    )
    parser.addoption("--semente", type=int, help="outra semente para as campanhas de falhas")


@pytest.fixture
def banco(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """O caminho de um banco que ainda não existe, numa pasta que também não."""
    caminho = tmp_path / "dados" / "desafio2.db"
    monkeypatch.setenv("BANCO", str(caminho))
    monkeypatch.setenv("BANCO_ESPERA", "0.2")
    monkeypatch.setattr(lugar, "MARCAS", ())  # no processo, fora de um container
    for nome in ("PYTHONUNBUFFERED", "PYTHONUTF8", "PYTHONIOENCODING"):
        monkeypatch.delenv(nome, raising=False)  # os processos rodam como num terminal qualquer
    return caminho


def no_processo(
    main: Callable[[Sequence[str]], int], capsys: pytest.CaptureFixture[str]
) -> Programa:
    """Devolve a função que chama um main com os argumentos."""

    def rodar(*argv: str) -> Saida:
        capsys.readouterr()  # o que veio antes não é desta execução
        havia = {sinal: signal.getsignal(sinal) for sinal in (signal.SIGINT, signal.SIGTERM)}
        try:
            codigo = main(argv)
        finally:  # de uma cópia publicada em diante, o programa não atende mais nenhum
            for sinal, tratador in havia.items():
                signal.signal(sinal, tratador)
        return Saida(codigo, *capsys.readouterr())

    return rodar


@pytest.fixture(name="escritor")
def _escritor(
    banco: Path,  # noqa: ARG001 - pelo ambiente que ele define
    capsys: pytest.CaptureFixture[str],
) -> Programa:
    """Chama o main do escritor com os argumentos; devolve código, stdout e stderr."""
    return no_processo(ESCRITOR, capsys)


@pytest.fixture(name="leitor")
def _leitor(
    banco: Path,  # noqa: ARG001 - pelo ambiente que ele define
    capsys: pytest.CaptureFixture[str],
) -> Programa:
    """Chama o main do leitor com os argumentos; devolve código, stdout e stderr."""
    return no_processo(LEITOR, capsys)


@pytest.fixture(name="ajuda")
def _ajuda(
    escritor: Programa,
    leitor: Programa,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Ajuda:
    """Devolve o texto de `PROGRAMA [COMANDO] --help`, sem os exemplos."""
    monkeypatch.setenv("COLUMNS", "80")  # num terminal estreito, o argparse recua de outro modo
    programas = {"escritor": escritor, "leitor": leitor}

    def pedir(programa: str, *comando: str) -> str:
        with pytest.raises(SystemExit) as fim:
            programas[programa](*comando, "--help")
        assert fim.value.code == 0
        return capsys.readouterr().out.partition("\nexemplos:")[0]

    return pedir


@pytest.fixture(name="vigiar")
def _vigiar(leitor: Programa, banco: Path, monkeypatch: pytest.MonkeyPatch) -> Vigiar:
    """Vigia com um passo no lugar de cada espera: lê uma vez antes de cada um e uma no fim."""

    def rodar_passos(*passos: Passo) -> Saida:
        restam = list(passos)

        def dormir(_: Sinais, segundos: float) -> None:
            assert segundos == 7
            restam.pop(0)()

        monkeypatch.setattr(Sinais, "dormir", dormir)
        saida = leitor("vigiar", "--intervalo", "7", "--vezes", str(len(passos) + 1))
        assert restam == []
        assert saida.stderr.startswith(f"[LEITOR] vigiando {banco}, a cada 7 s\n")
        return saida

    return rodar_passos


@pytest.fixture(scope="session", name="modelos")
def _modelos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dois bancos que o escritor fez, a copiar: os fsync de cada criação pesariam nos testes."""
    pasta = tmp_path_factory.mktemp("modelos")
    entrada = pasta / "entrada.csv"
    entrada.write_text("nome,email\nAna,ana@x.com\nZoé,zoe@x.com\n", encoding="utf-8")
    amostra = escrever_amostra(pasta)
    for nome, execucoes in {
        "semeado": [["semear"]],
        "gravado": [["semear"], ["importar", str(amostra)], ["importar", str(entrada)]],
    }.items():
        for argv in execucoes:
            assert ESCRITOR([*argv, "--banco", str(pasta / nome)]) == 0
    return pasta


@pytest.fixture
def semeado(banco: Path, modelos: Path) -> Path:
    """Um banco com os três usuários de exemplo e uma execução."""
    banco.parent.mkdir()
    banco.write_bytes((modelos / "semeado").read_bytes())
    return banco


@pytest.fixture
def gravado(banco: Path, modelos: Path) -> Path:
    """Um banco com três execuções: os três de exemplo, ninguém, e mais dois."""
    banco.parent.mkdir()
    banco.write_bytes((modelos / "gravado").read_bytes())
    return banco


@pytest.fixture
def copia(modelos: Path, tmp_path: Path) -> Path:
    """Uma cópia de um banco com cinco usuários e três execuções."""
    caminho = tmp_path / "copia.db"
    caminho.write_bytes((modelos / "gravado").read_bytes())
    return caminho


def escrever_amostra(pasta: Path) -> Path:
    """Escreve amostra.csv, com os três usuários que `semear` grava."""
    arquivo = pasta / "amostra.csv"
    linhas = "".join(f"{nome},{email}\n" for nome, email in AMOSTRA)
    arquivo.write_text(f"nome,email\n{linhas}", encoding="utf-8")
    return arquivo


@pytest.fixture
def repetir(escritor: Programa, tmp_path: Path) -> Programa:
    """Importa outra vez os três de exemplo: uma execução a mais, e ninguém a mais."""
    arquivo = escrever_amostra(tmp_path)
    return lambda *argv: escritor("importar", str(arquivo), *argv)


@pytest.fixture
def historia(gravado: Path, repetir: Programa) -> Historia:
    """Um banco com quatro execuções, como era com três, e a âncora de cada uma."""
    antiga = gravado.read_bytes()
    assert repetir().codigo == 0
    return Historia(gravado, antiga, [ancora(gravado, n) for n in range(1, 5)])


@pytest.fixture
def importar(escritor: Programa, tmp_path: Path) -> Callable[[bytes | str], Saida]:
    """Chama `importar` com um arquivo, `entrada.csv`, que tem este conteúdo."""

    def rodar(conteudo: bytes | str) -> Saida:
        arquivo = tmp_path / "entrada.csv"
        arquivo.write_bytes(conteudo.encode() if isinstance(conteudo, str) else conteudo)
        return escritor("importar", str(arquivo))

    return rodar


@pytest.fixture
def pasta_publica() -> Iterator[Path]:
    """Uma pasta a que qualquer uid chega; as do pytest só se abrem a quem o roda."""
    with tempfile.TemporaryDirectory() as nome:
        pasta = Path(nome)
        pasta.chmod(0o755)
        yield pasta
        pasta.chmod(0o755)


@pytest.fixture(scope="session")
def ferramenta() -> Callable[[str], str]:
    """Acha um programa do sistema; em CI, a falta é falha, e não um teste a menos."""

    def achar(nome: str) -> str:
        caminho = shutil.which(nome)
        if caminho is None and os.environ.get("CI"):
            pytest.fail(f"falta o programa {nome}, e em CI este teste não pode ser pulado")
        if caminho is None:
            pytest.skip(f"ATENÇÃO: falta o programa {nome}; instale-o para este teste valer")
        return caminho

    return achar


@pytest.fixture
def misturado(tmp_path: Path) -> Path:
    """Trinta linhas ruins entre trinta boas; a última é uma repetida da amostra."""
    linhas = "".join(f"P{i},p{i}@x.com\nQ{i},sem-arroba\n" for i in range(30))
    arquivo = tmp_path / "misturado.csv"
    arquivo.write_text(f"nome,email\n{linhas}João,JOAO@example.com\n", encoding="utf-8")
    return arquivo


@pytest.fixture
def comum(banco: Path) -> Path:
    """O banco que a versão comum deixa depois de quatro `docker compose up`."""
    banco.parent.mkdir()
    with closing(sqlite3.connect(banco)) as con:
        con.execute(VERSAO_COMUM)
        for dia in range(1, 5):
            for nome, email in AMOSTRA:
                con.execute(INSERE_COMUM, (nome, email, f"2025-12-{dia:02}T14:30:00.123456"))
        con.commit()
    return banco
