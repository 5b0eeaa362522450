"""As regras do contrato (docs/contrato.md) que valem para cada linha de `usuarios`."""

from __future__ import annotations

from itertools import repeat

US, RS = b"\x1f", b"\x1e"
CAMPOS = 4  # por linha: id, nome, email, criado_em
MAIOR_ID = 2**62
LETRAS_DO_NOME = 1_000
BYTES_DO_EMAIL = 254
CONTROLES = bytes([*range(0x20), 0x7F])  # os de um byte; U+0080 a U+009F são C2 80 a C2 9F
# Um nome só de espaços (os White_Space do Unicode, em UTF-8) não tem bytes além destes.
DE_ESPACOS = b" \xc2\xa0\xe1\x9a\xe2\x81\x9f\xe3\xa8\xa9\xaf" + bytes(range(0x80, 0x8B))
NEM_US_NEM_ARROBA = bytes(byte for byte in range(256) if byte not in b"\x1f@")
EM_PONTOS = bytes.maketrans(b"\x1f@", b"..")
EM_ZEROS = bytes.maketrans(b"123456789", b"000000000")
MOMENTO = "um momento em UTC, AAAA-MM-DDThh:mm:ssZ"
DIAS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def em_campos(linhas: bytes) -> list[bytes]:
    """Separa um bloco de linhas nos campos delas; o último, vazio, não é de ninguém."""
    return linhas.replace(RS, US).split(US)


def suspeito(linhas: bytes, quantas: int, campos: list[bytes]) -> bool:
    """Diz se alguma das `quantas` linhas do bloco pode quebrar uma regra, menos as do id.

    Sem uma volta de Python por linha: pode desconfiar de um bloco bom (quem
    decide então é `problema`), nunca aprovar um ruim.
    """
    return not (_so_os_separadores(linhas, quantas) and _todos_bons(linhas, quantas, campos))


def _so_os_separadores(linhas: bytes, quantas: int) -> bool:
    """Diz se o bloco é UTF-8 e os controles são os quatro de cada linha: nenhum dentro de um campo.

    Quantas são as linhas, quem conta é o banco.
    """
    try:
        linhas.decode()
    except UnicodeDecodeError:
        return False
    if len(linhas) - len(linhas.translate(None, CONTROLES)) != CAMPOS * quantas:
        return False
    return b"\xc2" not in linhas or all(c2[:1] >= b"\xa0" for c2 in linhas.split(b"\xc2")[1:])


def _todos_bons(linhas: bytes, quantas: int, campos: list[bytes]) -> bool:
    nomes, emails = campos[1::CAMPOS], campos[2::CAMPOS]
    juntos = US.join([b"", *emails, b""])
    quando = campos[3]  # quase sempre, o de todas: o da carga
    momentos = {quando} if linhas.count(US + quando + RS) == quantas else {*campos[3::CAMPOS]}
    return (
        all(map(bytes.strip, nomes, repeat(DE_ESPACOS)))
        and max(map(len, nomes)) <= LETRAS_DO_NOME
        and max(map(len, emails)) <= BYTES_DO_EMAIL
        and juntos.isascii()
        and b" " not in juntos
        and juntos.translate(None, NEM_US_NEM_ARROBA) == US + b"@\x1f" * quantas
        and b".." not in juntos.translate(EM_PONTOS)
        and all(map(momento, momentos))
    )


def problema(nome: bytes, email: bytes, criado_em: bytes) -> tuple[str, str] | None:
    """Devolve a regra que uma linha quebra, e como; None se ela é como o contrato a quer."""
    for coluna, texto in (("nome", nome), ("email", email)):
        if achado := improprio(texto):
            return "U5", f"{coluna} com {achado}"
    letras = nome.decode()
    if not letras.strip():
        return "U2", "nome vazio, ou só de espaços"
    if len(letras) > LETRAS_DO_NOME:
        return "U2", f"nome com mais de {LETRAS_DO_NOME} caracteres"
    if len(email) > BYTES_DO_EMAIL or not _e_um_email(email.decode()):
        return "U3", f"email que não é um endereço de até {BYTES_DO_EMAIL} bytes"
    return None if momento(criado_em) else ("U6", f"criado_em que não é {MOMENTO}")


def _e_um_email(texto: str) -> bool:
    local, arroba, dominio = texto.partition("@")
    return (
        bool(local and arroba)
        and "@" not in dominio
        and all(dominio.split("."))
        and not any(map(str.isspace, texto))
    )


def improprio(texto: bytes) -> str | None:
    """Devolve o que não é UTF-8, ou é um caractere de controle, no texto; None se não há."""
    try:
        letras = texto.decode()
    except UnicodeDecodeError:
        return "bytes que não são UTF-8"
    for letra in letras:
        if letra < " " or "\x7f" <= letra <= "\x9f":
            return f"caractere de controle, U+{ord(letra):04X}"
    return None


def momento(texto: bytes) -> bool:
    """Diz se o texto é um momento que existe, em `AAAA-MM-DDThh:mm:ssZ`."""
    if texto.translate(EM_ZEROS) != b"0000-00-00T00:00:00Z":
        return False
    ano, mes, dia = int(texto[:4]), int(texto[5:7]), int(texto[8:10])
    hora, minuto, segundo = int(texto[11:13]), int(texto[14:16]), int(texto[17:19])
    if not (ano and 1 <= mes <= 12 and hora < 24 and minuto < 60 and segundo < 60):
        return False
    bissexto = ano % 4 == 0 and (ano % 100 != 0 or ano % 400 == 0)
    return 1 <= dia <= DIAS[mes - 1] + (mes == 2 and bissexto)
