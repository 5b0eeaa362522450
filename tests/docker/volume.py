"""O volume visto por fora: os arquivos copiados pelo engine e lidos só com o módulo sqlite3."""

from __future__ import annotations

import hashlib
import io
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

from docker import DockerClient
from docker.models.containers import Container

ARQUIVO = "desafio2.db"
DIARIO = f"{ARQUIVO}-journal"
UID = 10001


class Banco(NamedTuple):
    """As linhas das duas tabelas."""

    usuarios: list[tuple[int, str, str, str]]
    execucoes: list[dict[str, Any]]

    @property
    def pessoas(self) -> list[tuple[str, str]]:
        """Devolve nome e e-mail, na ordem do id."""
        return [(nome, email) for _, nome, email, _ in self.usuarios]


class Conteudo(bytes):
    """Os bytes de um arquivo, resumidos ao mostrar: o pytest não acabaria de comparar megabytes."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes, sha256 {hashlib.sha256(self).hexdigest()[:16]}…>"


class Volume:
    """Um volume nomeado; `imagem` serve só de porta, nenhum programa dela roda."""

    def __init__(self, engine: DockerClient, nome: str, imagem: str) -> None:
        self.engine = engine
        self.nome = nome
        self.imagem = imagem

    @contextmanager
    def _porta(self) -> Iterator[Container]:
        """Empresta um contêiner que nunca é iniciado, por onde se copia de e para o volume.

        Com nocopy, olhar um volume vazio não muda o dono dele.
        """
        self.engine.volumes.get(self.nome)  # montar um volume que não existe o criaria
        montagem = {self.nome: {"bind": "/data", "mode": "rw,nocopy"}}
        porta = self.engine.containers.create(self.imagem, volumes=montagem)
        try:
            yield porta
        finally:
            porta.remove(force=True)

    def arquivos(self) -> dict[str, Conteudo]:
        """Devolve o conteúdo de cada arquivo do volume, pelo nome."""
        with self._porta() as porta:
            pacote = b"".join(porta.get_archive("/data")[0])
        with tarfile.open(fileobj=io.BytesIO(pacote)) as tar:
            return {
                membro.name.removeprefix("data/"): Conteudo(conteudo(tar, membro))
                for membro in tar
                if membro.name != "data"
            }

    def banco(self) -> Banco:
        """Devolve as linhas do banco, que deve estar sozinho no volume: nenhum diário sobrou."""
        arquivos = self.arquivos()
        assert list(arquivos) == [ARQUIVO], f"no volume {self.nome}: {list(arquivos)}"
        return ler_banco(arquivos[ARQUIVO])

    def gravar(self, nome: str, dados: bytes) -> None:
        """Põe no volume um arquivo do uid dos dois programas, no lugar do que houver."""
        membro = tarfile.TarInfo(nome)
        membro.size, membro.uid, membro.gid = len(dados), UID, UID
        pacote = io.BytesIO()
        with tarfile.open(fileobj=pacote, mode="w") as tar:
            tar.addfile(membro, io.BytesIO(dados))
        with self._porta() as porta:
            assert porta.put_archive("/data", pacote.getvalue())

    def adulterar(self, sql: str) -> None:
        """Muda o banco por fora, como faria quem tem acesso ao arquivo."""
        with closing(sqlite3.connect(":memory:")) as con:
            con.deserialize(self.arquivos()[ARQUIVO])
            con.execute(sql)
            con.commit()
            self.gravar(ARQUIVO, con.serialize())

    def como_root(self, *comando: str) -> None:
        """Roda um comando em /data com as capacidades que o Compose tira."""
        self.engine.containers.run(
            self.imagem,
            list(comando[1:]),
            entrypoint=[comando[0]],
            user="0",
            network_mode="none",
            volumes={self.nome: {"bind": "/data", "mode": "rw"}},
            remove=True,
        )


def ler_banco(dados: bytes) -> Banco:
    """Lê as duas tabelas de uma cópia do arquivo, em memória."""
    with closing(sqlite3.connect(":memory:")) as con:
        con.deserialize(dados)
        usuarios = con.execute("SELECT id, nome, email, criado_em FROM usuarios ORDER BY id")
        execucoes = con.execute("SELECT * FROM execucoes ORDER BY id")
        colunas = [coluna for coluna, *_ in execucoes.description]
        return Banco(
            usuarios.fetchall(), [dict(zip(colunas, linha, strict=True)) for linha in execucoes]
        )


def conteudo(tar: tarfile.TarFile, membro: tarfile.TarInfo) -> bytes:
    """Devolve os bytes de um arquivo comum de um tar."""
    arquivo = tar.extractfile(membro)
    assert arquivo is not None, f"{membro.name} não é um arquivo comum"
    with arquivo:
        return arquivo.read()
