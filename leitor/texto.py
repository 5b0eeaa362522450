"""Como se escrevem os números, as contas e o que vem de outros, numa linha só."""

CONTROLES = {*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029}  # e as quebras de linha
# Eles, o que muda a direção de uma linha e o que não se vê não se mostram como são.
ESCAPES = {
    codigo: repr(chr(codigo))[1:-1]
    for codigo in (*CONTROLES, 0x200B, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


def milhar(numero: int) -> str:
    """Escreve um inteiro com o ponto de milhar do português."""
    return f"{numero:,}".replace(",", ".")


def contar(quantos: int, um: str, muitos: str) -> str:
    """Devolve o número e o nome do que se conta, que concordam: `1 linha`, `1.000 linhas`."""
    return f"{milhar(quantos)} {um if quantos == 1 else muitos}"


def escapar(texto: str) -> str:
    r"""Devolve o texto como se mostra numa linha só: uma quebra num nome de arquivo é `\n`."""
    return sem_senha(texto).translate(ESCAPES)


def imprimivel(texto: str) -> str:
    """Devolve o texto com tudo o que um terminal obedeceria, em vez de mostrar, escapado."""
    texto = sem_senha(texto)
    if texto.isprintable():
        return texto
    return "".join(
        letra if letra.isprintable() else letra.encode("unicode_escape").decode() for letra in texto
    )


def sem_senha(texto: str) -> str:
    """Devolve o texto com a senha de um endereço, ou de uma linha de conexão, escondida."""
    if "://" not in texto and "password" not in texto.lower():
        return texto
    import re  # só quem talvez tenha uma senha paga por ele

    texto = re.sub(r"(://[^\s:/@]*):\S*@", r"\1:…@", texto)
    return re.sub(
        r"""(password["']?\s*[=:]\s*)('(?:\\.|[^'\\])*'?|"(?:\\.|[^"\\])*"?|[^\s&]+)""",
        r"\1…",
        texto,
        flags=re.IGNORECASE,
    )
