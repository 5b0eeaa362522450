"""O serviço sobre um arquivo SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from escritor import sqlite as escritor
from escritor.percurso import Ponto
from leitor import formatos
from web.bancos import MENOR_NO_INDICE, Achado, Formato, Objeto, Pagina
from web.bancos.sqlite import consultas, corrente, servico
from web.bancos.sqlite.conexoes import Conexoes, instante, objetos, traduzidas
from web.bancos.sqlite.escuta import Escuta
from web.bancos.sqlite.gravacao import Gravacao
from web.bancos.sqlite.tabela import Tabela


class Banco:
    """Um arquivo, lido por muitas threads e gravado por uma (veja web/bancos)."""

    escritor = escritor
    leitor = "leitor"
    porta = None

    def __init__(self, endereco: str, leitura: str, espera: float) -> None:
        self.endereco = escritor.endereco(endereco)
        self.leitura = leitura
        self.espera = espera
        self.descricao = self.endereco
        self.host = "arquivo"
        self._conexoes = Conexoes(self.endereco, espera)

    def pagina(self, limite: int, depois_de: int, busca: str | None) -> Pagina:
        """Devolve até `limite` linhas com id > `depois_de`, e a âncora, de um instante só."""
        with self._conexoes.emprestada() as con, instante(con):
            return paginar(con, limite, depois_de, busca)

    def usuario(self, id_: int, /) -> Achado:
        """Devolve a linha e a execução que a selou."""
        return self._achar(consultas.USUARIO, id_)

    def por_email(self, email: str) -> Achado:
        """Devolve a linha deste e-mail e a execução que a selou."""
        return self._achar(consultas.POR_EMAIL, email)

    def _achar(self, sql: str, valor: int | str) -> Achado:
        with self._conexoes.emprestada() as con, instante(con):
            ancora = _valor(con, consultas.ANCORA) or ""
            usuario = next(iter(objetos(con, sql, (valor,))), None)
            if usuario is None:
                return Achado(ancora, None, None)
            selou = objetos(con, consultas.QUE_SELOU, {"id": usuario["id"]})
            return Achado(ancora, usuario, next(iter(selou), None))

    def execucoes(self, limite: int, antes_de: int | None) -> tuple[str, list[Objeto]]:
        """Devolve a âncora e as execuções anteriores a `antes_de`, a mais nova primeiro."""
        ate = antes_de if antes_de is not None else 2**63 - 1
        with self._conexoes.emprestada() as con, instante(con):
            ancora = _valor(con, consultas.ANCORA) or ""
            return ancora, objetos(con, consultas.EXECUCOES, (ate, limite))

    def poder_gravar(self) -> None:
        """Um arquivo não tem réplica."""

    def ancora(self) -> str | None:
        """Pergunta a âncora da última execução; None se não há nenhuma."""
        with self._conexoes.emprestada() as con:
            ancora: str | None = _valor(con, consultas.ANCORA)
            return ancora

    def elo(self, execucao: int) -> str | None:
        """Devolve o elo da execução; None se ela não existe."""
        with self._conexoes.emprestada() as con:
            elo: str | None = _valor(con, consultas.ELO, execucao)
            return elo

    def fluxo(self, formato: Formato, busca: str | None = None) -> tuple[str, Iterator[bytes]]:
        """Devolve a âncora e a tabela inteira daquele instante, aos poucos."""
        tabela: Any = Tabela(self._conexoes, busca)
        return tabela.ancora, formatos.FORMATOS[formato](tabela, -1)

    def totais(self) -> tuple[int, int]:
        """Devolve quantos usuários e quantas execuções há."""
        with self._conexoes.emprestada() as con:
            usuarios, execucoes = con.execute(consultas.TOTAIS).fetchone()
            return usuarios, execucoes

    def acesso(self) -> tuple[int, int]:
        """Registra um acesso na sala do serviço; devolve o número dele e quantos há."""
        with traduzidas(self.endereco, self.espera):
            self._conexoes.preparar()
            return servico.acesso(self.endereco, self.espera)

    def seguir(self, ponto: Ponto) -> Ponto:
        """Confere o que veio depois do ponto já conferido. Levanta regras.Quebra."""
        with self._conexoes.emprestada() as con, instante(con):
            return corrente.seguir(con, ponto)

    def indexar(self) -> bool:
        """Põe mais linhas no índice da busca; diz se ainda faltam."""
        with traduzidas(self.endereco, self.espera):
            self._conexoes.preparar()
            do_banco = servico.uri(self.endereco, "ro")
            return servico.indexar(self.endereco, do_banco, self.espera)

    def gravacao(self, espera: float) -> Gravacao:
        """Devolve quem grava, e espera pela trava até `espera` segundos."""
        return Gravacao(self.endereco, espera, self._conexoes.preparar)

    @contextmanager
    def escuta(self) -> Iterator[Escuta]:
        """Abre uma escuta, e ao sair fecha. Levanta Indisponivel."""
        with self._conexoes.emprestada() as con:
            yield Escuta(con, self.endereco)

    def fechar(self) -> None:
        """Fecha as conexões."""
        self._conexoes.fechar()


def paginar(con: sqlite3.Connection, limite: int, depois_de: int, busca: str | None) -> Pagina:
    """Lê uma página, no instante de quem chama."""
    quais: dict[str, int | str] = {"limite": limite, "depois_de": depois_de}
    sql = consultas.TODAS
    if busca:
        termo = busca.lower()
        pelo_indice = len(termo) >= MENOR_NO_INDICE
        quais["termo"] = termo
        quais["frase"] = '"{}"'.format(termo.replace('"', '""'))
        quais["indexado"] = _valor(con, consultas.INDEXADO) if pelo_indice else 0
        sql = consultas.ACHADAS
    ancora, corpo, proximo = con.execute(sql, quais).fetchone()
    return Pagina(ancora or "", corpo.encode(), proximo)


def _valor(con: sqlite3.Connection, sql: str, *valores: object) -> Any:
    linha = con.execute(sql, valores).fetchone()
    return linha[0] if linha else None
