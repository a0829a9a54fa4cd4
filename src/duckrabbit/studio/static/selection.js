// Several pictures of the gallery at once: chosen by a press each, or with Shift all that lie between.

import { ask } from "./api.js";
import { $, el, toast, trying } from "./dom.js";

const chosen = new Set(); // ids
let last = null; // the id that was pressed last
let page; // {list, drawn}

/** `list()` gives the pictures in their order, `changed()` hears when they are to be drawn anew. */
export function openSelection(given) {
  page = given;
  $("#select").addEventListener("click", () => select($("#select").getAttribute("aria-pressed") !== "true"));
  $("#room-gallery").addEventListener("keydown", (event) => event.key === "Escape" && selecting() && (select(false), $("#select").focus()));
}

export const selecting = () => $("#select").getAttribute("aria-pressed") === "true";
export const isChosen = (id) => chosen.has(id);

function select(is) {
  $("#select").setAttribute("aria-pressed", String(is));
  chosen.clear();
  last = null;
  draw();
}

/** A picture was pressed. */
export function press(id, event) {
  const ids = page.list().map((picture) => picture.id);
  const [from, to] = [ids.indexOf(last), ids.indexOf(id)];
  if (event.shiftKey && from >= 0) ids.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => chosen.add(one));
  else if (!chosen.delete(id)) chosen.add(id);
  last = id;
  draw();
}

function draw() {
  const bar = $("#selection");
  const focused = bar.contains(document.activeElement) ? document.activeElement.textContent : null;
  bar.hidden = !selecting();
  const count = chosen.size;
  const deed = (name, work) => el("button", { type: "button", disabled: !count, onclick: () => trying(() => work([...chosen])) }, name);
  bar.replaceChildren(
    el("span", { role: "status" }, count ? `${count} selected` : "Press pictures to select them; with Shift, all between."),
    deed("All of these", async () => (page.list().forEach(({ id }) => chosen.add(id)), draw())),
    deed("Favourites", (ids) => each(ids, (id) => ask(`/api/pictures/${id}/favourite`, { method: "PUT", json: { favourite: true } }))),
    deed("Delete", remove),
    el("button", { type: "button", onclick: () => (select(false), $("#select").focus()) }, "Done"),
  );
  bar.children[1].disabled = false;
  if (focused) [...bar.children].find((one) => one.textContent === focused && !one.disabled)?.focus();
  page.changed();
}

async function each(ids, work) {
  for (const id of ids) await work(id);
  select(false);
}

async function remove(ids) {
  await each(ids, (id) => ask(`/api/pictures/${id}`, { method: "DELETE" }));
  const back = () => trying(() => each(ids, (id) => ask(`/api/pictures/${id}/restore`, { method: "POST" })));
  toast(`${ids.length} deleted.`, { name: "Undo", run: back });
}
