"""O README diz a verdade: comandos, saídas citadas e receitas, conferidos com o programa."""

import re
import subprocess
from html import unescape
from pathlib import Path

import pytest

from tests.ajuda import Ajuda, codigos_da_tabela, comandos_da_ajuda
from tests.conftest import Programa
from tests.contrato import consultar
from tests.processos import RAIZ

README = (RAIZ / "README.md").read_text(encoding="utf-8")
DOCS = RAIZ / "docs"
SECOES = [
    *("O que aconteceu", "A página", "Os seus dados", "Deu errado?", "A aula", "PostgreSQL"),
    *("Mais", "In English"),
]
# O que muda de uma execução para outra.
VARIA = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "QUANDO"),
    (r"\d{4}-\d\d-\d\dT\d{6}Z", "QUANDO"),
    (r"sha256 [0-9a-f]{16,64}", "sha256 LACRE"),
    (r"lacre: +[0-9a-f]{64}", "lacre: LACRE"),
    (r"âncora:( +\d+) [0-9a-f]{64}", r"âncora:\1 ELO"),
    (r"container [^,]+,", "container ALGUM,"),
    (r"banco criado em \S+", "banco criado em BANCO"),
]


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


def secao(titulo: str) -> str:
    """Devolve o corpo de uma seção do README."""
    return README.partition(f"\n## {titulo}\n")[2].partition("\n## ")[0]


def digitadas(texto: str) -> dict[str, list[str]]:
    """Devolve, por linha de código que roda um dos programas num container, os argumentos dele."""
    blocos = re.findall(r"^```(?:sh|powershell)\n(.*?)^```", texto, re.MULTILINE | re.DOTALL)
    achadas = {}
    for linha in "".join(blocos).splitlines():
        comando = re.split(r" +#| \||[<>]", linha.strip())[0].removeprefix('cmd /c "')
        if achado := re.search(r"\brun (?:-\S+ (?:\"\S+\" )?)*((?:escritor|leitor)\b.*)", comando):
            achadas[linha.strip()] = achado[1].split()
    return achadas


def desconhecidas(texto: str, ajuda: Ajuda) -> list[str]:
    """Devolve as linhas que usam um comando ou uma opção que a ajuda não tem."""
    conhecidos = {
        nome.replace("[", "").replace("]", ""): p for nome, p in comandos_da_ajuda(ajuda).items()
    }
    padrao = {"escritor": "semear", "leitor": "listar"}
    erradas = []
    for linha, (programa, *resto) in digitadas(texto).items():
        nome = f"{programa} {resto[0] if resto else padrao[programa]}"
        opcoes = {peca.strip("[]").split()[0] for peca in conhecidos.get(nome, ())}
        if nome not in conhecidos or {p for p in resto if p.startswith("--")} - opcoes:
            erradas.append(linha)
    return erradas


def test_cabe_em_cento_e_cinquenta_linhas_e_nesta_ordem() -> None:
    """Um README que ninguém lê inteiro não serve: a imagem, os quatro comandos, e então o resto."""
    assert len(README.splitlines()) <= 150
    assert re.findall(r"^## (.*)$", README, re.MULTILINE) == SECOES
    comeco = README.partition("\n## ")[0]
    imagem, _, resto = comeco.partition("```sh\n")
    assert "docs/imagens/up.svg" in imagem
    quatro = resto.partition("```")[0].splitlines()
    assert len(quatro) == 4
    assert quatro[0].startswith("docker compose up --build ")
    assert "docker compose run --rm --no-deps leitor" in comeco


@pytest.mark.parametrize("pagina", ["README.md", "docs/comandos.md", "docs/windows.md"])
def test_os_comandos_que_se_copiam_existem(pagina: str, ajuda: Ajuda) -> None:
    """Cada linha que roda um dos dois num container usa comandos e opções que eles têm."""
    texto = (RAIZ / pagina).read_text(encoding="utf-8")
    assert desconhecidas(texto, ajuda) == []


def test_controle_um_comando_que_nao_existe_e_achado(ajuda: Ajuda) -> None:
    """Controle negativo: um comando e uma opção trocados, e quantas linhas se olham."""
    assert len(digitadas(README)) >= 15
    for antes, depois in (("leitor verificar", "leitor conferir"), ("--colunas", "--campos")):
        trocado = README.replace(antes, depois)
        assert desconhecidas(trocado, ajuda) != []
        assert all(depois in linha for linha in desconhecidas(trocado, ajuda))


def test_deu_errado_e_curto_e_diz_os_codigos_que_ha() -> None:
    """Dez linhas no máximo: onde está o motivo, e códigos que a tabela tem."""
    corpo = secao("Deu errado?")
    assert len([linha for linha in corpo.splitlines() if linha]) <= 10
    assert "docker compose logs escritor" in corpo
    ditos = {*re.findall(r"`(\d+)`", corpo)}
    assert ditos == {"2", "65", "66", "73", "74", "75", "78"}
    assert ditos <= codigos_da_tabela()


def test_o_ingles_basta_para_rodar_tudo() -> None:
    """Cada comando dos dois programas que se roda à mão, e os códigos todos."""
    ingles = secao("In English")
    rodados = {tuple(argumentos[:2]) for argumentos in digitadas(ingles).values()}
    assert rodados >= {
        *(("leitor",), ("escritor", "importar"), ("escritor", "restaurar")),
        *(("leitor", "listar"), ("leitor", "verificar"), ("leitor", "copiar")),
    }
    codigos = ingles.partition("Exit codes")[2].partition("On PostgreSQL")[0]
    assert {*re.findall(r"\b\d+\b", codigos)} == codigos_da_tabela()


def test_o_que_o_readme_diz_do_postgresql() -> None:
    """As linhas são também as de postgres/README.md, que tem outras; quem as roda é test_par.py."""
    da_pasta = (RAIZ / "postgres/README.md").read_text(encoding="utf-8")
    ditas = [re.split(r" +#", linha)[0] for linha in secao("PostgreSQL").splitlines()]
    comandos = [linha for linha in ditas if linha.startswith(("export", "docker"))]
    assert len(comandos) == 6
    assert [linha for linha in comandos if linha not in da_pasta] == []


def test_os_outros_composes_sao_o_que_o_readme_diz() -> None:
    """Cada arquivo existe, com os dois serviços e o portão: os comandos são os mesmos."""
    arquivos = {*re.findall(r"COMPOSE_FILE=(\S+\.yml)", README)}
    assert arquivos == {"postgres/docker-compose.yml", "cluster/docker-compose.yml"}
    for arquivo in arquivos:
        texto = (RAIZ / arquivo).read_text(encoding="utf-8")
        servicos = {*re.findall(r"^  (\w+):", texto, re.MULTILINE)}
        assert {"escritor", "leitor", "vigia"} <= servicos, arquivo
        portao = r"escritor:\s+(#.*\s+)?\{?condition: service_completed_successfully"
        assert re.search(portao, texto), arquivo


def test_a_saida_citada_e_a_do_programa(banco: Path, escritor: Programa, leitor: Programa) -> None:
    """As linhas do bloco do `up`, fluxo por fluxo."""
    for nome, programa in (("escritor", escritor), ("leitor", leitor)):
        codigo, stdout, stderr = programa()
        assert codigo == 0
        # Os dois fluxos de um container podem trocar de ordem entre si.
        assert sorted(citado(nome)) == sorted(igualado((stderr + stdout).splitlines()))
    assert "docs/imagens/up.svg" in README
    assert consultar(banco, "SELECT count(*) FROM usuarios") == [(3,)]


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


def ancoras(pagina: Path) -> set[str]:
    """Devolve as âncoras que os títulos de uma página em Markdown têm no GitHub."""
    titulos = re.findall(r"^#+ (.*)$", pagina.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", titulo).strip().lower().replace(" ", "-") for titulo in titulos}


def test_os_documentos_e_as_imagens_existem() -> None:
    """Nenhum link do README ou de docs/ leva a lugar nenhum; de docs/, o README leva a todos."""
    do_readme = set()
    for pagina in [RAIZ / "README.md", RAIZ / "postgres/README.md", *DOCS.glob("*.md")]:
        texto = pagina.read_text(encoding="utf-8")
        for alvo in re.findall(r'\]\(([^)]+)\)|src="([^"]+)"', texto):
            caminho, _, titulo = "".join(alvo).partition("#")
            if caminho.startswith("https:"):
                continue
            arquivo = pagina.parent / caminho
            assert arquivo.exists(), caminho
            assert not titulo or titulo in ancoras(arquivo), (pagina, alvo)
            if pagina.name == "README.md":
                do_readme.add(arquivo)
    assert {*(RAIZ / "docs").glob("*.md")} <= do_readme


def test_o_mapa_diz_todas_as_pastas_e_nenhuma_que_nao_ha() -> None:
    """Cada pasta dos dois pacotes está na tabela, e cada caminho citado nos documentos existe."""
    mapa = (RAIZ / "docs/mapa.md").read_text(encoding="utf-8")
    pastas = {
        f"{pasta.relative_to(RAIZ)}/"
        for pacote in ("escritor", "leitor")
        for pasta in (RAIZ / pacote).iterdir()
        if (pasta / "__init__.py").exists()
    }
    assert len(pastas) >= 5
    assert pastas <= {*re.findall(r"`([\w/]+/)`", mapa)}
    for pagina in [RAIZ / "README.md", *(RAIZ / "docs").glob("*.md")]:
        citados = re.findall(
            r"`((?:escritor|leitor|postgres|tests|bench|docs)/[\w/.-]*)`",
            pagina.read_text(encoding="utf-8"),
        )
        assert [nome for nome in citados if not (RAIZ / nome).exists()] == [], pagina


def test_a_imagem_esta_na_ordem_do_que_acontece_e_cabe() -> None:
    """Cada programa diz o que fez antes de listar; nenhuma linha passa de 100 colunas."""
    captura = unescape((RAIZ / "docs/imagens/up.svg").read_text(encoding="utf-8"))
    linhas = re.findall(r"^(?:escritor|leitor)-1 .*$", captura, re.MULTILINE)
    passos = ("banco criado", "âncora: 1 ", "<joao@", "exited", "✓ 10 de 10", "┌─", "└─")
    lugares = [next(i for i, linha in enumerate(linhas) if passo in linha) for passo in passos]
    assert lugares == sorted(lugares)
    assert max(map(len, linhas)) <= 100
