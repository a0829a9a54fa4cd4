// Settings that a grid may go over: what each takes, and what becomes of the job.

import { inOrder, viewWords } from "./icons.js";
import { KINDS, partsOf } from "./fields.js";
import { known, model, taskOf } from "./state.js";
import { isAlone, isJudged, modelName, usualOf, wishOf, wishes } from "./tasks.js";

const FIRST = [0.5, 1, 2]; // the values that are offered at first, times what is usual

/**
 * The settings of a task that a grid may go over, each {label, change(value), words(value)}: what it changes, as `jobOf`
 * takes it. With that {low, high, step, now} of a number, or {options: [[value, words]]} of a choice.
 */
export function axesOf(name) {
  const task = taskOf(name);
  const wish = wishOf(name);
  const facts = model(modelName(name));
  const usual = usualOf(name);
  const sampling = (label, setting, low, high, step) => number(label, low, high, step, wishes.sampler[setting] ?? usual[setting], (value) => ({ sampler: { [setting]: value } }));
  const parts = task.fields.find((field) => field.kind === "parts");
  const finest = parts ? partsOf(parts, wish)[0].label.toLowerCase() : "";
  const own = [...task.fields, ...task.settings].flatMap((field) => KINDS[field.kind].axes?.(field, wish, facts.views) ?? []);
  const solvers = known.studio.solvers.map((solver) => [solver, solver]);
  return [
    { ...number("Seed", 0, 1e15, 1, null, (seed) => ({ seed })), first: "1, 2, 3" },
    sampling("Guidance", "guidance_scale", 0, 30, 0.5),
    sampling("Steps", "steps", 1, 250, 1),
    isJudged(task) && sampling("Pull by the judge", "judge_scale", 0, 2, 0.05),
    ...own.map((axis) => (axis.options ? axis : number(axis.label.replace("{finest}", finest), axis.low, axis.high, axis.step, axis.now, axis.change))),
    choice("Solver", solvers, wishes.sampler.solver ?? usual.solver, (solver) => ({ sampler: { solver } })),
    facts.sizes.length > 1 && !isAlone(name) && choice("Size", facts.sizes.map((size) => [size, String(size)]), wishes.size, (size) => ({ size })),
  ].filter(Boolean).map((axis) => ({ ...axis, words: (value) => axis.options?.find(([one]) => one === value)?.[1] ?? String(value) }));
}

function number(label, low, high, step, now, change) {
  const snapped = (value) => Number((Math.round(Math.min(high, Math.max(low, value)) / step) * step).toFixed(4));
  const first = now === null ? "" : [...new Set(FIRST.map((times) => snapped((now || step) * times)))].join(", ");
  return { label, low, high, step, change, first };
}

/** A choice among [value, words]; what is usual is among those that are offered at first. */
function choice(label, options, now, change) {
  const values = options.map(([value]) => value);
  return { label, options, change, first: [...new Set([now, ...values])].filter((value) => values.includes(value)).slice(0, 3) };
}

/** The axis of the view of a field of that name. */
export function viewAxis(name, wish, views) {
  const options = inOrder(views).map((view) => [view, viewWords(view)]);
  return choice("View", options, wish[name][0], (view) => ({ wish: { [name]: [view, ...wish[name].slice(1)] } }));
}

/** The values that are said: choices, or numbers in a text as "1, 3, 5" or "0..4"; throws an Error with a sentence. */
export function valuesOf({ label, low, high, step, options }, said) {
  if (options) {
    if (!said.length) throw new Error(`${label}: press some of them.`);
    return options.map(([value]) => value).filter((value) => said.includes(value));
  }
  const values = said.split(",").map((one) => one.trim()).filter(Boolean).flatMap((one) => {
    const [, from, to] = /^(\d+)\s*\.\.\s*(\d+)$/.exec(one) ?? [];
    return from ? Array.from({ length: Math.min(100, Math.max(0, to - from + 1)) }, (_, k) => Number(from) + k) : [Number(one)];
  });
  const whole = Number.isInteger(step);
  const fits = (value) => value >= low && value <= high && (!whole || Number.isInteger(value));
  if (!values.length || !values.every(fits)) throw new Error(`${label}: give ${whole ? "whole numbers" : "numbers"} from ${low} to ${high}, such as 1, 3 or 1..4.`);
  return [...new Set(values)];
}
