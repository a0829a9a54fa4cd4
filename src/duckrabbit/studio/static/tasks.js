// The six things to make: their words, their fields, and the job that they ask for.

import { el, chips } from "./dom.js";
import { VIEWS, viewWords } from "./icons.js";
import { PromptField } from "./prompt.js";
import { known, model } from "./state.js";

export const HYBRIDS = {
  "far,near": { name: "Near and far", parts: { near: ["Near", "a castle"], far: ["Far away", "a pumpkin"] } },
  "far,mid,near": { name: "Near, middle, far", parts: { near: ["Near", "flowers"], mid: ["In between", "a cat"], far: ["Far away", "an owl"] } },
  "grey,colour": { name: "In the dark", parts: { colour: ["In colour", "a rabbit"], grey: ["In the dark, in greys", "a volcano"] } },
  "blurred,sharp": { name: "In motion", parts: { sharp: ["Still", "a duck"], blurred: ["In motion", "a teapot"] } },
  "small,large": { name: "Small and large", parts: { large: ["Large", "houses"], small: ["Small", "a panda"] } },
};

const SURPRISES = [
  ["an elephant", "a rabbit", "rotate-180"],
  ["a duck", "a rabbit", "rotate-90"],
  ["a penguin", "a giraffe", "rotate-180"],
  ["a snowy mountain", "a horse", "flip"],
  ["an old man", "a dog", "flip"],
  ["a campfire", "a cat", "rotate-180"],
];

const READINGS = ["One reading", "The other reading"];

export const TASKS = {
  generate: { name: "Picture", title: "A picture", what: "Say what you want to see. It comes out of noise, a little sharper with every step." },
  anagram: { name: "Anagram", title: "An anagram", what: "One picture, two readings: turn it and it shows something else." },
  hybrid: { name: "Hybrid", title: "A hybrid", what: "One picture from close by, another from across the room." },
  edit: { name: "Edit", title: "From a drawing", what: "Draw something, or drop a photo, and have it made anew." },
  inpaint: { name: "Inpaint", title: "Paint a part anew", what: "Cover a part of a photo. What you leave stays as it is, to the pixel." },
  digits: { name: "Digits", title: "Digits", what: "Handwritten digits from small models: the same ideas in a blink." },
};

/** What the person has said so far, per task; survives switching between tasks. */
export const wishes = {
  count: 4,
  among: null, // candidates for each picture that is kept
  seed: null,
  model: { words: null, digits: null },
  sampler: { steps: null, guidance_scale: null, solver: null, grid: null, judge_scale: null },
  negative: "",
  size: null,
  generate: { prompt: "" },
  anagram: { prompts: ["", ""], view: "rotate-180", others: [] },
  hybrid: { kind: "far,near", prompts: {}, sigma: 2, near_scale: null },
  edit: { prompt: "", level: 700 },
  inpaint: { prompt: "", resamplings: 1 },
  digits: { first: "6", second: "9", view: "rotate-180" },
};

export const isDigits = (task) => task === "digits";

/** The model that a task uses now. */
export function modelName(task) {
  const kind = isDigits(task) ? "digits" : "words";
  const wanted = wishes.model[kind];
  return wanted && model(wanted) ? wanted : known.studio.defaults[kind];
}

function promptField(task, label, order, placeholder, value, changed) {
  return new PromptField({ label, order, placeholder, value, changed, modelName: () => modelName(task) }).element;
}

function viewChips(task, changed) {
  const options = known.studio.views.map(({ name, what }) => ({ value: name, label: viewWords(name), icon: VIEWS[name], what }));
  options.sort((a, b) => Object.keys(VIEWS).indexOf(a.value) - Object.keys(VIEWS).indexOf(b.value));
  const current = wishes[task].view;
  if (!options.some((option) => option.value === current)) options.push({ value: current, label: viewWords(current), what: current });
  return chips(`${task}-view`, "through this view", options, current, (view) => {
    wishes[task].view = view;
    changed();
  }, "chips tiles");
}

/** A slider with words at its ends. */
function slider(label, low, high, value, ends, changed) {
  const input = el("input", { type: "range", min: low, max: high, step: 1, value, oninput: () => changed(Number(input.value)) });
  return el("div", {}, el("label", {}, el("span", {}, label), input), el("div", { class: "ends", "aria-hidden": "true" }, el("span", {}, ends[0]), el("span", {}, ends[1])));
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

/** The fields of a task. `again` builds them anew. */
export function fieldsOf(task, again, sourceFields) {
  const wish = wishes[task];
  if (task === "generate") {
    return [promptField(task, "What to see", 0, "an oil painting of an old man", wish.prompt, (value) => (wish.prompt = value))];
  }
  if (task === "anagram") {
    const surprise = () => {
      const [first, second, view] = SURPRISES[Math.floor(Math.random() * SURPRISES.length)];
      Object.assign(wish, { prompts: [`a watercolor of ${first}`, `a watercolor of ${second}`], view, others: [] });
      again();
    };
    return [
      ...wish.prompts.map((prompt, k) =>
        promptField(task, READINGS[k] ?? "And another", k, k ? "a watercolor of a rabbit" : "a watercolor of an elephant", prompt, (value) => (wish.prompts[k] = value)),
      ),
      viewChips(task, () => {}),
      el("button", { type: "button", class: "quiet", style: "justify-self:start", onclick: surprise }, "Surprise me"),
    ];
  }
  if (task === "hybrid") {
    const kinds = Object.entries(HYBRIDS).map(([value, { name }]) => ({ value, label: name }));
    const parts = Object.entries(HYBRIDS[wish.kind].parts);
    return [
      chips("hybrid-kind", "Two pictures in one", kinds, wish.kind, (kind) => ((wish.kind = kind), again())),
      ...parts.map(([part, [label, example]], k) =>
        promptField(task, label, k, `a lithograph of ${example}`, wish.prompts[part] ?? "", (value) => (wish.prompts[part] = value)),
      ),
      wish.kind.startsWith("far") ? slider("Where far begins", 5, 50, wish.sigma * 10, ["finer", "coarser"], (value) => (wish.sigma = value / 10)) : null,
    ];
  }
  if (task === "edit") {
    return [
      sourceFields(task),
      promptField(task, "What it is to become", 0, "a photo of a house", wish.prompt, (value) => (wish.prompt = value)),
      slider("How much may change", 300, 980, wish.level, ["keep it", "make it anew"], (value) => (wish.level = value)),
    ];
  }
  if (task === "inpaint") {
    return [
      sourceFields(task),
      promptField(task, "What to paint there", 0, "a photo of a cat", wish.prompt, (value) => (wish.prompt = value)),
      slider("Blend with the rest", 1, 5, wish.resamplings, ["quick", "smooth"], (value) => (wish.resamplings = value)),
    ];
  }
  return [
    digitPad("This digit", wish.first, (digit) => ((wish.first = digit), again()), false),
    wish.first ? digitPad("that is also this one (or none)", wish.second, (digit) => ((wish.second = digit), again()), true) : null,
    wish.first && wish.second ? viewChips(task, () => {}) : null,
  ];
}

/** A sampler of one's own where something was set, else null for the model's own way. */
function samplerOf(task, verb) {
  const own = wishes.sampler;
  if (Object.values(own).every((value) => value === null)) return null;
  const facts = model(modelName(task));
  const course = verb === "edit" || verb === "inpaint";
  const base = verb === "anagram" || verb === "hybrid" ? facts.illusion_sampler : facts.sampler;
  const usual = course && own.steps === null && own.solver === null ? { ...base, solver: "ddpm", grid: "course", steps: 34 } : base;
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== null));
  const interval = own.guidance_scale === null ? usual.guidance_interval : [0, 1];
  return { ...usual, ...given, guidance_interval: interval };
}

/** The job that the person asks for; throws an Error with a sentence where something is missing. */
export function jobOf(task, sources) {
  const wish = wishes[task];
  const facts = model(modelName(task));
  const finish = (verb, recipe) => {
    const sampler = samplerOf(task, verb);
    const negative = task === "digits" ? {} : { negative_prompt: wishes.negative };
    const seed = wishes.seed ?? Math.floor(Math.random() * 1_000_000);
    const among = wishes.among ? Math.min(known.studio.most_candidates, wishes.among * wishes.count) : null;
    return { verb, recipe: { ...recipe, ...negative, sampler }, model: modelName(task), seed, count: wishes.count, among, size: facts.sizes.includes(wishes.size) ? wishes.size : null };
  };
  const said = (prompt, what) => {
    if (!prompt.trim()) throw new Error(`Say ${what}.`);
    return prompt.trim();
  };
  if (task === "generate") return finish("generate", { prompt: said(wish.prompt, "what you want to see") });
  if (task === "anagram") {
    const prompts = wish.prompts.map((prompt, k) => said(prompt, k ? "what it shows when it is turned" : "what it shows upright"));
    return finish("anagram", { prompts, views: [wish.view, ...wish.others] });
  }
  if (task === "hybrid") {
    const parts = Object.fromEntries(
      Object.entries(HYBRIDS[wish.kind].parts).map(([part, [label]]) => [part, { prompt: said(wish.prompts[part] ?? "", `what is to be seen: ${label.toLowerCase()}`) }]),
    );
    return finish("hybrid", { parts, sigma: wish.sigma, near_scale: wish.near_scale ?? 1 });
  }
  if (task === "edit") {
    if (!sources.picture) throw new Error("Draw something first, or choose a picture.");
    return finish("edit", { picture: sources.picture, prompt: wish.prompt.trim() || null, start_level: wish.level });
  }
  if (task === "inpaint") {
    if (!sources.picture) throw new Error("Choose a picture first: drop, paste or open one.");
    if (!sources.mask) throw new Error("Paint over the part that is to be made anew.");
    return finish("inpaint", { picture: sources.picture, mask: sources.mask, prompt: wish.prompt.trim() || null, resamplings: wish.resamplings });
  }
  if (wish.first && wish.second) return finish("anagram", { prompts: [wish.first, wish.second], views: [wish.view] });
  return finish("generate", { prompt: wish.first });
}

/** Take a job's settings back into the fields; gives the task. */
export function takeJob(job) {
  const { verb, recipe } = job;
  const facts = model(job.model);
  const digits = facts?.kind === "digits";
  if (facts) wishes.model[digits ? "digits" : "words"] = facts.name === known.studio.defaults[digits ? "digits" : "words"] ? null : facts.name;
  wishes.seed = job.seed;
  wishes.size = facts?.sizes.slice(1).includes(job.size) ? job.size : null;
  wishes.negative = recipe.negative_prompt ?? "";
  const usual = verb === "anagram" || verb === "hybrid" ? facts?.illusion_sampler : facts?.sampler;
  const own = recipe.sampler ?? {};
  for (const name of Object.keys(wishes.sampler)) {
    const same = !facts || own[name] === undefined || own[name] === usual?.[name];
    const course = own.grid === "course" && name !== "guidance_scale";
    wishes.sampler[name] = same || course ? null : own[name];
  }
  if (digits && (verb === "generate" || verb === "anagram")) {
    const [first, second] = recipe.prompts ?? [recipe.prompt, ""];
    Object.assign(wishes.digits, { first, second: second ?? "", view: recipe.views?.at(-1) ?? wishes.digits.view });
    return "digits";
  }
  if (verb === "generate") wishes.generate.prompt = recipe.prompt;
  else if (verb === "anagram") {
    const views = recipe.views.slice(recipe.views.length - recipe.prompts.length + 1);
    Object.assign(wishes.anagram, { prompts: [...recipe.prompts], view: views[0], others: views.slice(1) });
  }
  else if (verb === "hybrid") {
    const names = Object.keys(recipe.parts);
    const kind = Object.keys(HYBRIDS).find((one) => one.split(",").sort().join() === [...names].sort().join()) ?? "far,near";
    Object.assign(wishes.hybrid, { kind, sigma: recipe.sigma ?? 2, near_scale: recipe.near_scale === 1 ? null : recipe.near_scale ?? null });
    for (const name of names) wishes.hybrid.prompts[name] = recipe.parts[name].prompt ?? "";
  } else if (verb === "edit") Object.assign(wishes.edit, { prompt: recipe.prompt ?? "", level: recipe.start_level ?? 990 - 30 * (recipe.start ?? 10) });
  else if (verb === "inpaint") Object.assign(wishes.inpaint, { prompt: recipe.prompt ?? "", resamplings: recipe.resamplings ?? 1 });
  else return null;
  return verb;
}

/** The settings that all tasks share. */
export function settingsOf(task, again) {
  const facts = model(modelName(task));
  const kind = isDigits(task) ? "digits" : "words";
  const models = known.studio.models.filter((one) => one.kind === kind && one.samples);
  const usual = { near_scale: 1, ...(task === "anagram" || task === "hybrid" ? facts.illusion_sampler : facts.sampler) };
  const [finest] = Object.values(HYBRIDS[wishes.hybrid.kind].parts)[0];
  const number = (label, name, low, high, step, holder) => {
    const input = el("input", { type: "number", min: low, max: high, step, placeholder: String(usual[name] ?? "by chance"), ".value": holder[name] ?? "" });
    input.addEventListener("input", () => (holder[name] = input.value === "" || !input.validity.valid ? null : Number(input.value)));
    return el("label", {}, el("span", {}, label), input);
  };
  const choice = (label, options, value, changed) => {
    const select = el("select", { onchange: () => changed(select.value) }, options.map(([key, name]) => el("option", { value: key, ".selected": key === value }, name)));
    return el("label", {}, el("span", {}, label), select);
  };
  const negative = el("input", { type: "text", maxlength: 300, ".value": wishes.negative, oninput: () => (wishes.negative = negative.value) });
  return [
    choice("Model", models.map((one) => [one.name, one.name]), facts.name, (name) => ((wishes.model[kind] = name), (wishes.size = null), again())),
    el("div", { class: "pairwise" }, number("Seed", "seed", 0, 1e15, 1, wishes), number("Steps", "steps", 1, 250, 1, wishes.sampler)),
    el(
      "div",
      { class: "pairwise" },
      number("Guidance", "guidance_scale", 0, 30, 0.5, wishes.sampler),
      choice("Solver", [["", usual.solver], ...known.studio.solvers.filter((name) => name !== usual.solver).map((name) => [name, name])], wishes.sampler.solver ?? "", (name) => (wishes.sampler.solver = name || null)),
    ),
    task === "anagram" || task === "hybrid" ? number("Pull by the judge", "judge_scale", 0, 2, 0.05, wishes.sampler) : null,
    task === "hybrid" ? number(`Guidance of what is seen ${finest.toLowerCase()}, times`, "near_scale", 0.1, 20, 0.1, wishes.hybrid) : null,
    choice("Choose among", [["", "all are kept"], ...[8, 16, 32, 64].map((each) => [String(each), `the best of ${each} each`])], wishes.among ? String(wishes.among) : "", (each) => ((wishes.among = each ? Number(each) : null), again())),
    facts.sizes.length > 1 ? choice("Size", facts.sizes.map((size, k) => [k ? String(size) : "", `${size} × ${size}${k ? ", slower" : ""}`]), wishes.size ? String(wishes.size) : "", (size) => (wishes.size = size ? Number(size) : null)) : null,
    isDigits(task) ? null : el("label", {}, el("span", {}, "Steer away from"), negative),
  ];
}
