"""docs/comandos.md diz a verdade: comandos, opções, variáveis e códigos são os da ajuda."""

import re

import pytest

from tests.ajuda import (
    COMANDOS,
    PECA,
    Ajuda,
    codigos_da_tabela,
    comandos_da_ajuda,
    corrido,
    pecas_da_ajuda,
)

COM_ANCORAS = ("leitor [listar]", "leitor verificar", "leitor copiar", "leitor vigiar")


def comandos_das_tabelas(texto: str) -> dict[str, set[str]]:
    """Devolve o mesmo, das tabelas: as de opções valem para os comandos que o título diz."""
    comandos = {}
    for linha in re.findall(r"^\| `((?:escritor|leitor) .*?)` \|", texto, re.MULTILINE):
        programa, nome, *pecas = PECA.findall(linha.replace("\\|", "|"))
        comandos[f"{programa} {nome}"] = {*pecas}
    for titulo, tabela in re.findall(
        r"^\| opção de (`.*?) \|.*\n((?:\|.*\n)*)", texto, re.MULTILINE
    ):
        opcoes = re.findall(r"^\| `(.*?)` \|", tabela.replace("\\|", "|"), re.MULTILINE)
        nomes = {*re.findall(r"`(\w+)`", titulo)}
        for comando, pecas_do_comando in comandos.items():
            if comando.split()[1].strip("[]") in nomes:
                pecas_do_comando |= {f"[{opcao}]" for opcao in opcoes}
    return comandos


def diferencas(texto: str, ajuda: Ajuda) -> dict[str, set[str]]:
    """Devolve, por comando, o que só as tabelas ou só a ajuda têm; `falta` é o comando inteiro."""
    tabelas, programa = comandos_das_tabelas(texto), comandos_da_ajuda(ajuda)
    falta = {"falta"}
    so_num = {
        nome: tabelas.get(nome, falta) ^ programa.get(nome, falta)
        for nome in tabelas.keys() | programa.keys()
    }
    return {nome: pecas for nome, pecas in so_num.items() if pecas}


def test_os_codigos_de_saida_sao_os_da_ajuda(ajuda: Ajuda) -> None:
    """A tabela e a ajuda dos dois programas têm os mesmos códigos."""
    for programa in ("escritor", "leitor"):
        texto = ajuda(programa).partition("códigos de saída:")[2]
        assert set(re.findall(r"\b\d+\b", texto)) == codigos_da_tabela()


def test_os_comandos_sao_os_da_ajuda(ajuda: Ajuda) -> None:
    """Comando por comando: argumentos, opções, escolhas e o nome de cada valor."""
    assert diferencas(COMANDOS, ajuda) == {}


@pytest.mark.parametrize(
    ("antes", "depois", "esperado"),
    [
        (
            "verificar [--formato texto\\|json]",
            "verificar [--formato texto\\|xml]",
            {"leitor verificar": {"[--formato texto|json]", "[--formato texto|xml]"}},
        ),
        (
            "`leitor verificar ",
            "`leitor verificar [--limite N] ",
            {"leitor verificar": {"[--limite N]"}},
        ),
        (" [--limite N\\|tudo]", "", {"leitor [listar]": {"[--limite N|tudo]"}}),
        ("copiar DESTINO\\|-", "copiar DESTINO", {"leitor copiar": {"DESTINO|-", "DESTINO"}}),
        (
            "`escritor [semear]`",
            "`escritor semear`",
            {"escritor [semear]": {"falta"}, "escritor semear": {"falta"}},
        ),
        (
            "| `--silencioso` | não mostra",
            "| silencioso | não mostra",
            {"escritor importar": {"[--silencioso]"}},
        ),
        (
            "| `--ancora ÂNCORA` |",
            "| ancora |",
            {nome: {"[--ancora ÂNCORA]"} for nome in COM_ANCORAS},
        ),
        (
            "--codificacao NOME",
            "--codificacao C",
            {"escritor importar": {"[--codificacao NOME]", "[--codificacao C]"}},
        ),
        (
            "--conflito ignorar\\|falhar",
            "--conflito ignorar",
            {"escritor importar": {"[--conflito ignorar|falhar]", "[--conflito ignorar]"}},
        ),
    ],
)
def test_controle_uma_tabela_adulterada_e_pega(
    antes: str, depois: str, esperado: dict[str, set[str]], ajuda: Ajuda
) -> None:
    """Controle negativo: só a linha adulterada é acusada, pelo que mudou nela."""
    assert COMANDOS.count(antes) == 1
    assert diferencas(COMANDOS.replace(antes, depois), ajuda) == esperado


def test_as_variaveis_e_os_padroes(ajuda: Ajuda) -> None:
    """As variáveis da tabela são as opções globais dos dois, com o mesmo padrão."""
    tabela = re.findall(r"^\| `(BANCO\w*)` \| `(--.*?)` \| `(.*?)`", COMANDOS, re.MULTILINE)
    assert [nome for nome, _, _ in tabela] == ["BANCO", "BANCO_ESPERA"]
    for programa in ("escritor", "leitor"):
        texto = ajuda(programa)
        globais = {f"[{opcao}]" for _, opcao, _ in tabela}
        pecas = pecas_da_ajuda(texto) - {"[--completar bash|zsh]"}
        assert pecas == globais | {"[--version]", "COMANDO", "..."}
        for nome, opcao, padrao in tabela:
            assert re.search(rf"{opcao} [^(]*\(variável {nome}; padrão {padrao}\)", corrido(texto))


def test_a_variavel_das_ancoras(ajuda: Ajuda) -> None:
    """A da tabela é a que a ajuda de cada comando diz."""
    assert "| `BANCO_ANCORAS` | `--ancoras ARQUIVO` |" in COMANDOS
    for comando in ("listar", "verificar", "copiar", "vigiar"):
        assert "(variável BANCO_ANCORAS)" in corrido(ajuda("leitor", comando))
