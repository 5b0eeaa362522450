"""O arquivo que uma planilha grava: a codificação, o cabeçalho e a linha a colar para que entre."""

import shlex
from pathlib import Path

import pytest

from escritor import lugar
from tests.conftest import Programa
from tests.contrato import fotografar, pessoas
from tests.processos import RAIZ, no_shell, rodar

CINCO = "nome;email\n" + "".join(
    f"{nome};p{i}@x.com\n" for i, nome in enumerate(["João", "Ana", "Zoé", "Cecília", "Antônio"])
)
GENTE = ["João", "Ana", "Zoé", "Cecília", "Antônio"]


@pytest.fixture
def no_container(
    banco: Path,  # noqa: ARG001 - a fixture que o põe fora de um
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """O programa se vê num container."""
    monkeypatch.setattr(lugar, "MARCAS", ("/",))


def escrever(pasta: Path, dados: bytes, nome: str = "meus clientes.csv") -> Path:
    """Grava o arquivo a importar, com um espaço no nome."""
    (pasta / nome).write_bytes(dados)
    return pasta / nome


def remedio(stderr: str) -> str:
    """Devolve o comando que a última linha traz no fim."""
    *_, ultima = stderr.splitlines()
    comando = ultima.partition(": python3 -m ")[2] or ultima.partition(": docker compose ")[2]
    assert comando, stderr
    return ("python3 -m " if ": python3 -m " in ultima else "docker compose ") + comando


def colar(comando: str) -> None:
    """Roda o comando como quem o cola, na raiz do repositório."""
    saida = rodar(no_shell(comando), pasta=RAIZ)
    assert saida.codigo == 0, saida.stderr


@pytest.mark.parametrize("rejeitados", [True, False], ids=["com --rejeitados", "sem"])
@pytest.mark.parametrize(
    ("gravada", "parece"),
    [
        ("cp1252", "cp1252"),
        ("latin-1", "cp1252"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
    ],
)
def test_de_outra_codificacao_nao_entra_pela_metade(
    gravada: str, parece: str, rejeitados: bool, semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """65, ninguém entra, e a linha do fim, colada, põe os cinco; as recusas não se aconselham."""
    arquivo = escrever(tmp_path, CINCO.encode(gravada))
    ruins = tmp_path / "ruins.csv"
    extra = ["--rejeitados", str(ruins)] if rejeitados else []
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor("importar", str(arquivo), *extra)
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1), stderr
    assert f"parece estar em {parece}. Nada foi gravado" in stderr
    assert ("--rejeitados" in stderr) == rejeitados, "só se já se pediu"
    assert fotografar(semeado.parent) == antes
    assert not ruins.exists()
    colar(remedio(stderr))
    assert [nome for nome, _ in pessoas(semeado)[3:]] == GENTE


def test_controle_a_1_0_0_perdia_quatro_de_cinco(semeado: Path, tmp_path: Path) -> None:
    """Controle negativo: com --rejeitados, como ela mesma aconselhava, entra um, com 0."""
    arquivo = escrever(tmp_path, CINCO.encode("cp1252"))
    par = shlex.quote(str(RAIZ / "tests/dados/par-1.0.0.zip"))
    extrair = f"python3 -m zipfile -e {par} {tmp_path}/par"
    importar = f"importar {shlex.quote(str(arquivo))} --rejeitados {tmp_path}/ruins.csv"
    saida = rodar(no_shell(f"{extrair} && cd {tmp_path}/par && python3 -m escritor {importar}"))
    assert saida.codigo == 0, saida.stderr
    assert [nome for nome, _ in pessoas(semeado)[3:]] == ["Ana"]


def test_um_cabecalho_com_acento(semeado: Path, escritor: Programa, tmp_path: Path) -> None:
    """Também quando o que não se lê é o próprio cabeçalho."""
    arquivo = escrever(tmp_path, "nome;email;endereço\nAna;a@x.com;Rua\n".encode("cp1252"))
    codigo, _, stderr = escritor("importar", str(arquivo), "--ignorar-colunas")
    assert (codigo, "parece estar em cp1252" in stderr) == (65, True)
    colar(remedio(stderr))
    assert pessoas(semeado)[3:] == [("Ana", "a@x.com")]


def test_um_byte_perdido_ainda_e_uma_linha_ruim(
    semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """Num arquivo que no mais é UTF-8, só a linha dele fica de fora."""
    arquivo = escrever(tmp_path, CINCO.encode() + b"Jos\xe9;jose@x.com\n")
    ruins = tmp_path / "ruins.csv"
    codigo, _, stderr = escritor("importar", str(arquivo), "--rejeitados", str(ruins))
    assert (codigo, "linhas recusadas: 1" in stderr) == (0, True), stderr
    assert r"Jos\xe9" in ruins.read_text(encoding="utf-8")
    assert [nome for nome, _ in pessoas(semeado)[3:]] == GENTE
    codigo, _, stderr = escritor("importar", str(arquivo))
    assert (codigo, "--rejeitados" in stderr) == (65, False)


def test_outra_que_nao_se_sabe_qual(semeado: Path, escritor: Programa, tmp_path: Path) -> None:
    """Em DOS (cp850) não se adivinha, mas também não se joga gente fora."""
    arquivo = escrever(tmp_path, CINCO.encode("cp850"))
    antes = fotografar(semeado.parent)
    ruins = ("--rejeitados", str(tmp_path / "ruins.csv"))
    codigo, stdout, stderr = escritor("importar", str(arquivo), *ruins)
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1)
    assert "o texto está em outra codificação" in stderr
    assert fotografar(semeado.parent) == antes
    assert escritor("importar", str(arquivo), "--codificacao", "cp850").codigo == 0


@pytest.mark.parametrize(
    ("cabecalho", "opcoes"),
    [
        ("Nome completo;E-mail", "--colunas 'nome=Nome completo,email=E-mail'"),
        ("Nome;E-mail", "--colunas email=E-mail"),
        (
            "Nome completo;E-mail;Telefone",
            "--colunas 'nome=Nome completo,email=E-mail' --ignorar-colunas",
        ),
        ("nome;email;Telefone;Cidade", "--ignorar-colunas"),
        ("Full Name,E-mail Address", "--colunas 'nome=Full Name,email=E-mail Address'"),
        ("nome|email", "--delimitador '|'"),
        ("sep=;\nNome completo;E-mail", "--colunas 'nome=Nome completo,email=E-mail'"),
    ],
)
def test_um_cabecalho_de_verdade_traz_a_linha_pronta(
    cabecalho: str, opcoes: str, semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """A linha do fim, colada como está, importa o arquivo."""
    ultima = cabecalho.rpartition("\n")[2]
    [separador] = {*";,|"} & {*ultima}
    campos = ["Ana", "ana@x.com", "1", "Rio"][: ultima.count(separador) + 1]
    arquivo = escrever(tmp_path, f"{cabecalho}\n{separador.join(campos)}\n".encode())
    antes = fotografar(semeado.parent)
    codigo, stdout, stderr = escritor("importar", str(arquivo))
    assert (codigo, stdout, stderr.count("\n")) == (65, "", 1), stderr
    assert stderr.endswith(f" {opcoes}\n")
    assert f"meus clientes.csv:{cabecalho.count(chr(10)) + 1}: " in stderr
    assert fotografar(semeado.parent) == antes
    colar(remedio(stderr))
    assert pessoas(semeado)[3:] == [("Ana", "ana@x.com")]


def test_um_cabecalho_de_que_nao_se_adivinha(escritor: Programa, tmp_path: Path) -> None:
    """Sem pista, diz-se como dizer, e não se inventa."""
    arquivo = escrever(tmp_path, b"Cliente;Contato\nAna;ana@x.com\n")
    codigo, _, stderr = escritor("importar", str(arquivo))
    assert (codigo, "(diga qual é qual com --colunas nome=A,email=B)" in stderr) == (65, True)


@pytest.mark.parametrize(
    ("linha", "corpo"), [("sep=;", ";"), ('"sep=,"', ","), ("SEP=|", "|"), ("sep=\t", "\t")]
)
def test_a_linha_sep_do_excel(
    linha: str, corpo: str, semeado: Path, escritor: Programa, tmp_path: Path
) -> None:
    """Ela diz o separador, não é cabeçalho, e os números de linha a contam."""
    dados = f"{linha}\r\nnome{corpo}email\r\nAna{corpo}ana@x.com\r\n"
    arquivo = escrever(tmp_path, dados.encode("utf-8-sig"))
    assert escritor("importar", str(arquivo)).codigo == 0
    assert pessoas(semeado)[3:] == [("Ana", "ana@x.com")]
    arquivo.write_bytes(f"{dados}ruim{corpo}x\r\n".encode())
    codigo, _, stderr = escritor("importar", str(arquivo))
    assert (codigo, "meus clientes.csv:4: email: " in stderr) == (65, True), stderr


@pytest.mark.parametrize("formato", ["csv", "jsonl", "json"])
def test_ignorar_colunas(formato: str, semeado: Path, escritor: Programa, tmp_path: Path) -> None:
    """Todas, ou só as ditas; o resumo as conta e nomeia."""
    objeto = '{"nome":"Ana","email":"ana@x.com","Telefone":"1","Cidade":"Rio"}'
    dados = {
        "csv": "nome,email,Telefone,Cidade\nAna,ana@x.com,1,Rio\n",
        "jsonl": f"{objeto}\n",
        "json": f"[{objeto}]",
    }
    arquivo = escrever(tmp_path, dados[formato].encode(), f"a.{formato}")
    assert escritor("importar", str(arquivo)).codigo == 65
    assert escritor("importar", str(arquivo), "--ignorar-colunas", "telefone").codigo == 65
    for nomes in ([], ["Telefone, cidade"]):
        codigo, _, stderr = escritor("importar", str(arquivo), "--ignorar-colunas", *nomes)
        assert codigo == 0, stderr
        assert "colunas deixadas de lado: 2 (telefone, cidade)\n" in stderr
    assert pessoas(semeado)[3:] == [("Ana", "ana@x.com")]
    codigo, _, stderr = escritor("importar", str(arquivo), "--ignorar-colunas", "nome")
    assert (codigo, "não dá para deixar de lado 'nome'" in stderr) == (2, True)


@pytest.mark.parametrize(
    ("dita", "certa"),
    [
        ("ansi", "cp1252"),
        ("Excel", "cp1252"),
        ("windows", "cp1252"),
        ("iso", "latin-1"),
        ("unicode", "utf-16"),
        ("cp1251x", "cp1252"),
    ],
)
def test_a_codificacao_como_as_pessoas_a_chamam(dita: str, certa: str, escritor: Programa) -> None:
    """O nome que o Python não conhece sugere o certo."""
    codigo, stdout, stderr = escritor("importar", "a.csv", "--codificacao", dita)
    assert (codigo, stdout) == (2, "")
    assert f"você quis dizer {certa}?" in stderr


@pytest.mark.usefixtures("no_container", "semeado")
@pytest.mark.parametrize("comando", ["importar", "restaurar"])
def test_um_arquivo_da_maquina_nao_se_ve_do_container(comando: str, escritor: Programa) -> None:
    """66, e a linha inteira que o manda pela entrada padrão."""
    codigo, stdout, stderr = escritor(comando, "meus clientes.csv", "--banco", "/data/x.db")
    assert (codigo, stdout, stderr.count("\n")) == (66, "", 1)
    assert "não existe dentro do container" in stderr
    assert remedio(stderr) == (
        f"docker compose run --rm -T escritor {comando} - --banco /data/x.db < 'meus clientes.csv'"
    )


@pytest.mark.usefixtures("no_container")
def test_no_container_a_linha_e_a_de_fora_dele(escritor: Programa, tmp_path: Path) -> None:
    """A codificação e as opções vão na linha do Compose, com o arquivo pela entrada padrão."""
    arquivo = escrever(tmp_path, CINCO.encode("cp1252"))
    _, _, stderr = escritor("importar", str(arquivo), "--codificacao=utf-8", "--banco", "/data/x")
    assert remedio(stderr) == (
        "docker compose run --rm -T escritor importar - --banco /data/x --codificacao cp1252 "
        f"< '{arquivo}'"
    )


@pytest.mark.usefixtures("no_container", "semeado")
def test_as_recusas_que_sumiriam_com_o_container(escritor: Programa, misturado: Path) -> None:
    """Avisa antes, com a linha que as deixa na máquina."""
    destino = "/dev/shm/ruins-desafio2.csv"  # noqa: S108 - uma pasta na memória
    codigo, _, stderr = escritor("importar", str(misturado), "--rejeitados", destino)
    Path(destino).unlink()
    primeira, *_ = stderr.splitlines()
    assert codigo == 0
    assert primeira.startswith(f"[ESCRITOR] AVISO: {destino} fica dentro do container e some")
    assert primeira.endswith(f"--rejeitados - < {misturado} > ruins.csv")


def test_sem_banco_fora_de_um_container(
    escritor: Programa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O banco é um arquivo da pasta atual, e isso é dito; nada nasce em /data."""
    monkeypatch.delenv("BANCO")
    monkeypatch.chdir(tmp_path)
    codigo, _, stderr = escritor()
    assert codigo == 0
    assert stderr.startswith(
        "[ESCRITOR] sem BANCO, e fora de um container, o banco é ./desafio2.db, na pasta atual\n"
    )
    assert [item.name for item in tmp_path.iterdir()] == ["desafio2.db"]
