// How it works, in a drawer, with the picture on stage at each noise level.

import { ask, fileOf, query } from "./api.js";
import { $, closing, el } from "./dom.js";
import { sent, sourcesOf } from "./sources.js";
import { onStage } from "./stage.js";
import { model, taskOf } from "./state.js";
import { jobOf, modelName } from "./tasks.js";

const ROWS = {
  noise: {
    title: "Noise, a little more each time",
    formula: "x_t = α_t x_0 + σ_t ε",
    words: "This is the forward process on your own picture. At level 0 it is clean, at level 999 hardly anything of it is left. Making a picture runs this film backwards.",
  },
  estimates: {
    title: "What the model believes is behind it",
    formula: "x̂_0 = D(x_t, t, prompt)",
    words: "One look at each noisy picture above. Where there is little noise the model sees through it; where there is much it can only guess, and what it guesses is soft. So it goes in steps: guess, put a little less noise back, look again.",
  },
  guidance: {
    title: "Guidance: leaning on the words",
    formula: "x̂_0 = D(∅) + γ (D(prompt) − D(∅))",
    words: "The same noisy picture, looked at without the prompt, with it, and with the difference exaggerated. Too little and the words are a whisper, too much and colours shout.",
  },
  views: {
    title: "Two looks at one noise",
    formula: "x̂_0 = mean of A⁻¹ D(A x_t)",
    words: "For an anagram the model looks at the noisy picture upright and through the view, each time with other words. What it sees is turned back and averaged: the next step has to please both.",
  },
  bands: {
    title: "Far and near are different parts",
    formula: "x̂_0 = far(D(prompt 1)) + near(D(prompt 2))",
    words: "A blur keeps what can be seen from afar, and what the blur takes away is what only near eyes can see. Each part is asked of other words, and they are added again after every step.",
  },
  known: {
    title: "What is left must fit what is new",
    formula: "outside the mask: x_s = α_s x_0 + σ_s ε",
    words: "After each step the part that you did not cover is put back, as noisy as the rest. So what grows in the hole grows beside it, and at the end the kept pixels are exactly yours.",
  },
};

/** What a lesson is drawn with: the picture at hand, or one that will do. */
async function requestOf(task) {
  const chosen = modelName(task);
  const facts = model(chosen);
  const sources = await sourcesOf(task);
  let picture = sources.picture;
  const staged = onStage();
  if (!picture && staged && (model(staged.model)?.kind ?? "") === facts.kind) {
    picture = await sent(await (await fetch(fileOf(staged.id))).blob(), chosen, staged.file, "picture");
  }
  if (!picture && facts.kind === "digits") picture = (await ask(`/api/sources?${query({ model: chosen, name: "mnist:test/7" })}`)).source;
  // Nothing is at hand yet: the first of the wall.
  picture ??= await sent(await (await fetch(`/api/wall/${(await ask("/api/wall")).pictures[0].id}/file`)).blob(), chosen, "an example", "picture");
  let said = { prompts: [], views: [] };
  try {
    const { recipe } = jobOf(task, { picture, mask: sources.mask ?? picture });
    said = { prompts: recipe.prompts ?? Object.values(recipe.parts ?? {}).map((part) => part.prompt), views: recipe.views ?? [] };
    if (recipe.prompt) said.prompts = [recipe.prompt];
  } catch {
    said.prompts = staged?.prompts ?? [];
    said.views = staged?.views ?? [];
  }
  return { task, model: chosen, picture, mask: sources.mask ?? null, prompts: said.prompts.filter(Boolean).slice(0, 6), views: said.views };
}

/** Open the drawer of a task. */
export async function openLesson(name) {
  const { title, lesson } = taskOf(name);
  const dialog = $("#lesson");
  const rows = el("div", { "aria-live": "polite" }, el("p", { class: "quiet-text", style: "margin-top:24px" }, "Drawing it with your picture …"));
  dialog.replaceChildren(
    closing(dialog),
    el("h2", { id: "lesson-title" }, `How it works: ${title.toLowerCase()}`),
    el("p", { class: "caption", style: "margin-top:12px;font-size:18px" }, lesson),
    rows,
  );
  dialog.showModal();
  try {
    const answer = await ask("/api/lessons", { method: "POST", json: await requestOf(name) });
    rows.replaceChildren(...answer.rows.map(section));
  } catch (error) {
    rows.replaceChildren(el("p", { class: "problem", style: "margin-top:24px" }, error.message));
  }
}

/** x_t as x with a small t below. */
const subscripts = (formula) => formula.split(/_(\w)/).map((piece, k) => (k % 2 ? el("sub", {}, piece) : piece));

function section(row) {
  const { title, formula, words } = ROWS[row.name];
  return el(
    "section",
    {},
    el("h3", {}, title),
    el("p", {}, words),
    el("p", { class: "formula" }, ...subscripts(formula)),
    el("div", { class: "frames", tabindex: "0", role: "group", "aria-label": title }, row.pictures.map(({ label, picture }) => el("figure", {}, el("img", { src: picture, alt: label }), el("figcaption", {}, label)))),
  );
}
