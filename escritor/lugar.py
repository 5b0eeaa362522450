"""Onde o programa roda, num container ou fora dele, e o comando que se cola ali."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence

MARCAS = ("/.dockerenv", "/run/.containerenv")  # as que o Docker e o Podman põem
MONTAGENS = "/proc/self/mountinfo"  # formato: proc(5)
NA_MEMORIA = {"tmpfs", "ramfs", "devtmpfs"}
OPCIONAL = "--ignorar-colunas"  # a única cujo valor pode faltar


def no_container() -> bool:
    """Diz se este processo está num container."""
    return any(map(os.path.exists, MARCAS))


def comando(programa: str, *argumentos: str, entrada: str = "") -> str:
    """Devolve a linha que roda o programa, pronta para colar.

    `entrada`: o arquivo a mandar pela entrada padrão, se há um.
    """
    partes = ["python3", "-m", programa]
    if no_container():
        partes = ["docker", "compose", "run", "--rm"]
        partes += ["--no-deps"] * (programa == "leitor") + ["-T"] * bool(entrada) + [programa]
    linha = shlex.join([*partes, *argumentos])
    return f"{linha} < {shlex.quote(entrada)}" if entrada else linha


def refeito(argumentos: Sequence[str], arquivo: str, mudar: Mapping[str, str]) -> str:
    """Devolve a linha deste mesmo pedido ao escritor, com as opções de `mudar` trocadas.

    Num container o `arquivo` vai pela entrada padrão: os da máquina não se veem lá dentro.
    """
    resto = _sem(argumentos, arquivo, mudar)
    entrada = ""
    if arquivo == "-":
        entrada = _o_da_entrada()
    elif no_container() and arquivo in resto:
        resto[len(resto) - 1 - resto[::-1].index(arquivo)] = "-"
        entrada = arquivo
    for nome, valor in mudar.items():
        resto += [nome, valor] if valor else [nome]
    return comando("escritor", *resto, entrada=entrada)


def _sem(argumentos: Sequence[str], arquivo: str, nomes: Mapping[str, str]) -> list[str]:
    """Devolve os argumentos sem as opções com estes nomes, nem os valores delas."""
    restam: list[str] = []
    pular = False
    for argumento in argumentos:
        if pular and not (argumento == arquivo or argumento.startswith("-")):
            pular = False
            continue
        nome, igual, _ = argumento.partition("=")
        pular = nome in nomes and not igual
        if nome not in nomes:
            restam.append(argumento)
    return restam


def _o_da_entrada() -> str:
    """Devolve o arquivo que foi posto na entrada padrão, ou ARQUIVO se não dá para saber."""
    try:
        caminho = os.readlink("/proc/self/fd/0")
    except OSError:
        return "ARQUIVO"
    comum = os.path.isfile(caminho) and not no_container()
    return os.path.relpath(caminho) if comum else "ARQUIVO"


def some_com_o_container(caminho: str) -> bool:
    """Diz se o que se escreve ali acaba com o container: não está em volume nem montagem."""
    pasta = os.path.dirname(os.path.realpath(caminho))
    if not no_container() or not os.path.isdir(pasta):
        return False
    if os.path.exists(caminho) and not os.path.isfile(caminho):  # um dispositivo, um pipe
        return False
    onde = os.stat(pasta).st_dev
    return onde == os.stat("/").st_dev or _tipo(onde) in NA_MEMORIA


def _tipo(dispositivo: int) -> str:
    """Devolve o tipo do sistema de arquivos montado de um dispositivo; vazio se não se sabe."""
    numero = f"{os.major(dispositivo)}:{os.minor(dispositivo)}"
    try:
        with open(MONTAGENS, "rb") as montagens:
            linhas = os.fsdecode(montagens.read()).splitlines()
    except OSError:
        return ""
    for linha in linhas:
        antes, _, depois = linha.partition(" - ")
        if antes.split()[2:3] == [numero]:
            return depois.split(" ")[0]
    return ""
