// What do you see? Each reading of an illusion, small and framed; it is blurred, and its words hidden, until it is guessed.

import { el } from "./dom.js";
import { viewWords } from "./icons.js";

const FILLERS = new Set(["a", "an", "the", "of", "and", "in", "on", "painting", "photo", "watercolor", "lithograph", "oil", "drawing", "sketch", "pencil"]);
const FRAME = 260; // pixels of a framed reading

const wordsOf = (text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word && !FILLERS.has(word));

/** Whether a guess names something of a prompt. */
export function isRight(guess, prompt) {
  const own = wordsOf(prompt);
  return wordsOf(guess).some((word) => own.some((other) => other === word || other === `${word}s` || word === `${other}s`));
}

/** Whether there is more than one way of looking at a picture. */
export const isIllusion = ({ views, parts }) => views.length > 0 || parts.length > 0;

/** What each reading of an illusion is called: [where, prompt]. */
export function readings(shown) {
  if (shown.parts.length) return shown.parts.map((part, k) => [part, shown.prompts[k]]).filter(([, prompt]) => prompt);
  const views = shown.views.length === shown.prompts.length - 1 ? ["identity", ...shown.views] : shown.views;
  return views.map((view, k) => [view === "identity" ? "upright" : viewWords(view).toLowerCase(), shown.prompts[k]]);
}

const COLOURS = ["", "second", "third"];
const colour = (k) => COLOURS[Math.min(k, 2)];

export function caption(prompts) {
  return prompts.flatMap((prompt, k) => [k ? " · " : "", el("b", { class: colour(k) }, prompt)]);
}

/**
 * Ask beside a picture what each of its readings is; `viewer` shows it already. `known` holds the places of those that
 * were guessed, and those that are guessed now are added. Below, in `box`, are the words of a picture that is no illusion.
 */
export function askWhat(frames, box, shown, known, viewer) {
  viewer.lit = null;
  if (!isIllusion(shown) || !shown.prompts.length) {
    frames.replaceChildren();
    box.replaceChildren(shown.prompts.length ? el("p", { class: "caption" }, ...caption(shown.prompts)) : "");
    return;
  }
  box.replaceChildren();
  const list = readings(shown);
  const figures = list.map(([where, prompt], k) => reading(where, prompt, k, list, known, viewer));
  frames.replaceChildren(...figures);
  // The one that is in view is lit, the more the nearer it is.
  viewer.lit = (shares) => figures.forEach((figure, k) => figure.style.setProperty("--lit", (shares[k] ?? 0).toFixed(2)));
  viewer.draw();
}

function reading(where, prompt, k, list, known, viewer) {
  const canvas = el("canvas", { width: FRAME, height: FRAME, "aria-hidden": "true" });
  viewer.drawReading(canvas, k);
  const figure = el("figure", { class: `reading ${colour(k)}` }, el("div", { class: "frame" }, canvas));
  const told = () => {
    figure.classList.add("known");
    figure.append(el("figcaption", {}, el("b", {}, prompt), el("small", {}, where)));
  };
  if (known.has(k)) {
    told();
    return figure;
  }
  const reveal = () => {
    known.add(k);
    const had = form.contains(document.activeElement);
    form.remove();
    told();
    // Whoever has guessed one goes on with the next.
    if (had) (figure.parentElement.querySelector("input") ?? viewer.canvas).focus({ preventScroll: true });
  };
  const input = el("input", { type: "text", "aria-label": `What do you see: ${where}`, placeholder: where, maxlength: 60, autocapitalize: "off" });
  const said = el("small", { role: "status" });
  const say = (event) => {
    event.preventDefault();
    if (!input.value.trim() || isRight(input.value, prompt)) reveal();
    else {
      const other = list.some(([, one], i) => i !== k && isRight(input.value, one));
      said.textContent = other ? "That is another reading." : "Not quite. Leave it empty to be told.";
      input.value = "";
    }
  };
  const form = el("form", { onsubmit: say }, input, el("button", { type: "submit", "aria-label": `Tell me: ${where}` }, "?"), said);
  input.addEventListener("input", () => ((form.lastChild.textContent = ""), (form.querySelector("button").textContent = input.value.trim() ? "↵" : "?")));
  figure.append(form);
  return figure;
}
