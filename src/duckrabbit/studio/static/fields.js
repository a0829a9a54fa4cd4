// The kinds of fields that a task may have: how each is shown, what it says in a recipe, and how it is read from one.

import { chips, el } from "./dom.js";
import { VIEWS, keyword, viewWords } from "./icons.js";
import { PromptField } from "./prompt.js";
import { known } from "./state.js";

const nth = (list, k) => list[Math.min(k, list.length - 1)];

function said(prompt, what) {
  if (!prompt?.trim()) throw new Error(`Say ${what}.`);
  return prompt.trim();
}

function viewChips(task, { label, name }, wish, fitting) {
  const whats = new Map(known.studio.views.map((view) => [view.name, view.what]));
  const options = fitting.map((value) => ({ value, label: viewWords(value), icon: VIEWS[keyword(value)], what: whats.get(keyword(value)) }));
  const place = ({ value }) => Object.keys(VIEWS).indexOf(keyword(value));
  options.sort((a, b) => place(a) - place(b));
  let [current] = wish[name];
  // Of a view that does not fit this model's pictures there is one that does.
  if (!current.includes("+") && fitting.some((view) => keyword(view) === current)) current = fitting.find((view) => keyword(view) === current);
  wish[name][0] = current;
  if (!options.some((option) => option.value === current)) options.push({ value: current, label: viewWords(current), what: current });
  return chips(`${task.name}-view`, label, options, current, (view) => (wish[name][0] = view), "chips tiles");
}

function digitPad(label, chosen, changed, second) {
  const pad = el("div", { class: `pad ${second ? "second" : ""}`, role: "group", "aria-label": label });
  const buttons = [..."0123456789"].map((digit) =>
    el("button", { type: "button", "aria-pressed": String(digit === chosen), onclick: () => choose(digit) }, digit),
  );
  const choose = (digit) => {
    chosen = digit === chosen ? "" : digit;
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.textContent === chosen)));
    changed(chosen);
  };
  pad.append(...buttons);
  return el("div", {}, el("span", { class: "label" }, label), pad);
}

/** The parts of the kind that is chosen, the finest first. */
export const partsOf = (field, wish) => field.kinds[wish.parts.kind].parts;

/**
 * Of each kind: `start(field)` is what is wished for at first, `show(field, wish, page)` its elements,
 * `put(field, wish, sources)` what it says in a recipe, `take(field, wish, recipe)` reads that again. `page` is
 * {task, views, prompt, source, again}: `views` are those that the model's pictures can be seen by, `prompt` and `source` make fields for one, `again` builds all anew.
 */
export const KINDS = {
  prompt: {
    start: ({ name }) => ({ [name]: "" }),
    show: ({ name, label, example }, wish, page) => [page.prompt(label, 0, example, wish[name], (value) => (wish[name] = value))],
    put: ({ name, missing }, wish) => ({ [name]: missing ? said(wish[name], missing) : wish[name].trim() || null }),
    take: ({ name }, wish, recipe) => (wish[name] = recipe[name] ?? ""),
  },
  prompts: {
    start: ({ name }) => ({ [name]: ["", ""] }),
    show: ({ name, labels, examples }, wish, page) =>
      wish[name].map((prompt, k) => page.prompt(nth(labels, k), k, nth(examples, k), prompt, (value) => (wish[name][k] = value))),
    put: ({ name, missing }, wish) => ({ [name]: wish[name].map((prompt, k) => said(prompt, nth(missing, k))) }),
    take: ({ name }, wish, recipe) => (wish[name] = [...recipe[name]]),
  },
  views: {
    start: ({ name, usual }) => ({ [name]: [usual] }),
    show: (field, wish, page) => [viewChips(page.task, field, wish, page.views)],
    put: ({ name }, wish) => ({ [name]: [...wish[name]] }),
    // One for each prompt after the first, which is read upright.
    take: ({ name }, wish, recipe) => (wish[name] = recipe[name].slice(recipe[name].length - recipe.prompts.length + 1)),
  },
  surprise: {
    show: ({ label, choices }, wish, page) => {
      const surprise = () => {
        const [prompts, view] = choices[Math.floor(Math.random() * choices.length)];
        Object.assign(wish, { prompts: [...prompts], views: [view] });
        page.again();
      };
      return [el("button", { type: "button", class: "quiet", style: "justify-self:start", onclick: surprise }, label)];
    },
  },
  parts: {
    start: ({ name, kinds }) => ({ [name]: { kind: Object.keys(kinds)[0], prompts: {} } }),
    show: (field, wish, page) => {
      const { prompts } = wish.parts;
      const kinds = Object.entries(field.kinds).map(([value, { label }]) => ({ value, label }));
      return [
        chips(`${page.task.name}-kind`, field.label, kinds, wish.parts.kind, (kind) => ((wish.parts.kind = kind), page.again())),
        ...partsOf(field, wish).map(({ name, label, example }, k) => page.prompt(label, k, example, prompts[name] ?? "", (value) => (prompts[name] = value))),
      ];
    },
    put: (field, wish) => ({
      parts: Object.fromEntries(
        partsOf(field, wish).map(({ name, label }) => [name, { prompt: said(wish.parts.prompts[name], `${field.missing}: ${label.toLowerCase()}`) }]),
      ),
    }),
    take: (field, wish, { parts }) => {
      const names = Object.keys(parts).sort().join();
      wish.parts.kind = Object.keys(field.kinds).find((kind) => kind.split(",").sort().join() === names) ?? Object.keys(field.kinds)[0];
      for (const [name, { prompt }] of Object.entries(parts)) wish.parts.prompts[name] = prompt ?? "";
    },
  },
  slider: {
    start: ({ name, usual }) => ({ [name]: usual }),
    show: ({ name, label, low, high, step, ends, parts }, wish) => {
      if (parts.length && !parts.includes(wish.parts.kind)) return [];
      const input = el("input", { type: "range", min: low, max: high, step, value: wish[name], oninput: () => (wish[name] = Number(input.value)) });
      return [el("div", {}, el("label", {}, el("span", {}, label), input), el("div", { class: "ends", "aria-hidden": "true" }, el("span", {}, ends[0]), el("span", {}, ends[1])))];
    },
    put: ({ name }, wish) => ({ [name]: wish[name] }),
    take: ({ name, usual, index }, wish, recipe) => {
      const place = index ? recipe[index[0]] : null;
      wish[name] = recipe[name] ?? (typeof place === "number" ? index[1] + index[2] * place : usual);
    },
  },
  number: {
    start: ({ name }) => ({ [name]: null }),
    put: ({ name, usual }, wish) => ({ [name]: wish[name] ?? usual }),
    take: ({ name, usual }, wish, recipe) => (wish[name] = recipe[name] === usual ? null : recipe[name] ?? null),
  },
  picture: {
    show: (field, wish, page) => [page.source(field)],
    put: ({ name, missing }, wish, sources) => given(name, sources, missing),
  },
  mask: {
    put: ({ name, missing }, wish, sources) => given(name, sources, missing),
  },
  digits: {
    start: ({ view }) => ({ first: "6", second: "9", [view.name]: [view.usual] }),
    show: ({ labels, view }, wish, page) => [
      digitPad(labels[0], wish.first, (digit) => ((wish.first = digit), page.again()), false),
      wish.first ? digitPad(labels[1], wish.second, (digit) => ((wish.second = digit), page.again()), true) : null,
      wish.first && wish.second ? viewChips(page.task, view, wish, page.views) : null,
    ],
    verb: ({ pair }, wish) => (wish.first && wish.second ? pair : null),
    put: ({ name, view }, wish) => (wish.first && wish.second ? { prompts: [wish.first, wish.second], [view.name]: [wish[view.name][0]] } : { [name]: wish.first }),
    take: ({ name, view }, wish, recipe) => {
      const [first, second] = recipe.prompts ?? [recipe[name], ""];
      Object.assign(wish, { first: first ?? "", second: second ?? "" });
      if (recipe[view.name]) wish[view.name] = [recipe[view.name].at(-1)];
    },
  },
};

function given(name, sources, missing) {
  if (!sources[name]) throw new Error(missing);
  return { [name]: sources[name] };
}
