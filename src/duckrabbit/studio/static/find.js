// Find: pairs that work, looked for while nothing else is made. A wall fills, the best first, each tile turning slowly.

import { ask } from "./api.js";
import { $, el, toast, trying } from "./dom.js";
import { viewWords } from "./icons.js";
import { known, on } from "./state.js";
import { Tile } from "./tile.js";

const shown = new Map(); // tiles by id
let find = null;
let revision = null;
let page; // {submit, goTo}
let built = false;
let filled = null; // the search that the fields say

/** The room; `submit` hands a job in. */
export function openFind(given) {
  page = given;
  on("find", hear);
  on("back", refreshFind);
}

export const refreshFind = () => {
  if ($("#room-find").hidden) return;
  if (!built) build();
  trying(async () => take(await ask("/api/find")));
};

function hear(told) {
  const others = told.id !== find?.id || told.revision !== revision;
  find = told;
  if ($("#room-find").hidden) return;
  say();
  if (others) refreshFind();
}

function build() {
  built = true;
  const { styles, views, hybrids } = known.studio.find;
  const option = ([value, words]) => el("option", { value }, words);
  const style = el("select", { name: "style" }, option(["", "any style"]), styles.map((one) => option([one, `${one} …`])));
  const way = el(
    "select",
    { name: "way" },
    option(["", "any view"]),
    el("optgroup", { label: "Views" }, views.map((view) => option([`view ${view}`, viewWords(view)]))),
    el("optgroup", { label: "Hybrids" }, Object.entries(hybrids).map(([label, parts]) => option([`parts ${parts.join(" ")}`, label]))),
  );
  const subject = el("input", { type: "text", name: "subject", maxlength: 60, placeholder: "anything", autocapitalize: "off" });
  const form = el(
    "form",
    { class: "wanted", "aria-label": "What to find", onsubmit: (event) => (event.preventDefault(), begin()) },
    el("label", {}, el("span", {}, "Style"), style),
    el("label", {}, el("span", {}, "Seen by"), way),
    el("label", {}, el("span", {}, "With"), subject),
    el("button", { type: "submit", class: "primary", id: "find-go" }, "Find"),
    el("button", { type: "button", id: "find-stop", hidden: true, onclick: () => trying(() => ask("/api/find", { method: "DELETE" })) }, "Stop"),
  );
  $("#room-find").replaceChildren(
    el("h1", {}, "Find"),
    el("p", { class: "intro" }, "Which two things fit into one picture? Pick a style and a way of seeing, or leave them open: pairs are tried one after another, and those that are read best come first. Press a picture to turn it, and a word to see that thing with others."),
    form,
    el("p", { class: "problem", id: "find-problem", role: "alert", hidden: true }),
    el("p", { class: "quiet-text", id: "find-said", role: "status" }),
    el("ul", { class: "found", id: "found" }),
  );
}

async function begin(subject) {
  const form = $("#room-find form");
  if (subject !== undefined) form.elements.subject.value = subject;
  const [kind, ...rest] = form.elements.way.value.split(" ");
  const wanted = { style: form.elements.style.value || null, subject: form.elements.subject.value.trim() };
  if (kind === "view") wanted.view = rest[0];
  if (kind === "parts") wanted.parts = rest;
  const problem = $("#find-problem");
  problem.hidden = true;
  try {
    const told = await ask("/api/find", { method: "POST", json: wanted });
    filled = told.id;
    hear(told);
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
}

function take({ find: told, tiles }) {
  // A page that comes later says what is looked for.
  if (told && told.id !== filled) fill(told);
  find = told;
  revision = told?.revision ?? null;
  say();
  const list = $("#found");
  const wanted = new Set(tiles.map((tile) => tile.id));
  for (const [id, tile] of shown) if (!wanted.has(id)) (tile.remove(), shown.delete(id));
  tiles.forEach((tile, k) => {
    if (!shown.has(tile.id)) shown.set(tile.id, hung(tile));
    const { element } = shown.get(tile.id);
    // What stays where it is keeps the focus.
    if (list.children[k] !== element) list.insertBefore(element, list.children[k] ?? null);
  });
}

function fill({ id, wanted }) {
  filled = id;
  const { style, way, subject } = $("#room-find form").elements;
  style.value = wanted.style ?? "";
  way.value = wanted.parts ? `parts ${wanted.parts.join(" ")}` : wanted.view ? `view ${wanted.view}` : "";
  subject.value = wanted.subject;
}

function say() {
  const finding = find?.state === "finding";
  $("#find-go").textContent = finding ? "Find these" : "Find";
  $("#find-stop").hidden = !finding;
  const problem = $("#find-problem");
  if (find?.problem) [problem.textContent, problem.hidden] = [find.problem, false];
  if (!find) return;
  const counts = `${find.tried} pair${find.tried === 1 ? "" : "s"} tried, ${find.finished} finished`;
  const at = finding ? (find.steps ? ` · step ${find.step} of ${find.steps} of the next ones` : " · waking the model …") : "";
  const said = `${counts}${at}`;
  if ($("#find-said").textContent !== said) $("#find-said").textContent = said;
}

/** A pair on the wall. */
function hung(tile) {
  const [first, second] = tile.pair;
  const keep = el("button", { type: "button", onclick: () => trying(async () => (await ask(`/api/find/${tile.id}/keep`, { method: "POST" }), (keep.textContent = "Kept"), (keep.disabled = true))) }, "Keep");
  const word = (name, kind) => el("button", { type: "button", class: `word ${kind}`, title: `${name} with others`, "aria-label": `${name} with others`, onclick: () => (scrollTo(0, 0), begin(name)) }, name);
  return new Tile(tile, `/api/find/${tile.id}/file`, word, [keep, el("button", { type: "button", "aria-label": `More of ${first} and ${second}`, onclick: () => trying(() => more(tile)) }, "More of this pair")]);
}

async function more(tile) {
  const { job } = await ask(`/api/find/${tile.id}`);
  if (!job) throw new Error("This picture does not say how it was made.");
  await page.submit({ ...job, seed: Math.floor(Math.random() * 1_000_000), count: 4 });
  toast("More of this pair is made; the search waits for it.");
}
