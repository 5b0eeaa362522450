"""Os formatos da lista e do relatório. Cada um devolve blocos de texto, em fluxo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from leitor.prova import Verificacao
from leitor.texto import escapar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from leitor.porta import Leitura

COLUNAS = ("id", "nome", "email", "criado_em")
# Entre campos e entre colunas, nos blocos que o motor junta. Nos dados verificados
# não há caracteres de controle.
US, RS = b"\x1f", b"\x1e"
MOLDE_JSON = b'{"id": %b, "nome": "%b", "email": "%b", "criado_em": "%b"}'
# Sem controles nem \u, só a barra e as aspas pedem escape (RFC 8259, seção 7).
COM_BARRA_NO_JSON = (b"\\", b'"')
MOLDE_MARKDOWN = b"| %b | %b | %b | %b |\n"
# A barra vem primeiro: as seguintes é que ganham uma.
PONTUACAO = (b"\\", b"`", b"*", b"_", b"[", b"]", b"<", b">", b"|", b"~", b"&")
# Para bytes.translate: MARCA, que nunca está em UTF-8, no lugar do que se procura. Depois de
# U+02FF há letras que ocupam duas colunas, ou nenhuma, e em UTF-8 elas começam por CC ou mais.
MARCA = b"\xff"
LARGAS = bytes(range(0xCC)).ljust(256, MARCA)
PEDEM_ASPAS = bytes.maketrans(b',"', MARCA * 2)


class _EmColunas(dict[int, str]):
    """O que `str.translate` põe no lugar de cada letra: uma letra por coluna que ela ocupa.

    As do leste asiático e os emojis ocupam duas (Unicode, UAX #11); acentos
    combinados, nenhuma; o hífen opcional, que também é formatação, uma.
    """

    def __missing__(self, codigo: int) -> str:
        letra = chr(codigo)
        if codigo < 0x300:  # daí para baixo, cada letra ocupa uma
            self[codigo] = letra
            return letra
        import unicodedata  # só quem tem letras largas paga por ele

        if unicodedata.category(letra) in {"Mn", "Me", "Cf"}:
            self[codigo] = ""
        else:
            self[codigo] = letra * (1 + (unicodedata.east_asian_width(letra) in "WF"))
        return self[codigo]


EM_COLUNAS = _EmColunas()


def em_colunas(texto: str) -> str:
    """Devolve um texto com tantas letras quantas as colunas que este ocupa num terminal."""
    return texto.translate(EM_COLUNAS)


def tabela(leitura: Leitura, limite: int) -> Iterator[bytes]:
    """Desenha a tabela em duas passadas: a primeira só mede as colunas."""
    larguras = _larguras(leitura, limite)
    barras = ["─" * (largura_ + 2) for largura_ in larguras]
    titulos = [nome.ljust(largura_) for nome, largura_ in zip(COLUNAS, larguras, strict=True)]
    yield f"┌{'┬'.join(barras)}┐\n│ {' │ '.join(titulos)} │\n├{'┼'.join(barras)}┤\n".encode()
    abre, entre, fecha = "│ ".encode(), " │ ".encode(), " │\n".encode()
    for bloco in leitura.linhas_da_tabela(larguras, limite):
        certo = _refazer(bloco, LARGAS, _com_o_recheio_certo)
        yield certo.replace(RS, abre).replace(US, entre).replace(b"\n", fecha)
    yield f"└{'┴'.join(barras)}┘\n".encode()


def _larguras(leitura: Leitura, limite: int) -> list[int]:
    """Devolve as larguras das colunas: cabe cada texto, conte-se em letras ou em colunas."""
    larguras = [*map(len, COLUNAS)]
    for id_, criado_em, *textos in leitura.o_que_alarga(larguras, limite):
        medidas = [id_, 0, 0, criado_em]
        for coluna, juntos in enumerate(textos, 1):
            if juntos:
                campos = juntos.split("\x1f") + em_colunas(juntos).split("\x1f")
                medidas[coluna] = max(map(len, campos))
        larguras[:] = map(max, larguras, medidas)  # a próxima página já as vê
    return larguras


def _com_o_recheio_certo(campo: bytes) -> bytes:
    """Acerta os espaços à direita, que o motor pôs contando uma coluna por letra."""
    letras = campo.rstrip(b" ").decode()
    faltam = len(letras) - len(em_colunas(letras))
    return campo + b" " * faltam if faltam >= 0 else campo[:faltam]


def _refazer(bloco: bytes, marcas: bytes, refeito: Callable[[bytes], bytes]) -> bytes:
    """Refaz só os campos com um byte que `marcas` põe em evidência; pelos outros, nem se passa."""
    marcado = bloco.translate(marcas)
    trechos = []
    fim = 0
    while (posicao := marcado.find(MARCA, fim)) >= 0:
        inicio = bloco.rfind(US, fim, posicao) + 1
        trechos.append(bloco[fim:inicio])
        fim = bloco.find(US, posicao)
        fim = fim if fim >= 0 else len(bloco)
        trechos.append(refeito(bloco[inicio:fim]))
    return b"".join(trechos) + bloco[fim:]


def json(leitura: Leitura, limite: int) -> Iterator[bytes]:
    """Escreve um array de objetos, um por linha."""
    objetos = leitura.no_molde(limite, b",\n" + MOLDE_JSON, COM_BARRA_NO_JSON)
    primeiro = next(objetos, None)
    if primeiro is None:
        yield b"[]\n"
        return
    yield b"[" + primeiro[1:]
    yield from objetos
    yield b"\n]\n"


def jsonl(leitura: Leitura, limite: int) -> Iterator[bytes]:
    """Escreve um objeto JSON por linha (JSON Lines)."""
    return leitura.no_molde(limite, MOLDE_JSON + b"\n", COM_BARRA_NO_JSON)


def markdown(leitura: Leitura, limite: int) -> Iterator[bytes]:
    """Escreve uma tabela Markdown (GitHub), com a pontuação dos dados escapada."""
    yield f"| {' | '.join(COLUNAS)} |\n| ---: | --- | --- | --- |\n".encode()
    yield from leitura.no_molde(limite, MOLDE_MARKDOWN, PONTUACAO)


def csv(leitura: Leitura, limite: int) -> Iterator[bytes]:
    """Escreve CSV (RFC 4180, linhas com LF) que uma planilha não executa."""
    yield f"{','.join(COLUNAS)}\n".encode()
    yield from leitura.linhas_do_csv(limite)


# O que os motores usam: uma troca no bloco inteiro, e não uma por linha.
def com_barras(bloco: bytes, com_barra: Iterable[bytes]) -> bytes:
    """Põe uma barra à frente de cada um dos caracteres."""
    for caractere in com_barra:
        bloco = bloco.replace(caractere, b"\\" + caractere)
    return bloco


def com_aspas(campos: bytes) -> bytes:
    """Põe entre aspas os campos que precisam delas no CSV; separa-os US."""
    if b"," in campos or b'"' in campos:
        return _refazer(campos, PEDEM_ASPAS, _entre_aspas)
    return campos


def _entre_aspas(campo: bytes) -> bytes:
    return b'"%b"' % campo.replace(b'"', b'""')


def das_colunas(blocos: Iterable[bytes], molde: bytes) -> Iterator[bytes]:
    """Põe no molde, linha por linha, as colunas de cada bloco: ids RS nomes RS emails RS criado_em.

    Em cada coluna, os campos se separam por US.
    """
    for bloco in blocos:
        colunas = (coluna.split(US) for coluna in bloco.split(RS))
        yield b"".join(map(molde.__mod__, zip(*colunas, strict=True)))


def csv_das_colunas(blocos: Iterable[bytes]) -> Iterator[bytes]:
    """Como `das_colunas`, no CSV."""
    for bloco in blocos:
        colunas = (com_aspas(coluna).split(US) for coluna in bloco.split(RS))
        yield b"\n".join(map(b",".join, zip(*colunas, strict=True))) + b"\n"


CORES = {"ok": "32", "falha": "31"}  # verde, vermelho
FORMATOS = {"tabela": tabela, "json": json, "jsonl": jsonl, "csv": csv, "markdown": markdown}


def relatorio_em_texto(verificacoes: list[Verificacao], *, cores: bool = False) -> str:
    """Escreve uma linha por verificação: resultado, nome e detalhe."""
    return "".join(
        _resultado(v.resultado, cores=cores)
        + escapar(f"  {v.nome:<11}  {v.detalhe}").rstrip()
        + "\n"
        for v in verificacoes
    )


def _resultado(resultado: str, *, cores: bool) -> str:
    cor = CORES.get(resultado) if cores else None
    return f"\x1b[{cor}m{resultado:<9}\x1b[0m" if cor else f"{resultado:<9}"


def relatorio_em_json(relatorio: dict[str, object]) -> str:
    """Escreve o relatório como um objeto JSON."""
    from json import dumps

    return dumps(relatorio, ensure_ascii=False, indent=2) + "\n"
