"""O serviço sobre um servidor PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from escritor.percurso import Ponto
from leitor import formatos
from postgres.escritor import banco as escritor
from postgres.escritor.replica import SITUACAO, Situacao
from web.bancos import Achado, Formato, Indisponivel, Objeto, Pagina
from web.bancos.postgres import consultas, corrente, indice
from web.bancos.postgres.conexoes import Conexoes, cruas
from web.bancos.postgres.escuta import Escuta, escutar
from web.bancos.postgres.gravacao import Gravacao
from web.bancos.postgres.tabela import Tabela

PORTA = "5432"
DE_LIKE = re.compile(r"[\\%_]")


class Banco:
    """Um servidor, lido por um papel que só lê e gravado pelo escritor (veja web/bancos)."""

    escritor = escritor
    leitor = "postgres.leitor"

    def __init__(self, endereco: str, leitura: str, espera: float) -> None:
        self.endereco = endereco
        self.leitura = leitura
        self.espera = espera
        self._leituras = Conexoes(leitura, espera, so_le=True)
        self._escritas = Conexoes(endereco, espera, so_le=False)
        self.descricao = self._escritas.nome
        partes = self._escritas.partes
        self.host = partes.get("host") or partes.get("hostaddr") or "localhost"
        self.porta: int | None = int(partes.get("port", "").partition(",")[0] or PORTA)

    def pagina(self, limite: int, depois_de: int, busca: str | None) -> Pagina:
        """Devolve até `limite` linhas com id > `depois_de`, e a âncora, de um instante só."""
        quais: dict[str, object] = {"limite": limite, "depois_de": depois_de}
        if busca:
            quais["padrao"] = padrao(busca)
            cursor = self._leituras.ler(consultas.ACHADAS, quais, prepara=False)
        else:
            cursor = self._leituras.ler(consultas.TODAS, quais)
        [[ancora, corpo, proximo]] = cruas(cursor)
        return Pagina(ancora.decode(), corpo, int(proximo) if proximo else None)

    def usuario(self, id_: int, /) -> Achado:
        """Devolve a linha e a execução que a selou."""
        return self._achar(consultas.USUARIO, id_)

    def por_email(self, email: str) -> Achado:
        """Devolve a linha deste e-mail e a execução que a selou."""
        return self._achar(consultas.POR_EMAIL, email)

    def _achar(self, sql: str, valor: int | str) -> Achado:
        [(ancora, usuario, execucao)] = self._leituras.ler(sql, (valor,)).fetchall()
        return Achado(ancora or "", usuario, execucao)

    def execucoes(self, limite: int, antes_de: int | None) -> tuple[str, list[Objeto]]:
        """Devolve a âncora e as execuções anteriores a `antes_de`, a mais nova primeiro."""
        ate = antes_de if antes_de is not None else 2**63 - 1
        [(ancora, linhas)] = self._leituras.ler(consultas.EXECUCOES, (ate, limite)).fetchall()
        return ancora or "", linhas

    def poder_gravar(self) -> None:
        """Levanta Indisponivel se se pede uma réplica, e nenhuma confirmaria o que se grava."""
        situacao = Situacao(*self._escritas.ler(SITUACAO).fetchone() or (False, False, None))
        if falta := situacao.falta(self.descricao):
            raise Indisponivel(str(falta))

    def ancora(self) -> str | None:
        """Pergunta a âncora da última execução; None se não há nenhuma."""
        ancora: str | None = self._valor(consultas.ANCORA)
        return ancora

    def elo(self, execucao: int) -> str | None:
        """Devolve o elo da execução; None se ela não existe."""
        elo: str | None = self._valor(consultas.ELO, execucao)
        return elo

    def _valor(self, sql: str, *valores: object) -> Any:
        linha = self._leituras.ler(sql, valores).fetchone()
        return linha[0] if linha else None

    def fluxo(self, formato: Formato, busca: str | None = None) -> tuple[str, Iterator[bytes]]:
        """Devolve a âncora e a tabela inteira daquele instante, aos poucos."""
        tabela: Any = Tabela(self._leituras, padrao(busca) if busca else None)
        return tabela.ancora, formatos.FORMATOS[formato](tabela, -1)

    def totais(self) -> tuple[int, int]:
        """Devolve quantos usuários e quantas execuções há."""
        usuarios, execucoes = self._leituras.ler(consultas.TOTAIS).fetchone() or (0, 0)
        return usuarios, execucoes

    def acesso(self) -> tuple[int, int]:
        """Registra um acesso na sala do serviço; devolve o número dele e quantos há."""
        with self._escritas.emprestada() as con:
            [(numero,)] = con.execute(consultas.ACESSO).fetchall()
            [(total,)] = con.execute(consultas.ACESSOS).fetchall()
            return numero, total

    def seguir(self, ponto: Ponto) -> Ponto:
        """Confere o que veio depois do ponto já conferido. Levanta regras.Quebra."""
        with self._leituras.emprestada() as con, corrente.instante(con):
            return corrente.seguir(con, ponto)

    def indexar(self) -> bool:
        """Põe mais linhas no índice da busca; diz se ainda faltam."""
        with self._escritas.emprestada() as con:
            return indice.indexar(con)

    def gravacao(self, espera: float) -> Gravacao:
        """Devolve quem grava, e espera pela trava até `espera` segundos."""
        return Gravacao(escritor.endereco(self.endereco), espera)

    @contextmanager
    def escuta(self) -> Iterator[Escuta]:
        """Abre uma escuta, e ao sair fecha. Levanta Indisponivel."""
        with self._leituras.traduzidas(), escutar(self._leituras.dsn) as escuta:
            yield escuta

    def fechar(self) -> None:
        """Fecha as conexões."""
        self._leituras.fechar()
        self._escritas.fechar()


def padrao(busca: str) -> str:
    """Devolve o padrão do LIKE que acha estas letras em qualquer lugar."""
    return f"%{DE_LIKE.sub(lambda achado: chr(92) + achado[0], busca)}%"
