"""O README diz a verdade: tabelas, saídas citadas e receita, conferidas com o programa."""

import re
import subprocess
from collections.abc import Callable
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
    (r"âncora:( +\d+) [0-9a-f]{64}", r"âncora:\1 ELO"),
    (r"container [^,]+,", "container ALGUM,"),
    (r"banco criado em \S+", "banco criado em BANCO"),
]
COM_ANCORAS = ("leitor [listar]", "leitor verificar", "leitor copiar", "leitor vigiar")
PECA = re.compile(
    r"\[(?:[^][]|\[[^]]*\])*\]|\S+"
)  # de uma linha de uso: o que está entre colchetes é uma só
Ajuda = Callable[..., str]


@pytest.fixture
def ajuda(
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


def corrido(texto: str) -> str:
    """Desfaz a quebra de linhas da ajuda."""
    return " ".join(texto.split())


def pecas_da_ajuda(texto: str) -> set[str]:
    """Devolve argumentos e opções da linha de uso, com `|-` nos que a ajuda diz que aceitam."""
    uso, _, resto = texto.partition("\n\n")
    com_traco = [item for item in re.split(r"\n  (?=\S)", resto) if "; - é a" in corrido(item)]
    pecas = set()
    for peca in PECA.findall(corrido(uso).partition("[-h] ")[2]):
        nome = peca.strip("[]")
        traco = "|-" if any(item.startswith(f"{nome} ") for item in com_traco) else ""
        escolhas = re.sub(r"\{(.*)\}", lambda achado: achado[1].replace(",", "|"), nome)
        pecas.add(peca.replace(nome, escolhas + traco))
    return pecas


def comandos_da_ajuda(ajuda: Ajuda) -> dict[str, set[str]]:
    """Devolve as peças de cada comando dos dois programas; o padrão vem entre colchetes."""
    comandos = {}
    for programa in ("escritor", "leitor"):
        lista = ajuda(programa).partition("\n  COMANDO\n")[2].partition("\n\n")[0]
        for item in re.split(r"\n    (?=\S)", f"\n{lista}")[1:]:
            nome = item.split()[0]
            chave = f"[{nome}]" if item.endswith("(padrão)") else nome
            comandos[f"{programa} {chave}"] = pecas_da_ajuda(ajuda(programa, nome))
    return comandos


def comandos_do_readme(texto: str) -> dict[str, set[str]]:
    """Devolve o mesmo, das tabelas: as de opções valem para os comandos que o título diz."""
    comandos = {}
    for linha in re.findall(r"^\| `((?:escritor|leitor) .*?)` \|", texto, re.MULTILINE):
        programa, nome, *pecas = PECA.findall(linha.replace("\\|", "|"))
        comandos[f"{programa} {nome}"] = {*pecas}
    for titulo, tabela in re.findall(
        r"^\| opção de (`.*?) \|.*\n((?:\|.*\n)*)", texto, re.MULTILINE
    ):
        opcoes = re.findall(r"^\| `(.*?)` \|", tabela.replace("\\|", "|"), re.MULTILINE)
        nomes = {*re.findall(r"`(\w+)`", titulo)}
        for comando, pecas_do_comando in comandos.items():
            if comando.split()[1].strip("[]") in nomes:
                pecas_do_comando |= {f"[{opcao}]" for opcao in opcoes}
    return comandos


def diferencas(texto: str, ajuda: Ajuda) -> dict[str, set[str]]:
    """Devolve, por comando, o que só as tabelas ou só a ajuda têm; `falta` é o comando inteiro."""
    readme, programa = comandos_do_readme(texto), comandos_da_ajuda(ajuda)
    falta = {"falta"}
    so_num = {
        nome: readme.get(nome, falta) ^ programa.get(nome, falta)
        for nome in readme.keys() | programa.keys()
    }
    return {nome: pecas for nome, pecas in so_num.items() if pecas}


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


def test_os_codigos_de_saida_sao_os_da_ajuda(ajuda: Ajuda) -> None:
    """A tabela do README e a ajuda dos dois programas têm os mesmos códigos."""
    linhas = re.findall(r"^\| (`\d+`.*?) \|", README, re.MULTILINE)
    na_tabela = {codigo for linha in linhas for codigo in re.findall(r"`(\d+)`", linha)}
    for programa in ("escritor", "leitor"):
        texto = ajuda(programa).partition("códigos de saída:")[2]
        assert set(re.findall(r"\b\d+\b", texto)) == na_tabela


def test_os_comandos_sao_os_da_ajuda(ajuda: Ajuda) -> None:
    """Comando por comando: argumentos, opções, escolhas e o nome de cada valor."""
    assert diferencas(README, ajuda) == {}


@pytest.mark.parametrize(
    ("antes", "depois", "esperado"),
    [
        (
            "verificar [--formato texto\\|json]",
            "verificar [--formato texto\\|xml]",
            {"leitor verificar": {"[--formato texto|json]", "[--formato texto|xml]"}},
        ),
        (
            "`leitor verificar ",
            "`leitor verificar [--limite N] ",
            {"leitor verificar": {"[--limite N]"}},
        ),
        (" [--limite N]", "", {"leitor [listar]": {"[--limite N]"}}),
        ("copiar DESTINO\\|-", "copiar DESTINO", {"leitor copiar": {"DESTINO|-", "DESTINO"}}),
        (
            "`escritor [semear]`",
            "`escritor semear`",
            {"escritor [semear]": {"falta"}, "escritor semear": {"falta"}},
        ),
        ("| `--silencioso` |", "| silencioso |", {"escritor importar": {"[--silencioso]"}}),
        (
            "| `--ancora ÂNCORA` |",
            "| ancora |",
            {nome: {"[--ancora ÂNCORA]"} for nome in COM_ANCORAS},
        ),
        (
            "--codificacao NOME",
            "--codificacao C",
            {"escritor importar": {"[--codificacao NOME]", "[--codificacao C]"}},
        ),
        (
            "--conflito ignorar\\|falhar",
            "--conflito ignorar",
            {"escritor importar": {"[--conflito ignorar|falhar]", "[--conflito ignorar]"}},
        ),
    ],
)
def test_controle_uma_tabela_adulterada_e_pega(
    antes: str, depois: str, esperado: dict[str, set[str]], ajuda: Ajuda
) -> None:
    """Controle negativo: só a linha adulterada é acusada, pelo que mudou nela."""
    assert README.count(antes) == 1
    assert diferencas(README.replace(antes, depois), ajuda) == esperado


def test_as_variaveis_e_os_padroes(ajuda: Ajuda) -> None:
    """As variáveis da tabela são as opções globais dos dois, com o mesmo padrão."""
    tabela = re.findall(r"^\| `(BANCO\w*)` \| `(--.*?)` \| `(.*?)`", README, re.MULTILINE)
    assert [nome for nome, _, _ in tabela] == ["BANCO", "BANCO_ESPERA"]
    for programa in ("escritor", "leitor"):
        texto = ajuda(programa)
        globais = {f"[{opcao}]" for _, opcao, _ in tabela}
        assert pecas_da_ajuda(texto) - {"[--completar bash|zsh]"} == globais | {
            "[--version]",
            "COMANDO",
            "...",
        }
        for nome, opcao, padrao in tabela:
            assert re.search(rf"{opcao} [^(]*\(variável {nome}; padrão {padrao}\)", corrido(texto))


def test_a_variavel_das_ancoras(ajuda: Ajuda) -> None:
    """A da tabela é a que a ajuda de cada comando diz."""
    assert "| `BANCO_ANCORAS` | `--ancoras ARQUIVO` |" in README
    for comando in ("listar", "verificar", "copiar", "vigiar"):
        assert "(variável BANCO_ANCORAS)" in corrido(ajuda("leitor", comando))


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
