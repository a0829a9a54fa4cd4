// What do you see? The words of an illusion are hidden until someone has guessed.

import { el } from "./dom.js";
import { viewWords } from "./icons.js";

const FILLERS = new Set(["a", "an", "the", "of", "and", "in", "on", "painting", "photo", "watercolor", "lithograph", "oil", "drawing", "sketch", "pencil"]);

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

const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1);

export function caption(prompts) {
  const colours = ["", "second", "third"];
  return prompts.flatMap((prompt, k) => [k ? " · " : "", el("b", { class: colours[Math.min(k, 2)] }, prompt)]);
}

/** Ask below a picture; `again` remembers that this one's words are known. */
export function askWhat(box, shown, revealed, reveal) {
  if (!isIllusion(shown) || !shown.prompts.length) {
    box.replaceChildren(shown.prompts.length ? el("p", { class: "caption" }, ...caption(shown.prompts)) : "");
    return;
  }
  const told = (praise) => {
    const list = readings(shown);
    box.replaceChildren(
      el("p", { class: "caption" }, ...caption(list.map(([, prompt]) => prompt)), el("small", {}, `${praise ? `${praise} ` : ""}${sentence(list.map(([where]) => where).join(", then "))}.`)),
    );
  };
  if (revealed) {
    told("");
    return;
  }
  const input = el("input", { type: "text", "aria-label": "What do you see?", placeholder: "What do you see?", maxlength: 60 });
  const say = (event) => {
    event.preventDefault();
    const hits = shown.prompts.filter((prompt) => isRight(input.value, prompt)).length;
    const praise = !input.value.trim() ? "" : hits === shown.prompts.length ? "You see it all." : hits ? "You see one of them." : "Not quite.";
    reveal();
    told(praise);
  };
  box.replaceChildren(el("form", { onsubmit: say }, input, el("button", { type: "submit" }, "Tell me")));
}
