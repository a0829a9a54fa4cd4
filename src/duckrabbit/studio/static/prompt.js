// A prompt that suggests what the model knows while it is typed, and underlines what it does not.

import { ask, once, query } from "./api.js";
import { debounced, el } from "./dom.js";

const SHOWN = 8;
const REMEMBERED = 40;
const earlier = JSON.parse(localStorage.getItem("prompts") ?? "[]"); // prompts that were made, the latest first

/** Remember the prompts of a job. */
export function remember(prompts) {
  const words = prompts.filter((prompt) => prompt.length > 1);
  earlier.splice(0, earlier.length, ...new Set([...words, ...earlier].slice(0, REMEMBERED)));
  localStorage.setItem("prompts", JSON.stringify(earlier));
}

let pressed = false; // whether a pointer is down: then nothing may move under it
addEventListener("pointerdown", () => (pressed = true), true);
for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, () => (pressed = false), true);
let counter = 0;

/** What a word that is being typed may become: styles at the start, then names of things, then single words. */
function suggestions(text, known) {
  const typed = text.toLowerCase();
  const last = typed.split(/\s+/).at(-1);
  const found = [];
  const add = (value, kind, head = "") => {
    if (value.toLowerCase() !== typed && !found.some((one) => one.value === value)) found.push({ value, kind, head });
  };
  if (typed.length >= 1 && typed.split(" ").length <= 4) {
    for (const style of known.styles) if (style.startsWith(typed)) add(`${style} `, "style");
  }
  // The longest end of what was typed that a name begins with: "a photo of a snowy mo" → snowy mountain.
  const words = typed.split(/\s+/);
  for (let from = Math.max(0, words.length - 3); from < words.length && found.length < SHOWN; from++) {
    const tail = words.slice(from).join(" ");
    if (tail.length < 2) continue;
    const head = text.slice(0, text.length - tail.length);
    const matches = known.names.filter((name) => name.startsWith(tail)).sort((a, b) => a.length - b.length);
    for (const name of matches.slice(0, SHOWN - found.length)) add(head + name, "", head);
  }
  if (last.length >= 2) {
    for (const word of known.words) if (found.length < SHOWN && word.startsWith(last)) add(text.slice(0, text.length - last.length) + word, "", text.slice(0, text.length - last.length));
  }
  return found.slice(0, SHOWN);
}

/** A field for one prompt. `modelName()` says which model is asked; `changed(value)` hears every change. */
export class PromptField {
  constructor({ label, order = 0, placeholder = "", value = "", modelName, changed }) {
    const id = `prompt-${++counter}`;
    this.modelName = modelName;
    this.closed = 0; // how often the suggestions were closed
    this.changed = changed;
    this.options = el("ul", { class: "options", role: "listbox", id: `${id}-options`, "aria-label": "Suggestions", hidden: true });
    this.ghost = el("div", { class: "ghost", "aria-hidden": "true" });
    this.heard = el("div", { class: "heard", id: `${id}-heard`, "aria-live": "polite" });
    this.input = el("input", {
      type: "text", id, ".value": value, placeholder, maxlength: 300, spellcheck: "false", autocapitalize: "off",
      role: "combobox", "aria-expanded": "false", "aria-controls": `${id}-options`, "aria-autocomplete": "list", "aria-describedby": `${id}-heard`,
    });
    this.element = el(
      "div",
      { class: `prompt ${["", "second", "third"][Math.min(order, 2)]}` },
      el("label", { class: "label", for: id }, label),
      el("div", { class: "box" }, this.ghost, this.input),
      this.options,
      this.heard,
    );
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    // Whoever came back at once, as after a near word was taken, goes on with what is shown.
    const leave = () => setTimeout(() => document.activeElement !== this.input && this.#close(), 120);
    this.input.addEventListener("blur", () => (pressed ? addEventListener("pointerup", leave, { once: true }) : leave()));
    this.input.addEventListener("focus", () => !this.value && this.#show(earlier.slice(0, SHOWN).map((prompt) => ({ value: prompt, kind: "", head: "" }))));
    this.input.addEventListener("scroll", () => (this.ghost.scrollLeft = this.input.scrollLeft));
    this.listen = debounced(() => this.read(), 250);
    if (value) this.read();
  }

  get value() {
    return this.input.value.trim();
  }

  set(value) {
    this.input.value = value;
    this.changed(value);
    this.read();
  }

  async #typed() {
    this.changed(this.value);
    this.#underline([]);
    this.listen();
    const text = this.input.value;
    if (!text.trim()) {
      this.#show(earlier.slice(0, SHOWN).map((prompt) => ({ value: prompt, kind: "", head: "" })));
      return;
    }
    const closed = this.closed;
    this.active = -1;
    const known = await once(`/api/words?${query({ model: this.modelName() })}`).catch(() => null);
    // Whoever went on, closed them, or chooses among those that are shown in the meantime wants no others.
    if (!known || this.active >= 0 || closed !== this.closed || text !== this.input.value || document.activeElement !== this.input) return;
    this.#show(suggestions(text, known));
  }

  #show(found) {
    this.active = -1;
    this.options.replaceChildren(
      ...found.map((one, k) =>
        el(
          "li",
          { role: "option", id: `${this.options.id}-${k}`, "aria-selected": "false", onpointerdown: (event) => (event.preventDefault(), this.#take(one.value)) },
          // What stands there already is read out, but not shown again.
          one.head ? el("span", { class: "hidden" }, one.head) : null, one.value.slice(one.head.length), one.kind ? el("small", {}, one.kind) : null,
        ),
      ),
    );
    this.found = found;
    this.options.hidden = !found.length;
    this.input.setAttribute("aria-expanded", String(found.length > 0));
  }

  #take(value) {
    this.#close();
    this.set(value);
    this.input.focus();
    if (value.endsWith(" ")) this.#typed();
  }

  #close() {
    this.closed++;
    if (!this.options.hidden) this.listen();
    this.options.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.active = -1;
  }

  #key(event) {
    if (event.key === "Escape" || (event.key === "Enter" && !(this.active >= 0))) {
      if (event.key === "Escape" && !this.options.hidden) event.stopPropagation();
      this.#close();
      return;
    }
    if (this.options.hidden) return;
    const count = this.found.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      this.active = event.key === "ArrowDown" ? (this.active + 1) % count : (Math.max(this.active, 0) + count - 1) % count;
      [...this.options.children].forEach((option, k) => option.setAttribute("aria-selected", String(k === this.active)));
      this.options.children[this.active].scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", this.options.children[this.active].id);
    } else if (event.key === "Enter" && this.active >= 0) {
      this.#take(this.found[this.active].value);
    } else if (event.key === "Tab" && this.active >= 0) {
      this.#take(this.found[this.active].value);
    } else return;
    event.preventDefault();
  }

  /** Ask how the model reads it: what it does not know is underlined, and what is near is offered. */
  async read() {
    const prompt = this.value;
    if (!prompt) {
      this.#underline([]);
      this.heard.replaceChildren();
      return;
    }
    const reading = await ask(`/api/reading?${query({ model: this.modelName(), prompt })}`).catch(() => null);
    if (!reading || prompt !== this.value) return;
    // A word that may become one of the suggestions is not wrong yet.
    const half = this.options.hidden ? null : prompt.toLowerCase().split(/\s+/).at(-1);
    const unknown = reading.unknown.filter(({ word }) => word !== half);
    this.#underline(unknown.map((one) => one.word));
    const parts = [];
    for (const { word, near } of unknown) {
      const left = reading.known.length ? `“${word}” is not known and is left out.` : `“${word}” is not known.`;
      parts.push(el("span", {}, near.length ? `“${word}” is not known. Perhaps` : left));
      for (const other of near) parts.push(el("button", { type: "button", onclick: () => this.#replace(word, other) }, other));
    }
    if (!reading.known.length && unknown.length) parts.push(el("span", {}, "Ask for everyday things: a rabbit, a lighthouse, a red car."));
    for (const { place, kind } of reading.places) parts.push(el("span", {}, `${place}: a ${kind} to this model.`));
    this.heard.replaceChildren(...parts);
  }

  #replace(word, other) {
    const text = this.input.value;
    const at = text.toLowerCase().indexOf(word.toLowerCase());
    this.set(at < 0 ? other : text.slice(0, at) + other + text.slice(at + word.length));
    this.input.focus();
  }

  #underline(unknown) {
    const pieces = this.input.value.split(/([\p{L}\p{N}]+)/u);
    this.ghost.replaceChildren(...pieces.map((piece) => (unknown.includes(piece.toLowerCase()) ? el("u", {}, piece) : piece)));
    this.ghost.scrollLeft = this.input.scrollLeft;
  }
}
