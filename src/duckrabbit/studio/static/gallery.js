// The gallery: every picture, to search, to look at, to keep and to throw away.

import { ask, fileOf, loaded, motionOf, query } from "./api.js";
import { $, debounced, el, toast, trying } from "./dom.js";
import { askWhat, isIllusion } from "./guess.js";
import { on } from "./state.js";
import { deedsOf } from "./stage.js";
import { Viewer } from "./viewer.js";

const PAGE = 60;
let pictures = [];
let total = 0;
let limit = PAGE;
let again;
let asked = 0;

export function openGallery(deeds) {
  again = deeds;
  const reload = debounced(() => ((limit = PAGE), refreshGallery()), 180);
  $("#search").addEventListener("input", reload);
  $("#only-favourites").addEventListener("click", (event) => {
    const button = event.currentTarget;
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    limit = PAGE;
    refreshGallery();
  });
  $("#more-pictures").addEventListener("click", () => ((limit += PAGE), refreshGallery()));
  on("gallery", debounced(() => !$("#room-gallery").hidden && refreshGallery(), 120));
}

export async function refreshGallery() {
  const turn = ++asked;
  const favourites = $("#only-favourites").getAttribute("aria-pressed") === "true";
  const search = $("#search").value.trim();
  const found = await trying(() => ask(`/api/pictures?${query({ search, favourites, limit: Math.min(200, limit) })}`));
  if (!found || turn !== asked) return;
  pictures = found.pictures;
  total = found.total;
  $("#gallery-count").textContent = `${total} picture${total === 1 ? "" : "s"}`;
  $("#more-pictures").hidden = pictures.length >= total || pictures.length >= 200;
  const list = $("#pictures");
  const there = new Map([...list.children].map((item) => [item.dataset.id, item]));
  list.replaceChildren(...pictures.map((picture) => there.get(picture.id) ?? item(picture)));
  pictures.forEach((picture, k) => list.children[k].querySelector(".star").setAttribute("aria-pressed", String(picture.favourite)));
  const empty = $("#gallery-empty");
  empty.hidden = pictures.length > 0;
  empty.replaceChildren(
    el("p", {}, search || favourites ? "Nothing fits." : "Nothing on the walls yet."),
    el("p", {}, search || favourites ? "Try other words, or look at all of them." : "Whatever you make is kept here, with its recipe."),
    search || favourites ? "" : el("a", { class: "button", href: "#make", style: "margin-top:20px" }, "Make something"),
  );
}

function item(picture) {
  const words = picture.prompts.join(" · ") || picture.verb;
  const star = el("button", { type: "button", class: "star", "aria-label": `Favourite: ${words}`, "aria-pressed": String(picture.favourite) }, "★");
  star.addEventListener("click", () =>
    trying(async () => {
      const changed = await ask(`/api/pictures/${picture.id}/favourite`, { method: "PUT", json: { favourite: star.getAttribute("aria-pressed") !== "true" } });
      star.setAttribute("aria-pressed", String(changed.favourite));
    }),
  );
  const view = picture.views.filter((name) => name !== "identity").join(", ");
  return el(
    "li",
    { "data-id": picture.id },
    el("button", { type: "button", class: "open", onclick: () => openPicture(picture.id), "aria-label": `Open ${words}, seed ${picture.seed}` }, el("img", { src: fileOf(picture.id), alt: "", loading: "lazy", width: 148, height: 148 })),
    star,
    el("p", {}, words),
    el("p", { class: "quiet-text" }, [view || picture.verb, `seed ${picture.seed}`].join(" · ")),
  );
}

/** A picture on a wall of its own. */
export async function openPicture(id) {
  const picture = await trying(() => ask(`/api/pictures/${id}`));
  if (!picture) return;
  const dialog = $("#detail");
  const canvas = el("canvas", { width: 800, height: 800, tabindex: "0", role: "img" });
  const hands = el("div", { class: "hands" });
  const guess = el("div", { class: "guess", "aria-live": "polite" });
  const close = () => dialog.close();
  const recipe = picture.job?.recipe ?? {};
  const sampler = recipe.sampler;
  const facts = [
    ["made", new Date(picture.made * 1000).toLocaleString()],
    ["what", picture.verb],
    ["views", picture.views.join(", ")],
    ["model", picture.model],
    ["seed", picture.seed],
    ["size", `${picture.side} × ${picture.side}`],
    ["sampling", sampler && `${sampler.solver}, ${sampler.steps} steps, guidance ${sampler.guidance_scale}`],
    ["steered from", recipe.negative_prompt],
    ["file", picture.file],
  ].filter(([, value]) => value !== undefined && value !== null && value !== "");
  dialog.replaceChildren(
    el("div", { class: "wall" }, el("div", { class: "mat" }, canvas), hands, guess),
    el(
      "div",
      { class: "about" },
      el("div", {}, el("button", { type: "button", class: "icon close", "aria-label": "Close", onclick: close }, "✕"), el("h2", { id: "detail-title" }, isIllusion(picture) ? "What do you see?" : "A picture")),
      el("dl", {}, facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))])),
      el("div", { class: "actions" }, deedsOf(picture, again, close)),
    ),
  );
  dialog.showModal();
  const viewer = new Viewer(canvas, hands, motionOf);
  await trying(async () => viewer.show({ ...picture, image: await loaded(fileOf(id)), label: isIllusion(picture) ? "An illusion: press Space to change how it is seen" : picture.prompts.join(", ") }));
  askWhat(guess, picture, false, () => {});
  canvas.focus({ preventScroll: true });
}

/** Into the trash, and out again if that was too quick. */
export async function deletePicture(picture) {
  const gone = await trying(() => ask(`/api/pictures/${picture.id}`, { method: "DELETE" }));
  if (!gone) return false;
  refreshGallery();
  toast("Deleted.", {
    name: "Undo",
    run: () => trying(async () => (await ask(`/api/pictures/${picture.id}/restore`, { method: "POST" }), refreshGallery())),
  });
  return true;
}

