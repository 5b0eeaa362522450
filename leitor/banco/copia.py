"""Uma cópia inteira do banco, verificada antes de ganhar o nome."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

from leitor import erros, troca
from leitor.banco.leitura import Leitura
from leitor.banco.verificacao import abrir
from leitor.destinos import DO_BANCO, PARCIAL, nao_escreve, preso
from leitor.erros import Erro
from leitor.verificacao import verificar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from leitor.porta import Ordem

TRECHO = 1 << 20  # bytes
PAGINAS = 1_000
# Um sistema de arquivos que não tem links: pen drive, partilha.
SEM_LINK = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


def copiar(origem: Leitura, destino: str, ordem: Ordem, *, substituir: bool) -> str:
    """Copia o banco de `origem` para o arquivo `destino`; devolve o que se fez, numa linha.

    O escritor só espera o tempo de copiar: a verificação é a da cópia, depois.
    Levanta Erro 2 (destino que é o banco), 73 (já existe, não dá para criar),
    74 (disco) e os da verificação; aí não sobra cópia nenhuma.
    """

    def preencher(parcial: str) -> None:
        abrir(origem)
        _transportar(origem, parcial)
        origem.con.close()

    do_banco = {os.path.realpath(origem.caminho) + sufixo for sufixo in DO_BANCO}
    if os.path.realpath(destino) in do_banco:
        raise Erro(erros.USO, f"{destino}: é o próprio banco. Copie para outro nome.")

    def conferir(parcial: str) -> str:
        return verificada(parcial, destino, origem.espera, origem.caminho, ordem)

    usuarios = guardar(destino, preencher, conferir, substituir=substituir)
    return f"copiado: {origem.caminho} → {destino}; {usuarios}"


def guardar(
    destino: str,
    preencher: Callable[[str], None],
    conferir: Callable[[str], str],
    *,
    substituir: bool,
) -> str:
    """Faz o arquivo `destino` com o que `preencher` escreve num parcial; devolve o que há nele.

    Só depois de `conferir` dizer o que há, e no disco, é que ele ganha o nome.
    Levanta Erro como `copiar`.
    """
    final = os.path.realpath(destino)
    _conferir_destino(final, destino, substituir=substituir)
    with _sem_sobras(), _falhas(destino), _parcial(final, destino) as parcial:
        preencher(parcial)
        usuarios = conferir(parcial)
        _publicar(parcial, final, substituir=substituir)
    return usuarios


def despejar(origem: Leitura, ordem: Ordem) -> Iterator[bytes]:
    """Devolve os bytes do banco, depois de verificá-lo, para a saída padrão.

    Aqui não há onde pôr uma cópia: a trava de leitura fica até o último byte,
    e com ela nenhum escritor muda o arquivo.
    """
    try:
        aberto = os.stat(origem.caminho)
    except OSError:  # quem diz o que houve é a verificação
        aberto = None
    _, falha = verificar(origem, ordem)
    if falha:
        raise falha
    try:
        # Fechar este arquivo solta as travas que o processo tem nele (fcntl(2)): só no fim.
        with open(origem.caminho, "rb") as entrada:
            if not aberto or not os.path.samestat(aberto, os.fstat(entrada.fileno())):
                raise Erro(
                    erros.TENTE_DE_NOVO,
                    f"{origem.nome}: o banco foi restaurado durante a cópia. Copie de novo.",
                )
            while trecho := entrada.read(TRECHO):
                yield trecho
    except OSError as erro:
        raise erros.do_sistema(erro, origem.nome) from erro


def _conferir_destino(final: str, destino: str, *, substituir: bool) -> None:
    if (
        not os.path.basename(destino)
        or os.path.isdir(final)
        or (os.path.exists(final) and not os.path.isfile(final))
    ):
        raise Erro(erros.USO, f"{destino}: não é um arquivo comum. Diga o nome da cópia.")
    if os.path.exists(final) and not substituir:
        raise _ja_existe(destino)
    for sufixo in ("-journal", "-wal", f"{PARCIAL}-journal", f"{PARCIAL}-wal"):
        if os.path.lexists(final + sufixo):  # o SQLite o aplicaria à cópia
            raise Erro(
                erros.SEM_ACESSO,
                f"{destino}{sufixo}: há um diário de outro banco ao lado. Copie para outro nome.",
            )


def _ja_existe(destino: str) -> Erro:
    return Erro(
        erros.SEM_ACESSO, f"{destino}: já existe. Use outro nome, ou --substituir para trocá-lo."
    )


@contextmanager
def _sem_sobras() -> Iterator[None]:
    """Faz do SIGTERM, como já é o SIGINT, uma saída pelos `finally`, que apagam as sobras."""

    recebidos: list[int] = []

    def sair(numero: int, _quadro: object) -> None:
        recebidos.append(numero)
        raise SystemExit(128 + numero)

    anterior = signal.signal(signal.SIGTERM, sair)
    try:
        yield
    except Erro:
        if recebidos:  # o sqlite3 engole o que nasce no meio de uma instrução
            raise SystemExit(128 + recebidos[0]) from None
        raise
    finally:
        if signal.getsignal(signal.SIGTERM) is sair:  # publicada, já nada a interrompe
            signal.signal(signal.SIGTERM, anterior)


@contextmanager
def _parcial(final: str, destino: str) -> Iterator[str]:
    """Cria o arquivo parcial, só nosso enquanto durar; o que sobrar dele some no fim."""
    parcial = final + PARCIAL
    if preso(os.path.dirname(final)):  # o que lá se criasse, dali não saía
        raise PermissionError(errno.EPERM, "")
    with suppress(FileNotFoundError):
        if os.path.samestat(os.lstat(parcial), os.lstat(final)):
            os.unlink(parcial)  # já publicado por uma que morreu logo depois
    ocupado = Erro(erros.TENTE_DE_NOVO, f"{destino}: outra cópia para ele está em curso. Espere-a.")
    with troca.exclusivo(parcial, ocupado):
        yield parcial


def _transportar(origem: Leitura, parcial: str) -> None:
    """Copia as páginas pela interface de backup (sqlite.org/backup.html), de uma vez."""
    with closing(sqlite3.connect(parcial)) as copia:
        # Uma cópia pela metade se joga fora: não precisa de diário, e o fsync é um só, no fim.
        copia.execute("PRAGMA journal_mode = OFF")
        copia.execute("PRAGMA synchronous = OFF")
        # Em partes, para que um sinal seja atendido entre uma e outra.
        origem.con.backup(copia, pages=PAGINAS, progress=lambda *_: None)


def verificada(parcial: str, destino: str, espera: float, alvo: str, ordem: Ordem) -> str:
    """Verifica a cópia como se verifica um banco; devolve o que as contas dizem."""
    with Leitura(parcial, espera, f"cópia para {destino}", alvo) as leitura:
        verificacoes, falha = verificar(leitura, ordem)
    [com_falha] = [v.nome for v in verificacoes if v.resultado == "falha"] or [""]
    # O parcial é nosso: não é a permissão; as âncoras são outro arquivo.
    if falha and falha.codigo == erros.SEM_ACESSO and com_falha != "âncoras":
        raise _sem_lugar(destino, "a cópia não se abriu para verificar")
    if falha:
        raise falha
    return next(v.detalhe for v in verificacoes if v.nome == "totais")


def _publicar(parcial: str, final: str, *, substituir: bool) -> None:
    """Leva a cópia ao disco e lhe dá o nome; sem `substituir`, nunca por cima de outra.

    Com o nome dado, a cópia está feita: um sinal chegou tarde, e já não interrompe.
    """
    _firmar(parcial)
    for numero in (signal.SIGINT, signal.SIGTERM):
        signal.signal(numero, signal.SIG_IGN)
    if substituir:
        os.replace(parcial, final)
    else:
        try:
            os.link(parcial, final)  # falha se alguém criou o destino nesse meio-tempo
        except OSError as erro:
            if erro.errno not in SEM_LINK or os.path.exists(final):
                raise
            os.replace(parcial, final)
    try:
        troca.firmar_pasta(final)
    except OSError as erro:
        raise Erro(
            erros.ENTRADA_SAIDA,
            f"{final}: a cópia está aí, inteira, mas o nome dela pode não ter chegado ao disco "
            f"({erros.motivo(erro)}). Verifique-o.",
        ) from erro


def _firmar(caminho: str) -> None:
    descritor = os.open(caminho, os.O_RDONLY)
    try:
        os.fsync(descritor)
    finally:
        os.close(descritor)


@contextmanager
def _falhas(destino: str) -> Iterator[None]:
    """Traduz as falhas ao escrever a cópia; as de ler o banco já chegam traduzidas."""
    try:
        yield
    except FileExistsError as erro:
        raise _ja_existe(destino) from erro
    except sqlite3.Error as erro:
        if erro.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
            raise
        raise _sem_lugar(destino, "disco cheio, ou com erro, aqui ou no banco") from erro
    except OSError as erro:
        raise nao_escreve(
            destino,
            erro,
            "criar a cópia",
            "Monte uma pasta em que ele escreva, ou use a saída padrão: "
            f"{erros.do_leitor('copiar - > copia.db')}",
        ) from erro


def _sem_lugar(destino: str, motivo: str) -> Erro:
    return Erro(
        erros.ENTRADA_SAIDA,
        f"{destino}: {motivo}; nenhuma cópia pela metade ganhou o nome. Libere espaço ou "
        "verifique o disco, e copie de novo.",
    )
