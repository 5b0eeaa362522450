"""A página do leitor como os testes a pedem e a releem."""

from collections.abc import Callable
from html.parser import HTMLParser

from tests.processos import Saida

SEM_FIM = {"meta", "br", "link", "img", "input", "hr"}  # o que o HTML não deixa fechar


class Pagina(HTMLParser):
    """Relê a página; acusa o que fecha fora de ordem e os ids repetidos."""

    def __init__(self, texto: str) -> None:
        super().__init__()
        self.abertas: list[str] = []
        self.marcas: list[str] = []
        self.ids: list[str] = []
        self.feed(texto)
        self.close()
        assert self.abertas == [], "ficou por fechar"
        assert len(self.ids) == len({*self.ids}), self.ids

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Anota a marca que abre."""
        self.marcas.append(tag)
        self.ids += [str(valor) for nome, valor in attrs if nome == "id"]
        if tag not in SEM_FIM:
            self.abertas.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Uma forma de SVG abre e fecha de uma vez."""
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Confere que fecha a última que abriu."""
        assert self.abertas.pop() == tag


def pedir(leitor: Callable[..., Saida], *argv: str) -> str:
    """Pede a página, confere que deu certo e que ela é bem formada, e a devolve."""
    codigo, stdout, stderr = leitor("listar", "--formato", "html", *argv)
    assert codigo == 0, stderr
    assert [linha.split()[0] for linha in stderr.splitlines()] == ["[LEITOR]"] * 5
    Pagina(stdout)
    return stdout
