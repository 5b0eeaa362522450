"""Um motor por fora: os dois programas em processos, e o banco visto pelo sqlite3 ou pelo psql."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.contrato import elo, lacre
from tests.postgres.bancos import TABELAS, Banco
from tests.processos import Saida, comando, rodar, sem_root, trava

US, RS = "\x1f", "\x1e"
ESPERA = "0.3"  # segundos
SEM_GATILHO = "ALTER TABLE {} DISABLE TRIGGER so_insercoes"
COM_GATILHO = "ALTER TABLE {} ENABLE ALWAYS TRIGGER so_insercoes"
TRANCA = "LOCK TABLE usuarios IN ACCESS EXCLUSIVE MODE"
TRAVA_DO_ESCRITOR = f"SELECT pg_advisory_xact_lock({int.from_bytes(b'desafio2', 'big')})"

Linha = tuple[int, str, str, str]


class Motor(ABC):
    """Um banco, e como cada programa chega a ele."""

    pacote: str  # o que vem antes de `escritor` e de `leitor` em `python3 -m`
    mostrado: str  # como as mensagens chamam o banco
    titulo: str  # o da seção da página que diz onde ele está
    outra_versao: str  # o SQL que o faz de um contrato que ainda não existe
    ambiente: dict[str, dict[str, str]]  # de cada programa

    def comando(self, programa: str, *argv: str) -> list[str]:
        """Devolve o comando do programa, com o ambiente dele."""
        ambiente = [f"{nome}={valor}" for nome, valor in self.ambiente[programa].items()]
        return ["env", *ambiente, *comando(f"{self.pacote}{programa}", *argv)]

    def escritor(self, *argv: str, entrada: str = "") -> Saida:
        """Roda o escritor até o fim."""
        return rodar(self.comando("escritor", *argv), entrada.encode())

    def leitor(self, *argv: str) -> Saida:
        """Roda o leitor até o fim."""
        return rodar(self.comando("leitor", *argv))

    def gravar(self, *argv: str, entrada: str = "") -> str:
        """Roda um escritor que tem de dar certo; devolve a âncora que ele diz."""
        saida = self.escritor(*argv, entrada=entrada)
        assert saida.codigo == 0, saida
        return saida.stderr.splitlines()[-1].removeprefix("[ESCRITOR] âncora: ")

    @abstractmethod
    def copia(self) -> AbstractContextManager[Motor]:
        """Um banco com o mesmo que há neste, enquanto durar."""

    @abstractmethod
    def no_banco(self, *sql: str) -> str:
        """Roda SQL pela ferramenta do motor; devolve o que ela mostra."""

    @abstractmethod
    def alterar(self, *sql: str) -> None:
        """Mexe no banco como quem pode tudo nele."""

    @abstractmethod
    def trancado(self, programa: str) -> AbstractContextManager[object]:
        """Outra sessão segura o que o programa pede, por mais tempo do que ele espera."""

    @abstractmethod
    def sem_direito(self, programa: str) -> list[str]:
        """Devolve o comando de quem não pode gravar, ou ler, este banco."""

    def consultar(self, sql: str) -> list[list[str]]:
        """Devolve as linhas, cada valor em texto; um NULL é vazio."""
        texto = self.no_banco(sql).removesuffix("\n").removesuffix(RS)
        return [linha.split(US) for linha in texto.split(RS)] if texto else []

    def linhas(self) -> list[Linha]:
        """Devolve as linhas de `usuarios`, na ordem do id."""
        achadas = self.consultar("SELECT id, nome, email, criado_em FROM usuarios ORDER BY id")
        return [(int(id_), nome, email, quando) for id_, nome, email, quando in achadas]

    def pessoas(self) -> list[tuple[str, str]]:
        """Devolve (nome, email), na ordem do id."""
        return [(nome, email) for _, nome, email, _ in self.linhas()]

    def tudo(self) -> list[list[list[str]]]:
        """Devolve tudo o que há nas duas tabelas."""
        return [self.consultar(f"SELECT * FROM {tabela} ORDER BY id") for tabela in TABELAS]

    def provado(self) -> list[list[str]]:
        """Recalcula, por fora, cada lacre, elo e total; devolve o livro, que tem de ser o mesmo."""
        linhas, anterior, total = self.linhas(), "0" * 64, 0
        livro = self.consultar("SELECT * FROM execucoes ORDER BY id")
        for numero, execucao in enumerate(livro, 1):
            *colunas, gravado = execucao
            primeiro, ultimo = (int(id_ or 0) for id_ in execucao[9:11])
            dela = [linha for linha in linhas if primeiro <= linha[0] <= ultimo]
            total += len(dela)
            anterior = elo(anterior, colunas)
            ditas = (colunas[0], colunas[7], colunas[11], colunas[12], gravado)
            assert ditas == (str(numero), str(len(dela)), str(total), lacre(dela), anterior)
        assert len(linhas) == total
        return livro

    def reselar(self) -> None:
        """Falsifica o livro inteiro: cada lacre e cada elo, para o que há agora."""
        linhas, anterior, mudancas = self.linhas(), "0" * 64, []
        for execucao in self.consultar("SELECT * FROM execucoes ORDER BY id"):
            primeiro, ultimo = (int(id_ or 0) for id_ in execucao[9:11])
            selo = lacre(linha for linha in linhas if primeiro <= linha[0] <= ultimo)
            anterior = elo(anterior, [*execucao[:-2], selo])
            mudancas.append(
                f"UPDATE execucoes SET lacre = '{selo}', elo = '{anterior}' "
                f"WHERE id = {execucao[0]}"
            )
        self.alterar(*mudancas)


class NoSQLite(Motor):
    """Um arquivo, numa pasta a que só quem o fez chega."""

    pacote = ""
    titulo = "O arquivo"
    outra_versao = "PRAGMA user_version = 2"

    def __init__(self, arquivo: Path) -> None:
        self.arquivo = arquivo
        self.mostrado = str(arquivo)
        seu = {"BANCO": str(arquivo), "BANCO_ESPERA": ESPERA}
        self.ambiente = {"escritor": seu, "leitor": seu}

    @contextmanager
    def copia(self) -> Iterator[Motor]:
        """Um banco com o mesmo que há neste."""
        outro = self.arquivo.with_name("copiado.db")
        shutil.copyfile(self.arquivo, outro)
        yield NoSQLite(outro)
        outro.unlink()

    def no_banco(self, *sql: str) -> str:
        """Pelo sqlite3, só de leitura."""
        return self._sqlite3("-readonly", *sql)

    def alterar(self, *sql: str) -> None:
        """Pelo sqlite3."""
        self._sqlite3(*sql)

    def _sqlite3(self, *argv: str) -> str:
        opcoes = [parte for parte in argv if parte.startswith("-")]
        comandos = ["; ".join(parte for parte in argv if not parte.startswith("-"))]
        separadores = ["-bail", "-separator", US, "-newline", RS]
        saida = rodar(["sqlite3", *opcoes, *separadores, str(self.arquivo), *comandos])
        assert (saida.codigo, saida.stderr) == (0, ""), saida
        return saida.stdout

    def trancado(self, programa: str) -> AbstractContextManager[object]:  # noqa: ARG002
        """Pela trava exclusiva, que detém os dois."""
        return trava(self.arquivo, "EXCLUSIVE")

    def sem_direito(self, programa: str) -> list[str]:
        """Outro uid, que nem chega à pasta."""
        ambiente = [f"{nome}={valor}" for nome, valor in self.ambiente[programa].items()]
        return ["env", *ambiente, *sem_root(programa)]


class NoPostgreSQL(Motor):
    """Um banco de um servidor, com cada programa no papel dele."""

    pacote = "postgres."
    titulo = "O servidor"
    outra_versao = "COMMENT ON SCHEMA desafio2 IS 'desafio2: contrato 2'"

    def __init__(self, banco: Banco) -> None:
        self.banco = banco
        self.mostrado = banco.mostrado
        self.ambiente = {
            papel: {
                "BANCO": banco.uri(papel),
                "BANCO_ESPERA": ESPERA,
                "PGPASSFILE": str(banco.acesso.pgpass),
            }
            for papel in ("escritor", "leitor")
        }

    @contextmanager
    def copia(self) -> Iterator[Motor]:
        """Um banco com o mesmo que há neste."""
        with self.banco.acesso.banco(self.banco.nome) as outro:
            yield NoPostgreSQL(outro)

    def no_banco(self, *sql: str) -> str:
        """Pelo psql, como superusuário."""
        comandos = [parte for comando in sql for parte in ("-c", comando)]
        separadores = ["-F", US, "-R", RS]
        ambiente = [f"PGPASSFILE={self.banco.acesso.pgpass}", "PGOPTIONS=-csearch_path=desafio2"]
        psql = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *separadores, self.banco.uri("postgres")]
        saida = rodar(["env", *ambiente, *psql, *comandos])
        assert (saida.codigo, saida.stderr) == (0, ""), saida
        return saida.stdout

    def alterar(self, *sql: str) -> None:
        """Desliga os gatilhos, mexe e os religa."""
        antes, depois = ([g.format(t) for t in TABELAS] for g in (SEM_GATILHO, COM_GATILHO))
        self.no_banco(*antes, *sql, *depois)

    @contextmanager
    def trancado(self, programa: str) -> Iterator[None]:
        """Pela trava dos escritores; para o leitor, pela de quem troca os índices."""
        with self.banco.conexao() as outra, outra.transaction():
            outra.execute(TRAVA_DO_ESCRITOR if programa == "escritor" else TRANCA)
            yield

    def sem_direito(self, programa: str) -> list[str]:
        """O papel leitor não grava, e o que não existe não entra."""
        papel = {"escritor": "leitor", "leitor": "ninguém"}[programa]
        return self.comando(programa, "--banco", self.banco.uri(papel))
