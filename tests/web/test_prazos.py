"""Os prazos e as threads do serviço: o que se corta, o que não se corta, e o que não morre."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.processos import esperar
from tests.web.conftest import Montar
from tests.web.processo import Servico, no_ar
from tests.web.test_rede import LINHA, conectar
from web import bancos
from web.bancos import Indisponivel, Pedido, Recibo, TalvezGravado
from web.gravador import Gravador
from web.servico import NOME
from web.servico import Servico as Partes
from web.verificador import Verificador

APRESSADO = """\
import web.trabalhador
from web.processos import *

web.trabalhador.CORPO = 1.0  # segundos
"""
PASSADO = 4.0  # segundos: bem depois do prazo, com as voltas de um segundo do gunicorn
MULTIPARTE = b'--x\r\nContent-Disposition: form-data; name="arquivo"; filename="a.csv"\r\n\r\n'
ANA = {"nome": "Ana", "email": "prazo@x.com"}


@pytest.fixture(scope="module")
def apressado(modelos: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servico]:
    """O gunicorn da imagem, com um segundo para um corpo chegar."""
    pasta = tmp_path_factory.mktemp("apressado")
    (pasta / "prazos.py").write_text(APRESSADO, encoding="utf-8")
    banco = pasta / "desafio2.db"
    banco.write_bytes((modelos / "semeado").read_bytes())
    with no_ar(banco, pasta, "--config", str(pasta / "prazos.py"), WEB_PROCESSOS="1") as servico:
        yield servico


def gotejar(servico: Servico, caminho: bytes, tipo: bytes, corpo: bytes) -> bytes:
    """Manda o corpo aos poucos, durante PASSADO segundos; devolve o começo da resposta."""
    cabeca = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n" % (caminho, tipo)
    fim = time.monotonic() + PASSADO
    with closing(conectar(servico.porta)) as ligada:
        try:
            ligada.sendall(cabeca + b"Transfer-Encoding: chunked\r\n\r\n")
            ligada.sendall(b"%x\r\n%s\r\n" % (len(corpo), corpo))
            while time.monotonic() < fim:
                ligada.sendall(b"1\r\n \r\n")
                threading.Event().wait(0.1)
            ligada.sendall(b"7\r\n\r\n--x--\r\n0\r\n\r\n" if b"--x" in corpo else b"0\r\n\r\n")
            return ligada.recv(4096)
        except ConnectionError:
            return b""


def test_quem_espera_pela_trava_nao_e_cortado(apressado: Servico) -> None:
    """Um cadastro que espera mais do que o prazo de um corpo recebe o 201 dele."""
    banco = apressado.registro.parent / "desafio2.db"
    feitos: list[Any] = []
    pedir = threading.Thread(
        target=lambda: feitos.append(apressado.pedir("POST", "/usuarios", dict(ANA)))
    )
    with closing(sqlite3.connect(banco, isolation_level=None)) as outro:
        outro.execute("BEGIN IMMEDIATE")
        pedir.start()
        pedir.join(PASSADO)
        assert pedir.is_alive(), feitos
        outro.execute("ROLLBACK")
    pedir.join()
    assert [feito.codigo for feito in feitos] == [201]


def test_o_arquivo_da_pagina_nao_tem_prazo(apressado: Servico) -> None:
    """Um envio lento, pelo formulário, entra inteiro."""
    tipo = b"multipart/form-data; boundary=x"
    corpo = MULTIPARTE + b"nome,email\nBia,lenta@x.com"
    veio = gotejar(apressado, b"/pessoas/importar", tipo, corpo)
    assert LINHA.findall(veio) == [b"303"], veio


def test_controle_o_corpo_de_um_cadastro_tem_prazo(apressado: Servico) -> None:
    """Controle negativo: o mesmo envio lento, a um cadastro, é cortado."""
    assert LINHA.findall(gotejar(apressado, b"/usuarios", b"application/json", b'{"nome":')) == []


class _Gravacao:
    """Quem grava, e falha ou demora como se manda."""

    def __init__(self, falha: Exception | None = None) -> None:
        self.falha = falha
        self.soltar = threading.Event()

    def conferir(self) -> None:
        if self.falha:
            raise self.falha

    def gravar(self, pedidos: list[Pedido]) -> list[Recibo]:
        self.soltar.wait(60)
        return [Recibo(1, p.nome, p.email, "", 1, "a", 1) for p in pedidos]

    def fechar(self) -> None:
        pass


class _Banco:
    """Um banco de que só se usa quem grava."""

    def __init__(self, gravacao: _Gravacao) -> None:
        self.feita = gravacao

    def gravacao(self, _: float) -> _Gravacao:
        return self.feita


@pytest.mark.parametrize("falha", [TalvezGravado("?"), RuntimeError("?"), Indisponivel("?")])
def test_o_gravador_nao_morre_ao_conferir(falha: Exception) -> None:
    """Falhe como falhar a primeira conferência, quem vem depois é atendido."""
    gravacao = _Gravacao(falha)
    gravacao.soltar.set()
    gravador = Gravador(_Banco(gravacao), 1.0)  # type: ignore[arg-type]
    gravador.iniciar()
    assert gravador.gravar("Ana", "ana@x.com", None, None).execucao == 1
    assert gravador.vivo
    gravador.parar()
    assert not gravador.vivo


def test_um_banco_que_nao_responde(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passada a paciência, quem espera fica sabendo que talvez se grave."""
    monkeypatch.setattr("web.gravador.FOLGA", 0.1)
    gravacao = _Gravacao()
    gravador = Gravador(_Banco(gravacao), 0.0)  # type: ignore[arg-type]
    gravador.iniciar()
    with pytest.raises(TalvezGravado, match="talvez ainda grave"):
        gravador.gravar("Ana", "ana@x.com", None, None)
    gravacao.soltar.set()
    gravador.parar()


def test_a_sala_que_nao_se_abre(semeado: Path) -> None:
    """Com lixo no lugar da sala do serviço, quem grava recebe o motivo, e não um traço."""
    Path(f"{semeado}-servico").write_bytes(b"lixo" * 4096)
    gravacao = bancos.abrir(str(semeado)).gravacao(1.0)
    for pedir in (gravacao.conferir, lambda: gravacao.gravar([Pedido("Ana", "ana@x.com")])):
        with pytest.raises(Indisponivel):
            pedir()


def test_o_verificador_nao_morre(
    semeado: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sem processos para o leitor, diz que não pôde; havendo-os outra vez, volta a conferir."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("web.verificador.REPETE", 0.1)
    verificador = Verificador(bancos.abrir(str(semeado)), 3600)

    def sem_processos(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as sem:
        sem.setattr("web.verificador.subprocess.Popen", sem_processos)
        verificador.iniciar()
        esperar(lambda: verificador.estado.resultado == "indisponivel", "dizer que não pôde")
        assert "BlockingIOError" in str(verificador.estado.motivo)
    esperar(lambda: verificador.estado.resultado == "ok", "voltar a conferir")
    verificador.parar()


def test_o_que_se_viu_quebrado_continua_quebrado(semeado: Path) -> None:
    """Não poder conferir de novo não faz de uma corrente quebrada uma que se mostra."""
    verificador = Verificador(bancos.abrir(str(semeado)), 3600)
    assert verificador._sem_resposta("sem processos").resultado == "indisponivel"
    verificador._sabido = verificador._sabido._replace(resultado="falha", motivo="o lacre")
    assert verificador._sem_resposta("sem processos").motivo == "o lacre"


def test_pronto_ve_quem_parou(montar: Montar) -> None:
    """Sem a thread que grava, /pronto diz qual falta."""
    app = montar()
    cliente: FlaskClient = app.test_client()
    esperar(lambda: cliente.get("/pronto").status_code == 200, "o serviço estar pronto")
    servico = app.extensions[NOME]
    assert isinstance(servico, Partes)
    servico.gravador.parar()
    dito = cliente.get("/pronto")
    assert (dito.status_code, dito.get_json()["detail"]) == (
        503,
        "parou: gravador; reinicie o serviço",
    )
