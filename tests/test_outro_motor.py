"""O escritor sobre um motor escrito aqui, com listas no lugar do banco: nada lhe falta."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from escritor import app, erros
from escritor.entrada.pessoa import Lote
from escritor.erros import Erro
from escritor.execucao import RS, US, Execucao, Gravadas
from escritor.porta import Linha
from escritor.sinais import Sinais
from tests.contrato import AMOSTRA, elo, lacre


class Listas:
    """Um motor inteiro em listas: o que `porta.Banco` pede, e mais nada."""

    DESCRICAO = "Guarda tudo em listas."
    AJUDA = "não faz diferença"

    def __init__(self) -> None:
        self.linhas: list[Linha] = []
        self.livro: list[Execucao] = []
        self.criado = False

    def padrao(self) -> str:
        """Quem não diz nenhum."""
        return "nenhum"

    def endereco(self, texto: str, /) -> str:
        """Qualquer um serve."""
        return texto

    def ao_lado(self, endereco: str, /) -> list[str]:  # noqa: ARG002
        """Nenhum arquivo é do banco."""
        return []

    @contextmanager
    def abrir(
        self, endereco: str, espera: float, sinais: Sinais, dizer: Callable[..., None], /
    ) -> Iterator[Listas]:
        """A própria instância é a conexão."""
        dizer(f"abrindo {endereco}, espera {espera:g}")
        self.sinais = sinais
        yield self

    @contextmanager
    def transacao(self) -> Iterator[None]:
        """Uma falha devolve as listas ao que eram."""
        antes = (self.linhas[:], self.livro[:], self.criado)
        try:
            yield
            with self.sinais.irrevogavel():
                pass
        except BaseException:
            self.linhas, self.livro, self.criado = antes
            raise

    def garantir_esquema(self, con: Listas, /) -> bool:
        """Na primeira vez, cria."""
        criou, con.criado = not con.criado, True
        return criou

    def conferir(self, con: Listas, /) -> None:
        """Recusa o que alguém mexeu: um total que não é a soma."""
        if con.livro and con.livro[-1].total != len(con.linhas):
            raise Erro(erros.DADOS, "as listas não somam (regra E9 do contrato)")

    def gravar(self, con: Listas, lotes: Iterable[Lote], criado_em: str, /) -> Gravadas:
        """Acrescenta quem falta."""
        lidas, primeira = 0, len(con.linhas)
        for lote in lotes:
            lidas += len(lote.nomes)
            for nome, email in zip(lote.nomes, lote.emails, strict=True):
                if email.lower() not in {linha[2].lower() for linha in con.linhas}:
                    con.linhas.append((len(con.linhas) + 1, nome, email, criado_em))
        novas = con.linhas[primeira:]
        selo = hashlib.sha256("".join(US.join(map(str, n)) + RS for n in novas).encode())
        primeiro, ultimo = (novas[0][0], novas[-1][0]) if novas else (None, None)
        return Gravadas(lidas, len(novas), primeiro, ultimo, selo.hexdigest())

    def ultima_execucao(self, con: Listas, /) -> Execucao | None:
        """A do fim da lista."""
        return con.livro[-1] if con.livro else None

    def registrar(self, con: Listas, execucao: Execucao, /) -> None:
        """No fim da lista."""
        con.livro.append(execucao)

    def sem_conflitos(self, con: Listas, lotes: Iterable[Lote], arquivo: str, /) -> Iterator[Lote]:
        """Recusa o primeiro e-mail que já existe."""
        for lote in lotes:
            for email in lote.emails:
                if email in {linha[2] for linha in con.linhas}:
                    raise Erro(erros.DADOS, f"{arquivo}: {email} já existe")
            yield lote

    def listar(self, con: Listas, limite: int, /) -> list[Linha]:
        """As primeiras."""
        return con.linhas[:limite] if limite >= 0 else con.linhas

    def restaurar(
        self, endereco: str, arquivo: str, espera: float, sinais: Sinais, /, *, sem_copia: bool
    ) -> tuple[list[str], Execucao]:
        """Diz o que lhe deram."""
        return [f"{endereco} {arquivo} {espera:g} {sinais.recebido} {sem_copia}"], self.livro[-1]


@pytest.fixture
def listas() -> Listas:
    """Um motor novo."""
    return Listas()


def test_semear_importar_e_repetir(
    listas: Listas, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Os comandos são os mesmos, e o lacre e o elo, os do contrato."""
    assert app.main([], banco=listas) == 0
    arquivo = tmp_path / "gente.csv"
    arquivo.write_text("nome;email\nAna;ana@x.com\nJoão;JOAO@example.com\n", encoding="utf-8")
    assert app.main(["importar", str(arquivo)], banco=listas) == 0
    stdout, stderr = capsys.readouterr()
    assert [linha[1:3] for linha in listas.linhas] == [*AMOSTRA, ("Ana", "ana@x.com")]
    assert [e.inseridos for e in listas.livro] == [3, 1]
    assert stdout.count("@example.com") == 3
    assert "[ESCRITOR] abrindo nenhum, espera 30\n" in stderr
    anterior = "0" * 64
    for execucao in listas.livro:
        gravadas = listas.linhas[(execucao.primeiro_id or 1) - 1 : execucao.ultimo_id or 0]
        assert execucao.lacre == lacre(gravadas)
        anterior = elo(anterior, list(execucao[:-1]))
        assert execucao.elo == anterior
        assert f"[ESCRITOR] âncora: {execucao.id} {execucao.elo}\n" in stderr


def test_uma_recusa_desfaz_e_diz(
    listas: Listas, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Uma linha ruim, um conflito, um banco mexido: 65, e as listas como estavam."""
    assert app.main([], banco=listas) == 0
    arquivo = tmp_path / "a.csv"
    arquivo.write_text("nome,email\nAna,ana@x.com\nRuim,sem-arroba\n", encoding="utf-8")
    assert app.main(["importar", str(arquivo)], banco=listas) == 65
    arquivo.write_text("nome,email\nJ,joao@example.com\n", encoding="utf-8")
    assert app.main(["importar", str(arquivo), "--conflito", "falhar"], banco=listas) == 65
    listas.linhas.pop()
    assert app.main([], banco=listas) == 65
    assert (len(listas.linhas), len(listas.livro)) == (2, 1)
    *_, ultima = capsys.readouterr().err.splitlines()
    assert ultima == "[ESCRITOR] ERRO: as listas não somam (regra E9 do contrato)"


def test_o_que_se_digita_chega_ao_motor(listas: Listas, capsys: pytest.CaptureFixture[str]) -> None:
    """Endereço, espera e opções de restaurar, cada um pelo nome; a ajuda é a do motor."""
    assert app.main([], banco=listas) == 0
    argv = ["restaurar", "copia.db", "--sem-copia", "--banco", "x://y", "--espera", "2"]
    assert app.main(argv, banco=listas) == 0
    with pytest.raises(SystemExit):
        app.main(["--help"], banco=listas)
    stdout, stderr = capsys.readouterr()
    assert "[ESCRITOR] x://y copia.db 2 None True\n" in stderr
    assert "Guarda tudo em listas." in stdout
