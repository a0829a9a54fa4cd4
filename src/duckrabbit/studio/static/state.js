// What the page knows, and who wants to hear of it.

import { ask } from "./api.js";
import { nameViews } from "./icons.js";

export const known = {
  studio: null, // the answer of /api/studio
  jobs: new Map(), // by id
  order: [], // of those that are not over
};

const listeners = new Map();

export function on(kind, listener) {
  if (!listeners.has(kind)) listeners.set(kind, new Set());
  listeners.get(kind).add(listener);
}

export function tell(kind, content) {
  for (const listener of listeners.get(kind) ?? []) listener(content);
}

export async function refreshStudio() {
  known.studio = await ask("/api/studio");
  nameViews(known.studio.view_names);
  tell("studio", known.studio);
}

const OVER = new Set(["done", "cancelled", "failed", "lost"]);

/** A job once it is over; `said(job)` hears of it until then. */
export async function jobOver(id, said) {
  let look;
  let pickUp;
  try {
    return await new Promise((resolve, reject) => {
      look = (job) => job.id === id && (OVER.has(job.state) ? resolve(job) : said(job));
      pickUp = () => ask(`/api/jobs/${id}`).then(look, reject);
      on("job", look);
      // What was told while nobody listened was missed.
      on("back", pickUp);
      pickUp();
    });
  } finally {
    listeners.get("job").delete(look);
    listeners.get("back").delete(pickUp);
  }
}

let news = 0; // how often the order of the jobs was told

/** The order of the jobs was told. */
export function order(ids) {
  news++;
  known.order = ids;
}

export async function refreshJobs() {
  const before = news;
  const { jobs } = await ask("/api/jobs");
  // What was told meanwhile is newer than the answer.
  if (news !== before) return refreshJobs();
  known.jobs = new Map(jobs.map((job) => [job.id, job]));
  known.order = jobs.filter((job) => job.state === "waiting" || job.state === "making").map((job) => job.id);
  tell("queue");
}

/** Jobs that failed or were lost, and are neither made again nor forgotten. */
export const notMade = () => [...known.jobs.values()].filter((job) => job.state === "failed" || job.state === "lost");

/** The model of a name, or of the path that a picture of a run's model remembers. */
export function model(name) {
  const { models, run_prefix: run } = known.studio;
  return models.find((one) => one.name === name || (one.name.startsWith(run) && name?.endsWith(`/${one.name.slice(run.length)}`)));
}

/** What the studio says of the pictures of a verb, and of a task. */
export const recipeOf = (verb) => known.studio.recipes[verb];
export const taskOf = (name) => known.studio.tasks.find((task) => task.name === name);
