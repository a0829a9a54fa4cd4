// Jobs that were lost when an earlier studio ended: said on top of the page until they are made again or forgotten.

import { $, el } from "./dom.js";
import { settle, wordsOf } from "./queue.js";
import { notMade, on } from "./state.js";

const NAMED = 3;

export function openLost(remake) {
  const box = $("#lost");
  const draw = () => {
    const lost = notMade().filter((job) => job.state === "lost").reverse();
    const shape = lost.map((job) => job.id).join();
    if (box.dataset.shape === shape) return;
    box.dataset.shape = shape;
    box.hidden = !lost.length;
    const names = lost.slice(0, NAMED).map((job) => `“${wordsOf(job)}”`);
    if (lost.length > NAMED) names.push(`${lost.length - NAMED} more`);
    const all = async () => {
      for (const job of lost) await remake(job);
    };
    box.replaceChildren(
      el("span", {}, `Lost when the studio ended: ${names.join(", ")}.`),
      el("button", { type: "button", onclick: all }, lost.length > 1 ? "Make them again" : "Make it again"),
      el("button", { type: "button", class: "icon", "aria-label": "Forget what was lost", onclick: () => lost.forEach(settle) }, "✕"),
    );
  };
  on("queue", draw);
}
