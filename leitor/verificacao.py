"""As verificações de qualquer motor, na ordem em que uma depende da outra."""

from __future__ import annotations

from leitor import erros
from leitor.erros import Erro
from leitor.prova import Verificacao

TYPE_CHECKING = False
if TYPE_CHECKING:
    from leitor.porta import Leitura, Ordem


def verificar(leitura: Leitura, ordem: Ordem) -> tuple[list[Verificacao], Erro | None]:
    """Faz as verificações até a primeira que falha; as demais ficam `não feita`.

    Devolve todas, na ordem, e a falha (None: tudo em ordem). A conexão fica
    aberta na mesma transação, para que se liste o que se verificou.
    """
    feitas: list[Verificacao] = []
    falha: Erro | None = None
    for nome, fazer in ordem:
        if falha:
            feitas.append(Verificacao(nome, "não feita", ""))
            continue
        try:
            feitas.append(Verificacao(nome, "ok", fazer(leitura)))
        except Erro as erro:
            falha = erro
        except leitura.falhas as erro:
            falha = leitura.traduzir(erro)
        except OSError as erro:
            falha = erros.do_sistema(erro, leitura.nome)
        if falha:
            feitas.append(Verificacao(nome, "falha", str(falha)))
    return feitas, falha
