"""As duas imagens: o que a configuração diz e que arquivos há nelas além dos da base."""

from __future__ import annotations

import io
import json
import re
import stat
import tarfile
from pathlib import Path

import pytest
from docker import DockerClient
from docker.models.images import Image

from escritor import versao
from tests.docker.apoio import SERVICOS, Projeto, nome_novo
from tests.docker.volume import UID, conteudo
from tests.processos import RAIZ

pytestmark = [pytest.mark.docker, pytest.mark.parametrize("servico", SERVICOS)]

BASE = re.compile(r"^ARG IMAGEM_BASE=(python:3\.\d+(?:\.\d+)?-slim)$", re.MULTILINE)
# pyc com hash não conferido: a raiz é só de leitura, e a data do fonte não o invalida (PEP 552).
HASH_NAO_CONFERIDO = 0b01

ENTRADAS = {
    "escritor": ["python", "-S", "-m", "escritor"],
    "leitor": ["python", "-S", "-P", "/app/leitor/__main__.py"],  # sem runpy: parte mais depressa
}

Camadas = dict[str, tuple[tarfile.TarInfo, bytes]]


def base(servico: str) -> str:
    """Devolve a imagem base que o Dockerfile do serviço fixa."""
    achada = BASE.search((RAIZ / servico / "Dockerfile").read_text(encoding="utf-8"))
    assert achada, f"{servico}/Dockerfile não fixa a base num ARG"
    return achada[1]


def modulos(servico: str) -> set[str]:
    """Devolve os módulos que o pacote tem no repositório, com as pastas: `banco/carga.py`."""
    pasta = RAIZ / servico
    return {str(modulo.relative_to(pasta)) for modulo in pasta.rglob("*.py")}


def outros(servico: str) -> set[str]:
    """Devolve o que mais o pacote leva para a imagem, como uma folha de estilo."""
    pasta = RAIZ / servico
    return {str(a.relative_to(pasta)) for a in pasta.rglob("*.css")}


@pytest.fixture(scope="session")
def acrescimos(
    engine: DockerClient, imagens: dict[str, Image], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Camadas]:
    """Devolve, de cada imagem, tudo o que as camadas além das da base trazem."""
    destino = tmp_path_factory.mktemp("imagens") / "imagem.tar"
    achados: dict[str, Camadas] = {}
    for servico, imagem in imagens.items():
        herdadas = len(camadas(engine.images.get(base(servico))))
        with destino.open("wb") as arquivo:
            arquivo.writelines(imagem.save())
        achados[servico] = abrir_imagem(destino, herdadas)
    destino.unlink()
    return achados


def abrir_imagem(arquivo: Path, herdadas: int) -> Camadas:
    """Devolve os membros das camadas de uma imagem salva, menos as primeiras `herdadas`."""
    membros: Camadas = {}
    with tarfile.open(arquivo) as tar:
        [manifesto] = json.loads(conteudo(tar, tar.getmember("manifest.json")))
        for camada in manifesto["Layers"][herdadas:]:
            membros |= abrir_camada(conteudo(tar, tar.getmember(camada)))
    return membros


def camadas(imagem: Image) -> list[str]:
    """Devolve os resumos das camadas, da base para cima."""
    resumos: list[str] = imagem.attrs["RootFS"]["Layers"]
    return resumos


def abrir_camada(dados: bytes) -> Camadas:
    """Devolve cada membro de uma camada e os bytes dele."""
    with tarfile.open(fileobj=io.BytesIO(dados)) as tar:
        return {m.name: (m, conteudo(tar, m) if m.isfile() else b"") for m in tar}


def test_usuario_entrada_e_ambiente(imagens: dict[str, Image], servico: str) -> None:
    """uid 10001, ENTRYPOINT na forma exec e sem CMD herdado, saída sem buffer e em UTF-8."""
    config = imagens[servico].attrs["Config"]

    assert config["User"] == f"{UID}:{UID}"
    assert config["Entrypoint"] == ENTRADAS[servico]
    assert not config["Cmd"]
    assert {"PYTHONUNBUFFERED=1", "PYTHONUTF8=1"} <= set(config["Env"])
    assert not config.get("Volumes")  # um VOLUME criaria volumes anônimos em `docker run`


def test_rotulos_oci_dizem_a_versao_do_programa(imagens: dict[str, Image], servico: str) -> None:
    """Título, descrição e licença, e a mesma versão que o pacote declara."""
    rotulos = imagens[servico].labels

    assert rotulos["org.opencontainers.image.version"] == versao.ler()
    assert rotulos["org.opencontainers.image.title"] == f"Desafio 2: {servico}"
    assert rotulos["org.opencontainers.image.licenses"] == "MIT"
    assert rotulos["org.opencontainers.image.description"]


def test_a_imagem_comeca_pelas_camadas_da_base(
    engine: DockerClient, imagens: dict[str, Image], servico: str
) -> None:
    """A base fixada está inteira embaixo, e por cima há só camadas nossas."""
    da_base = camadas(engine.images.get(base(servico)))
    da_imagem = camadas(imagens[servico])

    assert da_imagem[: len(da_base)] == da_base
    assert len(da_imagem) > len(da_base)


def test_so_os_arquivos_do_pacote_e_o_data_vazio_alem_da_base(
    acrescimos: dict[str, Camadas], servico: str
) -> None:
    """Nada instalado: os módulos do pacote iguais aos do repositório, o bytecode e /data."""
    arquivos = {nome for nome, (membro, _) in acrescimos[servico].items() if not membro.isdir()}
    pastas = {nome for nome, (membro, _) in acrescimos[servico].items() if membro.isdir()}

    fontes = {f"app/{servico}/{fonte}" for fonte in modulos(servico) | outros(servico)}
    compilados = {nome for nome in arquivos if nome.endswith(".pyc")}
    assert arquivos - compilados == {*fontes, "app/.env"}
    assert acrescimos[servico]["app/.env"][1] == f"DESAFIO2_VERSAO={versao.ler()}\n".encode()
    salas = {str(Path(fonte).parent) for fonte in fontes}
    assert pastas == {"app", "data", *salas, *(f"{sala}/__pycache__" for sala in salas)}
    for fonte in fontes:
        assert acrescimos[servico][fonte][1] == (RAIZ / fonte.removeprefix("app/")).read_bytes()


def fonte(compilado: str) -> str:
    """Devolve o fonte de `sala/__pycache__/modulo.cpython-313.pyc`: `sala/modulo.py`."""
    caminho = Path(compilado)
    assert caminho.parent.name == "__pycache__"
    return str(caminho.parent.parent / f"{caminho.name.partition('.')[0]}.py")


def test_controle_um_modulo_sem_bytecode_e_visto(servico: str) -> None:
    """Controle negativo: o bytecode de mesmo nome em outra sala não vale pelo que falta."""
    modulo = f"app/{servico}/banco/carga.py"
    assert fonte(f"app/{servico}/banco/__pycache__/carga.cpython-313.pyc") == modulo
    assert fonte(f"app/{servico}/__pycache__/carga.cpython-313.pyc") != modulo


def test_cada_modulo_tem_o_bytecode_pronto(acrescimos: dict[str, Camadas], servico: str) -> None:
    """Compilado ao construir, um por módulo, e válido mesmo sem conferir o fonte."""
    prontos = {
        nome: dados for nome, (_, dados) in acrescimos[servico].items() if nome.endswith(".pyc")
    }

    assert {fonte(nome) for nome in prontos} == {f"app/{servico}/{m}" for m in modulos(servico)}
    for nome, dados in prontos.items():
        assert int.from_bytes(dados[4:8], "little") == HASH_NAO_CONFERIDO, nome


def test_o_python_da_imagem_usa_o_bytecode_pronto(projeto: Projeto, servico: str) -> None:
    """Rodando, nenhum módulo do pacote é compilado de novo."""
    resultado = projeto.compose(
        *("run", "--rm", "-T", "--no-deps", "--entrypoint", "python", servico),
        *("-S", "-v", "-m", servico, "--version"),
    )

    assert resultado.stdout == f"{servico} {versao.ler()}\n"
    assert f"# code object from '/app/{servico}/__pycache__/app." in resultado.stderr
    assert f"# code object from /app/{servico}" not in resultado.stderr
    assert f"# wrote '/app/{servico}" not in resultado.stderr


def test_data_e_vazio_e_do_uid_dos_dois(acrescimos: dict[str, Camadas], servico: str) -> None:
    """/data existe, vazio e de 10001: é dele que um volume novo copia dono e modo."""
    membro, _ = acrescimos[servico]["data"]

    assert (membro.isdir(), membro.uid, membro.gid) == (True, UID, UID)
    assert stat.S_IMODE(membro.mode) == 0o755
    assert not [nome for nome in acrescimos[servico] if nome.startswith("data/")]


def test_a_base_se_troca_por_argumento(
    engine: DockerClient, projeto: Projeto, servico: str
) -> None:
    """IMAGEM_BASE é obedecido: a imagem construída herda o rótulo que só a outra base tem."""
    outra = nome_novo()
    receita = io.BytesIO(f"FROM {base(servico)}\nLABEL desafio2.teste=outra".encode())
    engine.images.build(fileobj=receita, tag=outra, rm=True)
    try:
        projeto.compose("build", "--quiet", "--build-arg", f"IMAGEM_BASE={outra}", servico)
        imagem = engine.images.get(projeto.imagem(servico))
    finally:
        engine.images.remove(outra)

    assert imagem.labels["desafio2.teste"] == "outra"
    assert imagem.labels["org.opencontainers.image.version"] == versao.ler()
