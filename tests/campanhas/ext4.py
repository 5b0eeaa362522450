"""Um ext4 de verdade num arquivo: pequeno, para encher, e que se desliga como numa queda de luz."""

import fcntl
import os
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.processos import esperar

MEGABYTE = 1 << 20
# linux/fs/ext4/ext4.h: EXT4_IOC_SHUTDOWN. NOLOGFLUSH: nem o diário do ext4 chega ao disco.
DESLIGAR = 0x8004587D
SEM_GRAVAR_O_DIARIO = struct.pack("I", 2)


def falta_no_kernel() -> str:
    """Devolve o que este kernel não tem e a campanha pede; vazio se tem tudo."""
    if not Path("/dev/loop-control").exists():
        return "não há /dev/loop-control (loop)"
    if "ext4" not in Path("/proc/filesystems").read_text(encoding="ascii").split():
        return "o kernel não tem ext4"
    return ""


class Ext4:
    """Um disco pequeno; dentro do `with`, está montado em `ponto`."""

    def __init__(self, pasta: Path, megabytes: int = 24) -> None:
        self._imagem = pasta / "disco.img"
        self.ponto = pasta / "disco"
        self.ponto.mkdir()
        with self._imagem.open("wb") as imagem:
            imagem.truncate(megabytes * MEGABYTE)
        # -m 0: sem os blocos que o ext4 guardaria para o root.
        _rodar("mkfs.ext4", "-q", "-F", "-m", "0", str(self._imagem))

    def __enter__(self) -> "Ext4":
        self._montar()
        return self

    def __exit__(self, *_: object) -> None:
        self._desmontar()

    def _montar(self) -> None:
        # commit=300: o ext4 não grava por conta própria a cada 5 s, no meio do teste.
        _rodar("mount", "-o", "loop,commit=300", str(self._imagem), str(self.ponto))

    def _desmontar(self) -> None:
        _rodar("umount", str(self.ponto))
        # Um container que nasce copia por um instante as montagens da máquina: até que ele as
        # largue, este disco ainda está montado lá, e montá-lo de novo daria o mesmo, desligado.
        esperar(lambda: not self._em_uso(), "o disco ser desmontado de vez")

    def _em_uso(self) -> bool:
        for arquivo in Path("/sys/block").glob("loop*/loop/backing_file"):
            with suppress(FileNotFoundError):  # outro disco, solto neste instante
                if arquivo.read_text(encoding="utf-8").strip() == str(self._imagem):
                    return True
        return False

    def sincronizar(self) -> None:
        """Põe no disco tudo o que já foi escrito: dali em diante é que se mede a perda."""
        _rodar("sync", "--file-system", str(self.ponto))

    def cortar_a_energia(self) -> None:
        """O que não chegou ao disco já não chega."""
        descritor = os.open(self.ponto, os.O_RDONLY)
        try:
            fcntl.ioctl(descritor, DESLIGAR, SEM_GRAVAR_O_DIARIO)
        finally:
            os.close(descritor)

    def religar(self) -> None:
        """Monta de novo, como depois de um corte: o ext4 recupera o próprio diário."""
        self._desmontar()
        self._montar()

    def livre(self) -> int:
        """Devolve quantos bytes ainda cabem."""
        volume = os.statvfs(self.ponto)
        return volume.f_bavail * volume.f_frsize


def _rodar(*cmd: str) -> None:
    subprocess.run(cmd, check=True, timeout=60)
