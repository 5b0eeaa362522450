"""Morte: SIGKILL num momento qualquer de cada comando do escritor, em processos e em containers."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from docker.errors import APIError

from leitor.texto import milhar
from tests.campanhas.adocao import MUITAS_VEZES, conferir_adocao, criar_comum
from tests.campanhas.apoio import (
    SEM_TRANSACAO,
    Caso,
    conferir_e_curar,
    confirmou,
    estado,
    limpar,
    quente,
)
from tests.campanhas.relato import Campanha, quantos
from tests.conftest import Programa
from tests.docker.apoio import GRANDE, Projeto
from tests.docker.volume import ARQUIVO
from tests.processos import Saida, comando, esperar, fluxo, iniciado, rodar, terminar

PARTIDA = 0.05  # segundos; antes disto o Python ainda nem importou o escritor


def morrer(argv: list[str], atraso: float, quando: Callable[[], bool] | None = None) -> Saida:
    """Roda o escritor e o mata `atraso` segundos depois de `quando`, se ele ainda não terminou."""
    with iniciado(comando("escritor", *argv)) as processo:
        fluxo(processo.stdin).close()
        if quando:
            esperar(lambda: quando() or processo.poll() is not None, "o momento de matar")
        try:
            processo.wait(atraso)
        except subprocess.TimeoutExpired:
            processo.kill()
        return terminar(processo)


def test_morte_em_qualquer_momento(
    campanha: Campanha, casos: list[Caso], banco: Path, leitor: Programa, escritor: Programa
) -> None:
    """Nada confirmado se perde, nada fica pela metade, e o próximo escritor cura.

    O momento é sorteado por toda a duração do caso, e um pouco além dela.
    """
    contas: Counter[str] = Counter()
    vezes = campanha.vezes("morte")
    for vez in range(vezes):
        caso = casos[vez % len(casos)]
        atraso = campanha.acaso("morte", vez).uniform(PARTIDA, caso.segundos * 1.05)
        rotulo = campanha.rotulo("morte", vez, f"{caso.nome}, aos {atraso:.4f} s")
        caso.preparar(banco)
        # Uma volta em três, com um diário quente, se o caso chega a ter um: por sorteio, são raros.
        if "muitas" in caso.nome and vez // len(casos) % 3 == 0:
            saida = morrer(caso.argv, atraso / 20, lambda: quente(banco))
        else:
            saida = morrer(caso.argv, atraso)
        possiveis = [caso.depois] if confirmou(saida) else [caso.antes, caso.depois]
        ficou, havia_diario = conferir_e_curar(banco, caso, possiveis, leitor, escritor, rotulo)
        contas["mortes"] += saida.codigo == -9
        contas["diários quentes"] += havia_diario
        contas["gravados"] += ficou == caso.depois
        contas["confirmados"] += confirmou(saida)
    assert contas["mortes"] > vezes / 4, contas
    assert contas["diários quentes"] > vezes / 20, contas
    campanha.anotar(
        tentou=f"{milhar(vezes)} SIGKILL em processos: {', '.join(caso.nome for caso in casos)}",
        viu=f"{quantos(contas['mortes'], 'morto', 'mortos')} antes do fim, "
        f"{quantos(contas['diários quentes'], 'diário quente', 'diários quentes')}, "
        f"{quantos(contas['confirmados'], 'gravação confirmada', 'gravações confirmadas')}",
        perdeu="nenhuma linha confirmada; nada pela metade, nada em dobro",
    )


def test_morte_da_adocao_em_qualquer_momento(
    campanha: Campanha, banco: Path, leitor: Programa, escritor: Programa
) -> None:
    """Morta num momento sorteado, o volume antigo está inteiro ou adotado, e a próxima conclui."""
    criar_comum(banco, MUITAS_VEZES)
    comum = banco.read_bytes()
    inicio = time.monotonic()
    assert rodar(comando("escritor")).codigo == 0
    segundos = time.monotonic() - inicio
    contas: Counter[str] = Counter()
    vezes = campanha.vezes("morte da adoção")
    for vez in range(vezes):
        atraso = campanha.acaso("adoção", vez).uniform(PARTIDA, segundos * 1.05)
        rotulo = campanha.rotulo("adoção", vez, f"aos {atraso:.4f} s")
        limpar(banco.parent)
        banco.write_bytes(comum)
        saida = morrer([], atraso)
        contas["mortes"] += saida.codigo == -9
        contas["quentes"] += conferir_adocao(banco, MUITAS_VEZES, saida, leitor, escritor, rotulo)
    assert contas["mortes"] > vezes / 4, contas
    campanha.anotar(
        tentou=f"{milhar(vezes)} na adoção de um banco de {milhar(3 * MUITAS_VEZES)} linhas",
        viu=f"na adoção, {quantos(contas['mortes'], 'morto', 'mortos')}, "
        f"{quantos(contas['quentes'], 'diário quente', 'diários quentes')}",
    )


def test_controle_morte_de_quem_confirma_linha_por_linha(
    campanha: Campanha, gravado: Path, leitor: Programa
) -> None:
    """Controle negativo: morto no meio, quem não usa uma transação deixa metade, e o leitor vê."""
    inteiro = gravado.read_bytes()
    antes = estado(gravado)
    vezes = campanha.vezes("morte sem transação")
    for _ in range(vezes):
        limpar(gravado.parent)
        gravado.write_bytes(inteiro)
        with iniciado([sys.executable, "-c", SEM_TRANSACAO, str(gravado)]) as processo:
            esperar(lambda: gravado.stat().st_size > len(inteiro), "o banco crescer")
            processo.kill()
            assert terminar(processo).codigo == -9
        assert estado(gravado).pessoas > antes.pessoas
        assert leitor("verificar").codigo in {65, 75}
    campanha.anotar(controle=f"sem transação, {vezes} de {vezes} ficam pela metade")


@pytest.mark.docker
def test_morte_de_containers(campanha: Campanha, projeto: Projeto, tmp_path: Path) -> None:
    """`docker kill` no meio de um importar: 75 se há diário quente, e o próximo escritor cura."""
    pessoas = "".join(f"{nome},{email}\n" for nome, email in GRANDE)
    projeto.compose("run", "--rm", "escritor")
    semeado = projeto.volume.arquivos()[ARQUIVO]
    contas: Counter[str] = Counter()
    vezes = campanha.vezes("morte em container")
    for vez in range(vezes):
        # Metade morre à espera do resto da entrada; metade, já com ela toda.
        atraso = campanha.acaso("container", vez).uniform(0, 0.3 if vez % 2 else 0.1)
        rotulo = campanha.rotulo("container", vez, f"aos {atraso:.4f} s")
        projeto.volume.gravar(ARQUIVO, semeado)
        with projeto.importacao(f"nome,email\n{pessoas}") as importacao:
            if not vez % 2:
                importacao.fechar()
            time.sleep(atraso)  # sorteado: é o momento da morte
            with suppress(APIError):  # já terminou: confere-se do mesmo jeito
                importacao.conteiner.kill()
            saida = importacao.terminar()
        contas["mortes"] += saida.codigo == 137
        havia_diario = copiar(projeto, tmp_path / "volume")
        ficou = estado(tmp_path / "volume" / ARQUIVO)
        contas["diários quentes"] += havia_diario
        possiveis = {3 + len(GRANDE)} if confirmou(saida) else {3, 3 + len(GRANDE)}
        assert ficou.pessoas in possiveis, rotulo
        lido = projeto.compose(
            "run", "--rm", "--no-deps", "leitor", "verificar", codigo=75 if havia_diario else 0
        )
        assert not havia_diario or "Rode o escritor, e depois leia de novo: " in lido.stderr, rotulo
        projeto.compose("run", "--rm", "escritor")
        projeto.compose("run", "--rm", "--no-deps", "leitor", "verificar")
        assert len(projeto.volume.banco().pessoas) == ficou.pessoas, rotulo
    assert contas["mortes"] >= vezes // 2, contas
    campanha.anotar(
        tentou=f"{milhar(vezes)} `docker kill`",
        viu=f"em containers, {quantos(contas['mortes'], 'morto', 'mortos')}, "
        f"{quantos(contas['diários quentes'], 'diário quente', 'diários quentes')}",
    )


def copiar(projeto: Projeto, pasta: Path) -> bool:
    """Copia o volume para uma pasta; diz se há nele um diário quente."""
    limpar(pasta)
    for nome, dados in projeto.volume.arquivos().items():
        (pasta / nome).write_bytes(dados)
    return quente(pasta / ARQUIVO)
