"""Um projeto Compose descartável: o docker-compose.yml do repositório sob outro nome."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NamedTuple

from docker import DockerClient
from docker.errors import NotFound
from docker.models.containers import Container
from docker.models.images import Image

from escritor import versao
from tests.docker.volume import ARQUIVO, DIARIO, Volume
from tests.processos import RAIZ, Saida

SERVICOS = ("escritor", "leitor")  # os de `up`; o vigia é de um perfil
VIGIA = "vigia"
PRAZO = 60.0  # segundos; folga para uma máquina lenta, e não o que se espera gastar
# O cache do SQLite tem 2 MB: com mais que isso, páginas não confirmadas já estão no arquivo.
GRANDE = [(f"Pessoa {n}", f"pessoa{n}@example.com") for n in range(60_000)]
INTERVALO = 0.05  # segundos entre duas consultas à mesma condição


class Importacao(NamedTuple):
    """Um `importar -` em andamento, com a entrada padrão aberta."""

    processo: subprocess.Popen[str]
    conteiner: Container

    def enviar(self, texto: str) -> None:
        """Entrega mais texto ao escritor, sem fechar a entrada."""
        assert self.processo.stdin is not None
        self.processo.stdin.write(texto)
        self.processo.stdin.flush()

    def fechar(self) -> None:
        """Fecha a entrada: o escritor viu o fim do arquivo."""
        assert self.processo.stdin is not None
        self.processo.stdin.close()
        self.processo.stdin = None  # senão `communicate` tentaria esvaziá-la

    def terminar(self) -> Saida:
        """Fecha a entrada, se ainda não foi, e espera o `docker compose run` acabar."""
        saida, erro = self.processo.communicate(timeout=PRAZO)
        return Saida(self.processo.returncode, saida, erro)

    def abriu_o_banco(self) -> bool:
        """Diz se algum processo do contêiner está com o arquivo do banco aberto."""
        procurar = f"ls -l /proc/[0-9]*/fd | grep -q /data/{ARQUIVO}"
        return self.conteiner.exec_run(["sh", "-c", procurar]).exit_code == 0

    def tamanhos(self) -> list[int]:
        """Devolve os bytes do banco e do diário, vistos de dentro; vazio se falta um deles."""
        comando = ["stat", "-c", "%s", f"/data/{ARQUIVO}", f"/data/{DIARIO}"]
        codigo, saida = self.conteiner.exec_run(comando)
        assert isinstance(saida, bytes)
        return [int(tamanho) for tamanho in saida.split()] if codigo == 0 else []


class Projeto:
    """Um projeto Compose com nome, contêineres, volume e imagens só dele."""

    def __init__(self, engine: DockerClient) -> None:
        self.engine = engine
        self.nome = nome_novo()
        self.arquivo = RAIZ / "docker-compose.yml"
        self.volume = Volume(engine, f"{self.nome}_dados_db", self.imagem("escritor"))

    def __enter__(self) -> Projeto:
        return self

    def __exit__(self, *_: object) -> None:
        """Remove, pelo nome, tudo o que este projeto criou, e nada mais."""
        for conteiner in self.conteineres():
            with suppress(NotFound):
                conteiner.remove(force=True)
        with suppress(NotFound):
            self.engine.volumes.get(self.volume.nome).remove()
        for servico in SERVICOS:  # o vigia usa a do leitor
            with suppress(NotFound):
                self.engine.images.remove(self.imagem(servico))

    def imagem(self, servico: str) -> str:
        """Devolve o nome que o docker-compose.yml dá à imagem do serviço neste projeto."""
        return f"{self.nome}-{servico}:{versao.ler()}"

    def nomear(self, imagens: Mapping[str, Image]) -> None:
        """Dá a imagens prontas os nomes que o Compose procura neste projeto."""
        for servico, imagem in imagens.items():
            imagem.tag(self.imagem(servico))

    def comando(self, *argumentos: str) -> list[str]:
        """Devolve a linha de comando do Compose para este projeto."""
        return ["docker", "compose", "-p", self.nome, "-f", str(self.arquivo), *argumentos]

    def compose(
        self,
        *argumentos: str,
        codigo: int = 0,
        entrada: str = "",
        ambiente: Mapping[str, str] | None = None,
        prazo: float = PRAZO,
    ) -> Saida:
        """Roda o Compose até o fim, em até `prazo` segundos, e confere o código de saída."""
        processo = subprocess.run(
            self.comando(*argumentos),
            cwd=RAIZ,
            env=ambiente_limpo() | dict(ambiente or {}),
            input=entrada,
            capture_output=True,
            encoding="utf-8",
            timeout=prazo,
            check=False,
        )
        resultado = Saida(processo.returncode, processo.stdout, processo.stderr)
        assert resultado.codigo == codigo, self.relato(f"{argumentos}: {resultado}")
        return resultado

    def conteineres(self, servico: str = "") -> list[Container]:
        """Devolve os contêineres do projeto, também os parados; de um serviço, só os de `up`."""
        rotulos = [f"com.docker.compose.project={self.nome}"]
        if servico:
            rotulos += [f"com.docker.compose.service={servico}", "com.docker.compose.oneoff=False"]
        return self.engine.containers.list(all=True, filters={"label": rotulos})

    def conteiner(self, servico: str) -> Container:
        """Devolve o único contêiner que `up` criou para o serviço."""
        achados = self.conteineres(servico)
        assert len(achados) == 1, self.relato(f"{servico}: {achados}")
        return achados[0]

    def relato(self, motivo: str) -> str:
        """Devolve o motivo e, de cada contêiner, o estado e o que escreveu."""
        partes = [motivo]
        for conteiner in self.conteineres():
            linhas = conteiner.logs().decode("utf-8", "replace")
            partes.append(f"--- {conteiner.name} {conteiner.attrs['State']}\n{linhas}")
        return "\n".join(partes)

    @contextmanager
    def importacao(self, texto: str) -> Iterator[Importacao]:
        """Começa um `importar -`, entrega `texto` e deixa a entrada padrão aberta."""
        nome = nome_novo()
        processo = subprocess.Popen(
            self.comando("run", "-T", "--name", nome, "escritor", "importar", "-"),
            cwd=RAIZ,
            env=ambiente_limpo(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        with processo:
            try:
                esperar(lambda: self._roda(nome), "o escritor começar a rodar")
                importacao = Importacao(processo, self.engine.containers.get(nome))
                importacao.enviar(texto)
                yield importacao
            finally:
                processo.kill()

    def _roda(self, nome: str) -> bool:
        try:
            return bool(self.engine.containers.get(nome).status == "running")
        except NotFound:
            return False


def nome_novo() -> str:
    """Devolve um nome que nenhum outro teste, nem outra rodada deles, usa."""
    return f"desafio2-teste-{uuid.uuid4().hex[:12]}"


def ambiente_limpo() -> dict[str, str]:
    """Devolve o ambiente sem o que trocaria projeto, imagem ou banco: vale o que o teste disser."""
    alheios = ("COMPOSE_", "BANCO", "DESAFIO2_")
    return {nome: valor for nome, valor in os.environ.items() if not nome.startswith(alheios)}


def esperar(condicao: Callable[[], object], o_que: str, prazo: float = PRAZO) -> None:
    """Consulta a condição até que ela valha; falha ao fim do prazo (segundos)."""
    limite = time.monotonic() + prazo
    while not condicao():
        assert time.monotonic() < limite, f"não aconteceu em {prazo:g} s: {o_que}"
        time.sleep(INTERVALO)


@contextmanager
def no_meio_do_trabalho(
    projeto: Projeto, *, semear: bool = True
) -> Iterator[tuple[Importacao, bytes]]:
    """Deixa um escritor com a transação aberta e já derramada no arquivo; dá o banco de antes."""
    antes = b""
    if semear:
        projeto.compose("run", "--rm", "escritor")
        antes = projeto.volume.arquivos()[ARQUIVO]
    pessoas = "".join(f"{nome},{email}\n" for nome, email in GRANDE)
    with projeto.importacao(f"nome,email\n{pessoas}") as importacao:

        def derramou() -> bool:
            tamanhos = importacao.tamanhos()
            return len(tamanhos) == 2 and tamanhos[0] > len(antes) and tamanhos[1] > 0

        esperar(derramou, f"o banco passar de {len(antes)} bytes, com um diário ao lado")
        yield importacao, antes
