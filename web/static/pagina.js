// Sem isto a página faz tudo; com isto, os números se renovam sozinhos, a busca e as páginas não
// recarregam, e o envio de um arquivo mostra quanto falta. Quem desenha é sempre o servidor: daqui só
// se trocam pedaços da página pelos da resposta, e nenhum dado vira marca.
"use strict";

const PERGUNTA_A_CADA = 2000; // milissegundos
const ESPERA_A_TECLA = 200;
const VIVOS = ["topo", "numeros", "resultado", "livro"];
const aviso = document.getElementById("aviso");
const pagina = document.documentElement;
let sabido = ""; // o que /status disse por último
let busca = null; // a que está no caminho; uma nova a abandona

function dizer(texto) {
  if (aviso.textContent !== texto) aviso.textContent = texto;
}

function trocar(texto, ids) {
  const nova = new DOMParser().parseFromString(texto, "text/html");
  if (!nova.getElementById("topo")) return false; // não é a página: um intermediário respondeu
  const foco = document.activeElement && document.activeElement.id;
  const vermelha = (raiz) => raiz.classList.contains("recusada");
  const virou = vermelha(pagina) !== vermelha(nova.documentElement); // os formulários vão ou voltam
  for (const id of new Set(virou ? [...ids, "entrada", "conferencia"] : ids)) {
    const velho = document.getElementById(id);
    const novo = nova.getElementById(id);
    if (!velho.isEqualNode(novo)) velho.replaceWith(document.adoptNode(novo));
  }
  pagina.classList.remove("aceita", "recusada", "pendente", "atrasada", "fora");
  pagina.classList.add(nova.documentElement.className);
  document.title = nova.title;
  copiaveis();
  if (foco && document.activeElement.id !== foco) document.getElementById(foco)?.focus();
  return true;
}

async function pedir(endereco, sinal) {
  const resposta = await fetch(endereco, { headers: { Accept: "text/html" }, signal: sinal });
  return resposta.text();
}

async function olhar() {
  try {
    const resposta = await fetch("/status", { headers: { Accept: "application/json" } });
    const agora = await resposta.text();
    const falta = agora !== sabido || pagina.classList.contains("pendente");
    if (falta && trocar(await pedir(`/${location.search}`), VIVOS)) sabido = agora;
    if (pagina.classList.contains("sem-contato")) {
      pagina.classList.remove("sem-contato");
      dizer("O serviço voltou a responder.");
    }
  } catch {
    if (!pagina.classList.contains("sem-contato")) {
      pagina.classList.add("sem-contato");
      const hora = new Date().toLocaleTimeString("pt-BR");
      dizer(`O serviço não responde desde as ${hora}: o que se vê pode já não ser o que há.`);
    }
  }
}

async function vigiar() {
  if (document.visibilityState === "visible") await olhar();
  setTimeout(vigiar, PERGUNTA_A_CADA);
}

async function ver(endereco, { guardar }) {
  busca?.abort();
  busca = new AbortController();
  try {
    const texto = await pedir(endereco, busca.signal);
    if (!trocar(texto, ["topo", "numeros", "resultado"])) return;
    if (guardar) history[guardar](null, "", endereco);
    dizer(document.querySelector("#resultado caption, #resultado [data-legenda]")?.textContent ?? "");
  } catch (falha) {
    if (falha.name !== "AbortError") dizer("O serviço não respondeu à busca; tente de novo.");
  }
}

function procurar(guardar) {
  const termo = document.getElementById("termo").value.trim();
  ver(termo ? `/?${new URLSearchParams({ busca: termo })}` : "/", { guardar });
}

function enviar(formulario) {
  const arquivo = formulario.dataset.envio === "arquivo";
  const dados = new FormData(formulario);
  const botao = formulario.querySelector("button");
  const pedido = new XMLHttpRequest(); // o fetch não diz quanto já foi
  pedido.open("POST", formulario.action);
  pedido.setRequestHeader("Accept", "text/html");
  pedido.upload.addEventListener("progress", (evento) => andar(formulario, evento));
  pedido.addEventListener("load", () => chegou(pedido, botao));
  pedido.addEventListener("error", () => {
    parar(formulario, botao);
    dizer("A resposta não veio, e talvez tenha sido gravado. Veja nas linhas antes de repetir.");
  });
  botao.disabled = true;
  if (arquivo) dizer("Enviando o arquivo.");
  pedido.send(arquivo ? dados : new URLSearchParams(dados));
}

function andar(formulario, evento) {
  const lugar = formulario.querySelector(".progresso");
  if (!lugar || !evento.lengthComputable) return;
  const feito = Math.floor((evento.loaded * 100) / evento.total);
  lugar.hidden = false;
  lugar.querySelector("progress").value = feito;
  lugar.querySelector("span").textContent = feito < 100 ? `${feito} % enviado` : "Enviado; gravando…";
}

function parar(formulario, botao) {
  botao.disabled = false;
  const lugar = formulario.querySelector(".progresso");
  if (lugar) lugar.hidden = true;
}

function motivo(pedido) {
  try {
    return JSON.parse(pedido.responseText).detail;
  } catch {
    return `código ${pedido.status}`;
  }
}

function chegou(pedido, botao) {
  if (!trocar(pedido.responseText, [...VIVOS, "recibo", "entrada"])) {
    parar(botao.form, botao);
    dizer(`O serviço não aceitou o pedido: ${motivo(pedido)}. Veja nas linhas antes de repetir.`);
    return;
  }
  const destino = new URL(pedido.responseURL);
  const deu = destino.pathname === "/";
  if (deu) history.pushState(null, "", destino.pathname + destino.search);
  dizer(deu ? "Gravado. O recibo está no alto da página." : "");
  document.querySelector("#entrada [aria-invalid], #erro-geral")?.focus();
  if (deu) document.getElementById("recibo").focus();
}

function copiaveis() {
  for (const lugar of document.querySelectorAll("[data-copiar]:not([data-pronto])")) {
    lugar.dataset.pronto = "";
    const botao = document.createElement("button");
    botao.type = "button";
    botao.className = "discreto";
    botao.textContent = "Copiar a âncora";
    botao.addEventListener("click", () => copiar(lugar));
    const linha = document.createElement("p");
    linha.append(botao);
    lugar.after(linha);
  }
}

async function copiar(lugar) {
  try {
    await navigator.clipboard.writeText(lugar.textContent);
    dizer("Âncora copiada.");
  } catch {
    getSelection().selectAllChildren(lugar);
    dizer("O navegador não deixou copiar; a âncora está selecionada.");
  }
}

function soltar(evento) {
  const formulario = document.querySelector(".solta");
  if (!formulario || !evento.dataTransfer?.types.includes("Files")) return;
  const dentro = formulario.contains(evento.target);
  evento.preventDefault(); // solto ao lado, o navegador abriria o arquivo no lugar da página
  formulario.classList.toggle("sobre", dentro && evento.type === "dragover");
  if (evento.type !== "drop" || !dentro || !evento.dataTransfer.files.length) return;
  formulario.querySelector("input[type=file]").files = evento.dataTransfer.files;
  enviar(formulario);
}

document.addEventListener("submit", (evento) => {
  const formulario = evento.target;
  if (formulario.id === "busca") procurar("pushState");
  else if (formulario.dataset.envio !== undefined) enviar(formulario);
  else return;
  evento.preventDefault();
});
document.addEventListener("click", (evento) => {
  const elo = evento.target.closest?.(".paginas a");
  if (!elo || evento.ctrlKey || evento.metaKey || evento.shiftKey || evento.altKey) return;
  evento.preventDefault();
  ver(elo.pathname + elo.search, { guardar: "pushState" });
});
let tecla = 0;
document.getElementById("termo").addEventListener("input", () => {
  clearTimeout(tecla);
  tecla = setTimeout(procurar, ESPERA_A_TECLA, "replaceState");
});
for (const tipo of ["dragover", "dragleave", "drop"]) document.addEventListener(tipo, soltar);
addEventListener("popstate", async () => {
  const termo = new URLSearchParams(location.search).get("busca") ?? "";
  document.getElementById("termo").value = termo;
  trocar(await pedir(`/${location.search}`), [...VIVOS, "recibo"]);
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") olhar();
});

pagina.classList.add("vivo");
copiaveis();
setTimeout(vigiar, 300);
