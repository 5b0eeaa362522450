"""O README diz a verdade: tabelas, saídas citadas e receita, conferidas com o programa."""

import re
import subprocess
from html import unescape
from pathlib import Path

import pytest

from tests.conftest import Programa
from tests.contrato import consultar
from tests.processos import RAIZ

README = (RAIZ / "README.md").read_text(encoding="utf-8")
# O que muda de uma execução para outra.
VARIA = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "QUANDO"),
    (r"\d{4}-\d\d-\d\dT\d{6}Z", "QUANDO"),
    (r"sha256 [0-9a-f]{16,64}", "sha256 LACRE"),
    (r"container [^,]+,", "container ALGUM,"),
    (r"banco criado em \S+", "banco criado em BANCO"),
]


def ajuda(programa: Programa, capsys: pytest.CaptureFixture[str], *comando: str) -> str:
    """Devolve o texto de --help, numa linha só por parágrafo."""
    with pytest.raises(SystemExit) as fim:
        programa(*comando, "--help")
    assert fim.value.code == 0
    return " ".join(capsys.readouterr().out.partition("\nexemplos:")[0].split())


def igualado(linhas: list[str]) -> list[str]:
    """Troca pelo mesmo nome o que varia entre execuções."""
    for padrao, nome in VARIA:
        linhas = [re.sub(padrao, nome, linha) for linha in linhas]
    return linhas


def citado(servico: str) -> list[str]:
    """Devolve o que a captura do README mostra de um serviço no `docker compose up`."""
    captura = unescape((RAIZ / "docs/imagens/up.svg").read_text(encoding="utf-8"))
    linhas = re.findall(rf"^{servico}-1 +\| (.*)$", captura, re.MULTILINE)
    return igualado([linha.rstrip() for linha in linhas])


def test_cabe_em_duzentas_linhas() -> None:
    """Um README que ninguém lê inteiro não serve."""
    assert len(README.splitlines()) <= 200


def test_a_saida_citada_e_a_do_programa(banco: Path, escritor: Programa, leitor: Programa) -> None:
    """As linhas do bloco do `up`, fluxo por fluxo."""
    for nome, programa in (("escritor", escritor), ("leitor", leitor)):
        codigo, stdout, stderr = programa()
        assert codigo == 0
        # Os dois fluxos de um container podem trocar de ordem entre si.
        assert sorted(citado(nome)) == sorted(igualado((stderr + stdout).splitlines()))
    assert "docs/imagens/up.svg" in README
    assert consultar(banco, "SELECT count(*) FROM usuarios") == [(3,)]


def test_os_codigos_de_saida_sao_os_da_ajuda(
    escritor: Programa, leitor: Programa, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tabela do README e a ajuda dos dois programas têm os mesmos códigos."""
    linhas = re.findall(r"^\| (`\d+`.*?) \|", README, re.MULTILINE)
    na_tabela = {codigo for linha in linhas for codigo in re.findall(r"`(\d+)`", linha)}
    for programa in (escritor, leitor):
        texto = ajuda(programa, capsys).partition("códigos de saída:")[2]
        assert set(re.findall(r"\b\d+\b", texto)) == na_tabela


def test_as_opcoes_sao_as_da_ajuda(
    escritor: Programa, leitor: Programa, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nenhuma opção do README falta no programa, e nenhuma do programa falta no README."""
    comandos: list[tuple[Programa, str]] = [(escritor, "semear"), (escritor, "importar")]
    comandos += [(escritor, "restaurar"), (leitor, "listar"), (leitor, "verificar")]
    comandos += [(leitor, "copiar"), (leitor, "vigiar"), (leitor, "saude")]
    opcoes = set()
    for programa, comando in comandos:
        assert re.search(rf"^\| `\S+ \[?{comando}", README, re.MULTILINE), comando
        opcoes |= set(re.findall(r"--[a-z][a-z-]*", ajuda(programa, capsys, comando)))
        opcoes |= set(re.findall(r"--[a-z][a-z-]*", ajuda(programa, capsys)))
    tabelas = "".join(re.findall(r"^\|.*$", README, re.MULTILINE))
    assert opcoes - {"--help", "--version"} == set(re.findall(r"--[a-z][a-z-]*", tabelas))


def test_as_variaveis_e_os_padroes(
    escritor: Programa, leitor: Programa, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cada variável da tabela está na ajuda dos dois, com o mesmo padrão."""
    tabela = re.findall(r"^\| `(BANCO\w*)` \| `(--\w+).*?` \| `(.*?)`", README, re.MULTILINE)
    assert [nome for nome, _, _ in tabela] == ["BANCO", "BANCO_ESPERA"]
    for programa in (escritor, leitor):
        texto = ajuda(programa, capsys)
        for nome, opcao, padrao in tabela:
            assert re.search(rf"{opcao} \S+ .*?\(variável {nome}; (padrão )?{padrao}\)", texto)


def test_a_receita_do_lacre_funciona(semeado: Path) -> None:
    """O comando do contrato, sem mudar nada, dá o lacre que o banco guarda."""
    contrato = (RAIZ / "docs/contrato.md").read_text(encoding="utf-8")
    receita = re.search(r"```sh\n(sqlite3 -separator.*?)```", contrato, re.DOTALL)
    assert receita
    saida = subprocess.run(
        ["bash", "-c", receita[1]], cwd=semeado.parent, capture_output=True, text=True, check=True
    )
    [(lacre,)] = consultar(semeado, "SELECT lacre FROM execucoes WHERE id = 1")
    assert saida.stdout.split()[0] == lacre


def test_sem_docker_como_o_readme_diz(tmp_path: Path) -> None:
    """A linha do par sem Docker roda como está, a não ser pela pasta."""
    linha = re.search(r"^BANCO=(\S+) sh -c 'python3.*$", README, re.MULTILINE)
    assert linha
    feito = subprocess.run(
        ["bash", "-c", linha[0].replace(linha[1], str(tmp_path / "d.db"))],
        cwd=RAIZ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert feito.returncode == 0, feito.stderr
    assert "│  1 │ João Silva " in feito.stdout


def test_os_documentos_e_as_imagens_existem() -> None:
    """Nenhum link do README ou de docs/ leva a lugar nenhum."""
    for pagina in [RAIZ / "README.md", *(RAIZ / "docs").glob("*.md")]:
        texto = pagina.read_text(encoding="utf-8")
        for alvo in re.findall(r'\]\(([^)]+)\)|src="([^"]+)"', texto):
            caminho = "".join(alvo).partition("#")[0]
            assert caminho.startswith("https:") or (pagina.parent / caminho).exists(), caminho
