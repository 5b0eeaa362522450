"""O fluxo do GitHub, no que o actionlint não olha: só roda o .ci/run, ações fixas, sem segredos."""

import re

from tests.processos import RAIZ

FLUXO = (RAIZ / ".github/workflows/ci.yml").read_text(encoding="utf-8")
FIXA = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def problemas(fluxo: str) -> list[str]:
    """Devolve o que há de errado num fluxo; vazio se nada."""
    acoes = re.findall(r"uses: (.*)", fluxo)
    achados = [acao for acao in acoes if not FIXA.fullmatch(acao)]
    if re.findall(r"run: (.*)", fluxo) != ["sudo .ci/run"]:
        achados.append("não roda só o .ci/run")
    if "secrets." in fluxo or "permissions:\n  contents: read\n" not in fluxo:
        achados.append("pede mais que ler o repositório")
    if "cancel-in-progress: true" not in fluxo:
        achados.append("um envio novo espera o antigo")
    return achados


def test_o_fluxo_so_chama_ci_run() -> None:
    """As mesmas conferências de qualquer máquina, e nada escondido no fluxo."""
    assert problemas(FLUXO) == []
    assert "\nactionlint\n" in (RAIZ / ".ci/run").read_text(encoding="utf-8")


def test_controle_um_fluxo_descuidado_e_acusado() -> None:
    """Controle negativo: ação por etiqueta, outro comando, um segredo, sem concorrência."""
    etiqueta = re.sub(r"@[0-9a-f]{40} # v6.*", "@v6", FLUXO)
    assert problemas(etiqueta) == ["actions/checkout@v6"]
    assert problemas(FLUXO.replace("sudo .ci/run", "pytest")) == ["não roda só o .ci/run"]
    assert problemas(f"{FLUXO}        env: {{X: secrets.X}}") == ["pede mais que ler o repositório"]
    sem = FLUXO.replace("cancel-in-progress: true", "")
    assert problemas(sem) == ["um envio novo espera o antigo"]
