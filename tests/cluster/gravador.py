"""Um cliente que não para de gravar; roda num contêiner, com a imagem do escritor.

    gravador.py ARQUIVO PREFIXO COMO PAUSA

Cada confirmação vira uma linha de ARQUIVO, que fica fora do cluster e chega ao disco antes
da gravação seguinte: o instante, o recibo (a âncora) e os e-mails. COMO: `direto`, uma
transação atrás da outra na mesma conexão; `importar`, um `escritor importar` por vez;
`sem-conferir`, como `direto`, mas sem perguntar se há réplica. PAUSA, em segundos, entre
duas gravações: uma campanha comprida confere tudo muitas vezes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

from escritor.app import inserir_dados
from escritor.entrada.pessoa import Lote
from escritor.erros import Erro
from escritor.execucao import agora
from escritor.sinais import Sinais
from postgres.escritor import banco as motor
from postgres.escritor import conexao, replica

LINHAS = 3  # por execução
INSISTE = 1.0  # segundos


def lotes(prefixo: str) -> Iterator[Lote]:
    """Devolve pessoas que nenhum outro gravador tem."""
    vez = 0
    while True:
        emails = [f"{prefixo}.{vez}.{linha}@x.com" for linha in range(LINHAS)]
        yield Lote([f"Pessoa {email}" for email in emails], emails, range(LINHAS))
        vez += 1


def anotar(arquivo: int, ancora: str, lote: Lote, pausa: float) -> None:
    """Põe a confirmação no disco: só então ela conta."""
    linha = {"quando": time.monotonic(), "ancora": ancora, "emails": lote.emails}
    os.write(arquivo, json.dumps(linha).encode() + b"\n")
    os.fsync(arquivo)
    time.sleep(pausa)


def direto(arquivo: int, prefixo: str, pausa: float) -> None:
    """Grava na mesma conexão até que ela se perca; o que não se confirmou, grava de novo."""
    fila = lotes(prefixo)
    lote = next(fila)
    while True:
        try:
            with conexao.abrir(os.environ["BANCO"], INSISTE, Sinais()) as con:
                while True:
                    with con.transacao():
                        feita = inserir_dados(motor, con, [lote], "importar:gravador", agora())
                    con.sinais.recomecar()
                    anotar(arquivo, feita.ancora, lote, pausa)
                    lote = next(fila)
        except Erro as erro:
            print(f"{time.monotonic():.2f} {erro}", flush=True)


def importar(arquivo: int, prefixo: str, pausa: float) -> None:
    """Roda o programa inteiro a cada vez, como faria um script; o que não vale 0, de novo."""
    for lote in lotes(prefixo):
        linhas = "".join(f"{n},{e}\n" for n, e in zip(lote.nomes, lote.emails, strict=True))
        while True:
            feito = subprocess.run(
                [sys.executable, "-m", "postgres.escritor", "importar", "-", "--silencioso"],
                input=f"nome,email\n{linhas}",
                capture_output=True,
                text=True,
                check=False,
            )
            if feito.returncode == 0:
                break
            print(f"{time.monotonic():.2f} {feito.stderr.strip()}", flush=True)
        anotar(arquivo, feito.stderr.rpartition("âncora: ")[2].strip(), lote, pausa)


def main() -> None:
    """Grava até que o contêiner pare."""
    destino, prefixo, como, pausa = sys.argv[1:]
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with ExitStack() as pilha:
        arquivo = os.open(destino, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        pilha.callback(os.close, arquivo)
        if como == "sem-conferir":
            replica.Situacao.falta = lambda *_: None  # type: ignore[method-assign]
        (importar if como == "importar" else direto)(arquivo, prefixo, float(pausa))


if __name__ == "__main__":
    main()
