// What one can make, as the studio describes it: the fields and settings of each task, and the job that they ask for.

import { drawing, el } from "./dom.js";
import { KINDS, partsOf } from "./fields.js";
import { PromptField } from "./prompt.js";
import { known, model, recipeOf, taskOf } from "./state.js";

/** What the person has said so far; what concerns one task alone is in `wishOf` and survives switching between them. */
export const wishes = {
  count: null, // as many as fit into a while
  among: null, // candidates for each picture that is kept
  seed: null, // of the next job; null for chance
  locked: false, // whether it is that of all jobs that follow
  model: {}, // by kind
  sampler: { steps: null, guidance_scale: null, solver: null, grid: null, judge_scale: null },
  negative: "",
  size: null,
};
const DIE = ["M5 5h14v14H5z", "M9 9v.01M15 9v.01M12 12v.01M9 15v.01M15 15v.01"];
const LOCK = ["M6 11h12v9H6z", "M8.500 11V8a3.500 3.500 0 0 1 7 0v3"];
const UNLOCKED = ["M6 11h12v9H6z", "M8.500 11V8a3.500 3.500 0 0 1 6.800-1.200"];
const own = {};

const allOf = ({ fields, settings }) => [...fields, ...settings];

export function wishOf(task) {
  own[task] ??= Object.assign({}, ...allOf(taskOf(task)).map((field) => KINDS[field.kind].start?.(field)));
  return own[task];
}

/** The model that a task uses now. */
export function modelName(task) {
  const kind = taskOf(task).models;
  const wanted = wishes.model[kind];
  return wanted && model(wanted) ? wanted : known.studio.defaults[kind];
}

const FIRST_COUNT = 4; // while nothing is known

/** How long one picture of a task takes here, in seconds; null while that is not known. */
export function paceOf(name) {
  const facts = model(modelName(name));
  const verb = verbOf(name);
  const pace = known.studio.paces[`${facts.name} ${verb}`];
  const { steps } = wishes.sampler;
  const places = taskOf(name).fields.map((field) => KINDS[field.kind].places?.(field, wishOf(name))).find((count) => count !== undefined) ?? 1;
  return pace === undefined || wishes.size ? null : places * pace * (steps ?? usualSampler(facts, verb).steps);
}

/** How many pictures are made. */
export function countOf(name) {
  if (isAlone(name)) return 1;
  if (wishes.count) return wishes.count;
  const pace = paceOf(name);
  if (!pace || wishes.among) return wishes.among ? 1 : FIRST_COUNT;
  return Math.min(known.studio.largest_count, Math.max(2, Math.floor(known.studio.usual_seconds / pace)));
}

/** Whether one is made at a time. */
export const isAlone = (name) => recipeOf(verbOf(name)).alone;

function verbOf(name) {
  const task = taskOf(name);
  return task.fields.map((field) => KINDS[field.kind].verb?.(field, wishOf(name))).find(Boolean) ?? task.verbs[0];
}

/** How a recipe of a verb is sampled by a model unless something else is asked for. */
const usualSampler = (facts, verb) => facts[recipeOf(verb).sampler];

/** How a task is sampled unless something else is asked for. */
export const usualOf = (name) => usualSampler(model(modelName(name)), verbOf(name));

export const isJudged = (task) => recipeOf(task.verbs[0]).sampler === "illusion_sampler";

/** The fields of a task. `again` builds them anew, `source` makes the one for a picture, `make` makes what they say. */
export function fieldsOf(name, again, source, make) {
  const task = taskOf(name);
  const prompt = (label, order, placeholder, value, changed) =>
    new PromptField({ label, order, placeholder, value, changed, modelName: () => modelName(name) }).element;
  const page = { task, views: model(modelName(name)).views, prompt, source, again, make };
  return task.fields.flatMap((field) => KINDS[field.kind].show?.(field, wishOf(name), page) ?? []);
}

/** A sampler of one's own where something was set, else null for the model's own way. */
function samplerOf(task, verb, asked) {
  if (Object.values(asked).every((value) => value === null)) return null;
  const facts = model(modelName(task));
  const own = usualSampler(facts, verb);
  // The courses' grid has its own steps.
  const usual = own.grid === "course" && (asked.steps !== null || asked.solver !== null) ? facts.sampler : own;
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== null));
  const interval = asked.guidance_scale === null ? usual.guidance_interval : [0, 1];
  return { ...usual, ...given, guidance_interval: interval };
}

/**
 * The job that the person asks for, but for what `change` says of it: {seed, size, count, sampler, wish}. Throws an Error
 * with a sentence where something is missing.
 */
export function jobOf(name, sources, change = {}) {
  const task = taskOf(name);
  const wish = { ...wishOf(name), ...change.wish };
  const verb = verbOf(name);
  const count = change.count ?? countOf(name);
  const said = Object.assign({}, ...allOf(task).map((field) => KINDS[field.kind].put?.(field, wish, sources)));
  const negative = task.models === "digits" ? {} : { negative_prompt: wishes.negative };
  const seed = change.seed ?? wishes.seed ?? chance();
  const among = wishes.among && !isAlone(name) ? Math.min(known.studio.most_candidates, wishes.among * count) : null;
  const { sizes } = model(modelName(name));
  const wanted = change.size ?? wishes.size;
  const size = sizes.slice(1).includes(wanted) ? wanted : null;
  const sampler = samplerOf(name, verb, { ...wishes.sampler, ...change.sampler });
  return { verb, recipe: { ...said, ...negative, sampler }, model: modelName(name), seed, count, among, size };
}

export const chance = () => Math.floor(Math.random() * 1_000_000);

/** A job was handed in: the next one has another seed, unless it is locked. */
export function spend() {
  if (!wishes.locked) wishes.seed = null;
}

/** The seed: one by chance for each job, a die for another, a lock to stay with it. */
function seedField(again) {
  const input = el("input", { type: "number", min: 0, max: 1e15, step: 1, placeholder: "by chance", ".value": wishes.seed ?? "", "aria-label": "Seed" });
  const lock = el("button", { type: "button", class: "icon", "aria-label": "Keep this seed", title: "Keep this seed", "aria-pressed": String(wishes.locked) }, drawing(wishes.locked ? LOCK : UNLOCKED));
  lock.addEventListener("click", () => {
    wishes.locked = !wishes.locked;
    if (wishes.locked) wishes.seed ??= chance();
    again();
  });
  // A seed that is typed is meant.
  input.addEventListener("input", () => {
    wishes.seed = input.value === "" || !input.validity.valid ? null : Number(input.value);
    wishes.locked = wishes.seed !== null;
    lock.setAttribute("aria-pressed", String(wishes.locked));
    lock.replaceChildren(drawing(wishes.locked ? LOCK : UNLOCKED));
  });
  const dice = el("button", { type: "button", class: "icon", "aria-label": "Another seed by chance", title: "Another seed by chance", onclick: () => ((wishes.seed = chance()), again()) }, drawing(DIE));
  return el("div", { class: "seed" }, el("span", { class: "label" }, "Seed"), el("div", {}, input, dice, lock));
}

/** Take a job's settings back into the fields; gives the task, or null where none makes such a picture. */
export function takeJob({ verb, recipe, model: name, seed, size }) {
  const facts = model(name);
  const kind = facts?.kind === "digits" ? "digits" : "words";
  const makers = known.studio.tasks.filter(({ verbs }) => verbs.includes(verb));
  const task = makers.find(({ models }) => models === kind) ?? makers[0];
  if (!task) return null;
  if (facts) wishes.model[kind] = facts.name === known.studio.defaults[kind] ? null : facts.name;
  // It makes the same picture once; the next is another.
  Object.assign(wishes, { seed, locked: false });
  wishes.size = facts?.sizes.slice(1).includes(size) ? size : null;
  wishes.negative = recipe.negative_prompt ?? "";
  const usual = facts && usualSampler(facts, verb);
  const given = recipe.sampler ?? {};
  for (const setting of Object.keys(wishes.sampler)) {
    const same = !facts || given[setting] === undefined || given[setting] === usual[setting];
    wishes.sampler[setting] = same ? null : given[setting];
  }
  for (const field of allOf(task)) KINDS[field.kind].take?.(field, wishOf(task.name), recipe);
  return task.name;
}

/** The settings: those that all tasks share, and the task's own. */
export function settingsOf(name, again) {
  const task = taskOf(name);
  const wish = wishOf(name);
  const facts = model(modelName(name));
  const kind = task.models;
  const models = known.studio.models.filter((one) => one.kind === kind && one.samples);
  const usual = usualSampler(facts, task.verbs[0]);
  const parts = task.fields.find((field) => field.kind === "parts");
  const finest = parts ? partsOf(parts, wish)[0].label.toLowerCase() : "";
  const number = (label, setting, low, high, step, holder, hint) => {
    const input = el("input", { type: "number", min: low, max: high, step, placeholder: String(hint ?? "by chance"), ".value": holder[setting] ?? "" });
    input.addEventListener("input", () => (holder[setting] = input.value === "" || !input.validity.valid ? null : Number(input.value)));
    return el("label", {}, el("span", {}, label), input);
  };
  const sampling = (label, setting, low, high, step) => number(label, setting, low, high, step, wishes.sampler, usual[setting]);
  const choice = (label, options, value, changed) => {
    const select = el("select", { onchange: () => changed(select.value) }, options.map(([key, word]) => el("option", { value: key, ".selected": key === value }, word)));
    return el("label", {}, el("span", {}, label), select);
  };
  const negative = el("input", { type: "text", maxlength: 300, ".value": wishes.negative, oninput: () => (wishes.negative = negative.value) });
  return [
    choice("Model", models.map((one) => [one.name, one.name]), facts.name, (chosen) => ((wishes.model[kind] = chosen), (wishes.size = null), again())),
    el("div", { class: "pairwise" }, seedField(again), sampling("Steps", "steps", 1, 250, 1)),
    el(
      "div",
      { class: "pairwise" },
      sampling("Guidance", "guidance_scale", 0, 30, 0.5),
      choice("Solver", [["", usual.solver], ...known.studio.solvers.filter((solver) => solver !== usual.solver).map((solver) => [solver, solver])], wishes.sampler.solver ?? "", (solver) => (wishes.sampler.solver = solver || null)),
    ),
    isJudged(task) ? sampling("Pull by the judge", "judge_scale", 0, 2, 0.05) : null,
    ...task.settings.map((field) => number(field.label.replace("{finest}", finest), field.name, field.low, field.high, field.step, wish, field.usual)),
    isAlone(name) ? null : choice("Choose among", [["", "all are kept"], ...[8, 16, 32, 64].map((each) => [String(each), `the best of ${each} each`])], wishes.among ? String(wishes.among) : "", (each) => ((wishes.among = each ? Number(each) : null), again())),
    facts.sizes.length > 1 ? choice("Size", facts.sizes.map((size, k) => [k ? String(size) : "", `${size} × ${size}${k ? ", slower" : ""}`]), wishes.size ? String(wishes.size) : "", (size) => (wishes.size = size ? Number(size) : null)) : null,
    kind === "digits" ? null : el("label", {}, el("span", {}, "Steer away from"), negative),
  ];
}
