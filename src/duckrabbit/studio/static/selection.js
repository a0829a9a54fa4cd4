// Several pictures of the gallery at once: chosen by a press each, or with Shift all that lie between.

import { ask } from "./api.js";
import { $, el, trying } from "./dom.js";
import { discard } from "./trash.js";

const chosen = new Set(); // ids
let last = null; // the id that was pressed last
let page; // {list, changed}
let deeds; // the buttons that want a picture

/** `list()` gives the pictures in their order, `changed()` hears when they are to be drawn anew. */
export function openSelection(given) {
  page = given;
  const button = (name, onclick) => el("button", { type: "button", onclick }, name);
  const deed = (name, work) =>
    button(name, () => {
      const ids = [...chosen];
      select(false);
      work(ids);
    });
  deeds = [deed("Favourites", favour), deed("Delete", discard)];
  $("#selection").append(el("span", { role: "status" }), button("All of these", () => (page.list().forEach(({ id }) => chosen.add(id)), say())), ...deeds, button("Done", () => select(false)));
  $("#select").addEventListener("click", () => select(!selecting()));
  $("#room-gallery").addEventListener("keydown", (event) => event.key === "Escape" && selecting() && select(false));
}

export const selecting = () => $("#select").getAttribute("aria-pressed") === "true";
export const isChosen = (id) => chosen.has(id);

function select(is) {
  $("#select").setAttribute("aria-pressed", String(is));
  $("#selection").hidden = !is;
  chosen.clear();
  last = null;
  page.changed();
  if (is) say();
  else $("#select").focus({ preventScroll: true });
}

/** A picture was pressed. */
export function press(id, event) {
  const ids = page.list().map((picture) => picture.id);
  const [from, to] = [ids.indexOf(last), ids.indexOf(id)];
  if (event.shiftKey && from >= 0) ids.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => chosen.add(one));
  else if (!chosen.delete(id)) chosen.add(id);
  last = id;
  say();
}

/** What is listed no more is not chosen either. */
export function relisted() {
  const ids = new Set(page.list().map(({ id }) => id));
  for (const id of chosen) if (!ids.has(id)) chosen.delete(id);
  if (selecting()) say();
}

/** The tiles stay, and with them the focus. */
function say() {
  $("#selection span").textContent = chosen.size ? `${chosen.size} selected` : "Press pictures to select them; with Shift, all between.";
  for (const button of deeds) button.disabled = !chosen.size;
  for (const tile of $("#pictures").children) tile.firstChild.setAttribute("aria-pressed", String(isChosen(tile.dataset.id)));
}

async function favour(ids) {
  for (const id of ids) await trying(() => ask(`/api/pictures/${id}/favourite`, { method: "PUT", json: { favourite: true } }));
}
