// The gallery: every picture, to search, to look at, to keep and to throw away.

import { ask, fileOf, loaded, motionOf, query } from "./api.js";
import { $, chips, closing, debounced, el, percent, trying } from "./dom.js";
import { askWhat, isIllusion } from "./guess.js";
import { DEEDS } from "./keys.js";
import { isChosen, openSelection, press, relisted, selecting } from "./selection.js";
import { known, on, recipeOf } from "./state.js";
import { deedsOf, givenTo } from "./stage.js";
import { openTrash } from "./trash.js";
import { Viewer } from "./viewer.js";

const PAGE = 60;
const AHEAD = 1500; // pixels above and below the window in which pictures hang already
const CAPTION = 66; // pixels below a picture, as the style sheet says
const hung = new Map(); // those that hang on the wall, by id
let pictures = []; // those that are listed, the newest first
let further = null; // where the next ones begin
let again;
let goTo;
let asked = 0;
let loading = null;
let opened = null; // the id of the picture that is open
let viewer;
let verb = ""; // of those that are looked for; all for ""

export function openGallery(deeds, go) {
  again = deeds;
  goTo = go;
  const verbs = [...new Set(known.studio.tasks.flatMap((task) => task.verbs))];
  const kinds = [{ value: "", label: "All" }, ...verbs.map((value) => ({ value, label: recipeOf(value).name }))];
  $("#kinds").replaceChildren(chips("kind", "Of which kind", kinds, "", (chosen) => ((verb = chosen), restart())));
  $("#open-trash").addEventListener("click", () => openTrash());
  openSelection({ list: () => pictures, changed: () => (hung.clear(), look()) });
  $("#search").addEventListener("input", debounced(restart, 180));
  $("#only-favourites").addEventListener("click", (event) => {
    const button = event.currentTarget;
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    restart();
  });
  // What is about to be scrolled to is there already.
  for (const kind of ["scroll", "resize"]) addEventListener(kind, look, { passive: true });
  on("gallery", debounced(() => !$("#room-gallery").hidden && refreshGallery(), 120));
  on("gone", (ids) => ids.forEach(takeAway));
  on("returned", refreshGallery);
  const dialog = $("#detail");
  dialog.addEventListener("close", () => {
    const whose = opened;
    opened = null;
    viewer?.clear();
    if (!whose || location.hash !== `#gallery/${whose}`) return;
    // Closed by hand; the address follows.
    if (history.state?.opened) history.back();
    else history.replaceState(null, "", "#gallery");
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.target.closest("input") || event.ctrlKey || event.metaKey || event.altKey) return;
    const deed = DEEDS[event.key];
    if (deed) $(`#detail ${deed}`)?.click();
    else if (event.key === "[" || event.key === "]") step(event.key === "]" ? 1 : -1);
    else return;
    event.stopPropagation();
  });
}

const wanted = () => ({ search: $("#search").value.trim(), favourites: $("#only-favourites").getAttribute("aria-pressed") === "true", verb });
const before = (a, b) => a.made > b.made || (a.made === b.made && a.file < b.file);

async function restart() {
  const turn = ++asked;
  const found = await trying(() => ask(`/api/pictures?${query({ ...wanted(), limit: PAGE })}`));
  if (!found || turn !== asked) return;
  pictures = found.pictures;
  further = found.next;
  hung.clear();
  say(found.total);
  look();
}

/** The newest again: what has come is put in its place, what has gone is taken away. */
export async function refreshGallery() {
  if (!pictures.length) {
    await restart();
    return;
  }
  const turn = asked;
  const found = await trying(() => ask(`/api/pictures?${query({ ...wanted(), limit: PAGE })}`));
  if (!found || turn !== asked) return;
  const last = found.pictures.at(-1);
  const there = new Map(found.pictures.map((picture) => [picture.id, picture]));
  for (const picture of [...pictures]) if (!there.has(picture.id) && (!found.next || before(picture, last))) takeAway(picture.id);
  found.pictures.forEach(place);
  if (!found.next) further = null;
  say(found.total);
  look();
}

async function loadMore() {
  if (!further || loading || $("#room-gallery").hidden) return;
  const turn = asked;
  loading = trying(() => ask(`/api/pictures?${query({ ...wanted(), limit: PAGE, cursor: further })}`));
  const found = await loading;
  loading = null;
  if (!found || turn !== asked) return;
  further = found.next;
  found.pictures.forEach(place);
  look();
}

/** Hang those that are in sight or about to be: of ten thousand a few rows. What is above and below is empty wall. */
function look() {
  const list = $("#pictures");
  if ($("#room-gallery").hidden) return;
  const style = getComputedStyle(list);
  const widths = style.gridTemplateColumns.split(" ");
  const columns = widths.length;
  const row = parseFloat(widths[0]) + CAPTION + parseFloat(style.rowGap);
  const rows = Math.ceil(pictures.length / columns);
  const above = scrollY - (list.getBoundingClientRect().top + scrollY);
  const first = Math.min(rows, Math.max(0, Math.floor((above - AHEAD) / row)));
  const last = Math.min(rows, Math.ceil((above + innerHeight + AHEAD) / row));
  list.style.paddingTop = `${first * row}px`;
  list.style.paddingBottom = `${Math.max(0, rows - last) * row}px`;
  const wanted = pictures.slice(first * columns, Math.max(first, last) * columns);
  const ids = new Set(wanted.map((picture) => picture.id));
  for (const [id, element] of hung) if (!ids.has(id)) (element.remove(), hung.delete(id));
  wanted.forEach((picture, k) => {
    if (!hung.has(picture.id)) hung.set(picture.id, item(picture));
    const element = hung.get(picture.id);
    // What hangs where it should keeps the focus.
    if (list.children[k] !== element) list.insertBefore(element, list.children[k] ?? null);
  });
  while (list.children.length > wanted.length) list.lastChild.remove();
  if (last >= rows) loadMore();
}

function place(picture) {
  const known = pictures.findIndex((one) => one.id === picture.id);
  if (known >= 0) {
    pictures[known] = picture;
    hung.get(picture.id)?.querySelector(".star").setAttribute("aria-pressed", String(picture.favourite));
    return;
  }
  let at = pictures.length;
  while (at > 0 && before(picture, pictures[at - 1])) at--;
  pictures.splice(at, 0, picture);
}

function takeAway(id) {
  const at = pictures.findIndex((picture) => picture.id === id);
  if (at < 0) return;
  pictures.splice(at, 1);
  look();
}

function say(total) {
  relisted();
  const { search, favourites, verb: kind } = wanted();
  const some = search || favourites || kind;
  $("#gallery-count").textContent = `${total.toLocaleString("en-GB")} picture${total === 1 ? "" : "s"}`;
  const empty = $("#gallery-empty");
  empty.hidden = pictures.length > 0;
  empty.replaceChildren(
    el("p", {}, some ? "Nothing fits." : "Nothing on the walls yet."),
    el("p", {}, some ? "Try other words, or look at all of them." : "Whatever you make is kept here, with its recipe."),
    some ? "" : el("a", { class: "button", href: "#wall", style: "margin:20px 8px 0 0" }, "Look at the wall"),
    some ? "" : el("a", { class: "button", href: "#make", style: "margin-top:20px" }, "Make something"),
  );
}

function item(picture) {
  const words = picture.prompts.join(" · ") || picture.verb;
  const star = el("button", { type: "button", class: "star", "aria-label": `Favourite: ${words}`, "aria-pressed": String(picture.favourite) }, "★");
  star.addEventListener("click", () =>
    trying(async () => {
      const changed = await ask(`/api/pictures/${picture.id}/favourite`, { method: "PUT", json: { favourite: star.getAttribute("aria-pressed") !== "true" } });
      star.setAttribute("aria-pressed", String((picture.favourite = changed.favourite)));
    }),
  );
  const open = el("button", { type: "button", class: "open", onclick: (event) => (selecting() ? press(picture.id, event) : goTo(`gallery/${picture.id}`)), "aria-label": `${selecting() ? "Select" : "Open"} ${words}, seed ${picture.seed}` }, el("img", { src: fileOf(picture.id), alt: "", loading: "lazy", width: 148, height: 148, onerror: () => takeAway(picture.id) }));
  if (selecting()) open.setAttribute("aria-pressed", String(isChosen(picture.id)));
  const view = picture.views.filter((name) => name !== "identity").join(", ");
  return el(
    "li",
    { "data-id": picture.id },
    open,
    star,
    el("div", { class: "words" }, el("p", {}, words), el("p", { class: "quiet-text" }, [view || picture.verb, `seed ${picture.seed}`].join(" · "))),
  );
}

/** The picture before or after the one that is open, as they are listed. */
function step(by) {
  const at = pictures.findIndex((picture) => picture.id === opened);
  const other = pictures[at + by];
  if (at < 0 || !other) return;
  history.replaceState(history.state, "", `#gallery/${other.id}`);
  showPicture(other.id);
  if (at + by > pictures.length - 4) loadMore();
}

/** Close the picture that is open. */
export function closePicture() {
  const dialog = $("#detail");
  opened = null;
  if (dialog.open) dialog.close();
}

/** A picture on a wall of its own. */
export async function showPicture(id) {
  if (opened === id) return;
  opened = id;
  const picture = await trying(() => ask(`/api/pictures/${id}`));
  if (opened !== id) return;
  if (!picture) {
    history.replaceState(null, "", "#gallery");
    closePicture();
    return;
  }
  const dialog = $("#detail");
  const canvas = el("canvas", { width: 800, height: 800, tabindex: "0", role: "img" });
  const hands = el("div", { class: "hands" });
  const guess = el("div", { class: "guess", "aria-live": "polite" });
  const frames = el("div", { class: "readings" });
  // Whoever goes on with the picture elsewhere does not come back to it.
  const leave = () => {
    history.replaceState(null, "", "#gallery");
    closePicture();
  };
  const recipe = picture.job?.recipe ?? {};
  const sampler = recipe.sampler;
  const facts = [
    ["made", new Date(picture.made * 1000).toLocaleString()],
    ["what", picture.verb],
    ["views", picture.views.join(", ")],
    ["model", picture.model],
    ["seed", picture.seed],
    ["odds", typeof picture.odds === "number" && `${percent(picture.odds)} to be read as asked, says a judge`],
    ["size", `${picture.side} pixels wide`],
    ["sampling", sampler && `${sampler.solver}, ${sampler.steps} steps, guidance ${sampler.guidance_scale}`],
    ["steered from", recipe.negative_prompt],
    ["file", picture.file],
  ].filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false);
  const at = pictures.findIndex((one) => one.id === id);
  const way = (by, name, sign) => el("button", { type: "button", class: "icon", "aria-label": name, title: name, disabled: at < 0 || !pictures[at + by], onclick: () => step(by) }, sign);
  dialog.replaceChildren(
    el("div", { class: "wall" }, el("div", { class: "mat" }, canvas), hands, frames, guess),
    el(
      "div",
      { class: "about" },
      el("div", { class: "ways" }, el("h2", { id: "detail-title" }, isIllusion(picture) ? "What do you see?" : "A picture"), way(-1, "The one before", "←"), way(1, "The one after", "→"), closing(dialog)),
      el("dl", {}, facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))])),
      el("div", { class: "actions" }, deedsOf(picture, again, leave)),
    ),
  );
  if (!dialog.open) dialog.showModal();
  // Before its image is there: the next key is heard, too.
  canvas.focus({ preventScroll: true });
  viewer = new Viewer(canvas, hands, motionOf);
  await trying(async () => viewer.show({ ...picture, image: await loaded(fileOf(id)), before: await givenTo(picture), label: isIllusion(picture) ? "An illusion: press Space to change how it is seen" : picture.prompts.join(", ") }));
  if (opened === id) askWhat(frames, guess, picture, new Set(), viewer);
}
