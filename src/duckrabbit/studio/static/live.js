// Live: what would become of a drawing, while it is drawn. Few steps after each stroke, all of them when the hand rests.

import { ask, loaded } from "./api.js";
import { $, el } from "./dom.js";
import { sourcesOf, takesMask } from "./sources.js";
import { model, taskOf } from "./state.js";
import { jobOf, modelName, wishes } from "./tasks.js";

const QUICK = 6; // steps of a first look at the most
const LEAST = 3; // and on a busy machine
const GOAL = 450; // milliseconds in which it is to be there
const WHOLE = 24; // and of the one that stays
const REST = 900; // milliseconds after which a hand rests

const shown = {}; // what is shown beside each easel
let quick = QUICK - 1; // as many as were quick enough the last time
let seed = null; // the same for all looks, and for the picture that is made next
let turn = 0;
let busy = false;
let wanted = false;
let resting;

/** Whether it is on; it is as long as nobody turns it off. */
const isOn = () => localStorage.getItem("live") !== "off";

/** What stands beside the easel of a task: nothing for a mask. */
export function liveBeside(task) {
  if (takesMask(task)) return null;
  const canvas = el("canvas", { width: 320, height: 320, role: "img", "aria-label": "What becomes of it" });
  const said = el("p", { class: "quiet-text", role: "status" }, "Draw: what becomes of it is seen here.");
  const toggle = el("button", { type: "button", "aria-pressed": String(isOn()) }, "Live");
  const own = el("div", { class: "live" }, canvas, el("div", { class: "row" }, toggle, said));
  const set = () => (own.classList.toggle("off", !isOn()), toggle.setAttribute("aria-pressed", String(isOn())));
  toggle.addEventListener("click", () => {
    localStorage.setItem("live", isOn() ? "off" : "on");
    set();
    if (isOn()) poke(task);
  });
  set();
  shown[task] = { canvas, said, own };
  return own;
}

/** The seed of what was seen last: what is made next begins with it. */
export const spendLive = () => {
  const own = seed;
  seed = null;
  return own;
};

/** A stroke has ended, or what is asked for has changed. */
export function poke(task) {
  if (!shown[task] || !isOn() || $("#paint").hidden) return;
  turn++;
  wanted = true;
  clearTimeout(resting);
  resting = setTimeout(() => look(task, WHOLE), REST);
  look(task, quick);
}

/** The latest alone is looked at: what was drawn meanwhile is next. */
async function look(task, steps) {
  if (busy) {
    if (steps === WHOLE) resting = setTimeout(() => look(task, WHOLE), 100);
    return;
  }
  if ((!wanted && steps !== WHOLE) || !isOn() || $("#paint").hidden) return;
  [busy, wanted] = [true, false];
  const own = turn;
  const { canvas, said } = shown[task];
  try {
    const sources = await sourcesOf(task);
    if (!sources.picture) return;
    seed ??= wishes.seed ?? Math.floor(Math.random() * 1_000_000);
    const job = jobOf(task, sources);
    const usual = model(modelName(task)).sampler;
    const asked = wishes.sampler.guidance_scale === null ? {} : { guidance_scale: wishes.sampler.guidance_scale };
    const sampler = { ...usual, ...asked, steps, solver: "dpmpp_2m", judge_scale: 0 };
    const began = performance.now();
    const { picture } = await ask("/api/live", { method: "POST", json: { ...job, recipe: { ...job.recipe, sampler }, count: 1, among: null, size: null, seed } });
    const image = await loaded(picture);
    if (steps !== WHOLE) quick = Math.min(QUICK, Math.max(LEAST, Math.floor((steps * GOAL) / (performance.now() - began))));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.dataset.steps = String(steps);
    said.textContent = steps === WHOLE ? `“${job.recipe.prompt ?? taskOf(task).label}”: as it would be, more or less.` : "A first look …";
  } catch (error) {
    said.textContent = error.message;
  } finally {
    busy = false;
    if (wanted && own !== turn) look(task, quick);
  }
}
