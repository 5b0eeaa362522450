"""Os números de cada campanha, o acaso dela, e a linha dela na tabela."""

from collections.abc import Iterable, Mapping
from random import Random

from leitor.texto import milhar
from tests.processos import RAIZ

SEMENTE = 20_261_122
# Quantas vezes: na forma curta, que `./testar` sempre roda, e na inteira, a de `--campanha`.
VEZES = {
    "morte": (24, 1_000),
    "morte da adoção": (6, 200),
    "morte em container": (2, 60),
    "morte sem transação": (2, 20),
    "chamadas": (24, 10_000),  # na inteira, todas as que houver
    "adoção": (10, 10_000),
    "erros de disco": (40, 10_000),
    "erros do leitor": (10, 10_000),
    "erros na adoção": (12, 10_000),
    "erros ao copiar": (8, 10_000),
    "disco cheio": (3, 60),
    "restaurar em disco cheio": (4, 60),
    "adotar em disco cheio": (4, 60),
    "copiar em disco cheio": (4, 60),
    "energia": (20, 600),
    "energia sem sync": (2, 20),
    "dano": (450, 12_000),
    "diário alheio": (40, 400),
    "concorrência, linhas": (5_000, 100_000),
    "mentiras": (240, 6_000),
    "mentiras ao par 1.0.0": (60, 300),
    "PostgreSQL, escritor morto": (3, 200),
    "PostgreSQL, servidor morto": (1, 40),
    "PostgreSQL, conexão cortada": (5, 200),
    "PostgreSQL, sem transação": (1, 20),
    "PostgreSQL, disco cheio": (1, 20),
    "PostgreSQL, dano": (6, 120),
    "PostgreSQL, adulteração": (7, 70),
    "fuzz da entrada": (150, 10_000),
    "fuzz do banco": (150, 10_000),
    "SIGKILL em quem manda": (1, 12),
    "SIGSTOP em quem manda, além do prazo": (0, 8),
    "quem manda isolado, com clientes": (1, 8),
    "troca combinada": (1, 14),
    "SIGKILL numa réplica": (0, 24),
    "SIGKILL no etcd que coordena": (0, 24),
    "todos os contêineres de uma vez": (0, 8),
    "disco cheio em quem manda": (0, 4),
}
RESULTADO = RAIZ / "docs/confiabilidade.md"
COLUNAS = ["campanha", "o que se tentou", "o que se viu", "o que se perdeu", "controle negativo"]


class Campanha:
    """Os números e a semente de uma campanha, e a linha dela no resultado."""

    def __init__(self, nome: str, inteira: bool, semente: int) -> None:
        self.inteira = inteira
        self.semente = semente
        self.linha: dict[str, list[str]] = {coluna: [] for coluna in COLUNAS}
        self.linha["campanha"].append(nome)

    def vezes(self, o_que: str) -> int:
        """Devolve quantas vezes, na forma que está sendo rodada."""
        return VEZES[o_que][self.inteira]

    def acaso(self, o_que: str, vez: int = 0) -> Random:
        """Devolve o acaso de uma vez só: repete-se sem repetir as anteriores."""
        return Random(f"{self.semente} {o_que} {vez}")

    def rotulo(self, o_que: str, *detalhes: object) -> str:
        """Diz que caso falhou, e com que semente ele se repete."""
        return f"{o_que} {' '.join(map(str, detalhes))}; repita com --semente {self.semente}"

    def anotar(self, tentou: str = "", viu: str = "", perdeu: str = "", controle: str = "") -> None:
        """Acrescenta frases à linha da campanha no resultado."""
        for coluna, frase in zip(COLUNAS[1:], (tentou, viu, perdeu, controle), strict=True):
            self.linha[coluna] += [frase] if frase and frase not in self.linha[coluna] else []

    def gravar(self) -> None:
        """Põe a linha na tabela de docs/confiabilidade.md, no lugar da que havia desta campanha."""
        linha = _celulas("; ".join(frases) for frases in self.linha.values())
        titulo = [_celulas(COLUNAS), _celulas(["---"] * len(COLUNAS))]
        [nome] = self.linha["campanha"]
        velhas = RESULTADO.read_text(encoding="utf-8").splitlines()
        onde = velhas.index(titulo[0])
        tabela = [velha for velha in velhas if velha.startswith("| ") and velha not in titulo]
        outras = [outra for outra in tabela if not outra.startswith(f"| {nome} |")]
        novas = [*velhas[:onde], *titulo, *sorted([*outras, linha])]
        novas += velhas[onde + len(titulo) + len(tabela) :]
        RESULTADO.write_text("\n".join(novas) + "\n", encoding="utf-8")


def _celulas(textos: Iterable[str]) -> str:
    return f"| {' | '.join(textos)} |"


def quantos(n: int, um: str, varios: str) -> str:
    """Devolve o número com o nome do que se conta, no singular ou no plural."""
    return f"{milhar(n)} {um if n == 1 else varios}"


def contas_em_texto(contas: Mapping[int, int] | Mapping[str, int]) -> str:
    """Devolve cada coisa contada, em ordem, e quantas vezes."""
    return ", ".join(f"{o_que} ({milhar(n)})" for o_que, n in sorted(contas.items()))
