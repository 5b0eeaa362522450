"""Em que sistema de arquivos o banco está: nos de rede, não se confia nas travas do SQLite."""

from __future__ import annotations

import os

MONTAGENS = "/proc/self/mountinfo"  # formato: proc(5)
# De rede, de cluster, ou partilhados pelo hospedeiro com a máquina virtual.
DE_REDE = """
9p afs beegfs ceph cifs coda drvfs fakeowner glusterfs gpfs lustre ncpfs nfs nfs4 orangefs osxfs
panfs prl_fs pvfs2 smb3 smbfs vboxsf virtiofs vmhgfs"""
# Um FUSE desconhecido conta como de rede, que quase todos são; estes sabidamente são de disco.
FUSE_LOCAL = "bindfs encfs fuse-overlayfs gocryptfs lxcfs mergerfs ntfs-3g unionfs"
# \134 por último: desfeito antes, o que ele revela pareceria outro escape.
ESCAPES = (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\043", "#"), ("\\134", "\\"))


def aviso(caminho: str) -> str | None:
    """Devolve o que dizer se o banco está num sistema de arquivos de rede; None se não está.

    Sem /proc, ou com um que não se lê, não há o que dizer.
    """
    try:
        with open(MONTAGENS, "rb") as arquivo:
            montagens = os.fsdecode(arquivo.read())
    except OSError:
        return None
    tipo, ponto = montagem(montagens, os.path.realpath(caminho))
    if not de_rede(tipo):
        return None
    return (
        f"AVISO: {caminho} está em {tipo} (montagem {ponto}), um sistema de arquivos de rede ou "
        "partilhado pelo hospedeiro, onde não se confia nas travas do SQLite: uma leitura pode ver "
        "uma gravação pela metade. Use um volume local do Docker ou um disco local."
    )


def montagem(montagens: str, caminho: str) -> tuple[str, str]:
    """Devolve o tipo e o ponto da montagem em que o caminho absoluto está; vazios se nenhuma.

    Vale o ponto mais longo e, entre iguais, o último, que cobre os outros. Uma
    linha cortada ou que não se entende é como se não houvesse.
    """
    tipo = ponto = ""
    for linha in montagens.split("\n"):
        antes, _, depois = linha.partition(" - ")
        campos = antes.split(" ")
        if len(campos) < 6 or not depois:
            continue
        este = _sem_escapes(campos[4])
        if len(este) >= len(ponto) and f"{caminho}/".startswith(f"{este.rstrip('/')}/"):
            tipo, ponto = depois.split(" ")[0], este
    return tipo, ponto


def _sem_escapes(campo: str) -> str:
    for escape, caractere in ESCAPES:
        campo = campo.replace(escape, caractere)
    return campo


def de_rede(tipo: str) -> bool:
    """Diz se as travas neste tipo de sistema de arquivos (`nfs4`, `fuse.sshfs`) são duvidosas."""
    principal, _, subtipo = tipo.partition(".")
    if principal == "fuse":
        return subtipo not in FUSE_LOCAL.split()
    return principal in DE_REDE.split()
