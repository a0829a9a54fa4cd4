// The stage: what is being made, and what has been.

import { ask, fileOf, loaded, motionOf } from "./api.js";
import { $, drawing, el, percent, seconds, toast, trying } from "./dom.js";
import { openGive } from "./give.js";
import { askWhat, isIllusion } from "./guess.js";
import { pastes, squareOf } from "./sources.js";
import { known, model, on } from "./state.js";
import { Viewer } from "./viewer.js";

const STAR = ["M12 4l2.500 5.200 5.500.7-4 3.900 1 5.600-5-2.700-5 2.700 1-5.600-4-3.900 5.500-.7z"];
let viewer;
let watched = null; // the id of the job on stage
let shown = []; // pictures of the job on stage, as the gallery knows them
let chosen = 0;
let picked = false; // whether by hand
let guessed = new Set(); // the readings of the job on stage that were guessed
let image = null; // the latest strip of what is forming
let before = []; // the pictures that were on stage before it
let deeds; // does what can be done with a picture
let remake; // makes a job again
const UNKNOWN = { state: "lost", problem: "The studio was started anew, and knows no more of this: look in the gallery, or make it again." };

/** Set up the stage. */
export function openStage(again, makeAgain) {
  deeds = again;
  remake = makeAgain;
  viewer = new Viewer($("#viewer"), $("#hands"), motionOf);
  on("job", (job) => job.id === watched && follow(job, again));
  on("away", () => watched && forming(true, "Waiting for the studio …"));
  on("gone", takeDown);
  on("back", () => watched && pickUp(watched));
  on("preview", (preview) => preview.id === watched && form(preview));
  $("#cancel").addEventListener("click", () => watched && trying(() => ask(`/api/jobs/${watched}`, { method: "DELETE" })));
  $("#strip").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    const count = $("#strip").children.length;
    if (!step || !count) return;
    event.preventDefault();
    picked = true;
    choose((chosen + step + count) % count, again);
  });
}

export const turn = () => viewer.toggle();
export const onStage = () => shown[chosen] ?? null;

/** Watch a job come about. */
export function watch(job) {
  watched = job.id;
  picked = false;
  $("#stage").dataset.job = job.id;
  if (shown.length) before = shown;
  chosen = 0;
  shown = [];
  image = null;
  guessed = new Set();
  side("look");
  for (const part of ["#guess", "#readings"]) $(part).replaceChildren();
  $("#deeds").replaceChildren();
  $("#strip").replaceChildren(...Array.from({ length: job.count }, (_, k) => thumbnail(k)));
  $("#strip").hidden = job.count < 2;
  select();
  $("#viewer").setAttribute("aria-label", "Forming");
  drawGrain();
  follow(job, deeds);
  // It may be over already: what was told of that came too early.
  if (watched) pickUp(watched);
}

/** The same side of the stage for canvas and picture. */
export function side(name) {
  for (const button of $("#stage-switch").children) button.setAttribute("aria-pressed", String(button.dataset.side === name));
  const painting = $("#paint").contains(document.activeElement);
  $("#look").hidden = name !== "look";
  $("#paint").hidden = name !== "paint";
  $("#grid").hidden = name !== "grid";
  // Whoever painted by keyboard goes on with the picture.
  if (painting && name === "look") $("#viewer").focus({ preventScroll: true });
}

/** Show pictures of the gallery. */
export async function present(pictures, again, k = 0) {
  side("look");
  await hang(pictures, again, k);
}

async function hang(pictures, again, k) {
  watched = null;
  forming(false);
  shown = pictures;
  guessed = new Set();
  $("#strip").replaceChildren(...pictures.map((_, i) => thumbnail(i, again)));
  $("#strip").hidden = pictures.length < 2;
  pictures.forEach(async (picture, i) => {
    const one = await loaded(fileOf(picture.id)).catch(() => null);
    if (one && shown === pictures) paintThumbnail(i, one, 0, 1);
    if (shown === pictures && typeof picture.odds === "number") sayOdds($("#strip").children[i], picture);
  });
  await choose(k, again);
}

/** Take pictures off the stage, whichever side of it is seen; those that were made with them stay. */
function takeDown(ids) {
  const stay = (pictures) => pictures.filter(({ id }) => !ids.includes(id));
  before = stay(before);
  const left = stay(shown);
  if (watched || left.length === shown.length) return;
  if (left.length) {
    const at = left.indexOf(onStage());
    hang(left, deeds, at < 0 ? Math.min(chosen, left.length - 1) : at);
    return;
  }
  shown = [];
  image = null;
  viewer.clear();
  $("#viewer").setAttribute("aria-label", "Nothing on stage");
  for (const name of ["#guess", "#readings", "#deeds", "#strip"]) $(name).replaceChildren();
}

function thumbnail(k, again = () => {}) {
  return el("div", { role: "option", "aria-selected": "false", "aria-label": `Picture ${k + 1}`, onclick: () => ((picked = true), choose(k, again)) }, el("canvas", { width: 136, height: 136 }));
}

function sayOdds(option, { odds }) {
  option.append(el("small", { "aria-hidden": "true" }, percent(odds)));
  option.setAttribute("aria-label", `${option.getAttribute("aria-label")}, odds ${percent(odds)}`);
  option.title = "How likely it is to be read as asked, says a judge";
}

function paintThumbnail(k, source, at, count) {
  const canvas = $("#strip").children[k]?.firstChild;
  if (!canvas) return;
  const own = source.width / count;
  const scale = canvas.width / Math.max(own, source.height);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, at * own, 0, own, source.height, (canvas.width - own * scale) / 2, (canvas.height - source.height * scale) / 2, own * scale, source.height * scale);
}

async function choose(k, again) {
  chosen = k;
  select();
  if (shown.length) await reveal(again);
  else if (image) formOne();
}

function select() {
  [...$("#strip").children].forEach((option, k) => option.setAttribute("aria-selected", String(k === chosen)));
}

function forming(is, words = "") {
  if (!is) $("#field").textContent = "";
  $("#forming").hidden = $("#thread").hidden = !is;
  $("#forming-words").textContent = words;
}

async function follow(job, again) {
  $("#thread i").style.transform = `scaleX(${job.steps ? job.step / job.steps : 0})`;
  if (job.state === "waiting") forming(true, "Waiting its turn …");
  else if (job.state === "making") {
    const left = job.seconds_left === null ? "" : ` · ${seconds(job.seconds_left)} left`;
    forming(true, job.steps ? `Step ${job.step} of ${job.steps}${left}` : "Waking the model …");
    for (const remark of job.step === 0 ? job.remarks : []) toast(remark);
  } else {
    watched = null;
    forming(false);
    if (job.state === "done") {
      const mine = shown;
      const pictures = await trying(() => Promise.all(job.pictures.map((id) => ask(`/api/pictures/${id}`))));
      // Meanwhile there may be something else on stage.
      if (pictures?.length && shown === mine) {
        // The best is large by itself, unless someone was looking at another.
        const looked = picked ? pictures[Math.min(chosen, pictures.length - 1)] : null;
        pictures.sort((a, b) => (b.odds ?? -1) - (a.odds ?? -1));
        await present(pictures, again, Math.max(0, pictures.indexOf(looked)));
      }
    } else {
      $("#strip").hidden = true;
      viewer.clear();
      $("#viewer").setAttribute("aria-label", "Nothing was made");
      if (job.state === "cancelled") {
        toast("Cancelled.");
        if (before.length) await present(before, again);
      } else fail(job);
    }
  }
}

/** Ask what has become of the job on stage. */
async function pickUp(id) {
  const job = await ask(`/api/jobs/${id}`).catch((error) => (error.status === 404 ? UNKNOWN : null));
  if (job && watched === id) await follow(job, deeds);
}

/** Say why a job came to nothing. */
function fail(job) {
  const again = job.id && el("button", { type: "button", onclick: () => remake(job) }, "Try again");
  $("#guess").replaceChildren(el("p", { class: "problem", role: "alert" }, job.problem ?? "That did not work."), again ?? "");
}

async function form(preview) {
  const next = await loaded(`data:image/jpeg;base64,${preview.jpeg}`).catch(() => null);
  if (!next || preview.id !== watched) return;
  image = next;
  image.count = preview.count;
  if (known.jobs.get(watched)?.among) narrow(preview.count);
  formOne();
  for (let k = 0; k < preview.count; k++) paintThumbnail(k, image, k, preview.count);
}

/** As many thumbnails as are still in the field. */
function narrow(count) {
  const strip = $("#strip");
  strip.hidden = count < 2;
  $("#field").textContent = count > 1 ? `${count} are still in the field` : "";
  if (strip.children.length === count) return;
  chosen = Math.min(chosen, count - 1);
  strip.replaceChildren(...Array.from({ length: count }, (_, k) => thumbnail(k)));
  select();
}

function formOne() {
  const own = image.width / image.count;
  // As high as it is: a row of digits is no square.
  const { height } = image;
  const canvas = el("canvas", { width: own, height });
  canvas.getContext("2d").drawImage(image, Math.min(chosen, image.count - 1) * own, 0, own, height, 0, 0, own, height);
  viewer.form(canvas, own, false);
}

/** Before the first step there is nothing but noise. */
function drawGrain() {
  const canvas = el("canvas", { width: 64, height: 64 });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(64, 64);
  for (let k = 0; k < pixels.data.length; k += 4) {
    for (let c = 0; c < 3; c++) pixels.data[k + c] = Math.random() * 256;
    pixels.data[k + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
  viewer.form(canvas, 64, false);
}

async function reveal(again) {
  const picture = shown[chosen];
  // At once: what is pressed now is meant for it.
  const offer = () => $("#deeds").replaceChildren(...deedsOf(picture, again));
  offer();
  const pasted = pastes(picture);
  $("#stage").ariaBusy = true;
  const label = isIllusion(picture) ? "An illusion: press Space to change how it is seen" : `A picture: ${picture.prompts.join(", ")}`;
  const [own, before] = await Promise.all([trying(() => loaded(fileOf(picture.id))), givenTo(picture)]);
  if (picture !== onStage()) return;
  if (own) await trying(() => viewer.show({ ...picture, image: own, before, label: before ? "A picture: press Space to see what it was made from" : label }));
  askWhat($("#readings"), $("#guess"), picture, guessed, viewer);
  // What it was made of is known only now.
  if (pastes(picture) !== pasted) offer();
  $("#stage").ariaBusy = false;
}

/** What a picture was made from, as an image; null where that is nothing, or is not as it was. */
export async function givenTo(picture) {
  if (isIllusion(picture)) return null;
  picture.job ??= (await ask(`/api/pictures/${picture.id}`).catch(() => ({}))).job ?? null;
  const { picture: source, mask } = picture.job?.recipe ?? {};
  // Of what was painted over nothing is kept: the photo itself may be at hand.
  if (mask) return squareOf(picture);
  return source?.png ? loaded(`data:image/png;base64,${source.png}`).catch(() => null) : null;
}

/** What can be done with a picture. */
export function deedsOf(picture, again, closed = () => {}) {
  const larger = model(picture.model)?.sizes.find((size) => size > picture.side);
  const star = el("button", { type: "button", class: "star", "aria-pressed": String(picture.favourite), "aria-label": "Favourite", title: "Favourite" }, drawing(STAR));
  star.firstChild.setAttribute("width", "18");
  star.firstChild.setAttribute("fill", "none");
  star.firstChild.setAttribute("stroke", "currentColor");
  star.addEventListener("click", () =>
    trying(async () => {
      const changed = await ask(`/api/pictures/${picture.id}/favourite`, { method: "PUT", json: { favourite: !picture.favourite } });
      picture.favourite = changed.favourite;
      star.setAttribute("aria-pressed", String(picture.favourite));
    }),
  );
  const deed = (name, words) => el("li", {}, el("button", { type: "button", class: `deed-${name}`, onclick: () => (closed(), again(name, picture)) }, words));
  return [
    el("button", { type: "button", onclick: () => (closed(), again("more", picture)) }, "More like this"),
    pastes(picture) ? el("button", { type: "button", class: "paste", onclick: () => (closed(), again("paste", picture)) }, "Back into the photo") : null,
    el("button", { type: "button", class: "give", onclick: () => openGive(picture) }, "Share or print"),
    star,
    menu("More to do", [deed("settings", "Its settings"), deed("seed", "Another seed"), ...(larger ? [deed("upscale", `Upscale to ${larger}`)] : []), deed("edit", "Paint on it"), deed("delete", "Delete")]),
  ].filter(Boolean);
}

/** A list that a button opens. */
function menu(name, items) {
  const list = el("ul", { hidden: true }, items);
  const button = el("button", { type: "button", class: "more", "aria-expanded": "false", "aria-label": name, title: name }, "…");
  const shown = el("div", { class: "menu" }, button, list);
  const open = (is) => {
    list.hidden = !is;
    button.setAttribute("aria-expanded", String(is));
  };
  button.addEventListener("click", () => (open(list.hidden), list.hidden || list.querySelector("button").focus()));
  shown.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const own = [...list.querySelectorAll("button")];
    if (event.key === "Escape" && !list.hidden) (open(false), button.focus());
    else if (step && !list.hidden) own[(own.indexOf(document.activeElement) + step + own.length) % own.length].focus();
    else return;
    event.stopPropagation();
    event.preventDefault();
  });
  shown.addEventListener("focusout", (event) => !shown.contains(event.relatedTarget) && open(false));
  list.addEventListener("click", () => open(false));
  return shown;
}

/** Something to look at before anything was made: what is read best of the wall's pictures that turn. */
export async function welcome() {
  const words = known.studio.defaults.words;
  const [first] = (await ask("/api/wall")).pictures.filter(({ views, job }) => views.length && job.model === words).sort((a, b) => b.odds - a.odds);
  if (!first) return;
  const own = await loaded(`/api/wall/${first.id}/file`);
  if (watched || shown.length) return;
  await viewer.show({ ...first, image: own, side: own.width, label: "An illusion: press Space to change how it is seen" });
  if (watched || shown.length) return;
  askWhat($("#readings"), $("#guess"), first, new Set(), viewer);
  $("#deeds").replaceChildren(el("a", { class: "button", href: "#wall" }, "More like this, to start from"));
}
