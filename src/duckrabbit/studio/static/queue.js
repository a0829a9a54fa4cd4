// The queue: what is being made and what waits, in an order that can be changed.

import { ask } from "./api.js";
import { $, el, seconds, trying } from "./dom.js";
import { known, notMade, on, recipeOf } from "./state.js";

const SAID = { failed: "failed", lost: "was lost when the studio ended", cancelled: "cancelled" };

export function openQueue({ watch, remake }) {
  const button = $("#queue-button");
  const panel = $("#queue");
  const toggle = (open) => {
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    draw();
  };
  const draw = () => drawQueue(panel, { watch: (job) => (toggle(false), watch(job)), remake: (job) => (toggle(false), remake(job)) });
  button.addEventListener("click", () => toggle(panel.hidden));
  document.addEventListener("keydown", (event) => event.key === "Escape" && !panel.hidden && (toggle(false), button.focus()));
  document.addEventListener("pointerdown", (event) => !panel.contains(event.target) && !button.contains(event.target) && toggle(false));
  on("queue", draw);
  on("job", draw);
}

function drawQueue(panel, deeds) {
  const jobs = known.order.map((id) => known.jobs.get(id)).filter(Boolean);
  const over = notMade();
  const count = $("#queue-count");
  count.textContent = String(jobs.length);
  count.classList.toggle("busy", jobs.length > 0);
  if (panel.hidden) return;
  // A step more must not take a button away from under the pointer.
  const shape = JSON.stringify([jobs, over].map((list) => list.map((job) => [job.id, job.state])));
  if (panel.dataset.shape === shape) {
    jobs.forEach((job) => drawProgress($(`[data-job="${job.id}"]`, panel), job));
    return;
  }
  panel.dataset.shape = shape;
  const focused = document.activeElement?.dataset?.key;
  panel.replaceChildren(
    el("h2", {}, "Queue"),
    jobs.length ? el("ol", {}, jobs.map((job, k) => row(job, k, jobs, deeds))) : el("p", { class: "quiet-text" }, "Nothing waits. Whatever you ask for next is made at once."),
    ...(over.length ? [el("h3", { style: "margin-top:20px" }, "Not made"), el("ol", {}, over.map((job) => lostRow(job, deeds)))] : []),
  );
  if (focused) (panel.querySelector(`[data-key="${focused}"]`) ?? panel.querySelector("button"))?.focus();
}

function drawProgress(shown, job) {
  $(".progress-words", shown).textContent = `${recipeOf(job.verb).name} · ${job.count} · ${left(job)}`;
  const bar = $("progress", shown);
  if (bar) [bar.max, bar.value] = [job.steps || 1, job.step];
}

const left = (job) => (job.state !== "making" ? "waits" : job.seconds_left === null ? "being made" : `${seconds(job.seconds_left)} left`);

/** Speak no more of a job that came to nothing, on any page. */
export const settle = (job) => trying(() => ask(`/api/jobs/${job.id}`, { method: "DELETE" }));

/** What a job shows, in a few words. */
export const wordsOf = (job) => job.prompts.filter(Boolean).join(" · ") || recipeOf(job.verb).name;

function row(job, k, jobs, deeds) {
  const making = job.state === "making";
  const move = (before, key) =>
    trying(async () => {
      const { order } = await ask(`/api/jobs/${job.id}/place`, { method: "POST", json: { before } });
      known.order = order;
    });
  const shown = el(
    "li",
    { "data-job": job.id },
    el("div", { class: "row" }, el("p", {}, wordsOf(job)), el("button", { type: "button", "data-key": `${job.id}-x`, "aria-label": `Cancel ${wordsOf(job)}`, onclick: () => trying(() => ask(`/api/jobs/${job.id}`, { method: "DELETE" })) }, "✕")),
    making ? el("progress", { "aria-label": "How far it is" }) : null,
    el(
      "div",
      { class: "row" },
      el("span", { class: "quiet-text progress-words", style: "flex:1" }),
      making ? el("button", { type: "button", onclick: () => deeds.watch(job) }, "Watch") : null,
      !making && k > 1 ? el("button", { type: "button", "data-key": `${job.id}-up`, "aria-label": `Sooner: ${wordsOf(job)}`, onclick: () => move(jobs[k - 1].id) }, "↑") : null,
      !making && k < jobs.length - 1 ? el("button", { type: "button", "data-key": `${job.id}-down`, "aria-label": `Later: ${wordsOf(job)}`, onclick: () => move(jobs[k + 2]?.id ?? null) }, "↓") : null,
    ),
  );
  drawProgress(shown, job);
  return shown;
}

function lostRow(job, deeds) {
  return el(
    "li",
    { class: "lost" },
    el("div", { class: "row" }, el("p", {}, wordsOf(job)), el("button", { type: "button", onclick: () => deeds.remake(job) }, "Make it again"), el("button", { type: "button", "data-key": `${job.id}-x`, "aria-label": `Forget ${wordsOf(job)}`, onclick: () => settle(job) }, "✕")),
    el("span", { class: "quiet-text" }, job.problem ?? SAID[job.state]),
  );
}
