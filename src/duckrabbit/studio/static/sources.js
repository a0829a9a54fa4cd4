// Pictures to start from: drawn, dropped, pasted, photographed, or of the package.

import { Problem, ask, loaded, query } from "./api.js";
import { $, el } from "./dom.js";
import { Easel } from "./easel.js";
import { known, model } from "./state.js";
import { modelName } from "./tasks.js";

const easels = {};
const names = { edit: "a drawing", inpaint: "a picture" };
let photo = null; // under the mask: {blob or shipped name}

/** The easel of a task, made when it is first needed. */
export function easelOf(task) {
  easels[task] ??= new Easel(task === "inpaint" ? "mask" : "drawing", () => {});
  return easels[task];
}

export const takesPicture = (task) => task === "edit" || task === "inpaint";

/** Lay a picture on the easel of a task: a blob, or the name of a picture of the package. */
export async function lay(task, picture, name) {
  const address = typeof picture === "string" ? picture : URL.createObjectURL(picture);
  const image = await loaded(address);
  const easel = easelOf(task);
  easel.put(image);
  names[task] = name;
  if (task === "inpaint") {
    photo = typeof picture === "string" ? await (await fetch(picture)).blob() : picture;
    if (easel.dirty) easel.blank();
  }
}

/** The pictures of a task's job, at its model's size. */
export async function sourcesOf(task) {
  const chosen = modelName(task);
  const easel = easelOf(task);
  if (task === "edit") {
    if (!easel.dirty) return {};
    return { picture: await sent(await easel.png(), chosen, names.edit, "picture") };
  }
  if (!photo) return {};
  const picture = await sent(photo, chosen, names.inpaint, "picture");
  if (!easel.dirty) return { picture };
  try {
    return { picture, mask: await sent(await easel.png(), chosen, "a mask", "mask") };
  } catch (error) {
    // All that was painted was wiped away again: the task says so in its own words.
    if (error instanceof Problem && /paints nothing/.test(error.message)) return { picture };
    throw error;
  }
}

/** A picture at a model's size, for a recipe. */
export async function sent(blob, chosen, name, as) {
  const answer = await ask(`/api/sources?${query({ model: chosen, name, as })}`, { method: "POST", body: blob });
  return answer.source;
}

/** Take back the pictures of a job. */
export async function layJob(task, recipe) {
  const address = (source) => `data:image/png;base64,${source.png}`;
  if (!recipe.picture) return;
  const blob = await (await fetch(address(recipe.picture))).blob();
  await lay(task, blob, recipe.picture.name);
  if (task === "inpaint" && recipe.mask) await layMask(address(recipe.mask));
}

async function layMask(address) {
  const easel = easelOf("inpaint");
  const image = await loaded(address);
  const canvas = el("canvas", { width: image.width, height: image.height });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let k = 0; k < pixels.data.length; k += 4) {
    const painted = pixels.data[k] >= 128;
    pixels.data.set(painted ? [123, 120, 230, 255] : [0, 0, 0, 0], k);
  }
  context.putImageData(pixels, 0, 0);
  easel.context.imageSmoothingEnabled = false;
  easel.context.drawImage(canvas, 0, 0, easel.canvas.width, easel.canvas.height);
  easel.context.imageSmoothingEnabled = true;
  easel.dirty = true;
}

/** Where a picture comes from: the fields of edit and inpaint. */
export function sourceFields(task, open) {
  const kind = task === "edit" ? ["sketch:", "photo:"] : ["photo:"];
  const shown = known.studio.pictures.filter(({ name }) => kind.some((start) => name.startsWith(start)));
  const chosen = [...shown.filter(({ name }) => name.startsWith("sketch:")), ...shown.filter(({ name }) => !name.startsWith("sketch:"))].slice(0, 6);
  return el(
    "div",
    {},
    el("span", { class: "label" }, task === "edit" ? "Draw on the canvas, drop a picture, or take one of these" : "Drop a picture, or take one of these"),
    el(
      "div",
      { class: "samples" },
      chosen.map(({ name, what }) => {
        const address = `/api/shipped?${query({ name })}`;
        return el("button", { type: "button", "aria-label": what, title: what, onclick: () => open(address, name) }, el("img", { src: address, alt: "", loading: "lazy" }));
      }),
    ),
    el("button", { type: "button", class: "quiet", onclick: () => $("#file").click() }, "Open a picture from this device"),
  );
}

export const sideOf = (task) => model(modelName(task)).size;
