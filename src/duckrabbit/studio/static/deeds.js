// What can be done with a picture: made again, varied, enlarged, painted on, deleted.

import { ask, fileOf } from "./api.js";
import { $, toast, trying } from "./dom.js";
import { lay, layJob, paintTask, photoOf, sent, takesPicture } from "./sources.js";
import { present } from "./stage.js";
import { known, model, recipeOf } from "./state.js";
import { takeJob, wishOf } from "./tasks.js";
import { discard } from "./trash.js";

const blobOf = async (picture) => (await fetch(fileOf(picture.id))).blob();

/** Does these; `page` is {goTo, choose, build, submit}. */
export function deedsOn(page) {
  const again = async (deed, picture) => {
    if (deed === "delete") {
      await discard([picture.id]);
      return;
    }
    const whole = picture.job ? picture : await trying(() => ask(`/api/pictures/${picture.id}`));
    if (!whole) return;
    const chance = () => Math.floor(Math.random() * 1_000_000);
    if (deed === "settings") await trying(() => restore(page, whole.job));
    else if (deed === "seed") await trying(() => page.submit({ ...whole.job, seed: chance(), count: 1 }));
    else if (deed === "more") await trying(async () => page.submit(await likeThis(whole, chance())));
    else if (deed === "upscale") await trying(async () => page.submit(await larger(whole)));
    else if (deed === "paste") {
      const pasted = await trying(() => ask(`/api/pictures/${picture.id}/paste`, { method: "POST", body: photoOf(whole) }));
      if (!pasted) return;
      page.goTo("make");
      await present([pasted], again);
      toast(`The whole photo, ${pasted.side} pixels wide: what you left is as it was.`);
    } else if (deed === "edit") {
      const task = paintTask();
      const blob = await blobOf(picture);
      page.goTo("make");
      page.choose(task);
      wishOf(task).prompt ||= picture.prompts[0] ?? "";
      await trying(() => lay(task, blob, picture.file));
      page.build();
    }
  };
  return again;
}

/** Variations of a picture: with other seeds, or from itself, noised by half. */
async function likeThis(picture, seed) {
  const { job, model: made } = picture;
  if (recipeOf(picture.verb).varies_by === "seed") return { ...job, seed, count: recipeOf(picture.verb).alone ? 1 : 4 };
  const { verb, recipe } = known.studio.variation;
  const { prompt, negative_prompt } = job.recipe;
  const source = await sent(await blobOf(picture), made, picture.file, "picture");
  return { verb, recipe: { ...recipe, picture: source, prompt: prompt || null, negative_prompt: negative_prompt ?? "" }, model: made, seed, count: 4 };
}

/** By the second stage of its model. An illusion is made anew at the larger size, so that all its readings stay. */
export async function larger(picture) {
  const { job, model: made, seed } = picture;
  const size = model(made).sizes.at(-1);
  if (recipeOf(picture.verb).enlarges === "anew") return { ...job, count: 1, size };
  const { verb, recipe } = known.studio.enlargement;
  const source = await sent(await blobOf(picture), made, picture.file, "picture");
  return { verb, recipe: { ...recipe, picture: source, prompt: job.recipe.prompt ?? null }, model: made, seed, count: 1, size };
}

/** Put a job's settings back into the composer; throws where its pictures can't be laid there. */
export async function restore(page, job) {
  if (!job) {
    toast("This picture does not say how it was made.");
    return;
  }
  const found = takeJob(job);
  if (!found) {
    toast(`${recipeOf(job.verb).name} has no fields on this page: “Another seed” makes such a picture again.`);
    return;
  }
  page.goTo("make");
  page.choose(found);
  $(".settings").open = true;
  if (takesPicture(found)) await layJob(found, job.recipe);
  if (!model(job.model)) toast(`The model ${job.model} is not here: the usual one is used.`);
  else toast("Its settings are back.");
}
