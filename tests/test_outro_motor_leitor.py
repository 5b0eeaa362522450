"""O leitor sobre outro motor, escrito aqui: uma lista do Python no lugar do SQLite."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Self

import pytest

from leitor import app, erros, formatos
from leitor.erros import Erro
from leitor.porta import Banco, Ordem
from leitor.prova import Execucao, Ponto, Prova, quem_le
from leitor.texto import milhar
from leitor.vigia.vigia import Sinais
from tests import test_listagem as esperado
from tests.conftest import Programa, no_processo
from tests.contrato import elo as encadear
from tests.contrato import lacre as selar
from tests.pagina import Pagina

Linha = tuple[int, str, str, str]
US, RS = "\x1f", "\x1e"
QUANDO = "2026-01-02T03:04:05Z"
POR_BLOCO = 2  # linhas: para que haja mais de um


class Caiu(Exception):
    """O que o motor levanta quando o servidor dele some."""


class Servidor:
    """O banco: linhas, execuções e elos em listas; `caido`, nada responde."""

    def __init__(self) -> None:
        self.caido = False
        self.livro: list[Execucao] = []
        self.elos: list[str] = []
        self.linhas: list[Linha] = []

    def gravar(self, *pessoas: tuple[str, str]) -> None:
        """Grava uma execução selada e encadeada."""
        fim = len(self.linhas)
        novas = [(fim + i, n, e, QUANDO) for i, (n, e) in enumerate(pessoas, 1)]
        self.linhas += novas
        total = len(self.linhas)
        ids: tuple[int | None, int | None] = (fim + 1, total) if novas else (None, None)
        quem = ("semear", "c1", "9.9.9", QUANDO, QUANDO)
        numero = len(self.livro) + 1
        self.livro.append(Execucao(numero, *quem, len(novas), 0, *ids, total, selar(novas)))
        self.elos.append(encadear(self.elos[-1] if self.elos else "0" * 64, self.dita(-1)))

    def dita(self, qual: int) -> list[object]:
        """As colunas da execução, menos o elo, como o contrato as encadeia."""
        e = vars(self.livro[qual])
        return [*[*e.values()][:6], e["inseridos"], *[*e.values()][6:]]


class Lista:
    """A leitura de um servidor destes."""

    falhas: tuple[type[Exception], ...] = (Caiu,)

    def __init__(self, servidor: Servidor, nome: str, espera: float) -> None:
        self.servidor = servidor
        self.nome = nome
        self.espera = espera

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def recusa(self, codigo: int, motivo: str) -> Erro:
        return Erro(codigo, f"{self.nome}: {motivo}")

    def traduzir(self, erro: Exception) -> Erro:
        return self.recusa(erros.TENTE_DE_NOVO, f"o servidor {erro}. Leia de novo.")

    def prova(self) -> Prova:
        ultima = [e for e in self.servidor.livro if e.inseridos or e.id == 1][-1]
        ponto = self.ponto()
        ancora = f"{ponto.execucao} {ponto.elo}"
        return Prova(ponto.total, ponto.execucao, ultima, ancora, *quem_le())

    def ponto(self) -> Ponto:
        elos, linhas = self.servidor.elos, self.servidor.linhas
        return Ponto(len(elos), len(linhas), elos[-1], elos[0], len(linhas))

    def elo(self, execucao: int) -> str | None:
        return self.servidor.elos[execucao - 1] if execucao <= len(self.servidor.elos) else None

    def execucoes(self, limite: int) -> list[Execucao]:
        return self.servidor.livro[-limite:]

    def execucoes_depois(self, execucao: int, quantas: int) -> list[Execucao]:
        return self.servidor.livro[execucao:][:quantas]

    def linhas(self, depois_de: int, quantas: int) -> list[Linha]:
        return self.servidor.linhas[depois_de:][:quantas]

    def _blocos(self, limite: int) -> Iterator[list[Linha]]:
        linhas = self.servidor.linhas[: limite if limite >= 0 else None]
        for comeco in range(0, len(linhas), POR_BLOCO):
            yield linhas[comeco : comeco + POR_BLOCO]

    def _colunas(self, limite: int) -> Iterator[bytes]:
        for bloco in self._blocos(limite):
            colunas = (US.join(str(linha[c]) for linha in bloco) for c in range(4))
            yield RS.join(colunas).encode()

    def no_molde(self, limite: int, molde: bytes, com_barra: Sequence[bytes]) -> Iterator[bytes]:
        escapadas = (formatos.com_barras(bloco, com_barra) for bloco in self._colunas(limite))
        return formatos.das_colunas(escapadas, molde)

    def linhas_do_csv(self, limite: int) -> Iterator[bytes]:
        return formatos.csv_das_colunas(self._colunas(limite))

    def o_que_alarga(
        self, larguras: Sequence[int], limite: int
    ) -> Iterator[tuple[int, int, str, str]]:
        for bloco in self._blocos(limite):
            nomes = US.join(nome for _, nome, *_ in bloco if len(nome.encode()) > larguras[1])
            emails = US.join(email for *_, email, _ in bloco if len(email) > larguras[2])
            yield len(str(bloco[-1][0])), len(QUANDO), nomes, emails

    def linhas_da_tabela(self, larguras: Sequence[int], limite: int) -> Iterator[bytes]:
        a, b, c, d = larguras
        for bloco in self._blocos(limite):
            for id_, nome, email, quando in bloco:
                campos = (str(id_).rjust(a), nome.ljust(b), email.ljust(c), quando.ljust(d))
                yield f"{RS}{US.join(campos)}\n".encode()

    def fatos(self, prova: Prova | None = None) -> list[tuple[str, str]]:
        return [("Servidor", self.nome), ("Linhas", str(prova.usuarios if prova else "?"))]

    def receita(self, execucao: Execucao) -> str:
        return f"lista --de {execucao.primeiro_id} --ate {execucao.ultimo_id} | sha256sum"


def _abertura(leitura: Lista) -> str:
    if leitura.servidor.caido:
        raise Caiu("não responde")
    return "lista aberta"


def _lacres(leitura: Lista) -> str:
    for e in leitura.servidor.livro:
        linhas = leitura.servidor.linhas[(e.primeiro_id or 1) - 1 : e.ultimo_id or 0]
        if selar(linhas) != e.lacre:
            raise leitura.recusa(erros.DADOS, f"lacre quebrado na execução {e.id}")
    return f"iguais: {milhar(len(leitura.servidor.livro))}"


class Motor:
    """O que se dá a `main`: aqui um objeto, no programa um módulo."""

    PADRAO = "lista://padrao"
    AJUDA = "a lista a ler"
    DESCRICAO = "Verifica uma lista."
    ORDEM: Ordem = (("abertura", _abertura), ("lacres", _lacres))

    def __init__(self, servidor: Servidor) -> None:
        self.servidor = servidor

    def endereco(self, texto: str) -> str:
        if not texto.startswith("lista://"):
            raise Erro(erros.USO, f"BANCO deve começar por lista://; veio {texto!r}.")
        return texto

    def aviso(self, endereco: str) -> str | None:
        return "AVISO: lista lenta" if endereco.endswith("lenta") else None

    def Leitura(self, endereco: str, espera: float, /) -> Lista:  # noqa: N802
        return Lista(self.servidor, endereco.replace("senha@", ""), espera)

    def copiar(self, leitura: Lista, destino: str, _: Ordem, /, *, substituir: bool) -> str:
        with Path(destino).open("w" if substituir else "x", encoding="utf-8") as arquivo:
            json.dump(leitura.servidor.linhas, arquivo)
        return f"copiado para {destino}"

    def despejar(self, leitura: Lista, _: Ordem, /) -> Iterator[bytes]:
        yield json.dumps(leitura.servidor.linhas).encode()


@pytest.fixture
def servidor() -> Servidor:
    """Três linhas, uma delas em chinês, numa execução; e uma execução vazia."""
    servidor = Servidor()
    servidor.gravar(("Ana", "ana@x.com"), ("李小龍", "li@x.com"), ('B, "Nina"', "bia@x.com"))
    servidor.gravar()
    return servidor


@pytest.fixture
def ler(
    servidor: Servidor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Programa:
    """O programa, sobre este servidor."""
    for variavel in ("BANCO", "BANCO_ESPERA", "BANCO_ANCORAS"):
        monkeypatch.delenv(variavel, raising=False)
    motor: Banco = Motor(servidor)
    return no_processo(partial(app.main, banco=motor), capsys)


@pytest.mark.parametrize("formato", esperado.ESPERADO)
@pytest.mark.parametrize("limite", [-1, 0, 2])
def test_lista_em_cada_formato(
    formato: str, limite: int, servidor: Servidor, ler: Programa
) -> None:
    """Os bytes são os de sempre: os formatos não sabem de onde vêm os blocos."""
    opcao = [] if limite < 0 else ["--limite", str(limite)]
    codigo, stdout, stderr = ler("listar", "--formato", formato, *opcao)
    linhas = servidor.linhas[: limite if limite >= 0 else None]
    assert (codigo, stdout) == (0, esperado.ESPERADO[formato](linhas))
    assert stderr.startswith("[LEITOR] ✓ 2 de 2 verificações\n")
    assert f"[LEITOR] âncora:  2 {servidor.elos[1]}\n" in stderr


def test_verifica_e_diz_a_prova(servidor: Servidor, ler: Programa) -> None:
    """Em JSON: as verificações deste motor, e a prova."""
    relatorio = json.loads(ler("verificar", "--formato", "json").stdout)
    assert (relatorio["banco"], relatorio["codigo"]) == ("lista://padrao", 0)
    assert [v["nome"] for v in relatorio["verificacoes"]] == ["abertura", "lacres"]
    assert relatorio["prova"]["ultima_gravacao"]["lacre"] == servidor.livro[0].lacre


def test_o_que_nao_confere_nao_se_lista(servidor: Servidor, ler: Programa) -> None:
    """65, e nem uma linha; na página, o veredito vermelho e os fatos de fora."""
    servidor.linhas[1] = (2, "Outro", "li@x.com", QUANDO)
    recusa = "[LEITOR] ERRO: lista://padrao: lacre quebrado na execução 1\n"
    assert ler("--formato", "jsonl") == (65, "", recusa)
    codigo, stdout, stderr = ler("--formato", "html")
    assert (codigo, stderr) == (65, recusa)
    assert "Não verificado" in stdout
    assert "<code><bdi>lista://padrao</bdi></code>" in stdout
    assert "li@x.com" not in stdout


def test_a_pagina(servidor: Servidor, ler: Programa) -> None:
    """Os fatos e a receita são os do motor; o resto, os dos registros."""
    codigo, stdout, _ = ler("--formato", "html")
    assert codigo == 0
    Pagina(stdout)
    assert "lista --de 1 --ate 3 | sha256sum" in stdout
    assert "<dt>Linhas</dt><dd><bdi>3</bdi></dd>" in stdout
    assert "<bdi>李小龍</bdi>" in stdout
    assert servidor.livro[0].lacre in stdout
    assert "SQLite" not in stdout


def test_a_falha_do_motor_tem_codigo(servidor: Servidor, ler: Programa) -> None:
    """A exceção do motor vira a linha e o código que ele diz, sem a senha do endereço."""
    servidor.caido = True
    dita = "[LEITOR] ERRO: lista://x: o servidor não responde. Leia de novo.\n"
    assert ler("--banco", "lista://senha@x") == (75, "", dita)


def test_o_endereco_e_o_aviso_sao_dele(ler: Programa) -> None:
    """Um endereço que não serve é 2; um que serve pode ter um aviso."""
    erro = "[LEITOR] ERRO: BANCO deve começar por lista://; veio '/x.db'.\n"
    assert ler("--banco", "/x.db") == (2, "", erro)
    assert ler("verificar", "--banco", "lista://lenta").stderr == "[LEITOR] AVISO: lista lenta\n"


def test_a_ajuda_e_a_dele(ler: Programa, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` diz o que este motor faz e o que é um banco para ele."""
    with pytest.raises(SystemExit) as fim:
        ler("--help")
    ajuda = capsys.readouterr().out
    assert fim.value.code == 0
    assert "Verifica uma lista." in ajuda
    assert "a lista a ler" in ajuda
    assert "/data" not in ajuda


def test_ancoras(servidor: Servidor, ler: Programa, tmp_path: Path) -> None:
    """Guarda a de agora; depois de outra história, acusa a que falta."""
    arquivo = tmp_path / "ancoras"
    assert ler("verificar", "--ancoras", str(arquivo)).codigo == 0
    assert arquivo.read_text() == f"2 {servidor.elos[1]}\n"
    assert ler("verificar", "--ancora", f"1 {servidor.elos[0]}").codigo == 0
    servidor.elos[1] = "f" * 64
    codigo, stdout, _ = ler("verificar", "--ancoras", str(arquivo))
    assert (codigo, "é outro banco" in stdout) == (65, True)


@pytest.fixture
def vigiar(ler: Programa, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Vigia com um passo no lugar de cada espera."""

    def rodar(*passos: Callable[[], object]) -> tuple[int, str, str]:
        restam = list(passos)
        monkeypatch.setattr(Sinais, "dormir", lambda *_: restam.pop(0)())
        return ler("vigiar", "--vezes", str(len(passos) + 1))

    return rodar


def test_vigia(servidor: Servidor, vigiar: Callable[..., tuple[int, str, str]]) -> None:
    """O que se soma, a queda e a volta, e a troca por outro banco."""

    def cair() -> None:
        servidor.caido = True

    def voltar_outro() -> None:
        servidor.caido = False
        servidor.elos[:] = ["e" * 64] * len(servidor.elos)

    def gravar() -> None:
        servidor.gravar(("Zoé", "zoe@x.com"))

    codigo, stdout, stderr = vigiar(gravar, cair, voltar_outro)
    ditas = [linha.partition(" ")[2] for linha in stdout.splitlines()]
    assert codigo == 0
    assert ditas[0].startswith("primeira leitura: verificado, tudo em ordem; usuários: 3")
    assert ditas[1].startswith("execução 3 (semear), container c1; inseridos: 1")
    assert ditas[2] == "usuários novos: 1; 4 Zoé <zoe@x.com>"
    assert ditas[3].startswith("trocado por outro banco")
    assert "ERRO: lista://padrao: o servidor não responde" in stderr
    assert "agora em ordem" in stderr


def test_copia(servidor: Servidor, ler: Programa, tmp_path: Path) -> None:
    """Quem copia é o motor; o programa só diz o que ele fez."""
    destino = tmp_path / "copia.json"
    dito = f"[LEITOR] copiado para {destino}\n"
    assert ler("copiar", str(destino)) == (0, "", dito)
    assert [tuple(linha) for linha in json.loads(destino.read_text())] == servidor.linhas
    codigo, stdout, stderr = ler("copiar", "-")
    assert (codigo, [tuple(linha) for linha in json.loads(stdout)]) == (0, servidor.linhas)
    assert stderr == "[LEITOR] copiado: lista://padrao, verificado antes do primeiro byte\n"
