"""O estilo da página: claro e escuro, tela estreita e papel."""

ESTILO = """
:root {
  color-scheme: light dark;
  --papel: #f7f7f4; --cartao: #ffffff; --tinta: #1b1f23; --suave: #555d66; --traco: #dcddd6;
  --ok: #17653f; --falha: #a3201d; --nao-feita: #5b626a; --destaque: #17653f; --antes: #b9c9c0;
  --faixa: #14573a; --sobre-faixa: #ffffff; --sobre-faixa-suave: #d5eadf; --foco: #0b57d0;
}
.recusada { --faixa: #951b1b; --sobre-faixa-suave: #ffdedb; }
@media screen and (prefers-color-scheme: dark) {
  :root {
    --papel: #121517; --cartao: #1a1e21; --tinta: #e6e8ea; --suave: #a5adb5; --traco: #32383d;
    --ok: #6bd39b; --falha: #ff9b92; --nao-feita: #a5adb5; --destaque: #6bd39b; --antes: #3d5247;
    --faixa: #0f4029; --foco: #8ab4f8;
  }
  .recusada { --faixa: #711414; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--papel); color: var(--tinta);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
section, nav, footer { padding: 0 max(1rem, calc(50% - 30rem)); }
section { margin: 2.75rem 0; }
h1, h2, p, dl, pre { margin: 0; }
h1 { display: flex; align-items: center; gap: .9rem; font-size: clamp(2rem, 7vw, 3.1rem);
  line-height: 1.15; letter-spacing: -.02em; }
h2 { font-size: 1.35rem; letter-spacing: -.01em; margin-bottom: .6rem; scroll-margin-top: 1rem; }
section > p { max-width: 44rem; margin-bottom: 1rem; }
code { font: .9em/1.5 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas,
  "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
time { font-variant-numeric: tabular-nums; }
dd bdi, p bdi { overflow-wrap: anywhere; }

.veredito { margin: 0; padding-top: 2.5rem; padding-bottom: 2.5rem;
  background: var(--faixa); color: var(--sobre-faixa); }
.veredito > p:first-child { margin-bottom: .75rem; font-size: .95rem;
  color: var(--sobre-faixa-suave); }
.veredito .resumo { margin: .9rem 0 1.75rem; font-size: 1.15rem; }
.veredito dt { color: var(--sobre-faixa-suave); }
.veredito dl > div { border-color: rgb(255 255 255 / .22); }
.veredito h1 .marca { width: 1em; height: 1em; color: var(--sobre-faixa); }

dl > div { display: grid; grid-template-columns: 9rem 1fr; gap: 0 1rem; padding: .5rem 0;
  border-top: 1px solid var(--traco); }
dt { color: var(--suave); }
dd { margin: 0; min-width: 0; }

nav { border-bottom: 1px solid var(--traco); background: var(--cartao); }
nav ul { display: flex; flex-wrap: wrap; gap: 0 1.5rem; margin: 0; padding: .35rem 0;
  list-style: none; }
a { display: inline-block; padding: .4rem 0; color: inherit; text-underline-offset: .25em; }
a:hover { color: var(--destaque); }
:focus-visible { outline: 3px solid var(--foco); outline-offset: 2px; }

.marca { flex: none; width: 1.15rem; height: 1.15rem; vertical-align: -.2rem; fill: none;
  stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.marca.ok { color: var(--ok); }
.marca.falha { color: var(--falha); }
.marca.nao-feita { color: var(--nao-feita); }
.resultado { white-space: nowrap; }

.rolagem { overflow-x: auto; background: var(--cartao); border: 1px solid var(--traco);
  border-radius: .6rem; }
table { width: 100%; border-collapse: collapse; font-size: .94rem; }
caption { padding: .7rem .9rem; text-align: left; color: var(--suave); }
th, td { padding: .5rem .9rem; text-align: left; vertical-align: top;
  border-top: 1px solid var(--traco); }
thead th { color: var(--suave); font-weight: 600; font-size: .85rem; white-space: nowrap; }
tbody th { font-weight: 600; }
td, tbody th { font-variant-numeric: tabular-nums; }
td bdi { display: inline-block; max-width: 24rem; overflow-wrap: break-word; }
td time, td code, #linhas ~ .rolagem td:last-child { white-space: nowrap; }
td code bdi { max-width: none; }
#verificacoes ~ .rolagem bdi { display: inline; overflow-wrap: anywhere; }
#execucoes ~ .rolagem :nth-child(n + 4):nth-child(-n + 6) { text-align: right; }

pre { margin-bottom: 1rem; padding: .9rem 1rem; overflow-x: auto; background: var(--cartao);
  border: 1px solid var(--traco); border-radius: .6rem; user-select: all; }

.tempo { display: block; margin: 0 0 1.25rem; overflow: visible; }
.tempo text { fill: var(--suave); font-size: 13px; font-variant-numeric: tabular-nums; }
.tempo .nome { fill: var(--tinta); font-size: 14px; font-weight: 600; }
.tempo circle { fill: var(--destaque); stroke: var(--papel); stroke-width: 3; }
.tempo .vazia circle { fill: var(--papel); stroke: var(--destaque); stroke-width: 2; }
.tempo .leitura circle { fill: var(--tinta); }
.tempo .trilho, .tempo .espera { stroke: var(--destaque); stroke-width: 2; }
.tempo .espera { stroke: var(--suave); stroke-dasharray: 2 6; }
.tempo .antes { fill: var(--antes); }
.tempo .novas { fill: var(--destaque); }

footer { padding-top: 1.5rem; padding-bottom: 3rem; color: var(--suave); font-size: .9rem; }

@media (max-width: 34rem) {
  dl > div { grid-template-columns: 1fr; }
  caption { padding-left: .45rem; padding-right: .45rem; }
  table { font-size: .86rem; }
  thead th { font-size: .8rem; }
  th, td { padding-left: .45rem; padding-right: .45rem; }
  #verificacoes ~ .rolagem td:last-child { width: 100%; }
}
@media print {
  :root { --papel: #ffffff; }
  body { font-size: 10pt; }
  nav { display: none; }
  section { margin: 1.5rem 0; }
  section, footer { padding-left: 0; padding-right: 0; }
  .veredito { margin-top: 0; padding: 1rem; print-color-adjust: exact;
    -webkit-print-color-adjust: exact; }
  .rolagem, pre { overflow: visible; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  td time, td code { white-space: normal; }
  h2 { break-after: avoid; }
  tr, pre, dl > div, .tempo { break-inside: avoid; }
  .tempo * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
