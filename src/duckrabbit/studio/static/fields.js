// The kinds of fields that a task may have: how each is shown, what it says in a recipe, and how it is read from one.

import { ask, once, query } from "./api.js";
import { chips, debounced, el, trying } from "./dom.js";
import { viewAxis } from "./axes.js";
import { VIEWS, inOrder, keyword, viewWords } from "./icons.js";
import { known } from "./state.js";

const nth = (list, k) => list[Math.min(k, list.length - 1)];

function said(prompt, what) {
  if (!prompt?.trim()) throw new Error(`Say ${what}.`);
  return prompt.trim();
}

function viewChips(task, { label, name }, wish, fitting, at = 0) {
  const whats = new Map(known.studio.views.map((view) => [view.name, view.what]));
  const options = inOrder(fitting).map((value) => ({ value, label: viewWords(value), icon: VIEWS[keyword(value)], what: whats.get(keyword(value)) }));
  let current = wish[name][at];
  // Of a view that does not fit this model's pictures there is one that does.
  if (!current.includes("+") && fitting.some((view) => keyword(view) === current)) current = fitting.find((view) => keyword(view) === current);
  wish[name][at] = current;
  if (!options.some((option) => option.value === current)) options.push({ value: current, label: viewWords(current), what: current });
  return chips(at ? `${task.name}-view-${at}` : `${task.name}-view`, label, options, current, (view) => (wish[name][at] = view), "chips tiles");
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

/** The prompts of a task, each as {value, example, set(words)}. */
function promptsOf(task, wish) {
  return task.fields.flatMap((field) => {
    const { kind, name } = field;
    if (kind === "prompt") return [{ value: wish[name], example: field.example, set: (words) => (wish[name] = words) }];
    if (kind === "prompts") return wish[name].map((value, k) => ({ value, example: nth(field.examples, k), set: (words) => (wish[name][k] = words) }));
    if (kind === "parts") return partsOf(field, wish).map((part) => ({ value: wish.parts.prompts[part.name] ?? "", example: part.example, set: (words) => (wish.parts.prompts[part.name] = words) }));
    return [];
  });
}

/** Put all prompts in a style; where nothing is said yet, the examples. */
function restyle(task, wish, style, all) {
  const prompts = promptsOf(task, wish);
  const said = prompts.some(({ value }) => value.trim());
  const bare = (words) => words.slice(all.find((other) => words.startsWith(other))?.length ?? 0).trim();
  for (const { value, example, set } of prompts) if (!said || value.trim()) set(`${style} ${bare(said ? value : example)}`);
}

/**
 * Of each kind: `start(field)` is what is wished for at first, `show(field, wish, page)` its elements,
 * `put(field, wish, sources)` what it says in a recipe, `take(field, wish, recipe)` reads that again, `axes(field, wish, views)`
 * are the settings that a grid may go over. `page` is
 * {task, views, prompt, source, again, make}: `views` are those that the model's pictures can be seen by, `prompt` and `source` make fields for one,
 * `again` builds all anew, `make` makes what is asked for.
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
    show: ({ name, labels, examples, most }, wish, page) => {
      const change = (count) => {
        wish[name].length = count;
        wish[name] = Array.from(wish[name], (prompt) => prompt ?? "");
        page.again();
      };
      const count = wish[name].length;
      const button = (words, to) => el("button", { type: "button", class: "quiet", onclick: () => change(to) }, words);
      return [
        ...wish[name].map((prompt, k) => page.prompt(nth(labels, k), k, nth(examples, k), prompt, (value) => (wish[name][k] = value))),
        most > 2 && el("div", { class: "row" }, count < most && button("Another reading", count + 1), count > 2 && button("One reading fewer", count - 1)),
      ];
    },
    put: ({ name, missing }, wish) => ({ [name]: wish[name].map((prompt, k) => said(prompt, nth(missing, k))) }),
    take: ({ name }, wish, recipe) => (wish[name] = [...recipe[name]]),
  },
  views: {
    start: ({ name, usual }) => ({ [name]: [usual] }),
    show: (field, wish, page) => {
      const { name, label, further } = field;
      const count = wish.prompts.length - 1;
      wish[name].length = Math.min(wish[name].length, count);
      // Another reading is seen by a view that none has yet.
      while (wish[name].length < count) wish[name].push(page.views.find((view) => !wish[name].includes(view)));
      return wish[name].map((_, k) => viewChips(page.task, { name, label: k ? nth(further, k - 1) : label }, wish, page.views, k));
    },
    put: ({ name }, wish) => ({ [name]: [...wish[name]] }),
    axes: ({ name }, wish, views) => [viewAxis(name, wish, views)],
    // One for each prompt after the first, which is read upright.
    take: ({ name }, wish, recipe) => (wish[name] = recipe[name].slice(recipe[name].length - recipe.prompts.length + 1)),
  },
  styles: {
    show: ({ label }, wish, page) => {
      const row = el("div", { class: "styles" });
      const list = el("div", { role: "group", "aria-label": label }, el("span", { class: "label" }, label), row);
      once("/api/wall").then(({ styles }) => {
        const all = styles.map(({ style }) => style);
        const now = all.find((style) => promptsOf(page.task, wish).some(({ value }) => value.startsWith(style)));
        const chip = ({ style, id }) =>
          el("button", { type: "button", title: `${style} …`, "aria-pressed": String(style === now), onclick: () => (restyle(page.task, wish, style, all), page.again()) }, el("img", { src: `/api/wall/${id}/file`, alt: "", width: 44, height: 44 }), el("span", {}, style.replace(/^an? | of$/g, "")));
        row.replaceChildren(...styles.map(chip));
      }, () => list.remove());
      return [list];
    },
  },
  surprise: {
    show: ({ label, verb }, wish, page) => {
      const surprise = () =>
        trying(async () => {
          const { job } = await ask(`/api/surprise?${query({ verb })}`);
          for (const field of page.task.fields) KINDS[field.kind].take?.(field, wish, job.recipe);
          page.again();
          page.make();
        });
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
    axes: ({ name, label, low, high, step, parts }, wish) => (parts.length && !parts.includes(wish.parts.kind) ? [] : [{ label, low, high, step, now: wish[name], change: (value) => ({ wish: { [name]: value } }) }]),
    take: ({ name, usual, index }, wish, recipe) => {
      const place = index ? recipe[index[0]] : null;
      wish[name] = recipe[name] ?? (typeof place === "number" ? index[1] + index[2] * place : usual);
    },
  },
  number: {
    start: ({ name }) => ({ [name]: null }),
    put: ({ name, usual }, wish) => ({ [name]: wish[name] ?? usual }),
    axes: ({ name, label, low, high, step, usual }, wish) => [{ label, low, high, step, now: wish[name] ?? usual, change: (value) => ({ wish: { [name]: value } }) }],
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
    axes: ({ view }, wish, views) => (wish.first && wish.second ? [viewAxis(view.name, wish, views)] : []),
    verb: ({ pair }, wish) => (wish.first && wish.second ? pair : null),
    put: ({ name, view }, wish) => (wish.first && wish.second ? { prompts: [wish.first, wish.second], [view.name]: [wish[view.name][0]] } : { [name]: wish.first }),
    take: ({ name, view }, wish, recipe) => {
      const [first, second] = recipe.prompts ?? [recipe[name], ""];
      Object.assign(wish, { first: first ?? "", second: second ?? "" });
      if (recipe[view.name]) wish[view.name] = [recipe[view.name].at(-1)];
    },
  },
  row: {
    start: ({ name, view }) => ({ [name]: "", reads: "", [view.name]: [view.usual] }),
    show: rowFields,
    places: ({ name }, wish) => wish[name].length,
    axes: ({ view, views: own }, wish, views) => [viewAxis(view.name, wish, own.filter((one) => views.includes(one)))],
    put: ({ name, view, missing }, wish) => {
      const { reads } = wish;
      if (!/^\d+$/.test(wish[name]) || !/^\d*$/.test(reads)) throw new Error(`Say ${missing}.`);
      if (reads && reads.length !== wish[name].length) throw new Error("Say as many digits for both readings.");
      return { [name]: wish[name], reads: reads || null, view: wish[view.name][0] };
    },
    take: ({ name, view }, wish, recipe) => Object.assign(wish, { [name]: recipe[name], reads: recipe.reads ?? "", [view.name]: [recipe.view] }),
  },
};

/** A row of digits, and below it what it reads as: what the view makes of it, or other digits that are asked for. */
function rowFields({ name, labels, example, most, view, views }, wish, page) {
  const said = el("p", { class: "quiet-text said-of-row", role: "status" });
  const input = (label, order, value, placeholder, changed) => {
    const own = el("input", { type: "text", inputmode: "numeric", maxlength: most, autocomplete: "off", placeholder, ".value": value });
    own.addEventListener("input", () => (changed(own.value.trim()), look()));
    return [own, el("label", { class: `prompt row-of-digits ${order}` }, el("span", { class: "label" }, label), el("span", { class: "box" }, own))];
  };
  const [, first] = input(labels[0], "", wish[name], example, (digits) => (wish[name] = digits));
  const [reads, second] = input(labels[1], "second", wish.reads, "", (digits) => (wish.reads = digits));
  let asked = 0;
  const look = debounced(async () => {
    const turn = ++asked;
    const digits = wish[name] || example;
    const answer = /^\d+$/.test(digits) && (await ask(`/api/row?${query({ digits, view: wish[view.name][0] })}`).catch(() => null));
    if (turn !== asked) return;
    const made = answer?.reads ?? "";
    reads.placeholder = made;
    said.textContent = wish[name] && !wish.reads && made ? `${digits} reads ${made === digits ? "the same" : made} that way.` : "";
  }, 150);
  const chosen = viewChips(page.task, view, wish, views.filter((one) => page.views.includes(one)));
  chosen.addEventListener("change", look);
  look();
  return [first, second, said, chosen];
}

function given(name, sources, missing) {
  if (!sources[name]) throw new Error(missing);
  return { [name]: sources[name] };
}
