"""O aviso de que o banco está num sistema de arquivos de rede, com mountinfo inventado."""

from pathlib import Path
from types import ModuleType

import pytest

import escritor.banco.montagem
import leitor.banco.montagem
from tests.contrato import AMOSTRA, pessoas
from tests.processos import comando, rodar

MODULOS = pytest.mark.parametrize("modulo", [escritor.banco.montagem, leitor.banco.montagem])
RAIZ = "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw"
DE_REDE = [
    *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "ceph", "glusterfs", "lustre"),
    *("fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.grpcfuse", "fuse.osxfs"),
    *("fuse", "vboxsf", "vmhgfs", "fuse.vmhgfs-fuse", "drvfs", "osxfs", "prl_fs", "fakeowner"),
]
LOCAIS = [
    *("ext4", "ext3", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "f2fs", "fuseblk", "vfat"),
    *("fuse.fuse-overlayfs", "fuse.mergerfs", "nfsd", "ramfs", "bcachefs", ""),
]


def linha(ponto: str, tipo: str, opcionais: str = "shared:2") -> str:
    """Uma montagem como o kernel a escreve; `ponto` já com os escapes dele."""
    return f"99 21 0:44 /de/la {ponto} rw,relatime {opcionais} - {tipo} origem rw,vers=4.2"


@MODULOS
@pytest.mark.parametrize("tipo", DE_REDE)
def test_de_rede(tipo: str, modulo: ModuleType) -> None:
    """Rede, máquina virtual, Docker Desktop: todos são acusados."""
    assert modulo.montagem(linha("/data", tipo), "/data/x.db") == (tipo, "/data")
    assert modulo.de_rede(tipo)


@MODULOS
@pytest.mark.parametrize("tipo", LOCAIS)
def test_de_disco(tipo: str, modulo: ModuleType) -> None:
    """Um disco local, uma camada do Docker ou a memória não dão aviso."""
    assert not modulo.de_rede(tipo)


@MODULOS
@pytest.mark.parametrize(
    ("montagens", "caminho", "esperado"),
    [
        ([linha("/data", "nfs4")], "/data/d/x.db", ("nfs4", "/data")),
        ([linha("/data", "nfs4")], "/data", ("nfs4", "/data")),
        ([linha("/data", "nfs4")], "/database/x.db", ("ext4", "/")),
        ([linha("/data", "nfs4")], "/outro/x.db", ("ext4", "/")),
        ([linha("/data/d/x.db", "9p")], "/data/d/x.db", ("9p", "/data/d/x.db")),
        ([linha("/data", "nfs"), linha("/data/d", "xfs")], "/data/d/x.db", ("xfs", "/data/d")),
        ([linha("/data/d", "xfs"), linha("/data", "nfs")], "/data/d/x.db", ("xfs", "/data/d")),
        ([linha("/data", "nfs"), linha("/data", "xfs")], "/data/x.db", ("xfs", "/data")),
        ([linha("/data", "xfs"), linha("/data", "nfs")], "/data/x.db", ("nfs", "/data")),
        ([linha("/", "overlay")], "/data/x.db", ("overlay", "/")),
        ([linha("/da\\040ta", "cifs")], "/da ta/x.db", ("cifs", "/da ta")),
        ([linha("/a\\011b\\012c", "cifs")], "/a\tb\nc/x.db", ("cifs", "/a\tb\nc")),
        ([linha("/a\\134040b", "cifs")], "/a\\040b/x.db", ("cifs", "/a\\040b")),
        ([linha("/João", "cifs")], "/João/x.db", ("cifs", "/João")),
        ([linha("/data", "nfs", "")], "/data/x.db", ("nfs", "/data")),
        ([linha("/data", "nfs", "shared:1 master:2 -x")], "/data/x.db", ("nfs", "/data")),
    ],
)
def test_a_montagem_que_vale(
    montagens: list[str], caminho: str, esperado: tuple[str, str], modulo: ModuleType
) -> None:
    """A de ponto mais longo, por pastas inteiras, e a última entre iguais; com os escapes."""
    texto = "\n".join([RAIZ, *montagens, ""])
    assert modulo.montagem(texto, caminho) == esperado


@MODULOS
@pytest.mark.parametrize(
    "texto",
    ["", "\n\n", "lixo", "99 21 0:44 / /data rw", linha("/data", "nfs")[:30], "\0\udcff - nfs x y"],
)
def test_texto_cortado(texto: str, modulo: ModuleType) -> None:
    """O que não se entende não conta, e não derruba nada."""
    assert modulo.montagem(texto, "/data/x.db") == ("", "")
    assert not modulo.de_rede("")


@pytest.fixture(name="montado")
def _montado(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """O arquivo que os dois programas leem no lugar de /proc/self/mountinfo."""
    arquivo = tmp_path / "mountinfo"
    for modulo in (escritor.banco.montagem, leitor.banco.montagem):
        monkeypatch.setattr(modulo, "MONTAGENS", str(arquivo))
    return arquivo


@pytest.mark.parametrize(
    ("programa", "argv"),
    [("escritor", []), ("leitor", []), ("leitor", ["verificar"]), ("leitor", ["vigiar"])],
)
def test_aviso_e_um_so_antes_do_resultado(
    programa: str, argv: list[str], semeado: Path, montado: Path, request: pytest.FixtureRequest
) -> None:
    """Sai uma vez, em stderr, e o resultado e o código são os mesmos."""
    argv = [*argv, "--vezes", "2", "--intervalo", "0.1"] if argv == ["vigiar"] else argv
    montado.write_text(f"{RAIZ}\n{linha(str(semeado.parent), 'nfs4')}\n")
    codigo, stdout, stderr = request.getfixturevalue(programa)(*argv)
    assert (codigo, bool(stdout), stderr.count("AVISO")) == (0, True, 1)
    assert stderr.startswith(
        f"[{programa.upper()}] AVISO: {semeado} está em nfs4 (montagem {semeado.parent}), "
    )
    assert "não se confia nas travas do SQLite" in stderr.splitlines()[0]
    assert "Use um volume local do Docker" in stderr.splitlines()[0]
    assert "AVISO" not in stdout
    assert pessoas(semeado) == AMOSTRA


@pytest.mark.parametrize("programa", ["escritor", "leitor"])
@pytest.mark.parametrize("conteudo", [None, b"", b"\xff\x00 - \n", f"{RAIZ}\n".encode()])
def test_sem_aviso(
    conteudo: bytes | None,
    programa: str,
    semeado: Path,
    montado: Path,
    request: pytest.FixtureRequest,
) -> None:
    """Num disco local, sem /proc ou com um ilegível, nada é dito e nada falha."""
    if conteudo is not None:
        montado.write_bytes(conteudo)
    codigo, _, stderr = request.getfixturevalue(programa)()
    assert (codigo, "AVISO" in stderr) == (0, False)
    assert pessoas(semeado) == AMOSTRA


@pytest.mark.parametrize("programa", ["escritor", "leitor"])
def test_o_link_e_seguido(
    programa: str,
    semeado: Path,
    montado: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """O que conta é onde o arquivo está, e não por onde se chega a ele."""
    (tmp_path / "atalho").symlink_to(semeado.parent)
    montado.write_text(f"{RAIZ}\n{linha(str(semeado.parent), 'fuse.sshfs')}\n")
    atalho = tmp_path / "atalho" / semeado.name
    codigo, _, stderr = request.getfixturevalue(programa)("--banco", str(atalho))
    assert (codigo, f"AVISO: {atalho} está em fuse.sshfs" in stderr) == (0, True)
    assert pessoas(semeado) == AMOSTRA


@pytest.mark.parametrize("programa", ["escritor", "leitor"])
def test_nesta_maquina(programa: str, semeado: Path) -> None:
    """Com o mountinfo de verdade, a linha do aviso só aparece se o tipo é de rede."""
    texto = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    tipo, ponto = leitor.banco.montagem.montagem(texto, str(semeado.resolve()))
    assert tipo
    assert Path(ponto).is_mount()
    saida = rodar(comando(programa))
    assert (saida.codigo, "AVISO" in saida.stderr) == (0, leitor.banco.montagem.de_rede(tipo))
    assert pessoas(semeado) == AMOSTRA
