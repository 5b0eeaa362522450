"""Falhas previstas: cada uma vira uma linha e um código de saída (sysexits.h)."""

import errno
import os

from leitor.texto import imprimivel

USO = 2
DADOS = os.EX_DATAERR
SEM_ENTRADA = os.EX_NOINPUT
DEFEITO = os.EX_SOFTWARE
SEM_ACESSO = os.EX_CANTCREAT
ENTRADA_SAIDA = os.EX_IOERR
TENTE_DE_NOVO = os.EX_TEMPFAIL
ESQUEMA = os.EX_CONFIG
INTERROMPIDO = 130

# As falhas de disco e permissão que um volume costuma dar, na língua do resto.
MOTIVOS = {
    errno.EACCES: "permissão negada",
    errno.EPERM: "operação não permitida",
    errno.EROFS: "montagem só de leitura",
    errno.ENOENT: "não existe",
    errno.EEXIST: "já existe, e não é uma pasta",
    errno.ENOTDIR: "uma parte do caminho não é uma pasta",
    errno.EISDIR: "é uma pasta",
    errno.ENOSPC: "disco cheio",
    errno.EDQUOT: "cota de disco esgotada",
    errno.EFBIG: "o arquivo passaria do tamanho permitido",
    errno.EBADF: "fechada",
    errno.EAGAIN: "está cheia, e não espera (O_NONBLOCK)",
    errno.EBUSY: "é um ponto de montagem, que não se troca; monte a pasta, e não o arquivo",
    errno.ENAMETOOLONG: "nome comprido demais",
    errno.EPIPE: "quem lia já saiu",
    errno.EIO: "erro de entrada e saída",
    errno.ELOOP: "links simbólicos em círculo",
}

# Os que uma verificação pode dar; noutro lugar, como no estado de um vigia, não são nossos.
CODIGOS = {DADOS, SEM_ENTRADA, DEFEITO, SEM_ACESSO, ENTRADA_SAIDA, TENTE_DE_NOVO, ESQUEMA}
CODIGOS |= {USO, INTERROMPIDO}
DO_VOLUME = "/data/desafio2.db"  # o banco de um container a que não se diz outro


class Erro(Exception):
    """O que aconteceu, onde e o que fazer, numa linha; `codigo` é o de saída.

    O que um terminal obedeceria em vez de mostrar (controles, direção do texto)
    aparece escapado: nomes de arquivos e de tabelas são dados de outros.
    """

    def __init__(self, codigo: int, mensagem: str) -> None:
        super().__init__(imprimivel(mensagem))
        self.codigo = codigo


def em_container() -> bool:
    """Diz se este processo roda num container, e os comandos a dizer são os de fora dele."""
    sinais = map(os.path.exists, ("/.dockerenv", "/run/.containerenv"))
    return any(sinais) or "KUBERNETES_SERVICE_HOST" in os.environ


def _do_escritor(caminho: str, no_container: str = "", fora: str = "") -> str:
    """Devolve a linha que roda o escritor neste banco, pronta para colar onde se está."""
    from shlex import quote  # só quem falha paga por ele

    if not em_container():
        return f"python3 -m escritor --banco {quote(caminho)}{fora}"
    # Um caminho relativo, num container, é na pasta do programa: o volume é em /data.
    absoluto = os.path.join(os.path.dirname(DO_VOLUME), caminho)
    outro = f" -e {quote(f'BANCO={absoluto}')}" if absoluto != DO_VOLUME else ""
    sem_terminal = " -T" if no_container else ""
    return f"docker compose run --rm{sem_terminal}{outro} escritor{no_container}"


def do_leitor(comando: str = "") -> str:
    """Devolve a linha que roda o leitor, pronta para colar onde quer que se esteja."""
    fora = "docker compose run --rm --no-deps -T leitor" if em_container() else "python3 -m leitor"
    return f"{fora} {comando}".rstrip()


def rode_o_escritor(caminho: str) -> str:
    """Devolve o remédio de quem ainda não tem um banco, ou tem um que só o escritor conserta."""
    return f"Rode o escritor, e depois leia de novo: {_do_escritor(caminho)}"


def restaure(caminho: str) -> str:
    """Devolve o remédio de um banco que já não se conserta."""
    comando = _do_escritor(caminho, " restaurar - < copia.db", " restaurar copia.db")
    return f"Restaure uma cópia: {comando}"


def sem_acesso(caminho: str, causa: str) -> Erro:
    """Devolve a falha de quem não pode ler o arquivo, com o comando que o deixa ler."""
    return Erro(
        SEM_ACESSO,
        f"{caminho}: o uid {os.getuid()} não consegue ler ({causa}). "
        f"Dê permissão de leitura: {_comando_chmod(caminho)}",
    )


def _comando_chmod(caminho: str) -> str:
    """Devolve o comando exato, que abre a pasta e o arquivo; no container, o que roda fora dele."""
    from shlex import quote  # só quem falha paga por ele

    absoluto = os.path.abspath(caminho)
    comando = f"a+rX {quote(os.path.dirname(absoluto))} {quote(absoluto)}"
    if not em_container():
        return f"sudo chmod {comando}"
    return (
        "docker compose run --rm --user 0 --cap-add FOWNER --cap-add DAC_OVERRIDE "
        f"--entrypoint chmod escritor {comando}"
    )


def motivo(erro: OSError) -> str:
    """Devolve em poucas palavras por que o sistema operacional recusou."""
    return MOTIVOS.get(erro.errno or 0, erro.strerror or str(erro))


def do_sistema(erro: OSError, caminho: str) -> Erro:
    """Traduz uma falha do sistema operacional ao abrir `caminho`."""
    if isinstance(erro, (FileNotFoundError, NotADirectoryError)):
        return Erro(SEM_ENTRADA, f"{caminho}: não há banco. {rode_o_escritor(caminho)}")
    if isinstance(erro, PermissionError):
        return sem_acesso(caminho, motivo(erro))
    return Erro(ENTRADA_SAIDA, f"{caminho}: {motivo(erro)}. Verifique o disco.")
