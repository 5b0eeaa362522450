"""As duas perguntas do leitor — está inteiro? o que há? — e o programa que as faz."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence

from leitor import console, dizeres, erros, formatos, pedido
from leitor.configuracao import Opcoes
from leitor.erros import Erro
from leitor.prova import Prova, Verificacao, quem_le
from leitor.texto import escapar, milhar
from leitor.verificacao import verificar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from leitor.porta import Banco, Leitura, Ordem
    from leitor.progresso import Progresso

PRIMEIRAS = 20  # linhas da tabela, num terminal


def verificar_banco(leitura: Leitura, ordem: Ordem) -> tuple[list[Verificacao], Erro | None]:
    """Verifica tudo, na ordem; devolve as verificações e a falha, ou None.

    Não cria nem altera nada. A conexão fica em `leitura`, na transação em que
    as verificações foram feitas.
    """
    return verificar(leitura, ordem)


def ler_dados(leitura: Leitura, formato: str = "tabela", limite: int = -1) -> Iterator[bytes]:
    """Devolve os usuários na ordem do id, no formato pedido, em blocos de UTF-8.

    `limite` -1 é sem limite. A memória não cresce com o banco.
    """
    return formatos.FORMATOS[formato](leitura, limite)


def _ordem(banco: Banco, opcoes: Opcoes) -> Ordem:
    """As verificações a fazer; sem âncoras, nem o módulo delas se carrega."""
    if not (opcoes.ancora or opcoes.ancoras):
        return banco.ORDEM
    from leitor import ancoras

    return ancoras.na_ordem(banco.ORDEM, opcoes.ancora, opcoes.ancoras)


def _listar(leitura: Leitura, banco: Banco, opcoes: Opcoes) -> int:
    verificacoes, falha = verificar_banco(leitura, _ordem(banco, opcoes))
    if falha and opcoes.formato != "html":
        raise falha
    resultado = falha or leitura.prova()
    if isinstance(resultado, Prova):
        feitas = len(verificacoes)
        opcoes.dizer(f"✓ {feitas} de {feitas} verificações", *dizeres.em_texto(resultado))
    limite = _limite(opcoes)
    if opcoes.formato == "html":
        blocos = _em_bytes(_pagina(leitura, verificacoes, resultado, limite))
    else:
        blocos = ler_dados(leitura, opcoes.formato, limite)
    _entregar(blocos, falha)
    na_pagina = opcoes.formato == "html"  # que já o diz, e nunca traz tudo
    if isinstance(resultado, Prova) and not na_pagina and 0 <= limite < resultado.usuarios:
        console.dizer(f"{milhar(limite)} de {milhar(resultado.usuarios)}; tudo: --limite tudo")
    return os.EX_OK


def _limite(opcoes: Opcoes) -> int:
    """Quantas linhas mostrar a quem não disse: num terminal e sob `up`, a tabela é só o começo."""
    if opcoes.limite is not None:
        return opcoes.limite
    curta = opcoes.formato == "tabela" and (console.no_terminal(sys.stdout) or console.sob_up())
    return PRIMEIRAS if curta else -1


def _pagina(
    leitura: Leitura, verificacoes: list[Verificacao], resultado: Prova | Erro, limite: int
) -> Iterator[str]:
    from leitor.pagina import momentos, relatorio

    relogio = momentos.relogio(os.environ.get("TZ") or "")
    if isinstance(resultado, Erro):
        return relatorio.recusada(verificacoes, resultado, quem_le(), leitura.fatos(), relogio)
    mais = relatorio.MAIS_LINHAS  # a memória não cresce com o banco
    return relatorio.aceita(
        verificacoes,
        resultado,
        leitura.execucoes(relatorio.MAIS_EXECUCOES),
        leitura.linhas(0, mais if limite < 0 else min(limite, mais)),
        leitura.fatos(resultado),
        leitura.receita(resultado.ultima_gravacao),
        relogio,
    )


def _em_bytes(textos: Iterable[str]) -> Iterator[bytes]:
    """Em UTF-8; um caminho que não o é aparece escapado, como em stderr."""
    return (texto.encode("utf-8", "backslashreplace") for texto in textos)


def _entregar(
    blocos: Iterable[bytes], falha: Erro | None = None, remedio: str = "Leia de novo."
) -> None:
    """Escreve os blocos e só então levanta a falha, mesmo que já não haja quem os leia."""
    try:
        with console.Inteira(remedio):
            console.saida().buffer.writelines(blocos)
            console.saida().flush()
    except Erro:
        if falha is None:
            raise
    if falha:
        raise falha


def _verificar(leitura: Leitura, banco: Banco, opcoes: Opcoes) -> int:
    with _progresso("abrindo", opcoes) as progresso:
        ordem = progresso.na_ordem(_ordem(banco, opcoes))
        verificacoes, falha = verificar_banco(leitura, ordem)
    prova = None if falha else leitura.prova()
    if opcoes.formato == "json":
        texto = formatos.relatorio_em_json(
            {
                "banco": leitura.nome,
                "verificado": falha is None,
                "codigo": falha.codigo if falha else os.EX_OK,
                "verificacoes": [vars(verificacao) for verificacao in verificacoes],
                "prova": dizeres.em_json(prova) if prova else None,
            }
        )
    else:
        linhas = dizeres.em_texto(prova) if prova else []
        cores = console.colorida(sys.stdout)
        texto = formatos.relatorio_em_texto(verificacoes, cores=cores) + "".join(
            f"{escapar(linha)}\n" for linha in linhas
        )
    _entregar(_em_bytes([texto]), falha)
    return os.EX_OK


def _progresso(fase: str, opcoes: Opcoes) -> Progresso:
    from leitor.progresso import Progresso  # só quem pode demorar paga por ele

    return Progresso(fase, calado=opcoes.silencioso)


def _copiar(leitura: Leitura, banco: Banco, opcoes: Opcoes) -> int:
    ordem = _ordem(banco, opcoes)
    if opcoes.arquivo != "-":
        with _progresso("copiando", opcoes) as progresso:
            ordem = progresso.na_ordem(ordem)
            feito = banco.copiar(leitura, opcoes.arquivo, ordem, substituir=opcoes.substituir)
        opcoes.dizer(feito)
        return os.EX_OK
    if sys.stdout is not None and sys.stdout.isatty():  # que um banco só desarrumaria
        raise Erro(
            erros.USO,
            "-: a saída padrão é um terminal. Redirecione: "
            f"{erros.do_leitor('copiar - > copia.db')}",
        )
    with _progresso("abrindo", opcoes) as progresso:
        blocos = banco.despejar(leitura, progresso.na_ordem(ordem))
        _entregar(blocos, remedio="A cópia não está inteira: faça-a de novo.")
    opcoes.dizer(f"copiado: {leitura.nome}, verificado antes do primeiro byte")
    return os.EX_OK


def _vigiar(banco: Banco, opcoes: Opcoes, espera: float) -> int:
    from leitor.vigia.vigia import Vigia

    def preparar() -> Leitura:
        return banco.Leitura(opcoes.banco, espera)

    with (
        console.Inteira("Rode o vigia de novo."),
        Vigia(preparar, _ordem(banco, opcoes), console.saida(), opcoes.dizer) as vigia,
    ):
        return vigia.vigiar(opcoes.intervalo, opcoes.vezes, opcoes.estado)


def _saude(caminho: str) -> int:
    from leitor.vigia import saude

    _entregar(_em_bytes([f"{saude.conferir(caminho)}\n"]))
    return os.EX_OK


def _executar(banco: Banco, opcoes: Opcoes) -> int:
    if opcoes.comando == "saude":
        return _saude(opcoes.arquivo)
    espera = opcoes.segundos
    if aviso := banco.aviso(opcoes.banco):
        opcoes.dizer(aviso)
    if opcoes.comando == "vigiar":
        return _vigiar(banco, opcoes, espera)
    acao = {"listar": _listar, "verificar": _verificar, "copiar": _copiar}[opcoes.comando]
    with banco.Leitura(opcoes.banco, espera) as leitura:
        try:
            return acao(leitura, banco, opcoes)
        except leitura.falhas as erro:
            raise leitura.traduzir(erro) from erro


def main(argv: Sequence[str] | None = None, *, banco: Banco) -> int:
    """Executa o leitor sobre este motor; devolve o código de saída (veja erros.py e o README)."""
    try:
        return _executar(banco, pedido.ler(sys.argv[1:] if argv is None else argv, banco))
    except Erro as erro:
        console.dizer(f"ERRO: {erro}")
        return erro.codigo
    except OSError as erro:
        console.dizer(f"ERRO: o sistema falhou ({erros.motivo(erro)}). Verifique o disco.")
        return erros.ENTRADA_SAIDA
    except MemoryError:
        console.dizer("ERRO: faltou memória. Dê mais a este processo e leia de novo.")
        return erros.ENTRADA_SAIDA
    except KeyboardInterrupt:
        console.dizer("interrompido; o banco não foi alterado.")
        return erros.INTERROMPIDO
    except Exception:  # noqa: BLE001 - o único lugar: 70 é, por definição, o que não se previu
        import traceback

        traceback.print_exc()
        console.dizer("ERRO: é um defeito do leitor. Relate-o com as linhas acima.")
        return erros.DEFEITO
