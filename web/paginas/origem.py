"""De onde vem o que muda os dados: outro site, aberto no mesmo navegador, não grava aqui.

Não há sessão nem cookies a que prender um segredo; quem diz de onde o pedido vem é o próprio
navegador, e nenhum script alcança estes cabeçalhos. O que não vem de um navegador não os tem.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request

from web.problemas import Problema

SEGUROS = {"GET", "HEAD", "OPTIONS"}
DAQUI = {"same-origin", "none"}  # none: quem pediu foi a pessoa, e não uma página


def recusar_de_fora() -> None:
    """Levanta Problema 403 se o pedido muda algo e saiu de uma página que não é esta."""
    if request.method in SEGUROS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is None:  # um navegador antigo, um endereço sem TLS que não é localhost, ou um programa
        origem = request.headers.get("Origin")
        daqui = origem is None or urlsplit(origem).netloc == request.host
    else:
        daqui = site in DAQUI
    if not daqui:
        raise Problema(403, "o pedido veio de outro site; abra a página deste serviço e peça dela")
